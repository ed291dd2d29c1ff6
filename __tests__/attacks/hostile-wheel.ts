import type { HostilePackage, PackageAttack } from './harness/package-attack.ts'

const invalid = [{ check: 'container', code: 'archive-invalid', artifact: 'wheel', member: '' }] as const

const evil = (name: string): string => `b'print("fired: ${name}")\\n'`

/** A wheel whose bytes are made by `pack`; `module` is the path of its package's module. */
function wheel(name: string, how: string, says: string, pack: string): HostilePackage {
  const variant = `import struct

EVIL = ${evil(name)}
MODULE = "victim_${name}/__init__.py"


def pack_wheel(files, info):
    import mini

${pack
  .trim()
  .split('\n')
  .map((line) => (line === '' ? '' : `    ${line}`))
  .join('\n')}
`
  return { name, how, says, variant, reported: invalid }
}

export const hostileWheel: PackageAttack = {
  name: 'hostile-wheel',
  rows: '16, 20, 22',
  title: 'The wheel shows one thing to a verifier and another to an installer',
  caughtBy:
    'Container: the reader accounts for every byte of the file, and refuses what two readers could understand differently.',
  packages: [
    wheel(
      'duplicate',
      'two entries of one name: the last one is installed',
      'appears twice',
      'return mini.zipped([*files.items(), (MODULE, EVIL)])'
    ),
    wheel(
      'concatenated',
      'two archives in one file: the second is installed',
      'before',
      `honest = mini.zipped(files.items())
return honest + mini.zipped({**files, MODULE: EVIL}.items())`
    ),
    wheel(
      'count',
      'the end record counts fewer entries than there are',
      'entries',
      `packed = bytearray(mini.zipped([*files.items(), ("victim_count/more.py", EVIL)]))
end = packed.rindex(b"PK\\x05\\x06")
packed[end + 8 : end + 12] = struct.pack("<HH", len(files), len(files))
return bytes(packed)`
    ),
    wheel(
      'comment',
      'a second end record in the comment of the archive',
      'before its end record',
      `honest = mini.zipped(files.items())
other = mini.zipped({**files, MODULE: EVIL}.items())
end = honest.rindex(b"PK\\x05\\x06")
return honest[: end + 20] + struct.pack("<H", len(other)) + other`
    ),
    wheel(
      'parent',
      'a name with "..", which an installer strips',
      '".."',
      'return mini.zipped([*files.items(), ("../victim_parent/more.py", EVIL)])'
    ),
    wheel(
      'absolute',
      'an absolute name, which an installer makes relative',
      'absolute',
      'return mini.zipped([*files.items(), ("/victim_absolute/more.py", EVIL)])'
    ),
    wheel(
      'nul',
      'a name with a NUL, where Python cuts it',
      'NUL',
      'return mini.zipped([*files.items(), ("victim_nul/more.py\\0.txt", EVIL)])'
    ),
    wheel(
      'unlisted',
      'a file that RECORD does not list',
      'RECORD does not list the file',
      'return mini.zipped([*files.items(), ("victim_unlisted/more.py", EVIL)])'
    ),
    wheel(
      'hash',
      'a file of which RECORD has another hash',
      'RECORD has another',
      'return mini.zipped({**files, MODULE: EVIL}.items())'
    )
  ]
}

import type { HostilePackage, PackageAttack } from './harness/package-attack.ts'

/** A project that says another version than the tag; installed, it shows itself. */
function version(name: string, how: string, stated: string): HostilePackage {
  return {
    name,
    how,
    version: stated,
    variant: '',
    files: shown(name),
    says: `The tag says version 1.2.3`,
    reported: [
      { check: 'source', code: 'version-mismatch', artifact: 'sdist', member: 'PKG-INFO' },
      { check: 'source', code: 'version-mismatch', artifact: 'sdist', member: '' },
      { check: 'source', code: 'version-mismatch', artifact: 'wheel', member: 'METADATA' },
      { check: 'source', code: 'version-mismatch', artifact: 'wheel', member: '' },
      { check: 'traced', code: 'metadata-differs', artifact: 'sdist', member: 'PKG-INFO' },
      {
        check: 'traced',
        code: 'metadata-differs',
        artifact: 'wheel',
        member: `victim_${name}-${stated}.dist-info/METADATA`
      }
    ]
  }
}

const shown = (name: string): Record<string, string> => ({
  [`victim_${name}/shown.py`]: `from importlib.metadata import version

if version("victim-${name}") != "1.2.3":
    print("fired: ${name}")
`
})

export const versionsDisagree: PackageAttack = {
  name: 'versions-disagree',
  rows: '15',
  title: 'What is published bears another version than the tag',
  caughtBy: 'Source: the tag, the metadata and the names of the files must agree, by the rules of PEP 440.',
  packages: [
    version('newer', 'the project says a newer version', '1.2.4'),
    version('local', 'a local version, which sorts above the release', '1.2.3+1'),
    version('epoch', 'a version with an epoch, which sorts above all others', '1!1.2.3'),
    version('pre', 'a release candidate', '1.2.3rc1'),
    {
      name: 'inside',
      how: 'METADATA alone says another version',
      variant: `def change(files, info):
    name = info + "/METADATA"
    files[name] = files[name].replace(b"Version: 1.2.3", b"Version: 1.2.4")
`,
      files: shown('inside'),
      says: 'METADATA says "1.2.4"',
      reported: [
        { check: 'source', code: 'version-mismatch', artifact: 'wheel', member: 'METADATA' },
        {
          check: 'traced',
          code: 'metadata-differs',
          artifact: 'wheel',
          member: 'victim_inside-1.2.3.dist-info/METADATA'
        }
      ]
    }
  ]
}

import type { Attack, Report, Variant } from './harness/attack.ts'
import { debProject, inDeb } from './harness/deb-project.ts'

const control = 'DEBIAN/control'
const mismatch = (name: string): Report => inDeb(name, 'version-mismatch', control, 'source')
const differing = (name: string): Report => inDeb(name, 'metadata-differs', control)

interface Version {
  how: string
  version: string
  reported: (name: string) => Report[]
}

const versions: Record<string, Version> = {
  newer: {
    how: 'a newer version than the tag',
    version: '1.2.4-1',
    reported: (name) => [mismatch(name), differing(name)]
  },
  above: {
    how: 'an addition that sorts above the release',
    version: '1.2.3+really-1',
    reported: (name) => [differing(name)]
  },
  epoch: {
    how: 'an epoch, which sorts above every version without one',
    version: '1:1.2.3-1',
    reported: (name) => [differing(name)]
  },
  revision: {
    how: 'a revision that debian/changelog does not have',
    version: '1.2.3-9',
    reported: (name) => [differing(name)]
  }
}

export const debVersions: Attack = {
  name: 'deb-versions',
  rows: '15',
  title: 'A deb bears another version than the tag',
  caughtBy:
    'Source: once epoch and revision are off, the version of control is that of the tag. Tracing: it is that of debian/changelog, whole.',
  scenes: [
    {
      name: 'debian/rules tells dpkg-gencontrol',
      files: debProject({
        packages: Object.keys(versions),
        steps: {
          gencontrol: Object.entries(versions)
            .map(([name, { version }]) => `dh_gencontrol -pvictim-${name} -- -v${version}`)
            .join('\n')
        }
      }),
      variants: Object.entries(versions).map(([name, { how, reported }]): Variant => ({
        name,
        how,
        reported: reported(name)
      }))
    },
    {
      name: 'debian/changelog',
      files: debProject({ packages: ['changelog'], version: '1.2.4-1' }),
      variants: [
        {
          name: 'changelog',
          how: 'debian/changelog has another version than the tag',
          reported: [mismatch('changelog')]
        }
      ]
    }
  ]
}

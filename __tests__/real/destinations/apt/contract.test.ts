import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { makeDebRelease, type DebRelease } from '../../support/apt/deb-release.ts'
import { filesIn, listedIn, makeRepository, writesIn } from '../../support/apt/repository.ts'
import { destinationContract, type Place } from '../contract.ts'

const order = ['0.9', '1.0', '1.0.1']
const suites = { stable: ['libtiny-demo:amd64', 'tiny-demo:all'], testing: ['tiny-demo:all'] }

destinationContract<DebRelease>({
  kind: 'apt, in a folder',
  make: (first, options) =>
    makeDebRelease({ ...(first === null ? {} : { project: first.project }), ...options }),
  open
})

async function open(release: DebRelease): Promise<Place<DebRelease>> {
  const repository = await makeRepository()
  const { folder } = repository
  const pooled = async (): Promise<[string, string][]> =>
    Object.entries(await filesIn(folder, 'pool')).map(([place, hash]) => [path.basename(place), hash])
  const placeOf = (name: string): string => path.join(folder, 'pool/main/t/tiny-demo', name)
  return {
    destination: (other = release) => repository.destination(other),
    names: async () => {
      const names: Record<string, string | null> = {}
      for (const [suite, packages] of Object.entries(suites)) {
        const listed = await listedIn(folder, suite)
        const newest = packages.flatMap((one) => {
          const versions = listed[one.split(':')[0] ?? ''] ?? []
          const last = versions.sort((a, b) => order.indexOf(a) - order.indexOf(b)).at(-1)
          return last === undefined ? [] : [`${one}=${last}`]
        })
        names[`suite ${suite}`] = newest.length === 0 ? null : newest.join(' ')
      }
      return names
    },
    content: async () => Object.fromEntries(await pooled()),
    writes: () => writesIn(folder),
    sent: null,
    put: async (name, bytes) => {
      await mkdir(path.dirname(placeOf(name)), { recursive: true })
      await writeFile(placeOf(name), bytes)
    },
    corrupt: async (name) => {
      await writeFile(placeOf(name), Buffer.alloc((await readFile(placeOf(name))).length))
    },
    left: async () => Object.keys(await filesIn(folder)).filter((name) => name.startsWith('.tagproof')),
    remove: repository.remove
  }
}

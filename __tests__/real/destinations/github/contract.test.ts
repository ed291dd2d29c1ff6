import { createHash } from 'node:crypto'
import { startFakeGithub, type FakeGithub } from '../../support/github/fake-github.ts'
import { githubOf, makeFiles, pushTag, type FilesRelease } from '../../support/github/release-files.ts'
import { createRelease } from '../../support/github/releases.ts'
import { latestOf, storeAsset } from '../../support/github/state.ts'
import { destinationContract, type Place } from '../contract.ts'

destinationContract<FilesRelease>({
  kind: 'a release on GitHub',
  make: (_first, options) => makeFiles(options),
  open: (release) => githubPlace(release, {})
})

destinationContract<FilesRelease>({
  kind: 'a release on a server that computes no digests',
  make: (_first, options) => makeFiles(options),
  open: (release) => githubPlace(release, { digests: false })
})

async function githubPlace(
  first: FilesRelease,
  more: Partial<FakeGithub['state']>
): Promise<Place<FilesRelease>> {
  const fake = await startFakeGithub(more)
  const { state } = fake
  pushTag(state, first)
  return {
    destination: (release = first) => {
      pushTag(state, release)
      return githubOf(fake, release)
    },
    names: () => {
      const newest = latestOf(state)
      return Promise.resolve(
        newest === undefined ? {} : { [`release ${newest.tag}`]: 'published', latest: newest.tag }
      )
    },
    content: () => {
      const release = state.releases.find(({ tag }) => tag === first.tag)
      const there = (release?.assets ?? []).filter((one) => one.state === 'uploaded')
      return Promise.resolve(
        Object.fromEntries(
          there.map(({ name, bytes }) => [name, createHash('sha256').update(bytes).digest('hex')])
        )
      )
    },
    writes: () => Promise.resolve([...state.writes]),
    sent: () => fake.requests.flatMap(({ file }) => file?.name ?? []),
    put: (name, bytes) => {
      const release =
        state.releases.find(({ tag }) => tag === first.tag) ?? createRelease(state, { tag_name: first.tag })
      storeAsset(state, release, { name, bytes })
      return Promise.resolve()
    },
    corrupt: (name) => {
      state.lies.set(name, Buffer.from('other bytes'))
      return Promise.resolve()
    },
    left: () => Promise.resolve([...state.madeTags]),
    remove: () => fake.close()
  }
}

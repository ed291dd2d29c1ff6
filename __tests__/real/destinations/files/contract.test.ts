import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkedSigner } from '../../../../src/destinations/apt/checked-signer.ts'
import { ephemeralSigner } from '../../../../src/destinations/apt/signer.ts'
import { directoryStore } from '../../../../src/destinations/stores/directory-store.ts'
import { gitStore } from '../../../../src/destinations/stores/git/git-store.ts'
import { keyLogin } from '../../../../src/destinations/stores/s3/login.ts'
import { s3Place } from '../../../../src/destinations/stores/s3/place.ts'
import { s3Store } from '../../../../src/destinations/stores/s3/s3-store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { flatDestination, makeFlatRelease } from '../../support/files/release.ts'
import { makeBareRepository } from '../../support/git/bare.ts'
import type { TinyOptions, TinyRelease } from '../../support/pypi/tiny-release.ts'
import { startFakeS3 } from '../../support/s3/fake-s3.ts'
import { destinationContract, type Place } from '../contract.ts'

const make = (first: TinyRelease | null, options: TinyOptions): Promise<TinyRelease> =>
  makeFlatRelease({ ...options, ...(first === null ? {} : { project: first.project }) })

destinationContract({ kind: 'files in a folder', make, open: folderPlace })
destinationContract({ kind: 'files in a branch', make, open: branchPlace })
destinationContract({ kind: 'signed files in a bucket, read by its address', make, open: bucketPlace })

/** Hashes by file name, of what never changes; and by key, of what moves. */
function seenIn(files: ReadonlyMap<string, Buffer>): {
  content: Record<string, string>
  names: Record<string, string>
} {
  const seen = { content: {} as Record<string, string>, names: {} as Record<string, string> }
  for (const [key, bytes] of files)
    if (key.startsWith('.tagproof/')) continue
    else if (!key.includes('/')) seen.names[key] = sha256OfBytes(bytes)
    else if (!key.endsWith('.asc')) seen.content[path.basename(key)] = sha256OfBytes(bytes)
  return seen
}

async function folderPlace(release: TinyRelease): Promise<Place<TinyRelease>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-files-'))
  const entries = async (): Promise<string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
  const all = async (): Promise<Map<string, Buffer>> =>
    new Map(
      await Promise.all(
        (await entries()).map(async (file): Promise<[string, Buffer]> => [
          path.relative(folder, file),
          await readFile(file)
        ])
      )
    )
  const fileOf = (name: string): string => path.join(folder, release.version, name)
  return {
    destination: (of = release) => flatDestination(of, directoryStore({ folder, address: 'the folder' })),
    content: async () => seenIn(await all()).content,
    names: async () => seenIn(await all()).names,
    writes: async () =>
      Promise.all((await entries()).map(async (file) => [file, (await stat(file)).mtimeMs])),
    sent: null,
    put: async (name, bytes) => {
      await mkdir(path.dirname(fileOf(name)), { recursive: true })
      await writeFile(fileOf(name), bytes)
    },
    corrupt: (name) => writeFile(fileOf(name), 'other bytes'),
    left: async () => (await entries()).filter((file) => file.includes('.tagproof')),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

async function bucketPlace(release: TinyRelease): Promise<Place<TinyRelease>> {
  const fake = await startFakeS3()
  const http = createHttpClient({ environment: {}, retryMilliseconds: 0 })
  const begin = Math.floor(Date.now() / 1000) - 60
  const signer = checkedSigner({ signer: await ephemeralSigner(begin), key: null, now: () => begin + 60 })
  const all = (): Map<string, Buffer> =>
    new Map([...fake.content()].map(([key, bytes]) => [key.slice('get/'.length), bytes]))
  const puts = (): string[] =>
    fake.requests.flatMap((line) => /^PUT \/packages\/get\/(?!\.tagproof)(\S+) 200$/.exec(line)?.[1] ?? [])
  const { bucket, region, keys, address: endpoint } = fake
  return {
    destination: (of = release) =>
      flatDestination(
        of,
        s3Store({
          place: s3Place({ bucket, region, endpoint, prefix: 'get' }),
          login: keyLogin(keys, () => undefined),
          http,
          now: Date.now
        }),
        { signer, url: `${endpoint}/${bucket}/get/` }
      ),
    content: () => Promise.resolve(seenIn(all()).content),
    names: () => Promise.resolve(seenIn(all()).names),
    writes: () => Promise.resolve(puts()),
    sent: () =>
      puts()
        .filter((key) => key.includes('/') && !key.endsWith('.asc'))
        .map((key) => path.basename(key)),
    put: (name, bytes) => Promise.resolve().then(() => fake.put(`get/${release.version}/${name}`, bytes)),
    corrupt: (name) =>
      Promise.resolve().then(() => fake.put(`get/${release.version}/${name}`, Buffer.from('other bytes'))),
    left: () => Promise.resolve([]),
    remove: async () => {
      http.close()
      await fake.close()
    }
  }
}

async function branchPlace(release: TinyRelease): Promise<Place<TinyRelease>> {
  const repository = await makeBareRepository()
  const branch = 'gh-pages'
  const all = (): Promise<Map<string, Buffer>> => repository.bytes(branch)
  return {
    atOnce: true,
    destination: (of = release) =>
      flatDestination(
        of,
        gitStore({
          remote: { address: repository.folder, token: undefined, environment: {} },
          ...{ branch, path: '', time: 1_700_000_000, pauses: [] }
        })
      ),
    content: async () => seenIn(await all()).content,
    names: async () => seenIn(await all()).names,
    writes: () => repository.git('for-each-ref'),
    sent: null,
    put: (name, bytes) => repository.put(branch, { [`${release.version}/${name}`]: bytes }),
    corrupt: (name) => repository.put(branch, { [`${release.version}/${name}`]: Buffer.from('other bytes') }),
    left: async () => {
      const refs = await repository.git('for-each-ref', '--format=%(refname)')
      return refs.split('\n').filter((ref) => ref !== '' && ref !== `refs/heads/${branch}`)
    },
    remove: () => repository.remove()
  }
}

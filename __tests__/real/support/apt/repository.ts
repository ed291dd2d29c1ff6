import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkedSigner, type CheckedSigner } from '../../../../src/destinations/apt/checked-signer.ts'
import { aptDestination, type AptRequest } from '../../../../src/destinations/apt/destination.ts'
import { ephemeralSigner } from '../../../../src/destinations/apt/signer.ts'
import { directoryStore } from '../../../../src/destinations/stores/directory-store.ts'
import type { Destination } from '../../../../src/destinations/destination.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import type { DebRelease } from './deb-release.ts'

/** A folder that is an apt repository, and its key. */
export interface TestRepository {
  folder: string
  signer: CheckedSigner
  time: { now: () => number; wait: (milliseconds: number) => Promise<unknown> }
  /** A new destination each time, as a process of its own would make it. */
  destination: (release: DebRelease, changes?: Partial<AptRequest>) => Destination
  remove: () => Promise<void>
}

/** Seconds since 1970. Each look at the clock is a second later: dates grow without waiting. */
export function steppingTime(from: number): TestRepository['time'] {
  let now = from
  return { now: () => (now += 1), wait: () => Promise.resolve() }
}

export async function testSigner(date: number): Promise<CheckedSigner> {
  return checkedSigner({ signer: await ephemeralSigner(date), key: null, now: () => date + 1_000_000_000 })
}

export async function makeRepository(): Promise<TestRepository> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-apt-'))
  const begin = Math.floor(Date.now() / 1000) - 30 * 86_400
  const signer = await testSigner(begin)
  const time = steppingTime(begin)
  return {
    folder,
    signer,
    time,
    destination: (release, changes = {}) =>
      aptDestination({ ...requestOf({ folder, signer, time }, release), ...changes }),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

export function requestOf(
  { folder, signer, time }: Pick<TestRepository, 'folder' | 'signer' | 'time'>,
  release: DebRelease
): AptRequest {
  return {
    name: 'apt',
    store: directoryStore({ folder, address: 'the folder' }),
    signer,
    suites: [
      { suite: 'stable', debs: release.debs },
      { suite: 'testing', debs: release.debs.slice(0, 1) }
    ],
    component: 'main',
    origin: null,
    label: null,
    packages: release.folder,
    url: null,
    message: 'release',
    environment: {},
    time,
    patience: []
  }
}

/** Versions by package, as the index of a suite that `InRelease` names has them; read without our own code. */
export async function listedIn(
  folder: string,
  suite: string,
  architecture = 'amd64'
): Promise<Record<string, string[]>> {
  const dists = path.join(folder, 'dists', suite)
  const release = await readFile(path.join(dists, 'InRelease'), 'utf8').catch(() => null)
  if (release === null) return {}
  const index = `main/binary-${architecture}`
  const hash = new RegExp(`^ ([0-9a-f]{64}) \\d+ ${index}/Packages$`, 'm').exec(release)?.[1] ?? ''
  const packages = await readFile(path.join(dists, index, 'by-hash', 'SHA256', hash), 'utf8')
  const found: Record<string, string[]> = {}
  for (const [, name = '', version = ''] of packages.matchAll(/^Package: (.*)\n(?:.*\n)*?Version: (.*)$/gm))
    found[name] = [...(found[name] ?? []), version]
  return found
}

/** SHA-256 of each file, by its place. */
export async function filesIn(folder: string, below = ''): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const entries = await readdir(path.join(folder, below), { recursive: true, withFileTypes: true }).catch(
    () => []
  )
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    files[path.relative(folder, file)] = sha256OfBytes(await readFile(file))
  }
  return files
}

/** The same with the time of each. */
export async function writesIn(folder: string): Promise<unknown> {
  const files = await filesIn(folder)
  return Promise.all(
    Object.entries(files).map(async ([name, hash]) => [
      name,
      hash,
      (await stat(path.join(folder, name))).mtimeMs
    ])
  )
}

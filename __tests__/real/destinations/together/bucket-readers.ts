import { sha256, share, type Look } from './looks.ts'
import type { WholeRelease } from './parcel.ts'
import type { Servers } from './servers.ts'

/** Bytes under a key of the bucket, as anybody gets them; null where nothing is. */
type Get = (key: string) => Promise<Buffer | null>

function getterOf({ bucket: { address, bucket } }: Servers, prefix: string): Get {
  return async (key) => {
    const answer = await fetch(`${address}/${bucket}/${prefix}/${key}`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (answer.status !== 200 && answer.status !== 404) throw new Error(`${key}: ${answer.status}`)
    return answer.status === 200 ? bytes : null
  }
}

/** A suite as apt reads it: what InRelease names must be there with its hash, and so must each package of its index. */
export const lookAtSuite: Look = async (servers, { debs, parcel }, before) => {
  const get = getterOf(servers, 'apt')
  let pooled = 0
  for (const { name, sha256: hash } of debs.debs)
    pooled += await holds(get, `pool/main/t/${debs.project}/${name}`, hash)
  const suite = (await get('dists/stable/InRelease'))?.toString() ?? null
  const versions = suite === null ? new Set<string>() : await versionsOf(get, suite)
  if (before !== null && !versions.has(before.parcel.version))
    throw new Error('the suite has lost the release before')
  return { files: share(pooled, debs.debs.length), name: versions.has(parcel.version) ? 'this' : 'before' }
}

async function versionsOf(get: Get, release: string): Promise<Set<string>> {
  const versions = new Set<string>()
  const sums = /^SHA256:\n((?: .*\n)+)/m.exec(release)?.[1] ?? ''
  const listed = [...sums.matchAll(/^ ([0-9a-f]{64}) +\d+ (\S+)$/gm)]
  if (listed.length === 0) throw new Error('InRelease lists nothing')
  for (const [, hash = '', index = ''] of listed) {
    const folder = index.split('/').slice(0, -1).join('/')
    const bytes = await get(`dists/stable/${folder}/by-hash/SHA256/${hash}`)
    if (bytes === null || sha256(bytes) !== hash) throw new Error(`${index} is not there by its hash`)
    if (!index.endsWith('/Packages')) continue
    for (const stanza of bytes.toString().split('\n\n').filter(Boolean)) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
      if ((await holds(get, field('Filename'), field('SHA256'))) === 0)
        throw new Error(`${field('Filename')} is listed, and is not there`)
      versions.add(field('Version'))
    }
  }
  return versions
}

/** Flat files: those of the release, the list of their hashes, and copies that move. */
export const lookAtFiles: Look = async (servers, { python, parcel }, before) => {
  const get = getterOf(servers, 'get')
  let there = 0
  for (const { name, sha256: hash } of parcel.files)
    there += await holds(get, `${parcel.version}/${name}`, hash)
  const sums = (await get(`${parcel.version}/SHA256SUMS`))?.toString() ?? null
  const lines = parcel.files.map(({ name, sha256: hash }) => `${hash}  ${name}`).sort()
  if (sums !== null && sums.trimEnd().split('\n').sort().join() !== lines.join())
    throw new Error('the list has other hashes')
  if (sums !== null && (await get(`${parcel.version}/SHA256SUMS.asc`)) === null)
    throw new Error('the list has no signature')
  if (sums !== null) there += 1
  const alias = await get('demo.tar.gz')
  const stands = alias === null ? null : sha256(alias)
  const now = sdistOf(python)
  if (stands !== now && stands !== (before === null ? null : sdistOf(before.python)))
    throw new Error('demo.tar.gz is another file')
  return { files: share(there, parcel.files.length + 1), name: stands === now ? 'this' : 'before' }
}

function sdistOf({ files }: WholeRelease['python']): string {
  return files.find(({ name }) => name.endsWith('.tar.gz'))?.sha256 ?? ''
}

/** 1 where the file is there, 0 where it is not. @throws Error where it has other bytes */
async function holds(get: Get, key: string, hash: string): Promise<number> {
  const bytes = await get(key)
  if (bytes !== null && sha256(bytes) !== hash) throw new Error(`${key} has other bytes`)
  return bytes === null ? 0 : 1
}

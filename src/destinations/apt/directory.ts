import { copyFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeGzip } from '../../formats/gzip.ts'
import { TagproofError } from '../../platform/errors.ts'
import {
  hashFile,
  joinInside,
  makeFolder,
  replaceFolder,
  sha256OfBytes,
  writeFileAtomic
} from '../../platform/files.ts'
import { once } from '../../platform/pieces.ts'
import { indexDeb, packagesIndex, type IndexedDeb } from './packages.ts'
import { releaseText, type ListedFile } from './release.ts'
import { ephemeralSigner, type ReleaseSigner } from './signer.ts'

export interface AptDirectoryRequest {
  /** Files. */
  debs: readonly string[]
  /** Becomes the root of the repository; what was there is replaced. */
  folder: string
  /** Such as `bookworm` or `stable`. */
  suite: string
  /** Seconds since 1970: what the Release is dated, and all signatures. */
  date: number
  /** Default: a new key that is not kept. */
  signer?: ReleaseSigner
}

export interface AptDirectory {
  /** Of the key in `key.asc`. */
  fingerprint: string
  architectures: string[]
  /** A line for `sources.list`, for apt on this machine. */
  source: string
}

/** Packages for all architectures alone are listed for these. */
const usualArchitectures = ['amd64', 'arm64']

/**
 * Writes a signed apt repository as a folder: `pool/main`, `dists/SUITE` with `Packages`, `Packages.gz`, both by hash,
 * `Release`, `Release.gpg`, `InRelease`, and `key.asc`, the public key. All but the signatures is a function of the debs
 * and the date, and the signatures are of key and date: Ed25519 has no chance in it. The folder appears whole.
 *
 * @throws TagproofError `archive-invalid`; `destination-different` where two debs claim one place; `usage`
 */
export async function aptDirectory(request: AptDirectoryRequest): Promise<AptDirectory> {
  const { folder, suite, date } = request
  if (!/^[a-z0-9][a-z0-9.+-]*$/i.test(suite))
    throw new TagproofError('usage', `The suite ${JSON.stringify(suite)} is no usable name.`, {
      expected: 'letters, digits, ".", "+" and "-", such as "bookworm"',
      fix: 'Name the suite as users write it into their list of sources.'
    })
  const signer = request.signer ?? (await ephemeralSigner(date))
  const debs: IndexedDeb[] = []
  for (const file of request.debs) debs.push(await indexDeb(file))
  checkPlaces(debs)
  const found = new Set(debs.map(({ control }) => control.architecture).filter((name) => name !== 'all'))
  const architectures = found.size > 0 ? [...found].sort() : usualArchitectures
  const unfinished = `${path.resolve(folder)}.part`
  await rm(unfinished, { recursive: true, force: true })
  try {
    for (const { file, place, sha256 } of debs) await copyChecked(file, joinInside(unfinished, place), sha256)
    const dists = path.join(unfinished, 'dists', suite)
    const files: ListedFile[] = []
    for (const architecture of architectures) files.push(...(await writeIndex(dists, architecture, debs)))
    const release = releaseText({ suite, date, architectures, files })
    await writeFileAtomic(path.join(dists, 'Release'), release)
    await writeFileAtomic(path.join(dists, 'Release.gpg'), await signer.detached(release, date))
    await writeFileAtomic(path.join(dists, 'InRelease'), await signer.clearsigned(release, date))
    await writeFileAtomic(path.join(unfinished, 'key.asc'), signer.publicKey)
    await replaceFolder(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
  const root = path.resolve(folder)
  const source = `deb [signed-by=${path.join(root, 'key.asc')}] copy:${root} ${suite} main`
  return { fingerprint: signer.fingerprint, architectures, source }
}

function checkPlaces(debs: readonly IndexedDeb[]): void {
  const places = new Map<string, IndexedDeb>()
  for (const deb of debs) {
    const { name, version, architecture } = deb.control
    const key = `${name} ${version} ${architecture}`
    const other = places.get(key) ?? places.get(deb.place)
    if (other !== undefined)
      throw new TagproofError('destination-different', 'Two debs are the same package and version.', {
        found: `${path.basename(other.file)} and ${path.basename(deb.file)}`,
        fix: 'Give each package its own name or architecture.'
      })
    places.set(key, deb).set(deb.place, deb)
  }
}

async function copyChecked(from: string, to: string, sha256: string): Promise<void> {
  await makeFolder(path.dirname(to))
  await copyFile(from, to)
  const copied = await hashFile(to)
  if (copied.sha256 !== sha256)
    throw new TagproofError('hash-mismatch', `${path.basename(from)} has changed while it was copied.`, {
      found: copied.sha256,
      expected: sha256
    })
}

/** `Packages` and `Packages.gz` of one architecture, each also by its hash. */
async function writeIndex(
  dists: string,
  architecture: string,
  debs: readonly IndexedDeb[]
): Promise<ListedFile[]> {
  const listed = debs.filter(({ control }) => ['all', architecture].includes(control.architecture))
  const text = Buffer.from(packagesIndex(listed))
  const packed: Uint8Array[] = []
  for await (const piece of writeGzip(once(text))) packed.push(piece)
  const files: ListedFile[] = []
  for (const [name, bytes] of [
    ['Packages', text],
    ['Packages.gz', Buffer.concat(packed)]
  ] as const) {
    const inner = `main/binary-${architecture}`
    const sha256 = sha256OfBytes(bytes)
    await writeFileAtomic(path.join(dists, inner, name), bytes)
    await writeFileAtomic(path.join(dists, inner, 'by-hash', 'SHA256', sha256), bytes)
    files.push({ path: `${inner}/${name}`, size: bytes.length, sha256 })
  }
  return files
}

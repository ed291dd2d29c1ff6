import { layerDeflate } from '../../formats/deflate.ts'
import { writeGzip } from '../../formats/gzip.ts'
import { TagproofError } from '../../platform/errors.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import { once } from '../../platform/pieces.ts'
import { identityOf, packagesText, type PackageEntry } from './packages.ts'
import { releaseText, type ListedFile, type ReleaseFields } from './release.ts'

export interface SuiteSettings {
  suite: string
  component: string
  /** Null: as it was, or none. */
  origin: string | null
  label: string | null
}

/** A suite as its signed Release tells it. */
export interface SuiteContent {
  release: ReleaseFields
  /** Of our component, for all architectures, each once. */
  entries: readonly PackageEntry[]
}

/** An index below `dists/SUITE`. */
export interface IndexFile extends ListedFile {
  bytes: Buffer
}

/** The next state of a suite, not signed yet. */
export interface SuiteFiles {
  release: ReleaseFields
  text: string
  indexes: IndexFile[]
}

/** Where no package is for one architecture alone. */
const usualArchitectures = ['amd64', 'arm64']

/**
 * The files of a suite with these packages: a pure function of the state before, the packages, the settings and the date.
 * Other components stay as they are.
 *
 * @param date seconds since 1970, later than that of the state before
 * @throws TagproofError `suite-refused` for another origin or label than users have accepted
 */
export async function suiteFiles(
  settings: SuiteSettings,
  before: ReleaseFields | null,
  entries: readonly PackageEntry[],
  date: number
): Promise<SuiteFiles> {
  const { suite, component } = settings
  requireSameOrigin(settings, before)
  const architectures = architecturesOf(before, entries)
  const indexes: IndexFile[] = []
  const packed = new Map<string, Buffer>()
  for (const architecture of architectures) {
    const listed = entries.filter((entry) => [architecture, 'all'].includes(entry.architecture))
    const text = Buffer.from(packagesText(listed))
    const inner = `${component}/binary-${architecture}/Packages`
    const plain = indexFile(inner, text)
    // What is for all alone is the same for each.
    const gzip = packed.get(plain.sha256) ?? (await gzipped(text))
    packed.set(plain.sha256, gzip)
    indexes.push(plain, indexFile(`${inner}.gz`, gzip))
  }
  const others = (before?.files ?? []).filter(({ path }) => !path.startsWith(`${component}/binary-`))
  const release: ReleaseFields = {
    suite: before?.suite ?? suite,
    codename: before?.codename ?? suite,
    origin: settings.origin ?? before?.origin ?? null,
    label: settings.label ?? before?.label ?? null,
    kept: before?.kept ?? [],
    date,
    architectures,
    components: [...new Set([...(before?.components ?? []), component])],
    files: [...others, ...indexes]
      .map(({ path, size, sha256 }) => ({ path, size, sha256 }))
      .sort((one, other) => (one.path < other.path ? -1 : 1))
  }
  return { release, text: releaseText(release), indexes }
}

function architecturesOf(before: ReleaseFields | null, entries: readonly PackageEntry[]): string[] {
  const own = entries.map(({ architecture }) => architecture).filter((name) => name !== 'all')
  const all = new Set([...(before?.architectures ?? []), ...own])
  return all.size === 0 ? usualArchitectures : [...all].sort()
}

function indexFile(path: string, bytes: Buffer): IndexFile {
  return { path, bytes, size: bytes.length, sha256: sha256OfBytes(bytes) }
}

/** Canonical, so that the same packages give the same index; and quick, since each release packs all of it again. */
async function gzipped(bytes: Buffer): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of writeGzip(once(bytes), layerDeflate)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/**
 * apt asks each of its users before it takes another origin or label: `apt-get update` fails until they say yes.
 *
 * @throws TagproofError `suite-refused`
 */
export function requireSameOrigin(
  { suite, origin, label }: SuiteSettings,
  before: ReleaseFields | null
): void {
  if (before === null) return
  for (const [field, wanted, found] of [
    ['origin', origin, before.origin],
    ['label', label, before.label]
  ] as const) {
    if (wanted === null || wanted === found) continue
    throw new TagproofError(
      'suite-refused',
      `The suite ${suite} has another ${field} than the configuration says.`,
      {
        found: found ?? `no ${field}`,
        expected: wanted,
        fix: `Set ${field} to what the suite has, or leave it out: apt-get update fails on each machine that knows the suite when its ${field} changes.`
      }
    )
  }
}

/**
 * The packages with these among them. The same file again changes nothing.
 *
 * @returns null where all of them are there
 * @throws TagproofError `destination-different` for the same version of a package with other bytes
 */
export function withEntries(
  entries: readonly PackageEntry[],
  added: readonly PackageEntry[]
): PackageEntry[] | null {
  const known = new Map(entries.map((entry) => [identityOf(entry), entry]))
  const fresh = added.filter((entry) => {
    const there = known.get(identityOf(entry))
    if (there !== undefined && there.sha256 !== entry.sha256) throw differs(entry, there)
    known.set(identityOf(entry), entry)
    return there === undefined
  })
  return fresh.length === 0 ? null : [...entries, ...fresh]
}

function differs(entry: PackageEntry, there: PackageEntry): TagproofError {
  return new TagproofError('destination-different', `Another ${identityOf(entry)} is listed already.`, {
    where: there.filename,
    found: there.sha256,
    expected: entry.sha256,
    fix: 'A version that was given out must not change: release a new one. A deb of another suite needs another version, such as 1.0-1~noble1.'
  })
}

/** The packages without these files. @returns null where none of them is there */
export function withoutEntries(
  entries: readonly PackageEntry[],
  removed: readonly PackageEntry[]
): PackageEntry[] | null {
  const gone = new Map(removed.map((entry) => [identityOf(entry), entry.sha256]))
  const left = entries.filter((entry) => gone.get(identityOf(entry)) !== entry.sha256)
  return left.length === entries.length ? null : left
}

import { sha256 as asSha256, type Sha256 } from '../../documents/identifiers.ts'

/** A file that the Release lists, its path below `dists/SUITE`. */
export interface ListedFile {
  path: string
  size: number
  sha256: Sha256
}

export interface ReleaseFields {
  suite: string
  codename: string
  origin: string | null
  label: string | null
  /** Further fields that stay as they were, in their order. */
  kept: readonly (readonly [string, string])[]
  /** Seconds since 1970. */
  date: number
  architectures: readonly string[]
  components: readonly string[]
  files: readonly ListedFile[]
}

/** What says something of the suite itself; all else is about the files of one state. */
const keptNames = ['Version', 'Description', 'NotAutomatic', 'ButAutomaticUpgrades', 'Changelogs']

/**
 * The `Release` of a suite ("DebianRepository/Format"): a pure function of its fields. It lists SHA-256 alone, so that by-hash
 * is complete with one folder: apt asks for the strongest hash that is listed.
 */
export function releaseText(release: ReleaseFields): string {
  const { suite, codename, origin, label, kept, date, architectures, components, files } = release
  const lines = [
    ...(origin === null ? [] : [`Origin: ${origin}`]),
    ...(label === null ? [] : [`Label: ${label}`]),
    `Suite: ${suite}`,
    `Codename: ${codename}`,
    ...kept.map(([name, value]) => `${name}: ${value}`),
    `Date: ${new Date(date * 1000).toUTCString().replace('GMT', 'UTC')}`,
    `Architectures: ${architectures.join(' ')}`,
    `Components: ${components.join(' ')}`,
    'Acquire-By-Hash: yes',
    'SHA256:',
    ...files.map(({ path, size, sha256 }) => ` ${sha256} ${size} ${path}`)
  ]
  return `${lines.join('\n')}\n`
}

/**
 * Reads a `Release`, ours or another tool's.
 *
 * @throws RangeError that says what of it cannot be used
 */
export function parseRelease(text: string): ReleaseFields {
  const fields = readFields(text)
  const one = (name: string): string | null => fields.get(name.toLowerCase()) ?? null
  const words = (name: string): string[] => (one(name) ?? '').split(/\s+/).filter((word) => word !== '')
  const suite = one('Suite') ?? one('Codename')
  if (suite === null) throw new RangeError('it names no suite')
  const date = Date.parse(one('Date') ?? '') / 1000
  if (!Number.isInteger(date)) throw new RangeError(`its date is ${JSON.stringify(one('Date'))}`)
  const listed = one('SHA256')
  if (listed === null) throw new RangeError('it lists no SHA-256 of its indexes')
  return {
    suite,
    codename: one('Codename') ?? suite,
    origin: one('Origin'),
    label: one('Label'),
    kept: keptNames.flatMap((name) => {
      const value = one(name)
      return value === null || value.includes('\n') ? [] : [[name, value] as const]
    }),
    date,
    // Some list `all` besides: in ours, what is for all is in the index of each.
    architectures: words('Architectures').filter((name) => name !== 'all'),
    components: words('Components'),
    files: listed
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map(readListed)
  }
}

function readListed(line: string): ListedFile {
  const [, hash = '', size = '', path = ''] = /^([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)$/.exec(line) ?? []
  const isInside = path !== '' && !path.startsWith('/') && !path.split('/').includes('..')
  if (!isInside) throw new RangeError(`it lists ${JSON.stringify(line.slice(0, 200))}`)
  return { path, size: Number(size), sha256: asSha256(hash) }
}

/** By name in lower case; lines that begin with a space go on with the field. */
function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  let open: string | null = null
  for (const line of text.replace(/\n+$/, '').split('\n')) {
    if (/^[ \t]/.test(line) && open !== null) {
      fields.set(open, `${fields.get(open) ?? ''}\n${line}`)
      continue
    }
    const [, name, value = ''] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? []
    open = name?.toLowerCase() ?? null
    if (open === null || fields.has(open))
      throw new RangeError(`this line is no field of it: ${JSON.stringify(line.slice(0, 100))}`)
    fields.set(open, value)
  }
  return fields
}

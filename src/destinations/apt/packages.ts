import { sha256 as asSha256, type Sha256 } from '../../documents/identifiers.ts'
import { TagproofError } from '../../platform/errors.ts'

/** What prove has read out of a deb: publish opens none. */
export interface DebFile {
  /** Of the file. */
  name: string
  size: number
  sha256: Sha256
  package: string
  version: string
  architecture: string
  /** The source package, or the `Source` field; by it the pool is ordered. */
  source: string
  /** The stanza as it is in the deb, without a newline at its end. */
  control: string
}

/** A package as the index of a suite lists it. */
export interface PackageEntry {
  package: string
  version: string
  architecture: string
  /** Place in the repository. */
  filename: string
  size: number
  sha256: Sha256
  /** As it is in the index, without a newline at its end. */
  stanza: string
}

/** One version of a package for one architecture: only one file may bear it. */
export function identityOf({
  package: name,
  version,
  architecture
}: Pick<PackageEntry, 'package' | 'version' | 'architecture'>): string {
  return `${name} ${version} ${architecture}`
}

/** Fields that the index states of a file; a deb that states them of itself would state them twice. */
const indexFields = /^(Filename|Size|MD5sum|SHA1|SHA256|SHA512|Description-md5):/im

/** @throws TagproofError `archive-invalid` */
export function entryOf(deb: DebFile, component: string): PackageEntry {
  const own = indexFields.exec(deb.control)?.[1]
  if (own !== undefined || /\n[ \t]*\n|\r/.test(deb.control))
    throw new TagproofError('archive-invalid', `${deb.name} cannot be listed by a repository.`, {
      found:
        own === undefined ? 'a control file of more than one stanza' : `the field ${own} in its control file`,
      expected: 'a control file without the fields of an index',
      fix: 'Remove it from debian/control.'
    })
  const { package: name, version, architecture, size, sha256 } = deb
  const filename = `pool/${component}/${poolFolder(deb)}/${deb.name}`
  const stanza = `${deb.control}\nFilename: ${filename}\nSize: ${size}\nSHA256: ${sha256}`
  return { package: name, version, architecture, filename, size, sha256, stanza }
}

/** `h/hello`, or `libh/libhello`: by the source package, as all archives do. */
function poolFolder({ source, package: name }: DebFile): string {
  const stem = /^[a-z0-9][a-z0-9+.-]+/.exec(source)?.[0] ?? name
  const first = stem.startsWith('lib') && stem.length > 3 ? stem.slice(0, 4) : stem.slice(0, 1)
  return `${first}/${stem}`
}

/** `Packages`: a stanza for each deb, sorted by place in the pool; nothing but the debs decides its bytes. */
export function packagesText(entries: readonly PackageEntry[]): string {
  const sorted = [...entries].sort((one, other) => (one.filename < other.filename ? -1 : 1))
  return sorted.map(({ stanza }) => `${stanza}\n`).join('\n')
}

/** What is needed of a stanza, and the form of its value. */
const forms: Readonly<Record<string, RegExp>> = {
  Package: /^[a-z0-9][a-z0-9+.-]+$/,
  Version: /^[0-9A-Za-z.+~:-]+$/,
  Architecture: /^[a-z0-9-]+$/,
  Filename: /^\S+$/,
  Size: /^\d{1,15}$/,
  SHA256: /^[0-9a-f]{64}$/
}

/**
 * Reads what {@link packagesText}, or another tool, has written. Stanzas are kept to the letter.
 *
 * @throws RangeError that says which stanza cannot be read
 */
export function parsePackages(text: string): PackageEntry[] {
  return text
    .split(/\n\n+/)
    .map((stanza) => stanza.trim())
    .filter((stanza) => stanza !== '')
    .map(readEntry)
}

function readEntry(stanza: string): PackageEntry {
  const value = (name: string): string => {
    const at = stanza.startsWith(`${name}: `) ? 0 : stanza.indexOf(`\n${name}: `) + 1
    const begin = at + name.length + 2
    const end = stanza.indexOf('\n', begin)
    const found = stanza.slice(begin, end < 0 ? undefined : end)
    if ((at === 0 && !stanza.startsWith(name)) || forms[name]?.test(found) !== true)
      throw new RangeError(`a stanza without a usable ${name}: ${JSON.stringify(stanza.slice(0, 100))}`)
    return found
  }
  return {
    package: value('Package'),
    version: value('Version'),
    architecture: value('Architecture'),
    filename: value('Filename'),
    size: Number(value('Size')),
    sha256: asSha256(value('SHA256')),
    stanza
  }
}

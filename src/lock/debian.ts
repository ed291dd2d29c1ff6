import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { sha256 } from '../documents/identifiers.ts'
import type { DebianPackage, RootLock } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, withTemporaryFolder } from '../platform/files.ts'
import type { Log } from '../platform/log.ts'
import { plainEnvironment, runChecked } from '../platform/process.ts'
import { createIsolatedApt, type IsolatedApt } from './apt-isolated.ts'
import { parseRelease, readAptHost, type AptHost } from './apt-host.ts'
import { parseStanzas, sourcesOfSuite, type AptSource } from './apt-sources.ts'
import { probePockets } from './apt-pockets.ts'
import { askedPackage, askedRelations, askedStanza, type AskedRelation } from './build-depends.ts'
import { parseShowpkg, togetherError, unmetError, unmetRelations } from './build-depends-unmet.ts'

export interface ResolveRootOptions {
  /** Besides all essential packages. */
  packages: readonly string[]
  /** What else must be met, as in `Build-Depends`: versions and alternatives count ({@link debRootRequest}). */
  relations?: readonly string[]
  /** By relation, where it is written, for errors. */
  places?: Readonly<Record<string, string>>
  /** Default: that of this machine. */
  suite?: string
  /** Base URL of an archive; default: the sources of this machine. */
  mirror?: string
  /** Default: that of this machine. */
  architecture?: string
  log: Log
  signal?: AbortSignal
  /** What is known about this machine, for tests. */
  host?: AptHost
}

/**
 * Resolves the packages of a root: all essential ones, the requested ones and what they depend on (no
 * recommendations), from indexes whose signature apt has verified. Nothing of the machine's own package state
 * takes part, and no privilege is needed. Relations are weighed by apt all at once, as for a package that depends
 * on all of them.
 *
 * @throws TagproofError `signature-invalid` (signature, key or validity of an index), `network`, `index-answer`
 *   (an index that does not match its own signed list), `lock-unresolvable` (a package that is not there or
 *   cannot be installed), `config-invalid` (no source for the suite)
 */
export async function resolveRoot(options: ResolveRootOptions): Promise<RootLock> {
  const host = options.host ?? (await readAptHost())
  const architecture =
    options.architecture ??
    (await runChecked('dpkg', ['--print-architecture'], { env: plainEnvironment })).trim()
  const suite = options.suite ?? host.codename
  if (suite === null)
    throw new TagproofError('config-invalid', 'This machine does not say which release it runs.', {
      fix: 'Name the suite of the root in the configuration: roots.<name>.suite.'
    })
  const sources = await chooseSources(host, suite, options)
  const asked = askedRelations(options.relations ?? [], architecture)
  return withTemporaryFolder('tagproof-apt', async (folder) => {
    const apt = await createIsolatedApt(folder, {
      sources,
      architecture,
      acquire: host.acquire,
      ...(asked.length === 0 ? {} : { imagined: askedStanza(asked, architecture) }),
      ...signalOf(options)
    })
    await apt.update()
    const uris = await planRoot(apt, options.packages, asked).catch((error: unknown) =>
      explain(apt, asked, suite, options, error)
    )
    const stanzas = await describePackages(apt, uris)
    const packages = uris.map((uri) => lockedPackage(uri, stanzas, sources, suite))
    return {
      suite,
      architecture,
      components: [...new Set(sources.flatMap((source) => source.components))],
      indexes: await readIndexes(apt.lists, sources),
      requested: [...new Set([...options.packages, ...(options.relations ?? [])])].sort(),
      packages: packages.sort((left, right) => compare(left.name, right.name))
    }
  })
}

function signalOf(options: ResolveRootOptions): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal }
}

/** The machine's own sources for the suite; or the given mirror, with the pockets that it has. */
async function chooseSources(
  host: AptHost,
  suite: string,
  options: ResolveRootOptions
): Promise<AptSource[]> {
  const own = sourcesOfSuite(host.sources, suite)
  if (options.mirror !== undefined) {
    const components = own.find((source) => source.suites.includes(suite))?.components
    const signedBy = keyringFor(host, own)
    return probePockets(options.mirror, suite, {
      ...(components === undefined ? {} : { components }),
      signedBy,
      ...signalOf(options)
    })
  }
  if (!own.some((source) => source.suites.includes(suite)))
    throw new TagproofError('config-invalid', `No source of this machine holds the suite ${suite}.`, {
      found: [...new Set(host.sources.flatMap((source) => source.suites))].join(', ') || 'no sources',
      expected: suite,
      fix: 'Name an archive that holds it in the configuration: sources.mirror.'
    })
  return own.map((source) => ({ ...source, signedBy: source.signedBy ?? host.keyring }))
}

/** Keys of the machine's own sources for this suite, else every archive keyring that is installed. */
function keyringFor(host: AptHost, own: readonly AptSource[]): string {
  const named =
    own.find((source) => source.signedBy !== null)?.signedBy ?? (own.length > 0 ? host.keyring : null)
  const keyrings = named === null ? host.archiveKeyrings : [named]
  if (keyrings.length === 0)
    throw new TagproofError(
      'signature-invalid',
      'There is no archive keyring on this machine to check the mirror with.',
      {
        fix: 'Install the keyring package of the distribution that the root is made of (its name ends in -keyring).'
      }
    )
  return keyrings.join(',')
}

interface PlannedUri {
  /** Percent-decoded address of the file. */
  address: string
  name: string
  version: string
  architecture: string
}

async function planRoot(
  apt: IsolatedApt,
  packages: readonly string[],
  relations: readonly AskedRelation[]
): Promise<PlannedUri[]> {
  const asked = ['?essential', ...packages, ...(relations.length === 0 ? [] : [askedPackage])]
  const plan = async (names: readonly string[]): Promise<PlannedUri[]> =>
    parsePrintUris(await apt.plan(names)).filter((entry) => entry.name !== askedPackage)
  const first = await plan(asked)
  // Two packages can promise merged folders; the one that converts an old system has no place in a new root.
  if (!first.some((entry) => entry.name === 'usrmerge') || packages.includes('usrmerge')) return first
  return plan([...asked, 'usr-is-merged', 'usrmerge-']).catch(() => first)
}

/** What apt could not plan, told by the relations that were asked for and where they are written. */
async function explain(
  apt: IsolatedApt,
  asked: readonly AskedRelation[],
  suite: string,
  { places = {} }: ResolveRootOptions,
  thrown: unknown
): Promise<never> {
  if (!(thrown instanceof TagproofError) || thrown.code !== 'lock-unresolvable' || asked.length === 0)
    throw thrown
  const names = asked.flatMap((relation) => relation.alternatives.map((one) => one.name))
  const unmet = unmetRelations(asked, parseShowpkg(await apt.offers([...new Set(names)])))
  if (unmet.length > 0) throw unmetError(unmet, suite, places)
  throw thrown.detail.output?.includes('unmet dependencies') === true
    ? togetherError(asked, places, thrown)
    : thrown
}

/** Lines of `apt-get install --print-uris`: `'URI' name_version_architecture.deb size hash`. */
export function parsePrintUris(text: string): PlannedUri[] {
  return [...text.matchAll(/^'([^']+)' (\S+)_(\S+)_(\S+)\.deb \d+/gm)].map((match) => ({
    address: decodeURIComponent(match[1] ?? ''),
    name: match[2] ?? '',
    version: decodeURIComponent(match[3] ?? ''),
    architecture: match[4] ?? ''
  }))
}

async function describePackages(
  apt: IsolatedApt,
  uris: readonly PlannedUri[]
): Promise<Map<string, Map<string, string>[]>> {
  const text = await apt.show(uris.map((entry) => `${entry.name}=${entry.version}`))
  const byName = new Map<string, Map<string, string>[]>()
  for (const stanza of parseStanzas(text)) {
    const name = stanza.get('package') ?? ''
    byName.set(name, [...(byName.get(name) ?? []), stanza])
  }
  return byName
}

function lockedPackage(
  planned: PlannedUri,
  stanzas: ReadonlyMap<string, Map<string, string>[]>,
  sources: readonly AptSource[],
  suite: string
): DebianPackage {
  const { name, version, architecture, address } = planned
  const stanza = stanzas
    .get(name)
    ?.find(
      (fields) =>
        fields.get('version') === version &&
        fields.get('architecture') === architecture &&
        address.endsWith(`/${fields.get('filename') ?? ' '}`)
    )
  const hash = stanza?.get('sha256') ?? ''
  const file = stanza?.get('filename') ?? ''
  const size = Number(stanza?.get('size'))
  if (stanza === undefined || !/^[0-9a-f]{64}$/.test(hash) || !Number.isSafeInteger(size))
    throw new TagproofError('index-answer', `The index does not describe ${name} ${version} as it must.`, {
      expected: 'Filename, Size and SHA256 of each package',
      fix: 'Use another mirror; indexes without SHA256 cannot be locked.'
    })
  const base = address.slice(0, -file.length - 1)
  const suites = sources.filter((source) => source.uris.includes(base)).flatMap((source) => source.suites)
  return { name, version, architecture, suite: suites[0] ?? suite, file, size, sha256: sha256(hash) }
}

async function readIndexes(lists: string, sources: readonly AptSource[]): Promise<RootLock['indexes']> {
  const names = (await readdir(lists)).filter((name) => name.endsWith('_InRelease')).sort()
  const indexes: RootLock['indexes'] = []
  for (const suite of new Set(sources.flatMap((source) => source.suites)))
    for (const name of names.filter((file) =>
      file.endsWith(`_dists_${suite.replaceAll('/', '_')}_InRelease`)
    )) {
      const file = path.join(lists, name)
      const fields = parseRelease(await readFile(file, 'utf8'))
      indexes.push({
        suite,
        origin: fields.get('origin') ?? '',
        codename: fields.get('codename') ?? fields.get('suite') ?? suite,
        date: fields.get('date') ?? '',
        inRelease: (await hashFile(file)).sha256
      })
    }
  return indexes
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

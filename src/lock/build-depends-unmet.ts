import { TagproofError } from '../platform/errors.ts'
import { compareDebianVersions } from '../targets/deb/debian/version-order.ts'
import { formatRelation, type Alternative } from './build-depends-relations.ts'
import type { AskedRelation } from './build-depends.ts'

/** What a suite has under one name. */
export interface Offer {
  /** Versions of a real package. */
  versions: string[]
  /** Packages that provide the name, with the version that they provide it as. */
  providers: { name: string; version: string | null }[]
}

/** Reads `apt-cache showpkg NAME...`. */
export function parseShowpkg(text: string): Map<string, Offer> {
  const offers = new Map<string, Offer>()
  let offer: Offer | undefined
  let part = ''
  for (const line of text.split('\n')) {
    const name = /^Package: (\S+)$/.exec(line)?.[1]
    if (name !== undefined) {
      offer = offers.get(name.replace(/:.*$/, '')) ?? { versions: [], providers: [] }
      offers.set(name.replace(/:.*$/, ''), offer)
      part = ''
    } else if (/^(Versions|Reverse Depends|Dependencies|Provides|Reverse Provides): *$/.test(line))
      part = line.replace(/: *$/, '')
    else if (part === 'Versions') {
      const version = /^(\S+) \(/.exec(line)?.[1]
      if (version !== undefined) offer?.versions.push(version)
    } else if (part === 'Reverse Provides') {
      const match = /^(\S+) (\S+)(?: \(= (\S*)\))?\s*$/.exec(line)
      if (match !== null)
        offer?.providers.push({
          name: match[1] ?? '',
          version: match[3] === undefined || match[3] === '' ? null : match[3]
        })
    }
  }
  return offers
}

/** Relations that nothing in the suite can meet, each with what the suite has instead. Pure. */
export function unmetRelations(
  relations: readonly AskedRelation[],
  offers: ReadonlyMap<string, Offer>
): { asked: string; instead: string }[] {
  return relations
    .filter(({ conflict, alternatives }) => !conflict && !alternatives.some((one) => isMet(one, offers)))
    .map(({ asked, alternatives }) => ({
      asked,
      instead: [...new Set(alternatives.map(({ name }) => describeOffer(name, offers.get(name))))].join('; ')
    }))
}

function isMet({ name, constraint }: Alternative, offers: ReadonlyMap<string, Offer>): boolean {
  const offer = offers.get(name)
  if (offer === undefined) return false
  const provided = offer.providers.map((provider) => provider.version)
  if (constraint === null) return offer.versions.length + provided.length > 0
  return [...offer.versions, ...provided.filter((version) => version !== null)].some((version) => {
    const order = compareDebianVersions(version, constraint.version)
    return {
      '<<': order < 0,
      '<=': order <= 0,
      '=': order === 0,
      '>=': order >= 0,
      '>>': order > 0
    }[constraint.operator]
  })
}

function describeOffer(name: string, offer: Offer | undefined): string {
  if (offer === undefined || offer.versions.length + offer.providers.length === 0) return `no ${name}`
  const versions = [...new Set(offer.versions)]
  const provided = [...new Set(offer.providers.map((one) => `${one.version ?? 'no version'} of ${one.name}`))]
  return `${name} ${[...versions, ...provided].slice(0, 12).join(', ')}`
}

/**
 * The error for relations that a suite cannot meet, with the place where the first is written.
 *
 * @param places by relation, where it is written
 */
export function unmetError(
  unmet: readonly { asked: string; instead: string }[],
  suite: string,
  places: Readonly<Record<string, string>>
): TagproofError {
  const [first] = unmet
  const named = unmet.map(({ asked, instead }) => {
    const place = places[asked]
    return `${place === undefined ? '' : `${place}: `}${asked}: ${suite} has ${instead}`
  })
  const where = first === undefined ? undefined : places[first.asked]
  const compat = unmet.some(({ asked }) => asked.startsWith('debhelper-compat'))
  return new TagproofError(
    'lock-unresolvable',
    compat
      ? `The debian/ folder asks for a debhelper that ${suite} does not have.`
      : `${suite} does not have what the build asks for.`,
    {
      ...(where === undefined ? {} : { where }),
      found: first === undefined ? 'nothing' : `${suite} has ${first.instead}`,
      expected: unmet.map(({ asked }) => asked).join(', '),
      output: named.slice(0, 20).join('\n'),
      fix: 'Choose a suite that has it (roots.<name>.suite), or ask for what this suite has, with an alternative after | where several suites are built for.'
    }
  )
}

/** The error for relations that can each be met, and not all at once: apt's own words tell why. */
export function togetherError(
  relations: readonly AskedRelation[],
  places: Readonly<Record<string, string>>,
  cause: TagproofError
): TagproofError {
  const output = cause.detail.output ?? ''
  const words = new Set(output.split(/[\s,]+/))
  const named = relations.find(({ alternatives }) => alternatives.some(({ name }) => words.has(name)))
  const where = named === undefined ? undefined : places[named.asked]
  return new TagproofError('lock-unresolvable', 'What the build asks for cannot be installed together.', {
    ...cause.detail,
    ...(where === undefined ? {} : { where }),
    ...(named === undefined ? {} : { found: formatRelation(named.alternatives) }),
    fix: 'Read what apt says above; another suite, or other versions in Build-Depends, may go together.',
    cause
  })
}

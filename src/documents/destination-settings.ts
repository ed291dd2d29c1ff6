import { z } from 'zod'
import { destinationKeys, type IndexSetting } from './destination-keys.ts'
import { refuseForeignKeys } from './setting-fields.ts'
import { storeSettings, type StoreSettings } from './store-settings.ts'

export type { IndexSetting, StoreSettings }

const nameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, dot, dash')

/** An entry of `destinations:` in the configuration. */
export const destinationConfig = z
  .strictObject({
    kind: z
      .enum(['pypi', 'directory', 'registry', 'apt', 'files', 'github'])
      .describe('Where the packages go.'),
    name: nameField.optional().describe('Unique among the destinations; by default the kind or the index.'),
    targets: z
      .array(z.string().min(1).max(64))
      .min(1, 'expected at least one target, or no targets: at all')
      .optional()
      .describe('The targets that go there; by default all of the kinds that it takes.'),
    ...destinationKeys.pypi,
    ...destinationKeys.directory,
    ...destinationKeys.registry,
    ...destinationKeys.apt,
    ...destinationKeys.files,
    ...destinationKeys.github
  })
  .superRefine((destination, context) => {
    const { kind } = destination
    const mistake = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message })
    refuseForeignKeys(destination, kind, destinationKeys, 'a destination', context)
    for (const key of needed[kind]) if (destination[key] === undefined) mistake(key, neededText[key])
    const early = destination['pre-releases']
    if (early !== undefined && !preReleases[kind].includes(early))
      mistake('pre-releases', `expected ${preReleases[kind].join(' or ')} for a destination of kind ${kind}`)
    if (early === 'testpypi' && (destination.index ?? 'pypi') !== 'pypi')
      mistake('pre-releases', 'expected same: only what goes to pypi can go to testpypi instead')
    if (kind === 'apt' && destination.targets !== undefined)
      mistake('targets', 'expected no such key: suites tells which targets go where')
  })
  .describe('Where packages are published.')
export type DestinationConfig = z.output<typeof destinationConfig>
type Kind = DestinationConfig['kind']
type PreReleases = NonNullable<DestinationConfig['pre-releases']>

const needed = {
  pypi: [],
  directory: ['path'],
  registry: ['image'],
  apt: ['store', 'suites'],
  files: ['store'],
  github: []
} as const satisfies Record<Kind, readonly (keyof DestinationConfig)[]>

const neededText = {
  path: 'expected the path of a folder',
  image: 'expected the name of an image with the host of its registry',
  store: 'expected a store',
  suites: 'expected a mapping of suites to targets'
} as const

const preReleases: Readonly<Record<Kind, readonly PreReleases[]>> = {
  pypi: ['same', 'testpypi'],
  directory: [],
  registry: ['stay', 'move'],
  apt: ['skip', 'take'],
  files: ['stay', 'move'],
  github: []
}

interface Shared {
  /** Unique among the destinations. */
  name: string
  /** Null for all targets of the kinds that it takes. */
  targets: readonly string[] | null
}
export interface PypiSettings extends Shared {
  kind: 'pypi'
  index: IndexSetting
  preReleases: 'same' | 'testpypi'
  attestations: boolean
  createProject: boolean
}
export interface DirectorySettings extends Shared {
  kind: 'directory'
  /** As it is written: absolute, or relative to the repository. */
  path: string
}
export interface RegistrySettings extends Shared {
  kind: 'registry'
  /** `HOST[:PORT]/REPOSITORY`; may hold `{target}`. */
  image: string
  /** Templates of tags that never change. */
  tags: readonly string[]
  /** Templates of tags that go forwards. */
  moving: readonly string[]
  preReleases: 'stay' | 'move'
  /** Attach the record and the proof to each image. */
  evidence: boolean
}
interface Signing {
  /** Path of the public key in the tagged tree; null where none is named. */
  key: string | null
  /** Command and arguments; null for the input apt-signing-key. */
  signer: readonly string[] | null
}
export interface AptSettings extends Shared, Signing {
  kind: 'apt'
  store: StoreSettings
  /** Where readers find the root of the repository; null where nothing but the store is known. */
  url: string | null
  /** By the template of the suite: the deb targets. */
  suites: Readonly<Record<string, readonly string[]>>
  component: string
  origin: string | null
  label: string | null
  preReleases: 'skip' | 'take'
}
export interface FilesSettings extends Shared, Signing {
  kind: 'files'
  store: StoreSettings
  url: string | null
  /** Template of the name of each file. */
  names: string
  /** By the template of the alias: a target, or a pattern of file names. */
  aliases: Readonly<Record<string, string>>
  sums: boolean
  preReleases: 'stay' | 'move'
}
export interface GithubSettings extends Shared {
  kind: 'github'
  /** `OWNER/NAME`; null for that of the run. */
  repository: string | null
  /** Null for that of the run. */
  api: string | null
  /** Path in the tagged tree; null for a text of ours. */
  notes: string | null
  draft: boolean
  evidence: boolean
}
/** A destination with its defaults filled in. */
export type DestinationSettings =
  PypiSettings | DirectorySettings | RegistrySettings | AptSettings | FilesSettings | GithubSettings

/** The name of a destination that has none: its index, where that has one, or its kind. */
export function nameOf({ kind, name, index }: DestinationConfig): string {
  if (name !== undefined) return name
  return kind === 'pypi' ? (typeof index === 'object' ? 'index' : (index ?? 'pypi')) : kind
}

/** Fills in the defaults. Pure. */
export function destinationSettings(destination: DestinationConfig): DestinationSettings {
  const { kind, targets = null } = destination
  const shared = { name: nameOf(destination), targets }
  const early = destination['pre-releases']
  const { key = null, signer = null, url = null } = destination
  const kept = (): StoreSettings => storeSettings(destination.store ?? { kind: 'directory', path: '.' })
  switch (kind) {
    case 'directory':
      return { ...shared, kind, path: destination.path ?? '.' }
    case 'pypi':
      return {
        ...shared,
        kind,
        index: destination.index ?? 'pypi',
        preReleases: early === 'testpypi' ? early : 'same',
        attestations: destination.attestations ?? true,
        createProject: destination['create-project'] ?? false
      }
    case 'registry':
      return {
        ...shared,
        kind,
        image: destination.image ?? '',
        tags: destination.tags ?? ['{version}'],
        moving: destination.moving ?? [],
        preReleases: early === 'move' ? early : 'stay',
        evidence: destination.evidence ?? false
      }
    case 'apt':
      return {
        ...shared,
        kind,
        store: kept(),
        url,
        suites: destination.suites ?? {},
        component: destination.component ?? 'main',
        origin: destination.origin ?? null,
        label: destination.label ?? null,
        key,
        signer,
        preReleases: early === 'take' ? early : 'skip'
      }
    case 'files':
      return {
        ...shared,
        kind,
        store: kept(),
        url,
        names: destination.names ?? '{version}/{file}',
        aliases: destination.aliases ?? {},
        sums: destination.sums ?? true,
        key,
        signer,
        preReleases: early === 'move' ? early : 'stay'
      }
    case 'github': {
      const { repository = null, api = null, notes = null, draft = false, evidence = true } = destination
      return { ...shared, kind, repository, api, notes, draft, evidence }
    }
  }
}

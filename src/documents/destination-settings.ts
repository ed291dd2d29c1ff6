import { z } from 'zod'

const nameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, dot, dash')

/** A token goes there: over TLS, or to this machine alone. */
const secureUrlField = z
  .string()
  .max(400)
  .regex(
    /^(https:\/\/[^\s@?#/\\]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?)(\/[^\s?#\\]*)?$/,
    'expected an https URL (http to this machine alone) without user name, query or fragment'
  )

const indexField = z
  .union([
    z.enum(['pypi', 'testpypi']),
    z.strictObject({
      upload: secureUrlField.describe('Where files are sent: the legacy upload API.'),
      simple: secureUrlField.describe('Where they are read: the simple API.')
    })
  ])
  .describe(
    'pypi: pypi, testpypi, or the two addresses of another index that speaks the upload API. By default pypi.'
  )
export type IndexSetting = z.output<typeof indexField>

const folderField = z
  .string()
  .min(1)
  .max(500)
  // eslint-disable-next-line no-control-regex -- a path that moves the cursor is none
  .regex(/^[^\0-\x1f\x7f]+$/, 'expected the path of a folder')

/** The keys that a destination has for one kind alone. */
const pypiKeys = {
  index: indexField.optional(),
  'pre-releases': z
    .enum(['same', 'testpypi'])
    .optional()
    .describe(
      'pypi: where alphas, betas, candidates and development releases go; by default the same index.'
    ),
  attestations: z
    .boolean()
    .optional()
    .describe(
      'pypi: sign attestations (PEP 740) with the identity of the workflow; true by default, where the index takes them.'
    ),
  'create-project': z
    .boolean()
    .optional()
    .describe('pypi: let the first release make the project; by default one that is not there is an error.')
}
const directoryKeys = {
  path: folderField
    .optional()
    .describe('directory: folder of the index, absolute or relative to the repository.')
}

/** An entry of `destinations:` in the configuration. */
export const destinationConfig = z
  .strictObject({
    kind: z.enum(['pypi', 'directory']).describe('Where the packages go.'),
    name: nameField.optional().describe('Unique among the destinations; by default the kind or the index.'),
    targets: z
      .array(z.string().min(1).max(64))
      .min(1, 'expected at least one target, or no targets: at all')
      .optional()
      .describe('The Python targets that go there; by default all.'),
    ...pypiKeys,
    ...directoryKeys
  })
  .superRefine((destination, context) => {
    for (const [kind, keys] of [
      ['pypi', pypiKeys],
      ['directory', directoryKeys]
    ] as const)
      for (const key of Object.keys(keys) as (keyof typeof destination)[])
        if (destination.kind !== kind && destination[key] !== undefined)
          context.addIssue({
            code: 'custom',
            path: [key],
            message: `expected no such key: only a destination of kind ${kind} has it`
          })
    if (destination.kind === 'directory' && destination.path === undefined)
      context.addIssue({ code: 'custom', path: ['path'], message: 'expected the path of a folder' })
    if (destination['pre-releases'] === 'testpypi' && (destination.index ?? 'pypi') !== 'pypi')
      context.addIssue({
        code: 'custom',
        path: ['pre-releases'],
        message: 'expected same: only what goes to pypi can go to testpypi instead'
      })
  })
  .describe('Where packages are published.')
export type DestinationConfig = z.output<typeof destinationConfig>

interface Shared {
  /** Unique among the destinations. */
  name: string
  /** Null for all Python targets. */
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
/** A destination with its defaults filled in. */
export type DestinationSettings = PypiSettings | DirectorySettings

/** The name of a destination that has none: its index, where that has one, or its kind. */
export function nameOf({ kind, name, index }: DestinationConfig): string {
  if (name !== undefined) return name
  return kind === 'pypi' ? (typeof index === 'object' ? 'index' : (index ?? 'pypi')) : kind
}

/** Fills in the defaults. Pure. */
export function destinationSettings(destination: DestinationConfig): DestinationSettings {
  const shared = { name: nameOf(destination), targets: destination.targets ?? null }
  if (destination.kind === 'directory') return { ...shared, kind: 'directory', path: destination.path ?? '.' }
  return {
    ...shared,
    kind: 'pypi',
    index: destination.index ?? 'pypi',
    preReleases: destination['pre-releases'] ?? 'same',
    attestations: destination.attestations ?? true,
    createProject: destination['create-project'] ?? false
  }
}

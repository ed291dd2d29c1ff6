import { z } from 'zod'
import { destinationConfig } from './destination-settings.ts'
import { relativePathField, targetKindField } from './fields.ts'
import { gitInputConfig, gitUrlField, seenGitField } from './git-inputs.ts'
import { debKeys, imageKeys, pythonKeys, tryField } from './target-settings.ts'

const nameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, dot, dash')
const globField = z.string().min(1).max(500)
const packageNameField = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'expected the name of a Debian package')

const targetConfig = z
  .strictObject({
    kind: targetKindField.describe('What to build.'),
    name: nameField.optional().describe('Unique among the targets; by default the kind.'),
    path: relativePathField.default('.').describe('Folder of the target in the repository.'),
    root: nameField
      .optional()
      .describe('Which of `roots` it is built in; by default the one named like the kind.'),
    packages: z
      .array(packageNameField)
      .default([])
      .describe('Debian packages that its root needs besides the usual ones.'),
    'allow-sdists': z
      .array(z.string().min(1))
      .default([])
      .describe('Build requirements that may be taken as an sdist because there is no wheel.'),
    try: tryField.optional(),
    git: seenGitField.optional(),
    ...pythonKeys,
    ...debKeys,
    ...imageKeys
  })
  .superRefine((target, context) => {
    for (const [kind, keys] of [
      ['python', pythonKeys],
      ['deb', debKeys],
      ['image', imageKeys]
    ] as const)
      for (const key of Object.keys(keys) as (keyof typeof target)[])
        if (target.kind !== kind && target[key] !== undefined)
          context.addIssue({
            code: 'custom',
            path: [key],
            message: `only a target of kind ${kind} has this key`
          })
    if (target.kind === 'python' && target.git !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['git'],
        message: 'a package of the index is made of its own repository alone'
      })
    if (target.venv !== undefined && target.changelog !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['changelog'],
        message: 'a package made of the wheel has no debian/changelog'
      })
    if (target.suffix !== undefined && target.changelog !== 'tag')
      context.addIssue({
        code: 'custom',
        path: ['suffix'],
        message: 'a suffix is put into the entry that `changelog: tag` makes'
      })
    const ofDockerfile = ['dockerfile', 'stage', 'arguments', 'wheel', 'extras', 'requirements'] as const
    if (target.assemble !== undefined)
      for (const key of ofDockerfile)
        if (target[key] !== undefined)
          context.addIssue({
            code: 'custom',
            path: [key],
            message: 'an image that is assembled has no Dockerfile'
          })
  })
  .describe('One thing to build.')

/** Credentials would be committed with the file, and other schemes are not fetched. */
const baseUrlField = z
  .string()
  .regex(
    /^https?:\/\/[^\s@?#/]+(\/[^\s?#]*)?$/,
    'expected an http or https URL without user name, query or fragment'
  )
const storeField = z
  .string()
  .regex(
    /^(https?:\/\/[^\s@?#/]+(\/[^\s?#]*)?|[^:\0]+)$/,
    'expected an http or https URL without user name, query or fragment, or a folder'
  )

const registryHostField = z
  .string()
  .max(255)
  .regex(/^(default|[A-Za-z0-9.-]+(:\d{1,5})?)$/, 'expected a host as references name it, or default')

export const waiverField = z
  .strictObject({
    check: z
      .enum(['source', 'traced', 'uninfluenced', 'complete', 'policy', 'try'])
      .describe(
        'Check of the finding. What the worlds do not agree on (reproduced) and what no reader takes (container) cannot be waived: there is nothing to ship.'
      ),
    code: z.string().min(1).describe('Code of the finding.'),
    path: globField.describe('Glob over the members (or files) that the exception is for.'),
    reason: z
      .string()
      .min(10, 'expected a sentence that says why')
      .describe('Why this is right; shown in every proof.')
  })
  .describe('A committed exception with a reason.')

/** A pattern of wildcards alone would spare whatever lies in the tree. */
const inputGlobField = globField.regex(
  /[^*?/.[\]{}!,]/,
  'expected a glob that names a part of the path, such as tests/data/table.csv'
)

/** Files that the build reads by right, although they are opaque or lie under tests or docs. */
export const inputField = z
  .strictObject({
    path: inputGlobField.describe('Glob over the files of the tree.'),
    reason: z
      .string()
      .min(10, 'expected a sentence that says why the build reads them')
      .max(1000)
      .describe('Why the build reads them; shown in every proof.')
  })
  .describe('Files that world b sees as they are.')
export type DeclaredInput = z.output<typeof inputField>

/** A pattern of wildcards alone would take any member for generated. */
const outputGlobField = globField.regex(
  /[^*?/.[\]{}!]/,
  'expected a glob that names a part of the path, such as herald/tables/*.json'
)

/** A generator that is not known: which members it makes, and from which files of the tree. */
export const generatedField = z
  .strictObject({
    to: outputGlobField.describe('Glob over the paths of members, below the one top folder of an sdist.'),
    from: z.array(globField).min(1).describe('Globs over the files of the tree that it reads.'),
    reason: z.string().min(10, 'expected a sentence that says what makes them').describe('What makes them.')
  })
  .describe(
    'Members that the build generates. No code from opaque files, and never a .pth file, a script or native code.'
  )
export type DeclaredGenerator = z.output<typeof generatedField>

/** Where inputs are fetched from. */
export const sourcesField = z
  .strictObject({
    mirror: baseUrlField
      .optional()
      .describe('Base URL of the package archive; by default that of this machine.'),
    snapshot: baseUrlField
      .optional()
      .describe('Base URL of a snapshot service that keeps packages which the mirror has dropped.'),
    store: storeField.optional().describe('URL or folder with the locked files by SHA-256: the own store.'),
    registries: z
      .record(registryHostField, baseUrlField)
      .optional()
      .describe(
        'Base URLs of registries of images, by the host that references name; `default` is for references without a host. Others are asked at https and their host.'
      ),
    layouts: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .describe('Folder with OCI layouts; images that it holds are asked of no registry.'),
    git: z
      .record(gitUrlField, gitUrlField)
      .optional()
      .describe(
        'Mirrors of git inputs: addresses or beginnings of them up to a slash, each with what takes its place.'
      )
  })
  .describe(
    'Where inputs are fetched from. What is taken has the hash that the lock names, wherever it comes from.'
  )
export type Sources = z.output<typeof sourcesField>

/** What one build in one world may use. */
export const limitsField = z.strictObject({
  minutes: z.number().positive().max(360).default(30).describe('Time of one build in one world.'),
  'memory-mib': z.int().min(64).default(4096).describe('Memory of one build.'),
  'disk-mib': z.int().min(16).default(4096).describe('What one build may write.'),
  processes: z
    .int()
    .min(8)
    .default(512)
    .describe('How many processes and threads one build may have at once.')
})
export type Limits = z.output<typeof limitsField>

/** `.github/tagproof.yml`. Nothing in it is needed; it may list exceptions only. */
export const configSchema = z
  .strictObject({
    version: z.literal(1).default(1).describe('Version of this format.'),
    tag: z
      .strictObject({
        pattern: z
          .string()
          .regex(/^[^{}]*\{version\}[^{}]*$/, 'expected one {version} in it')
          .optional()
          .describe('How a tag spells its version, such as `ckan-{version}`.')
      })
      .prefault({})
      .describe('How tags are read.'),
    targets: z.array(targetConfig).optional().describe('What to build; by default what the tree shows.'),
    roots: z
      .record(
        nameField,
        z.strictObject({
          suite: z
            .string()
            .regex(/^[a-z][a-z0-9-]*$/, 'expected the code name of a suite, such as bookworm or noble')
            .optional()
            .describe('Debian or Ubuntu suite; by default that of the machine that locks.'),
          packages: z.array(packageNameField).default([]).describe('Packages besides the usual ones.')
        })
      )
      .default({})
      .describe('The file systems that targets are built in.'),
    sources: sourcesField.prefault({}),
    limits: limitsField.prefault({}).describe('What one build may use.'),
    inputs: z
      .array(inputField)
      .default([])
      .describe('Files that the build reads by right, although they are opaque or lie under tests or docs.'),
    generated: z
      .array(generatedField)
      .default([])
      .describe('Members that the build generates by a generator that is not known.'),
    git: z
      .array(gitInputConfig)
      .max(20)
      .default([])
      .describe('Files of other repositories; the lock names commit, tree and hash of each.'),
    'expected-files': relativePathField
      .optional()
      .describe('A file of the tree that lists what each artifact holds: more or less is refused.'),
    destinations: z
      .array(destinationConfig)
      .max(20)
      .default([])
      .describe('Where `publish` writes besides `local/`; without any, nothing leaves the machine.'),
    waivers: z.array(waiverField).default([]).describe('Committed exceptions.')
  })
  .describe(
    'Configuration of Tagproof. Every check is on unless a waiver with a reason turns it off for a path.'
  )

export type Config = z.output<typeof configSchema>
export type TargetConfig = z.output<typeof targetConfig>

import { z } from 'zod'
import { relativePathField } from './fields.ts'
import { folderField, nameTemplate, secureUrlField } from './setting-fields.ts'
import { storeField } from './store-settings.ts'

const targetField = z.string().min(1).max(64)

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

const preReleasesField = z
  .enum(['same', 'testpypi', 'stay', 'move', 'skip', 'take'])
  .describe(
    'Alphas, betas, candidates and development releases. pypi: same index, or testpypi. registry, files: names stay (by default) or move. apt: skip (by default) or take.'
  )

const tagTemplate = nameTemplate(['target']).regex(
  /^[A-Za-z0-9_{][A-Za-z0-9._{}-]*$/,
  'expected a tag of an image: letters, digits, dot, dash, underscore'
)

const templates = (of: z.ZodString, what: string): z.ZodArray<z.ZodString> =>
  z.array(of).min(1, 'expected at least one name').max(50).describe(what)

const urlField = secureUrlField.describe('apt, files: where readers find what lies in the store.')
const signerField = z
  .array(z.string().min(1).max(1000))
  .min(1, 'expected a command and its arguments')
  .describe(
    'apt, files: a command that signs with a key of its own, in place of the input apt-signing-key. See docs/apt.md.'
  )
const keyField = relativePathField.describe(
  'apt, files: the public key that users trust, as a file of the repository; what signs must be of it.'
)

const evidenceField = z
  .boolean()
  .describe(
    'github: attach SHA256SUMS, release.json, proof.json and origins too; true by default. registry: attach release.json and proof.json to each image; false by default.'
  )

/** The keys that a destination has beside those of all kinds. */
export const destinationKeys = {
  pypi: {
    index: indexField.optional(),
    'pre-releases': preReleasesField.optional(),
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
  },
  directory: {
    path: folderField
      .optional()
      .describe('directory: folder of the index, absolute or relative to the repository.')
  },
  registry: {
    image: z
      .string()
      .max(300)
      .regex(
        /^([a-z0-9][a-z0-9.-]*\.[a-z0-9.-]+|localhost|[0-9.]+)(:\d{1,5})?(\/([a-z0-9]+([._-]+[a-z0-9]+)*|\{target\}))+$/,
        'expected the name of an image with the host of its registry'
      )
      .optional()
      .describe('registry: the image with the host of its registry and without a tag; may hold {target}.'),
    tags: templates(tagTemplate, 'registry: tags that never change; by default {version}.').optional(),
    moving: templates(
      tagTemplate,
      'registry: tags that go forwards with each release, such as latest or {series}; by default none.'
    ).optional(),
    evidence: evidenceField.optional(),
    'pre-releases': preReleasesField.optional()
  },
  apt: {
    store: storeField.optional(),
    url: urlField.optional(),
    suites: z
      .record(nameTemplate([]), z.array(targetField).min(1, 'expected at least one target'))
      .optional()
      .describe('apt: the suites, each with the deb targets that go there.'),
    component: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,40}$/, 'expected a name such as main')
      .optional()
      .describe('apt: component of the suites; by default main.'),
    origin: z
      .string()
      .regex(/^[\x20-\x7e]{1,100}$/, 'expected one line')
      .optional()
      .describe('apt: Origin of the Release, which users pin by.'),
    label: z
      .string()
      .regex(/^[\x20-\x7e]{1,100}$/, 'expected one line')
      .optional()
      .describe('apt: Label of the Release.'),
    key: keyField.optional(),
    signer: signerField.optional(),
    'pre-releases': preReleasesField.optional()
  },
  files: {
    store: storeField.optional(),
    url: urlField.optional(),
    names: nameTemplate(['target', 'file', 'arch'])
      .optional()
      .describe('files: name of each file, which never changes; by default {version}/{file}.'),
    aliases: z
      .record(nameTemplate(['target', 'arch']), targetField.max(200))
      .optional()
      .describe(
        'files: names that go forwards with each release, each with the file that it is: a target, or a pattern such as *_amd64.deb.'
      ),
    sums: z
      .boolean()
      .optional()
      .describe(
        'files: SHA256SUMS of the release beside its files, signed where there is a key; true by default.'
      ),
    key: keyField.optional(),
    signer: signerField.optional(),
    'pre-releases': preReleasesField.optional()
  },
  github: {
    repository: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, 'expected OWNER/NAME')
      .optional()
      .describe('github: OWNER/NAME; by default the repository of the run.'),
    api: secureUrlField.optional().describe('github: address of the API; by default that of the run.'),
    notes: relativePathField
      .optional()
      .describe(
        'github: file of the repository with the text of the release; by default hashes and how to check them.'
      ),
    draft: z.boolean().optional().describe('github: leave the release a draft; false by default.'),
    evidence: evidenceField.optional()
  }
} as const

import { z } from 'zod'
import { folderField, nameTemplate, refuseForeignKeys, secureUrlField } from './setting-fields.ts'

const keysOf = {
  directory: {
    path: folderField
      .optional()
      .describe('directory: the folder, absolute or relative to the repository. git: a folder of the branch.')
  },
  s3: {
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected the name of a bucket')
      .optional()
      .describe('s3: name of the bucket.'),
    region: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'expected the name of a region')
      .optional()
      .describe('s3: region that requests are signed for; by default us-east-1.'),
    endpoint: secureUrlField
      .optional()
      .describe('s3: address of the service; by default that of Amazon S3 in the region.'),
    prefix: nameTemplate([]).optional().describe('s3: what all keys begin with, without a slash at its end.'),
    role: z
      .string()
      .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'expected the ARN of a role')
      .optional()
      .describe('s3: role that the workflow assumes with its identity, in place of an access key.')
  },
  git: {
    remote: z
      .string()
      .min(1)
      .max(400)

      .regex(/^(?!-)(?![a-z]+::)[^\0-\x20\x7f]+$/, 'expected the address of a git repository')
      .optional()
      .describe('git: address of the repository; by default that of the run.'),
    branch: z
      .string()
      .regex(
        /^(?!-)(?!.*(\.\.|\/\/|\/\.|@\{|\.lock(\/|$)))[A-Za-z0-9][\w./-]{0,200}(?<![./])$/,
        'expected the name of a branch'
      )
      .optional()
      .describe('git: the branch, such as gh-pages. It is made where there is none.')
  }
} as const

/** Where a repository of debs or flat files lie. */
export const storeField = z
  .strictObject({
    kind: z.enum(['directory', 's3', 'git']).describe('What keeps the files.'),
    ...keysOf.directory,
    ...keysOf.s3,
    ...keysOf.git
  })
  .superRefine((store, context) => {
    const git = { ...keysOf.git, path: keysOf.directory.path }
    refuseForeignKeys(store, store.kind, { ...keysOf, git }, 'a store', context)
    const needed = { directory: 'path', s3: 'bucket', git: 'branch' } as const
    const key = needed[store.kind]
    if (store[key] === undefined)
      context.addIssue({ code: 'custom', path: [key], message: `expected a ${key}` })
    // Inside a branch there is no way out of it.
    if (store.kind === 'git' && store.path !== undefined && /^\/|(^|\/)\.\.?(\/|$)|\/\/|\/$/.test(store.path))
      context.addIssue({
        code: 'custom',
        path: ['path'],
        message: 'expected a folder of the branch, relative to its root'
      })
  })
  .describe('Where the files lie: a folder, a bucket of an S3-compatible service, or a branch of git.')
export type StoreConfig = z.output<typeof storeField>

export type StoreSettings =
  | { kind: 'directory'; path: string }
  | {
      kind: 's3'
      bucket: string
      region: string
      /** Null for Amazon S3. */
      endpoint: string | null
      /** Empty, or without a slash at either end. */
      prefix: string
      /** ARN; null for an access key. */
      role: string | null
    }
  | {
      kind: 'git'
      /** Null for the repository of the run. */
      remote: string | null
      branch: string
      /** Folder of the branch; empty for its root. */
      path: string
    }

/** Fills in the defaults. Pure. */
export function storeSettings(store: StoreConfig): StoreSettings {
  const { kind, path = '', bucket = '', branch = '' } = store
  switch (kind) {
    case 'directory':
      return { kind, path }
    case 's3': {
      const { region = 'us-east-1', endpoint = null, role = null } = store
      return { kind, bucket, region, endpoint, prefix: store.prefix ?? '', role }
    }
    case 'git':
      return { kind, remote: store.remote ?? null, branch, path }
  }
}

/** For people. */
export function storeAddress(store: StoreSettings): string {
  switch (store.kind) {
    case 'directory':
      return store.path
    case 's3':
      return `${store.endpoint ?? 's3:/'}/${[store.bucket, store.prefix].filter((part) => part !== '').join('/')}`
    case 'git':
      return [store.remote ?? 'this repository', `branch ${store.branch}`, store.path]
        .filter((part) => part !== '')
        .join(' ')
  }
}

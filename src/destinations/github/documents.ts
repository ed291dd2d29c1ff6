import { z } from 'zod'
import { TagproofError } from '../../platform/errors.ts'
import { showUrl } from '../../platform/http-rules.ts'

/** What is read of the answers of the REST API (2022-11-28); what else they hold is passed over. */

export const assetField = z.object({
  id: z.int(),
  name: z.string(),
  /** `uploaded`; `starter` or `open` for one whose upload broke off. */
  state: z.string(),
  size: z.int(),
  /** `sha256:…`; null for assets from before June 2025, not there on older servers. */
  digest: z.string().nullable().optional(),
  /** By the API: with `accept: application/octet-stream` it gives out the bytes. */
  url: z.url(),
  /** Where users fetch it. */
  browser_download_url: z.url()
})
export type Asset = z.output<typeof assetField>

export const releaseField = z.object({
  id: z.int(),
  tag_name: z.string(),
  draft: z.boolean(),
  prerelease: z.boolean(),
  /** Not there on servers that know no such thing. */
  immutable: z.boolean().default(false),
  body: z.string().nullable().optional(),
  /** A template: `https://…/assets{?name,label}`. */
  upload_url: z.string(),
  html_url: z.string()
})
export type GithubRelease = z.output<typeof releaseField>

export const referenceField = z.object({ object: z.object({ type: z.string(), sha: z.string() }) })
export const repositoryField = z.object({
  private: z.boolean(),
  archived: z.boolean().default(false),
  full_name: z.string()
})
/** The body of a refusal (REST API, "Troubleshooting"). */
export const refusalField = z.object({
  message: z.string(),
  errors: z
    .array(
      z.union([
        z.string(),
        z.object({
          resource: z.string().optional(),
          field: z.string().optional(),
          code: z.string().optional(),
          message: z.string().optional()
        })
      ])
    )
    .optional()
})

/** @throws TagproofError `index-answer` */
export function readAnswer<T>(schema: z.ZodType<T>, body: unknown, url: URL | string): T {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new TagproofError('index-answer', `${showUrl(url)} answered something that cannot be right.`, {
    found: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    expected: 'an answer as the REST API of GitHub describes it',
    fix: 'Check api: of the destination; if it is right, run the same job again later.'
  })
}

import { z } from 'zod'
import { objectIdField, relativePathField, sha256Field, sizeField } from './fields.ts'

/** Files of another repository, at a commit that the lock names: configured, locked, and handed on in the plan. */

const nameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, dot, dash')
  .refine((name) => !/\.(git|lock)$/.test(name), 'expected a name that does not end in .git or .lock')

/**
 * https anywhere, http on this machine alone, ssh in both of its forms, or a folder. No password, no helper such as
 * `ext::`, and nothing that a program could take for an option.
 */
export const gitUrlField = z
  .string()
  .max(1000)
  .regex(
    /^(https:\/\/[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?\/[^\s?#@\\]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?\/[^\s?#@\\]+|ssh:\/\/([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?\/[^\s?#\\]+|[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s?#:\\-][^\s?#:\\]*|(\/[^\s/\\]+)+\/?)$/,
    'expected https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH or an absolute folder, without password or query'
  )

/** A branch or tag as git-check-ref-format(1) allows it, of plain characters. */
const refNameField = z
  .string()
  .max(250)
  .regex(
    /^(?!.*(\.\.|\/\/|\/\.|@\{|\.lock(\/|$)))[A-Za-z0-9_][A-Za-z0-9._/+@-]*(?<![./])$/,
    'expected the name of a branch or tag'
  )

/** An entry under `git:` of the configuration. */
export const gitInputConfig = z
  .strictObject({
    name: nameField.describe('Name of the input, and the folder of the tree under which a build sees it.'),
    url: gitUrlField.describe('Its repository: https, ssh, or a folder of this machine.'),
    tag: refNameField.optional().describe('The tag that `tagproof lock` resolves.'),
    branch: refNameField.optional().describe('The branch whose newest commit `tagproof lock` takes.'),
    commit: objectIdField.optional().describe('The commit itself.'),
    path: relativePathField.default('.').describe('Folder of that repository which is taken.')
  })
  .superRefine((input, context) => {
    const said = (['tag', 'branch', 'commit'] as const).filter((key) => input[key] !== undefined)
    if (said.length !== 1)
      context.addIssue({
        code: 'custom',
        path: [said[1] ?? 'tag'],
        message: 'expected one of tag, branch and commit'
      })
  })
  .describe('Files of another repository.')
export type GitInputConfig = z.output<typeof gitInputConfig>

/** `git:` of a target. */
export const seenGitField = z
  .array(nameField)
  .min(1)
  .max(20)
  .describe('deb, image: which of the inputs under `git:` its build sees, each in a folder of its name.')

/** A git input of the lock. */
export const gitLockField = z.strictObject({
  url: gitUrlField,
  /** What was resolved: `refs/tags/v1`, `refs/heads/main`, or the commit where the configuration names that. */
  ref: z
    .string()
    .max(300)
    .regex(/^(refs\/(tags|heads)\/[A-Za-z0-9._/+@-]+|[0-9a-f]{40}|[0-9a-f]{64})$/),
  path: relativePathField,
  commit: objectIdField,
  /** Of the whole commit. */
  tree: objectIdField,
  /** Files and links below `path`. */
  files: z.int().min(0),
  /** Of the archive with the commit, its trees and files: trust in it does not rest on SHA-1. */
  size: sizeField,
  sha256: sha256Field
})
export type GitLock = z.output<typeof gitLockField>

/** A git input of a plan: what the configuration calls it, and what the lock says it is. */
export const plannedGitField = z.strictObject({
  name: nameField,
  url: gitUrlField,
  path: relativePathField,
  commit: objectIdField,
  tree: objectIdField
})
export type PlannedGit = z.output<typeof plannedGitField>

/** What `lock` asks a server for. */
export function wantedRef({
  tag,
  branch,
  commit
}: Pick<GitInputConfig, 'tag' | 'branch' | 'commit'>): string {
  if (tag !== undefined) return `refs/tags/${tag}`
  return branch === undefined ? (commit ?? '') : `refs/heads/${branch}`
}

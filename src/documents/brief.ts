import { z } from 'zod'
import { objectIdField, sizeField } from './fields.ts'

/** What a reviewer of a release looks at besides the source. */
export const briefClasses = [
  'workflow',
  'config',
  'lock',
  'waivers',
  'pairs',
  'build-files',
  'opaque',
  'read-set'
] as const
export type BriefClass = (typeof briefClasses)[number]

/** Foreign text on one line, without control characters. */
const lineField = z.string().max(500)

const briefCommitField = z.strictObject({ id: objectIdField, author: lineField, subject: lineField })
export type BriefCommit = z.output<typeof briefCommitField>

const briefPartField = z.strictObject({
  class: z.enum(briefClasses),
  /** What changed, a line each: files, packages, exceptions. */
  changes: z.array(lineField).max(200),
  /** How many more there are. */
  moreChanges: sizeField,
  /** Commits since the last release that touch the files of this class, newest first. */
  commits: z.array(briefCommitField).max(50),
  moreCommits: sizeField,
  /** Why nothing is known of it; null where it was compared. */
  unknown: lineField.nullable()
})
export type BriefPart = z.output<typeof briefPartField>

export const briefSchema = z.strictObject({
  schema: z.literal('tagproof/brief/1'),
  tag: z.strictObject({ name: z.string().min(1).max(250), commit: objectIdField }),
  /** The last release; null where there is none to compare with. */
  previous: z.strictObject({ name: z.string().min(1).max(250), commit: objectIdField }).nullable(),
  /** Why nothing, or not all, could be compared; null where all was. */
  limits: lineField.nullable(),
  parts: z.array(briefPartField)
})

/** `brief.json`: what changed since the last release in what decides over a release, by commit and author. */
export type Brief = z.output<typeof briefSchema>

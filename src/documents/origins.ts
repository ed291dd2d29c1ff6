import { z } from 'zod'
import { sha256Field, sizeField } from './fields.ts'

/**
 * Where a member's bytes come from. `blob`: a file of the tag at its own path. `link`: the same through a link of
 * the tree. `moved`: a file of the tag at another path. `dependency`: a file of a locked dependency. `generator`:
 * output of a known generator, derived again. `compiled`: made by a compiler, reproduced in both worlds and trusted
 * to the sandbox. `declared`: declared in the configuration as generated. `untraced`: anything else.
 */
export const originNames = [
  'blob',
  'link',
  'moved',
  'dependency',
  'generator',
  'compiled',
  'declared',
  'untraced'
] as const

export const memberOriginField = z.strictObject({
  /** Path of the member inside the artifact. */
  member: z.string().min(1),
  kind: z.enum(['file', 'symlink', 'hardlink', 'device', 'fifo']),
  /** Permission bits, in octal, such as `644`. */
  mode: z.string().regex(/^[0-7]{3,4}$/),
  size: sizeField,
  /** Of the content; of the target's text for a symbolic link. */
  sha256: sha256Field,
  origin: z.enum(originNames),
  /** Paths in the tagged tree that it was made from; the first ones, where there are many. */
  from: z.array(z.string()).max(20),
  /** Name of the generator. */
  rule: z.string().nullable(),
  /** Why this origin is believed, or why there is none. */
  reason: z.string().max(2000)
})

/** One line of `origins/<artifact>.jsonl`: where one member comes from. */
export type MemberOrigin = z.output<typeof memberOriginField>
export type OriginName = (typeof originNames)[number]

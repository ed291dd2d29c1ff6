import { z } from 'zod'
import { generatedField, inputField, limitsField, sourcesField, waiverField } from './config.ts'
import {
  fileNameField,
  objectIdField,
  originField,
  relativePathField,
  sha256Field,
  sizeField,
  tagField,
  targetKindField,
  versionField
} from './fields.ts'
import { plannedGitField } from './git-inputs.ts'
import { adoptField, debSettingsField, imageSettingsField, tryField } from './target-settings.ts'

/** One thing to build. */
export const planTargetField = z.strictObject({
  kind: targetKindField,
  /** Unique among the targets of a release; `python` when there is one. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  /** Folder of the target in the tree, `.` for its top. */
  path: relativePathField,
  /** The root of the lock that it is built in. */
  root: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  /** Commands that an installed package must run. */
  try: tryField.optional(),
  /** Wheels of a python target that other jobs build. */
  adopt: z.array(adoptField).min(1).optional(),
  /** Git inputs that its build sees, by name. */
  git: z.array(z.string()).min(1).optional(),
  /** Settings of a target of kind deb. */
  deb: debSettingsField.optional(),
  /** Settings of a target of kind image. */
  image: imageSettingsField.optional()
})
export type PlanTarget = z.output<typeof planTargetField>

const exportField = z.strictObject({ file: fileNameField, sha256: sha256Field, size: sizeField })

/** Why a file is opaque: what it holds, or the folder that it lies in. */
export const opaqueReasons = [
  'binary',
  'encoded',
  'dense',
  'minified',
  'tests',
  'docs',
  'examples',
  'benchmarks'
] as const

/** Forms that a scrambled file can keep valid where noise will not do (tier 2). */
export const scrambleForms = [
  'png',
  'jpeg',
  'gif',
  'zip',
  'gzip',
  'tar',
  'catalogue',
  'array',
  'json',
  'xml'
] as const

/** A file that world b sees scrambled. `original` and `scrambled` are over the bytes of the file. */
export const scrambledFileField = z.strictObject({
  path: relativePathField,
  blob: objectIdField,
  size: sizeField,
  reason: z.enum(opaqueReasons),
  original: sha256Field,
  scrambled: sha256Field,
  /** The form that was kept valid; without it the copy is noise. */
  form: z.enum(scrambleForms).optional()
})
export type ScrambledFile = z.output<typeof scrambledFileField>
export type OpaqueReason = (typeof opaqueReasons)[number]
export type ScrambleForm = (typeof scrambleForms)[number]

/** A link whose text world b sees replaced; `blob` is what the tree has under its path. */
export const scrambledLinkField = z.strictObject({
  path: relativePathField,
  blob: objectIdField,
  /** Text of the link in the tree, and in world b. */
  original: z.string().min(1).max(4095),
  scrambled: z.string().min(1).max(4095),
  /** Where each leads in the tree, or null for a link to nothing in it. */
  leadsTo: relativePathField.nullable(),
  leadsInB: relativePathField.nullable()
})
export type ScrambledLink = z.output<typeof scrambledLinkField>

/** What was seen while the tree was read once: no verdict, which the proof gives. */
export const noticeField = z.strictObject({
  code: z.enum(['opaque-build-file', 'bidi-control', 'invisible-character', 'encoded-message']),
  severity: z.enum(['refuse', 'warn']),
  /** Path in the tree, or the object of git that it is about, such as `commit`. */
  path: z.string().min(1).max(4200),
  /** Place of the first one, from 1; null where it is about the whole. */
  line: z.int().positive().nullable(),
  column: z.int().positive().nullable(),
  /** What was found, in words that are safe to print. */
  found: z.string().max(1000),
  /** How many of the kind the file has. */
  count: z.int().positive()
})
export type Notice = z.output<typeof noticeField>

export const planSchema = z.strictObject({
  schema: z.literal('tagproof/plan/1'),
  tag: tagField,
  /** Version of the release, as the tag says it. */
  version: versionField,
  targets: z.array(planTargetField).min(1),
  /** Targets that the tree shows and nobody asked for. */
  skipped: z.array(planTargetField),
  config: z.strictObject({ from: originField, sha256: sha256Field.nullable() }),
  lock: z.strictObject({ from: originField, sha256: sha256Field }),
  sources: sourcesField,
  limits: limitsField,
  /** What the configuration declares as generated. */
  generated: z.array(generatedField),
  /** Exceptions of the configuration. */
  waivers: z.array(waiverField),
  /** Targets that the configuration sends to the public package index; left out where there are none. */
  indexed: z.array(z.string().min(1)).min(1).optional(),
  /** Files of other repositories that targets see; left out where there are none. */
  git: z.array(plannedGitField).min(1).optional(),
  /** The file of the tree that lists what each artifact holds. */
  expectedFiles: relativePathField.optional(),
  exports: z.strictObject({ a: exportField, b: exportField }),
  scramble: z.strictObject({
    /** Seed of the scramble, from the tag object and the commit. */
    seed: sha256Field,
    /** 1: noise; 2: noise in a valid form, for the formats that are known. */
    tier: z.union([z.literal(1), z.literal(2)]),
    /** Inputs of the configuration: files that are spared although they are opaque, or under tests or docs. */
    inputs: z.array(inputField),
    files: z.array(scrambledFileField),
    links: z.array(scrambledLinkField),
    /**
     * Opaque files that a declared generator reads (`generated[].from`): world b has the originals, a perturbation
     * has them scrambled (`scrambled` is over what it would hold with the seed above).
     */
    paired: z.array(scrambledFileField)
  }),
  /** What reading the tree showed: hidden characters, encoded text where the build must read it. */
  notices: z.array(noticeField)
})

/** `plan.json`: what is released, from which bytes, and what each world is given. */
export type Plan = z.output<typeof planSchema>

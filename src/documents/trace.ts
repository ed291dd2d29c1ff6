import { z } from 'zod'
import {
  artifactKindField,
  fileNameField,
  objectIdField,
  sha256Field,
  sizeField,
  versionField
} from './fields.ts'
import { memberOriginField } from './origins.ts'
import { findingField } from './proof.ts'

const tracedFileField = z.strictObject({
  name: fileNameField,
  kind: artifactKindField,
  size: sizeField,
  sha256: sha256Field,
  /** As in `release.json`; null where the archive was refused. */
  contentDigest: sha256Field.nullable(),
  /** Version in the metadata. */
  version: z.string().nullable(),
  members: z.array(memberOriginField),
  /** Files of the tag's target that the artifact holds nowhere. */
  absent: z.array(z.string()),
  findings: z.array(findingField)
})
/** What a trace says of one file. */
export type TracedFile = z.output<typeof tracedFileField>

export const traceSchema = z.strictObject({
  schema: z.literal('tagproof/trace/1'),
  tag: z.strictObject({ name: z.string().min(1), commit: objectIdField, tree: objectIdField }),
  version: versionField,
  verdict: z.enum(['traced', 'refused']),
  files: z.array(tracedFileField).min(1)
})
/** What `tagproof trace` prints with `--json`. */
export type Trace = z.output<typeof traceSchema>

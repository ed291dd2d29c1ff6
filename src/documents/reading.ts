import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { z } from 'zod'
import { TagproofError } from '../platform/errors.ts'
import { sha256OfBytes, writeFileAtomic } from '../platform/files.ts'
import { formatDocument } from './format.ts'
import { briefSchema } from './brief.ts'
import { buildSchema } from './build.ts'
import { completeSchema } from './complete.ts'
import { handoverSchema } from './handover.ts'
import type { Sha256 } from './identifiers.ts'
import { planSchema } from './plan.ts'
import { proofSchema } from './proof.ts'
import { receiptSchema } from './receipt.ts'
import { releaseSchema } from './release.ts'
import { trySchema } from './try.ts'
import { uploadsSchema } from './uploads.ts'

const schemas = {
  plan: planSchema,
  build: buildSchema,
  complete: completeSchema,
  brief: briefSchema,
  proof: proofSchema,
  uploads: uploadsSchema,
  try: trySchema,
  release: releaseSchema,
  receipt: receiptSchema,
  handover: handoverSchema
} as const
/** The stage that writes each. */
const stageOf = {
  plan: 'plan',
  build: 'build',
  complete: 'complete',
  brief: 'prove',
  proof: 'prove',
  uploads: 'prove',
  try: 'try',
  release: 'record',
  receipt: 'publish',
  handover: 'plan, build or prove'
} as const
export type DocumentKind = keyof typeof schemas
export type DocumentOf<Kind extends DocumentKind> = z.output<(typeof schemas)[Kind]>

/** A document larger than this is no document of ours. */
const largestDocument = 256 * 1024 * 1024

/**
 * Reads a document that another stage, perhaps on another machine, has written. Nothing in it is trusted:
 * its size, encoding, JSON, version and each field are checked first.
 *
 * @returns the document and the SHA-256 of the file it was read from
 * @throws TagproofError `document-invalid` naming the file and the path of the first bad field;
 *   `input-missing` if there is no such file
 */
export async function readDocument<Kind extends DocumentKind>(
  kind: Kind,
  file: string
): Promise<{ document: DocumentOf<Kind>; sha256: Sha256 }> {
  const bytes = await readBounded(kind, file)
  return { document: parseDocument(kind, bytes, path.basename(file)), sha256: sha256OfBytes(bytes) }
}

/** The pure part of {@link readDocument}; `name` is used in messages only. */
export function parseDocument<Kind extends DocumentKind>(
  kind: Kind,
  bytes: Uint8Array,
  name: string
): DocumentOf<Kind> {
  const value = parseJson(kind, bytes, name)
  const found = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined
  const expected = schemas[kind].shape.schema.value
  if (found !== expected)
    throw new TagproofError('document-invalid', `${name} is no ${kind} document of this version.`, {
      where: `${name}: schema`,
      found: found === undefined ? 'no schema' : JSON.stringify(found),
      expected: JSON.stringify(expected),
      fix: `Write it again with this version of Tagproof (stage ${stageOf[kind]}).`
    })
  const result = schemas[kind].safeParse(value)
  if (result.success) return result.data as DocumentOf<Kind>
  const issue = result.error.issues[0]
  throw new TagproofError('document-invalid', `${name} has a field that cannot be right.`, {
    where: `${name}: ${fieldPath(issue?.path ?? [])}`,
    found: issue?.message ?? 'an unknown fault',
    fix: 'The file was altered or made by something else; run the stage that writes it again.'
  })
}

/** Checks and writes a document, atomically. */
export async function writeDocument<Kind extends DocumentKind>(
  kind: Kind,
  file: string,
  document: z.input<(typeof schemas)[Kind]>
): Promise<Sha256> {
  const text = formatDocument(document)
  parseDocument(kind, Buffer.from(text), path.basename(file))
  await writeFileAtomic(file, text)
  return sha256OfBytes(text)
}

async function readBounded(kind: DocumentKind, file: string): Promise<Buffer> {
  const size = await stat(file).then(
    (status) => (status.isFile() ? status.size : Infinity),
    (error: unknown) => {
      throw new TagproofError('input-missing', `There is no ${path.basename(file)}.`, {
        fix: `Run the stage that writes it (${stageOf[kind]}) first, or name its folder with --out.`,
        cause: error
      })
    }
  )
  if (size > largestDocument)
    throw new TagproofError('document-invalid', `${path.basename(file)} is too large, or is not a file.`)
  return readFile(file)
}

function parseJson(kind: DocumentKind, bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw new TagproofError('document-invalid', `${name} is not JSON in UTF-8.`, {
      fix: `Run the stage that writes it (${stageOf[kind]}) again.`,
      cause: error
    })
  }
}

function fieldPath(parts: readonly PropertyKey[]): string {
  return (
    parts.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('') || '(top)'
  )
}

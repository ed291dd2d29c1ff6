import type { ScrambleForm } from '../documents/plan.ts'
import { contentReason, isBinary } from '../source/opaque.ts'
import { array } from './form-array.ts'
import { catalogue } from './form-catalogue.ts'
import { gzip } from './form-gzip.ts'
import { gif, jpeg, lettersOf } from './form-pictures.ts'
import { png } from './form-png.ts'
import { tar } from './form-tar.ts'
import { json, xml } from './form-text.ts'
import { zip } from './form-zip.ts'

/** Gives noise for a label: the same each time, from the seed and the path of the file. */
export type NoiseFor = (label: string) => (size: number) => Buffer

/** What a maker is given besides the bytes. */
export interface FormContext {
  noise: NoiseFor
  /** Another content of the same size for a file inside, in a valid form where it has one. */
  inner: (bytes: Buffer, label: string) => Buffer | undefined
}

/**
 * Makes a file of the same size and form, or undefined where the bytes have not that form, or it cannot be kept. What
 * it takes over from the original is data that a build can read in world b: as little as the form needs, and nothing
 * that has no bound.
 */
export type FormMaker = (bytes: Buffer, context: FormContext) => Buffer | undefined

const makers: readonly { form: ScrambleForm; make: FormMaker }[] = [
  { form: 'png', make: png },
  { form: 'jpeg', make: jpeg },
  { form: 'gif', make: gif },
  { form: 'zip', make: zip },
  { form: 'gzip', make: gzip },
  { form: 'tar', make: tar },
  { form: 'catalogue', make: catalogue },
  { form: 'array', make: array },
  { form: 'json', make: json },
  { form: 'xml', make: xml }
]

const deepest = 3

/** A copy with a valid form and other content, of the same size; undefined where no form is known or fits. */
export function inValidForm(
  bytes: Buffer,
  noise: NoiseFor,
  depth = 0
): { bytes: Buffer; form: ScrambleForm } | undefined {
  const inner: FormContext['inner'] = (content, label) =>
    depth >= deepest
      ? undefined
      : inValidForm(content, (inside) => noise(`${label}\0${inside}`), depth + 1)?.bytes
  for (const { form, make } of makers) {
    const made = make(bytes, { noise, inner })
    if (made?.length === bytes.length) return { bytes: made, form }
  }
  return undefined
}

/** What a content inside is replaced by: letters for text; zeros for all else, after some noise. */
export function fillingOf(bytes: Buffer, next: (size: number) => Buffer): { noise: Buffer; fill: number } {
  const noise = next(24)
  return isBinary(bytes) ? { noise, fill: 0 } : { noise: lettersOf(noise), fill: 0x61 }
}

const mostNames = 5000
const mostNameBytes = 256 * 1024

/** Whether the names in an archive are such as people give: they are taken over, so they must carry no data. */
export function areReadable(names: readonly string[]): boolean {
  const text = names.join('\n')
  return (
    names.length <= mostNames &&
    text.length <= mostNameBytes &&
    contentReason('names', Buffer.from(text)) === undefined
  )
}

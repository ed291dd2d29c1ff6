import type { ScrambleForm } from '../documents/plan.ts'

/** Gives noise for a label: the same each time, from the seed and the path of the file. */
export type NoiseFor = (label: string) => (size: number) => Buffer

/** Makes a file of the same size and form, or undefined where the bytes have not that form, or it cannot be kept. */
export type FormMaker = (bytes: Buffer, noise: NoiseFor) => Buffer | undefined

const makers: readonly { form: ScrambleForm; make: FormMaker }[] = []

/** A copy with a valid form and other content, of the same size; undefined where no form is known or fits. */
export function inValidForm(
  bytes: Buffer,
  _path: string,
  noise: NoiseFor
): { bytes: Buffer; form: ScrambleForm } | undefined {
  for (const { form, make } of makers) {
    const made = make(bytes, noise)
    if (made?.length === bytes.length) return { bytes: made, form }
  }
  return undefined
}

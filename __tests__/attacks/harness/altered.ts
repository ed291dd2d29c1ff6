import type { Alteration } from './altered-image.ts'
import type { Attack, Report } from './attack.ts'

/** A finished image that somebody changes between the build and the proof, the same in both worlds. */
export interface AlteredImage {
  /** Name of its target; the marker prints it where nothing else is said. */
  name: string
  fires?: string
  how: string
  /** The honest image that is changed. */
  of: HonestImage
  alter: Alteration
  reported: readonly Omit<Report, 'artifact' | 'package'>[]
}

export type HonestImage = 'image' | 'assembled'

export interface AlteredAttack extends Omit<Attack, 'scenes'> {
  /** No waiver is for what is reported: the bytes of both worlds stand for what would be shipped. */
  lasting: boolean
  images: readonly AlteredImage[]
}

/** For the table. */
export function entryOfAltered({ images, name, rows, title, caughtBy }: AlteredAttack): Attack {
  const variants = images.map((image) => ({ name: image.name, how: image.how, reported: reportsOf(image) }))
  return { name, rows, title, caughtBy, scenes: [{ name, files: {}, variants }] }
}

/** What is reported of a changed image, with its name. */
export function reportsOf({ name, reported }: AlteredImage): Report[] {
  return reported.map((report) => ({ ...report, artifact: 'image', package: `victim_${name}` }))
}

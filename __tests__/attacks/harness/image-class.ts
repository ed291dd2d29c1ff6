import type { VariationName } from '../../../src/documents/fields.ts'
import type { Attack, Files, Report, Variant } from './attack.ts'

/** A class of attacks on the build of an image: lines of a Dockerfile, so that all such classes share two builds. */
export interface ImageClass extends Omit<Attack, 'scenes'> {
  /** Lines of the Dockerfile, given the folder of modules of its Python, and `3.11`. */
  steps: (site: string, python: string) => string
  files: (python: string) => Files
  variants: readonly Variant[]
  /** Variations of world b that see it. */
  without?: readonly VariationName[]
  beside?: readonly Report[]
}

/** For the table: the class by itself. */
export function entryOf({ name, rows, title, caughtBy, variants }: ImageClass): Attack {
  return { name, rows, title, caughtBy, scenes: [{ name, files: {}, variants }] }
}

/** A finding of tracing about the image; `SITE` stands for the folder of modules. */
export function inImage(code: string, member: string, check: Report['check'] = 'traced'): Report {
  return {
    check,
    code,
    artifact: 'image',
    package: 'victim_image',
    member: `layers/N/${member.replace('SITE', site)}`
  }
}

const site = 'usr/local/lib/python3.X/dist-packages'

/** Both worlds disagree about the content of a file of the image. */
export const differsInImage = (member: string): Report => inImage('content-differs', member, 'reproduced')

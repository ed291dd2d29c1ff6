import type { VariationName } from '../../../src/documents/fields.ts'
import type { Attack, Files, Report, Scene, Variant } from './attack.ts'
import { imageProject } from './images.ts'
import { miniProject } from './packages.ts'

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

/** One image with what all the classes do, and the wheel of the same project in it. */
export function imageOf(classes: readonly ImageClass[], follows: readonly Report[]): Scene {
  return {
    name: 'one Dockerfile with all of them',
    files: () => filesOf(classes),
    variants: classes.flatMap(({ variants }) => variants),
    beside: classes.flatMap(({ beside = [] }) => beside),
    follows,
    without: [...new Set(classes.flatMap(({ without = [] }) => without))]
  }
}

async function filesOf(classes: readonly ImageClass[]): Promise<Files> {
  const project = await miniProject('module', { files: { 'victim_module/honest.py': 'ANSWER = 42\n' } })
  return imageProject(
    [{ name: 'image', wheel: 'python' }],
    ({ reference, python }) => {
      const site = `/usr/local/lib/python${python}/dist-packages`
      const own = classes.map((each) => each.files(python))
      return Object.assign({}, project, ...own, {
        Dockerfile: `FROM ${reference}
ENV PYTHONDONTWRITEBYTECODE=1
RUN --mount=type=bind,from=tagproof-wheel,target=/wheel mkdir -p ${site} /srv/bin /srv/rights && python3 -m zipfile -e /wheel/*.whl ${site}
${classes.map((each) => each.steps(site, python)).join('\n')}
`
      }) as Files
    },
    { python: true }
  )
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

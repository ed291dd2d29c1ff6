import type { Files, Report, Scene } from './attack.ts'
import type { ImageClass } from './image-class.ts'
import { imageProject } from './images.ts'
import { miniProject } from './packages.ts'

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

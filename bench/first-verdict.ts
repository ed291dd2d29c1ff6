import { rm } from 'node:fs/promises'
import path from 'node:path'
import { timed, type Figure } from './measure.ts'
import { command, exampleProject } from './projects.ts'

/** What is promised to a newcomer. */
const goalSeconds = 300

/**
 * A machine that has the system packages and nothing else: one command on the example, which has no lock, resolves one, fetches
 * every input, makes the root, builds in both worlds, proves and tries. Measured once: a second time is not cold. What the package
 * servers take is part of it, so the figure is held against seconds.
 */
export async function* firstVerdict(folder: string): AsyncIterable<Figure> {
  const project = exampleProject(path.join(folder, 'first-verdict'))
  for (const targets of [['python'], ['python', 'deb']]) {
    const cache = path.join(folder, `first-cache-${targets.join('-')}`)
    const out = path.join(folder, `first-out-${targets.join('-')}`)
    const chosen = targets.flatMap((target) => ['--target', target])
    const { seconds, peakMib } = await timed(
      process.execPath,
      [
        command,
        'rehearse',
        '--repository',
        project.repository,
        '--tag',
        project.tag,
        '--out',
        out,
        ...chosen
      ],
      { env: { ...process.env, TAGPROOF_CACHE: cache } }
    )
    yield {
      name: `cold machine to the first verdict, ${targets.join(' and ')} of the example, seconds / ${goalSeconds}`,
      value: seconds / goalSeconds,
      goal: 1,
      detail: `${seconds.toFixed(0)} s without any cache, peak ${peakMib.toFixed(0)} MiB`
    }
    for (const made of [cache, out]) await rm(made, { recursive: true, force: true })
  }
}

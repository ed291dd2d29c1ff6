import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { inTurn, timed, type Figure } from './measure.ts'

const rounds = 15
/** Program, the status it ends with, and how many times the time of a bare `node` it may take. */
const parts = [
  ['step that is refused at once', 'action.cjs', 1, 6],
  ['post part of a step', 'post.cjs', 0, 2]
] as const

/**
 * What a step costs before it does anything: the engine starts, reads its inputs, sees that the stage must not run here, says so
 * as an annotation and a summary, and ends; then its post part. Each against a bare `node`.
 */
export async function* engineStep(folder: string): AsyncIterable<Figure> {
  const dist = path.resolve('dist')
  const place = path.join(folder, 'engine-step')
  await mkdir(place, { recursive: true })
  const files = Object.fromEntries(
    ['OUTPUT', 'ENV', 'STATE', 'STEP_SUMMARY', 'PATH'].map((name) => [
      `GITHUB_${name}`,
      path.join(place, name)
    ])
  )
  for (const file of Object.values(files)) await writeFile(file, '')
  const env = {
    PATH: process.env.PATH,
    ...files,
    ...{ GITHUB_WORKSPACE: place, RUNNER_TEMP: place, GITHUB_EVENT_NAME: 'schedule', INPUT_STAGE: 'publish' }
  }
  const node = async (args: readonly string[], status: number): Promise<number> =>
    (await timed(process.execPath, args, { env, cwd: place }, { accept: [status] })).seconds
  for (const [name, program, status, goal] of parts) {
    const { first, second } = await inTurn(
      rounds,
      () => node([path.join(dist, program)], status),
      () => node(['-e', '0'], 0)
    )
    yield {
      name: `${name}, against bare node`,
      value: first / second,
      goal,
      detail: `${(first * 1000).toFixed(0)} ms against ${(second * 1000).toFixed(0)} ms`
    }
  }
}

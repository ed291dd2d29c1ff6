import { inTurn, timed, type Figure } from './measure.ts'

/** Milliseconds that the program may take to start, over those of a bare `node`. */
const goalMilliseconds = 120

/** Start of the command against a bare `node`, as a share of what is allowed. */
export async function* engineStart(): AsyncIterable<Figure> {
  const node = process.execPath
  const { first, second } = await inTurn(
    9,
    async () => (await timed(node, ['dist/cli.cjs', '--version'])).seconds,
    async () => (await timed(node, ['-e', '0'])).seconds
  )
  const extra = (first - second) * 1000
  yield {
    name: 'engine start, extra time over bare node / 120 ms',
    value: extra / goalMilliseconds,
    goal: 1,
    detail: `${(first * 1000).toFixed(0)} ms against ${(second * 1000).toFixed(0)} ms`
  }
}

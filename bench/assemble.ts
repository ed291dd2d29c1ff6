import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startBuildkit, type Buildkit } from './buildkit.ts'
import { inTurn, timed, type Figure } from './measure.ts'

const rounds = 3
const goal = 0.2

/** The same environment as a Dockerfile makes it, from the same wheels and without a network. */
const dockerfile = `FROM base
RUN --mount=type=bind,target=/context python3 -m venv --without-pip /opt/app && \\
    PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) /opt/app/bin/python -m pip install \\
    --no-index --no-deps --disable-pip-version-check /context/wheels/*.whl
ENV PATH=/opt/app/bin:/usr/bin:/bin
ENTRYPOINT ["python"]
`

/**
 * An assembled image against BuildKit's build of a Dockerfile that installs the same wheels on the same base: base warm,
 * nothing else kept. Needs BuildKit, and root.
 */
export async function* assembleAgainstDockerfile(folder: string): AsyncIterable<Figure> {
  const buildkit = await startBuildkit(folder)
  if (buildkit === undefined)
    return void process.stderr.write('assemble: needs BuildKit (scripts/setup-buildkit.mjs) and root\n')
  try {
    yield await against(buildkit, folder)
  } finally {
    await buildkit.stop()
  }
}

async function against(buildkit: Buildkit, folder: string): Promise<Figure> {
  const once = path.join(folder, 'assemble-once.mjs')
  bundle(once)
  const text = execFileSync(process.execPath, [once, folder, 'prepare'], { encoding: 'utf8' })
  const base = JSON.parse(text) as { folder: string; digest: string; wheels: number }
  const context = path.join(folder, 'context')
  await writeFile(path.join(context, 'Dockerfile'), dockerfile)
  const build = (): Promise<number> =>
    buildkit.build(context, { name: 'base', ...base }, [], path.join(folder, 'built.tar'))
  await build()
  const assemble = async (...more: string[]): Promise<number> =>
    (await timed(process.execPath, [once, folder, ...more])).seconds
  const both = async (): Promise<number> => (await assemble()) + (await assemble('again'))
  const alone = await assemble()
  const { first, second } = await inTurn(rounds, both, async () => (await build()) + (await build()))
  return {
    name: 'assemble in two worlds against two builds of a Dockerfile',
    value: first / second,
    goal,
    detail: `${first.toFixed(1)} s (${alone.toFixed(1)} s for the first) against ${second.toFixed(1)} s: ${base.wheels} wheels on the Debian root`
  }
}

/** Sources that read texts beside them need the bundler. */
function bundle(to: string): void {
  const esbuild = createRequire(import.meta.url).resolve('esbuild/bin/esbuild')
  const entry = path.join(import.meta.dirname, 'assemble-once.ts')
  const texts = ['py', 'sh', 'c'].map((kind) => `--loader:.${kind}=text`)
  const form = ['--bundle', '--platform=node', '--format=esm', '--log-level=error', ...texts]
  const require =
    "--banner:js=import { createRequire as of } from 'node:module'; const require = of(import.meta.url);"
  execFileSync(esbuild, [entry, ...form, require, `--outfile=${to}`])
}

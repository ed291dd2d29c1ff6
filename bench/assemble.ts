import { execFileSync, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { access, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findBuildkit } from '../src/builders/tool.ts'
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
  const buildkit = await findBuildkit()
  if (buildkit === undefined || process.getuid?.() !== 0)
    return void process.stderr.write('assemble: needs BuildKit (scripts/setup-buildkit.mjs) and root\n')
  const once = path.join(folder, 'assemble-once.mjs')
  bundle(once)
  const text = execFileSync(process.execPath, [once, folder, 'prepare'], { encoding: 'utf8' })
  const base = JSON.parse(text) as { folder: string; digest: string; wheels: number }
  const context = path.join(folder, 'context')
  await writeFile(path.join(context, 'Dockerfile'), dockerfile)
  const state = path.join(folder, 'buildkit')
  await mkdir(state)
  const address = `unix://${path.join(state, 'sock')}`
  const settings = ['--root', path.join(state, 'root'), '--addr', address, '--oci-worker-binary=runc']
  const environment = { PATH: `${buildkit.folder}:${process.env.PATH ?? ''}:/usr/sbin` }
  const daemon = spawn(path.join(buildkit.folder, 'buildkitd'), settings, {
    stdio: 'ignore',
    env: environment
  })
  const ended = new Promise((resolve) => daemon.once('close', resolve))
  const build = async (): Promise<number> => {
    const frontend = [
      '--frontend',
      'dockerfile.v0',
      '--local',
      `context=${context}`,
      '--local',
      `dockerfile=${context}`
    ]
    const named = [
      '--oci-layout',
      `base=${base.folder}`,
      '--opt',
      `context:base=oci-layout://base@${base.digest}`
    ]
    const output = ['--output', `type=oci,dest=${path.join(folder, 'built.tar')},rewrite-timestamp=true`]
    const epoch = ['--opt', 'build-arg:SOURCE_DATE_EPOCH=1700000000', '--opt', 'force-network-mode=none']
    const command = [...frontend, ...named, ...epoch, ...output]
    const run = timed(path.join(buildkit.folder, 'buildctl'), [
      '--addr',
      address,
      'build',
      '--no-cache',
      ...command
    ])
    return (await run).seconds
  }
  try {
    await until(path.join(state, 'sock'))
    await build()
    const assemble = async (...more: string[]): Promise<number> =>
      (await timed(process.execPath, [once, folder, ...more])).seconds
    const both = async (): Promise<number> => (await assemble()) + (await assemble('again'))
    const alone = await assemble()
    const { first, second } = await inTurn(rounds, both, async () => (await build()) + (await build()))
    yield {
      name: 'assemble in two worlds against two builds of a Dockerfile',
      value: first / second,
      goal,
      detail: `${first.toFixed(1)} s (${alone.toFixed(1)} s for the first) against ${second.toFixed(1)} s: ${base.wheels} wheels on the Debian root`
    }
  } finally {
    daemon.kill('SIGTERM')
    await ended
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

async function until(file: string): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    if (
      await access(file).then(
        () => true,
        () => false
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('buildkitd did not start')
}

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findBuildkit } from '../../../src/builders/tool.ts'
import { plainEnvironment, run, runChecked, type RunResult } from '../../../src/platform/process.ts'

/** A BuildKit as a release job has it: with a network, a cache, and everything that the machine has. */
export interface PlainBuildkit {
  /** Runs `buildctl build` with the frontend of Dockerfiles and these further arguments. */
  build: (args: readonly string[]) => Promise<RunResult>
}

/** Starts BuildKit by itself, hands it over, and leaves nothing of it behind. */
export async function withPlainBuildkit<T>(use: (buildkit: PlainBuildkit) => Promise<T>): Promise<T> {
  const found = await findBuildkit()
  if (found === undefined) throw new Error('this machine has no BuildKit')
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-plain-buildkit-'))
  const env = { ...plainEnvironment, HOME: folder, BUILDKIT_HOST: `unix://${folder}/buildkit.sock` }
  const daemon = spawn(
    path.join(found.folder, 'buildkitd'),
    [
      ...['--addr', env.BUILDKIT_HOST, '--root', path.join(folder, 'state'), '--cdi-disabled'],
      ...['--otel-socket-path', path.join(folder, 'otel.sock'), '--containerd-worker=false'],
      ...['--oci-worker=true', '--oci-worker-gc=false']
    ],
    { env, stdio: 'ignore' }
  )
  const ended = new Promise((resolve) => daemon.once('close', resolve))
  const buildctl = path.join(found.folder, 'buildctl')
  try {
    await started(() => run(buildctl, ['debug', 'workers'], { env }))
    return await use({
      build: (args) =>
        run(buildctl, ['build', '--progress=plain', '--frontend', 'dockerfile.v0', ...args], { env })
    })
  } finally {
    daemon.kill()
    await ended
    await rm(folder, { recursive: true, force: true })
  }
}

async function started(ask: () => Promise<RunResult>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await ask()).code === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the daemon did not start')
}

/** Unpacks an image with skopeo and umoci, and uses what is in it; returns the markers that ran, sorted. */
export async function firedInImage(file: string): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-used-image-'))
  try {
    const { root, configuration } = await unpackedImage(file, folder)
    const script = new URL('use_image.py', import.meta.url).pathname
    const printed = await runChecked('python3', ['-I', '-B', script, root, configuration], {
      env: plainEnvironment
    })
    return [...new Set([...printed.matchAll(/^fired: (.+)$/gm)].map(([, name = '']) => name))].sort()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The file system of an image as engines make it, and its configuration as a file. */
async function unpackedImage(file: string, folder: string): Promise<{ root: string; configuration: string }> {
  const env = { ...plainEnvironment, HOME: folder, TMPDIR: folder }
  const layout = `${path.join(folder, 'layout')}:image`
  const root = path.join(folder, 'root')
  const configuration = path.join(folder, 'config.json')
  const quiet = ['--insecure-policy', '--tmpdir', folder]
  await runChecked('skopeo', [...quiet, 'copy', '--quiet', `oci-archive:${file}`, `oci:${layout}`], { env })
  await runChecked('umoci', ['raw', 'unpack', '--image', layout, root], { env })
  const text = await runChecked('skopeo', [...quiet, 'inspect', '--config', '--raw', `oci:${layout}`], {
    env
  })
  await writeFile(configuration, text)
  return { root, configuration }
}

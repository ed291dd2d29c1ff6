import { spawn } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { findBuildkit } from '../src/builders/tool.ts'
import { timed } from './measure.ts'

export interface Buildkit {
  /** Builds a Dockerfile with no cache and no network into an archive; how many seconds that took. */
  build(context: string, base: Base, more: readonly string[], to: string): Promise<number>
  stop(): Promise<void>
}

/** The base, as an OCI layout, and what the Dockerfile calls it. */
export interface Base {
  name: string
  folder: string
  digest: string
}

/** A daemon of BuildKit as its users have it, with state of its own, or undefined where it cannot be had. */
export async function startBuildkit(folder: string): Promise<Buildkit | undefined> {
  const buildkit = await findBuildkit()
  if (buildkit === undefined || process.getuid?.() !== 0) return undefined
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
  await until(path.join(state, 'sock'))
  return {
    async build(context, base, more, to) {
      const frontend = ['--frontend', 'dockerfile.v0', '--local', `context=${context}`]
      const named = ['--oci-layout', `base=${base.folder}`]
      const options = [
        `context:${base.name}=oci-layout://base@${base.digest}`,
        'build-arg:SOURCE_DATE_EPOCH=1700000000',
        'force-network-mode=none'
      ].flatMap((option) => ['--opt', option])
      const output = ['--output', `type=oci,dest=${to},rewrite-timestamp=true`]
      const whole = [
        ...frontend,
        '--local',
        `dockerfile=${context}`,
        ...named,
        ...options,
        ...more,
        ...output
      ]
      const program = path.join(buildkit.folder, 'buildctl')
      return (await timed(program, ['--addr', address, 'build', '--no-cache', ...whole])).seconds
    },
    async stop() {
      daemon.kill('SIGTERM')
      await ended
    }
  }
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

import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { run, runChecked, type RunResult } from '../../../../src/platform/process.ts'
import { testCache } from '../root.ts'

/** Clients that are not ours, and servers that are not ours; installed once per machine. */
const wanted = [
  ...['pip==26.3', 'twine==7.0.0', 'uv==0.13.9', 'pypiserver==2.4.2', 'devpi-server==6.20.3'],
  // What the index itself asks.
  ...['packaging==26.2', 'email-validator==2.4.0', 'rfc3986==2.0.0', 'trove-classifiers==2026.9.21.13']
]

let installed: Promise<string> | undefined

/** The folder that they are installed in, from the index that pip is set up for. */
export function publishingTools(): Promise<string> {
  installed ??= install()
  return installed
}

async function install(): Promise<string> {
  const env = { ...process.env } as Record<string, string>
  const version = await runChecked('python3', ['-c', 'import sys; print(sys.version)'], { env })
  const key = createHash('sha256').update(`${wanted.join()} ${version}`).digest('hex').slice(0, 12)
  const folder = path.join(testCache, `publishing-tools-${key}`)
  if (await isThere(folder)) return folder
  await mkdir(testCache, { recursive: true })
  const room = await mkdtemp(path.join(testCache, 'publishing-tools-room-'))
  try {
    await runChecked('python3', ['-m', 'venv', path.join(room, 'venv')], { env })
    const args = [
      '-m',
      'pip',
      '-q',
      'install',
      '--no-compile',
      '--target',
      path.join(room, 'tools'),
      ...wanted
    ]
    await runChecked(path.join(room, 'venv/bin/python'), args, { env })
    // Two test files may come here at once: one of them is first, and both are the same.
    await rename(path.join(room, 'tools'), folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error
    })
  } finally {
    await rm(room, { recursive: true, force: true })
  }
  return folder
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}

/** Nothing of this machine's settings: an index, a proxy or a login of its own would change what is seen. */
export async function pythonTool(
  module: 'pip' | 'twine',
  args: readonly string[],
  more: Record<string, string> = {}
): Promise<RunResult> {
  return run('python3', ['-m', module, ...args], { env: await toolEnvironment(more) })
}

export async function uv(args: readonly string[], more: Record<string, string> = {}): Promise<RunResult> {
  return run(path.join(await publishingTools(), 'bin/uv'), args, { env: await toolEnvironment(more) })
}

export async function toolEnvironment(more: Record<string, string> = {}): Promise<Record<string, string>> {
  const { PATH = '', HOME = '/root', TMPDIR = '/tmp' } = process.env
  const PYTHONPATH = await publishingTools()
  const plain = { PIP_CONFIG_FILE: '/dev/null', PIP_NO_CACHE_DIR: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' }
  return {
    PATH,
    HOME,
    TMPDIR,
    PYTHONPATH,
    LC_ALL: 'C.UTF-8',
    UV_NO_CONFIG: '1',
    UV_NO_CACHE: '1',
    ...plain,
    ...more
  }
}

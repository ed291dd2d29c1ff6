import path from 'node:path'
import { run, type RunResult } from '../../../../src/platform/process.ts'
import { pythonPackages } from '../python-packages.ts'

/** Clients that are not ours, and servers that are not ours; installed once per machine. */
const wanted = [
  ...['pip==26.3', 'twine==7.0.0', 'uv==0.13.9', 'pypiserver==2.4.2', 'devpi-server==6.20.3'],
  // What the index itself asks.
  ...['packaging==26.2', 'email-validator==2.4.0', 'rfc3986==2.0.0', 'trove-classifiers==2026.9.21.13']
]

let installed: Promise<string> | undefined

/** The folder that they are installed in, from the index that pip is set up for. */
export function publishingTools(): Promise<string> {
  installed ??= pythonPackages('publishing-tools', wanted)
  return installed
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

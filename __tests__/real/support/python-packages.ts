import { createHash } from 'node:crypto'
import path from 'node:path'
import { runChecked } from '../../../src/platform/process.ts'
import { installedOnce } from './installed-once.ts'
import { testCache } from './root.ts'

/**
 * A folder with these packages, for PYTHONPATH; installed once per machine, from the index that pip is set up for.
 *
 * @param name of the folder
 */
export async function pythonPackages(name: string, wanted: readonly string[]): Promise<string> {
  const env = { ...process.env } as Record<string, string>
  const version = await runChecked('python3', ['-c', 'import sys; print(sys.version)'], { env })
  const key = createHash('sha256').update(`${wanted.join()} ${version}`).digest('hex').slice(0, 12)
  const folder = path.join(testCache, `${name}-${key}`)
  return installedOnce(folder, async (room, content) => {
    await runChecked('python3', ['-m', 'venv', path.join(room, 'venv')], { env })
    const args = ['-m', 'pip', '-q', 'install', '--no-compile', '--target', content]
    await runChecked(path.join(room, 'venv/bin/python'), [...args, ...wanted], { env })
  })
}

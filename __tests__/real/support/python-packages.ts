import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { runChecked } from '../../../src/platform/process.ts'
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
  if (await isThere(folder)) return folder
  await mkdir(testCache, { recursive: true })
  const room = await mkdtemp(path.join(testCache, `${name}-room-`))
  try {
    await runChecked('python3', ['-m', 'venv', path.join(room, 'venv')], { env })
    const args = ['-m', 'pip', '-q', 'install', '--no-compile', '--target', path.join(room, 'tools')]
    await runChecked(path.join(room, 'venv/bin/python'), [...args, ...wanted], { env })
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

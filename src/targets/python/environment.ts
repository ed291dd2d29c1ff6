import { readlink } from 'node:fs/promises'
import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import type { PreparedRoot } from '../../worlds/root.ts'
import { installWheels } from './install.ts'

/** Where the build environment is seen in both worlds. */
export const environmentPath = '/opt/build-environment'
/** All files carry this time (1980-01-01, the first that zip can say), so that copies of them agree. */
const environmentTime = 315_532_800

/**
 * Installs wheels into a folder that Python takes for a virtual environment, to be mounted at
 * {@link environmentPath}.
 *
 * @param wheels files whose hashes were checked when they were fetched; their names do not matter
 * @param folder is made, whole or not at all
 * @param root the root that it will be mounted in: its interpreter decides where packages lie
 * @throws TagproofError as {@link installWheels} and {@link interpreterOf}
 */
export async function installEnvironment(
  wheels: readonly string[],
  folder: string,
  root: Pick<PreparedRoot, 'path'>
): Promise<void> {
  const minor = await interpreterOf(root)
  await installWheels(wheels, { folder, prefix: environmentPath, minor, time: environmentTime })
}

/** `3.11` from `/usr/bin/python3 -> python3.11`, which Debian and Ubuntu have. */
export async function interpreterOf(root: Pick<PreparedRoot, 'path'>): Promise<string> {
  const target = await readlink(path.join(root.path, 'usr/bin/python3')).catch(() => '')
  const minor = /python(\d+\.\d+)$/.exec(target)?.[1]
  if (minor !== undefined) return minor
  throw new TagproofError('lock-incomplete', 'The root has no Python interpreter.', {
    expected: '/usr/bin/python3 as a link to python3.N, as the package python3 brings it',
    fix: 'Add python3 to the packages of the root, then lock again.'
  })
}

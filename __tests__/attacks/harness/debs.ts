import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lock } from '../../../src/documents/lock.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { writeFileAtomic } from '../../../src/platform/files.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { debRoot } from '../../real/support/deb-root.ts'
import type { TestRelease } from '../../real/support/release.ts'
import type { Ecosystem } from './ecosystem.ts'
import { runInRoot } from './in-root.ts'
import { environmentOf, markers } from './plain.ts'

/** Packages with a `debian/` folder: dpkg-buildpackage makes them, dpkg installs them. */
export const debianPackages: Ecosystem = {
  tool: 'dpkg-buildpackage',
  target: 'deb',
  lock: lockDebs,
  build: buildDebsPlainly,
  fired: firedFromDebs
}

/** The root of the example, which has debhelper and Python too. */
async function lockDebs(release: TestRelease): Promise<string> {
  const { lock: deb } = await debRoot('own')
  const requested = [...deb.requested, 'debhelper-compat (= 13)', 'python3-all']
  const lock: Lock = { schema: 'tagproof/lock/1', roots: { deb: { ...deb, requested } }, python: {} }
  const file = path.join(release.project.room, 'tagproof.lock')
  await writeFileAtomic(file, formatLock(lock))
  return file
}

/**
 * What a release job in a container of the distribution does: `dpkg-buildpackage` as root, in a full clone of the tag
 * and with the variables of a runner. Returns the folder of the debs.
 */
async function buildDebsPlainly(release: TestRelease): Promise<string> {
  const { project } = release
  const env = environmentOf(release, { ...plainEnvironment, HOME: '/root' })
  const folder = path.join(project.room, 'dist')
  const tree = path.join(folder, 'victim')
  await mkdir(folder)
  await runChecked('git', ['clone', '-q', '--branch', 'v1.2.3', project.folder, tree], {
    env: { ...env, HOME: project.environment.HOME ?? '' }
  })
  const { root } = await debRoot('own')
  const command = 'cd /attack/victim; dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes'
  const built = await runInRoot(root.path, folder, command, env)
  if (built.code !== 0) throw new Error(`${built.stdout.toString()}\n${built.stderr.toString()}`.slice(-8000))
  await removeAsRoot(tree)
  return folder
}

/** Installs the debs of a folder in a root that goes with them, uses and removes them: what they run says so. */
async function firedFromDebs(release: TestRelease, folder: string): Promise<string[]> {
  const used = path.join(release.project.room, 'used')
  await mkdir(used)
  try {
    for (const name of await readdir(folder))
      if (name.endsWith('.deb')) await copyFile(path.join(folder, name), path.join(used, name))
    await copyFile(fileURLToPath(new URL('fire-debs.py', import.meta.url)), path.join(used, 'fire-debs.py'))
    const { root } = await debRoot('own')
    const env = { ...plainEnvironment, HOME: '/root', DEBIAN_FRONTEND: 'noninteractive' }
    const ended = await runInRoot(root.path, used, 'python3 -B /attack/fire-debs.py 2>&1', env)
    if (ended.code !== 0) throw new Error(ended.stdout.toString().slice(-8000))
    return markers(ended.stdout.toString())
  } finally {
    await rm(used, { recursive: true, force: true })
  }
}

/** What a build as root leaves belongs to root. */
export async function removeAsRoot(folder: string): Promise<void> {
  const { command, args } = privileged('rm', ['-rf', '--one-file-system', '--', folder])
  await runChecked(command, args, { env: plainEnvironment })
}

import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import type { GitLock } from '../../../src/documents/git-inputs.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import { lockGitInput } from '../../../src/lock/git/lock-git.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { writeFileAtomic } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment } from '../../../src/platform/process.ts'
import { debRoot } from '../../real/support/deb-root.ts'
import { sharedPython } from '../../real/support/packages.ts'
import type { TestRelease } from '../../real/support/release.ts'
import { pythonRoot, testCache } from '../../real/support/root.ts'
import { debianPackages, removeAsRoot } from './debs.ts'
import type { Ecosystem } from './ecosystem.ts'
import { runInRoot } from './in-root.ts'
import { buildPlainly, environmentOf } from './plain.ts'

/** Packages that are made of the wheel, in a virtual environment: pip installs it, and dpkg-deb packs the folder. */
export const venvPackages: Ecosystem = {
  ...debianPackages,
  tool: 'pip and dpkg-deb',
  lock: lockVenv,
  build: buildVenvPlainly
}

async function lockVenv(release: TestRelease): Promise<string> {
  const [{ lock: python }, { lock: deb }] = await Promise.all([pythonRoot(), debRoot('own')])
  const wheel = await sharedPython(release.requires.python ?? [])
  const lock: Lock = {
    schema: 'tagproof/lock/1',
    roots: { python, deb },
    python: { python: wheel, deb: { ...wheel, requested: [], packages: [] } },
    git: await lockGit(release)
  }
  const file = path.join(release.project.room, 'tagproof.lock')
  await writeFileAtomic(file, formatLock(lock))
  return file
}

/** What the configuration of the project names under `git:`. */
async function lockGit({ project }: TestRelease): Promise<Record<string, GitLock>> {
  const text = await readFile(path.join(project.folder, '.github/tagproof.yml'), 'utf8')
  const store = path.join(testCache, 'inputs')
  const locked: Record<string, GitLock> = {}
  for (const input of readConfig(text, 'tagproof.yml').git)
    locked[input.name] = await lockGitInput(input, { previous: undefined, store, log: silentLog })
  return locked
}

/** The root has no pip: it runs from its own wheel. */
const script = `
cd /attack
python3 -m venv --without-pip /usr/lib/victim
PYTHONPATH=$(echo /attack/pip-*.whl) /usr/lib/victim/bin/python3 -m pip install --quiet --no-index --no-deps /attack/victim-*.whl
mkdir -p tree/DEBIAN tree/usr/lib tree/usr/bin tree/etc/profile.d
cp -a /usr/lib/victim tree/usr/lib/
ln -s ../lib/victim/bin/victim-command tree/usr/bin/victim-command
cp files/conf/* tree/etc/profile.d/
printf 'Package: victim\\nVersion: 1.2.3-1\\nArchitecture: all\\nDepends: python3\\nMaintainer: Victims <victims@example.org>\\nDescription: something to attack\\n' >tree/DEBIAN/control
install -m 755 files/deploy/postinst tree/DEBIAN/postinst
(cd tree; find usr -type f | sort | xargs md5sum) >tree/DEBIAN/md5sums
mkdir debs
dpkg-deb --root-owner-group --build tree debs/victim_1.2.3-1_all.deb`

/** What a release job does that packs a virtual environment. Returns the folder of the deb. */
async function buildVenvPlainly(release: TestRelease): Promise<string> {
  const wheels = await buildPlainly(release)
  const folder = path.join(release.project.room, 'packing')
  await mkdir(folder)
  for (const name of await readdir(wheels))
    if (name.endsWith('.whl')) await copyFile(path.join(wheels, name), path.join(folder, name))
  const pip = await pipWheel()
  await copyFile(pip.file, path.join(folder, pip.name))
  for (const name of ['conf/victim.sh', 'deploy/postinst']) {
    await mkdir(path.dirname(path.join(folder, 'files', name)), { recursive: true })
    await copyFile(path.join(release.project.folder, name), path.join(folder, 'files', name))
  }
  await copyFile(
    path.join(release.project.room, 'vendor/profile/vendor.sh'),
    path.join(folder, 'files/conf/victim-vendor.sh')
  )
  const { root } = await debRoot('own')
  const env = environmentOf(release, { ...plainEnvironment, HOME: '/root', SOURCE_DATE_EPOCH: '1714979289' })
  const built = await runInRoot(root.path, folder, script, env)
  if (built.code !== 0) throw new Error(`${built.stdout.toString()}\n${built.stderr.toString()}`.slice(-8000))
  const out = path.join(release.project.room, 'debs')
  await mkdir(out)
  await copyFile(path.join(folder, 'debs/victim_1.2.3-1_all.deb'), path.join(out, 'victim_1.2.3-1_all.deb'))
  await removeAsRoot(folder)
  await rm(wheels, { recursive: true })
  return out
}

/**
 * Changes the debs of a folder by {@link file://./repack.py}, with a module of Python for each package, as somebody can
 * who gets hold of them.
 */
export async function repackInRoot(
  release: TestRelease,
  folder: string,
  attacks: Readonly<Record<string, string>>
): Promise<void> {
  const work = path.join(release.project.room, 'altering')
  const debs = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
  if (debs.length === 0) return
  await mkdir(path.join(work, 'attacks'), { recursive: true })
  for (const name of debs) await copyFile(path.join(folder, name), path.join(work, name))
  await copyFile(fileURLToPath(new URL('repack.py', import.meta.url)), path.join(work, 'repack.py'))
  for (const [name, text] of Object.entries(attacks))
    await writeFile(path.join(work, 'attacks', `${name}.py`), text)
  const { root } = await debRoot('own')
  const env = { ...plainEnvironment, SOURCE_DATE_EPOCH: '1714979289' }
  const ended = await runInRoot(
    root.path,
    work,
    'python3 -B /attack/repack.py /attack/attacks /attack/*.deb',
    env
  )
  if (ended.code !== 0) throw new Error(ended.stderr.toString())
  for (const name of debs) await copyFile(path.join(work, name), path.join(folder, name))
  await removeAsRoot(work)
}

async function pipWheel(): Promise<{ name: string; file: string }> {
  const python = await sharedPython(['pip'])
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: { python } },
    { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
  )
  const entry = python.packages.find(({ name }) => name === 'pip')
  if (entry === undefined) throw new Error('no pip')
  return { name: entry.file, file: inputs.python(entry) }
}

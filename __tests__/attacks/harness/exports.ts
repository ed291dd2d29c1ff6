import { mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { hashFile } from '../../../src/platform/files.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { build } from '../../../src/stages/build.ts'
import type { TestRelease } from '../../real/support/release.ts'
import { editPlan } from './gate.ts'
import { runPython } from './plain.ts'

/** Writes the tar again: what lies below the paths comes from a folder, all else as it was. */
const replacing = `import os, sys, tarfile
place, room, *paths = sys.argv[1:]
def inside(name):
    return any(name == path or name.startswith(path + "/") for path in paths)
def root(member):
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
with tarfile.open(place) as old, tarfile.open(place + ".new", "w", format=tarfile.GNU_FORMAT) as new:
    for member in old:
        if not inside(member.name):
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    for path in paths:
        new.add(os.path.join(room, path), path, filter=root)
os.replace(place + ".new", place)`

/**
 * Opens what holds some attacks back: gives both worlds paths of an ordinary clone of the tag, such as `.git`, in the
 * place of those of the export, and builds them again.
 */
export async function giveClone(release: TestRelease, paths: readonly string[]): Promise<void> {
  const { context, project } = release
  const env = project.environment
  const room = path.join(project.room, 'ordinary')
  await mkdir(room)
  await runChecked('git', ['clone', '-q', '--branch', 'v1.2.3', project.folder, path.join(room, 'tree')], {
    env
  })
  const members = paths.map((name) => `tree/${name}`)
  const edited: Record<string, { sha256: string; size: number }> = {}
  for (const world of ['a', 'b']) {
    const tar = path.join(context.out.exports, `export-${world}.tar`)
    await runPython(replacing, [tar, room, ...members])
    edited[world] = { sha256: (await hashFile(tar)).sha256, size: (await stat(tar)).size }
  }
  await rm(room, { recursive: true })
  await editPlan(release, (plan) => {
    const exports = plan.exports as Record<string, object>
    for (const world of ['a', 'b']) exports[world] = { ...exports[world], ...edited[world] }
  })
  await build(context, { worlds: ['a', 'b'] })
}

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import type { Lock } from '../../../src/documents/lock.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { sharedPython } from '../../real/support/packages.ts'
import { pythonRoot } from '../../real/support/root.ts'
import type { TestRelease } from '../../real/support/release.ts'
import type { Files } from './attack.ts'
import type { Ecosystem } from './ecosystem.ts'
import { attackBase, type AttackBase, type BaseName } from './image-base.ts'
import { firedInImage, withPlainBuildkit } from './plain-image.ts'
import { buildPlainly } from './plain.ts'

/** An image target of the configuration, as far as tests write it. */
export interface ImageTarget {
  name: string
  dockerfile?: string
  assemble?: object
  wheel?: string
}

/** Files of a project with these image targets, whose repositories are `victim/NAME`. */
export async function imageProject(
  targets: readonly ImageTarget[],
  files: (base: AttackBase) => Files,
  { python = false, on = 'python' }: { python?: boolean; on?: BaseName } = {}
): Promise<Files> {
  const base = await attackBase(on)
  const all = [
    ...(python ? [{ kind: 'python', name: 'python' }] : []),
    ...targets.map((target) => ({ kind: 'image', repository: `victim/${target.name}`, ...target }))
  ]
  return {
    '.github/tagproof.yml': JSON.stringify({ targets: all, sources: { layouts: base.layout } }),
    '.dockerignore': '.git\n',
    ...files(base)
  }
}

/** Locks the base; Python targets of these projects need nothing. */
export async function lockImage(release: TestRelease, on: BaseName = 'python'): Promise<string> {
  const base = await attackBase(on)
  const python = 'python' in release.requires
  const lock: Lock = {
    schema: 'tagproof/lock/1',
    roots: { python: (await pythonRoot()).lock },
    python: python ? { python: await sharedPython([]) } : {},
    images: { [base.reference]: base.lock }
  }
  const file = path.join(release.project.room, 'tagproof.lock')
  await writeFile(file, formatLock(lock))
  return file
}

/** Builds each image target from its Dockerfile with BuildKit alone, in a clone of the tag; the wheel comes first. */
export async function buildImagesPlainly(release: TestRelease): Promise<string> {
  const { project } = release
  const wheels = 'python' in release.requires ? await buildPlainly(release) : null
  const out = path.join(project.room, 'images')
  await mkdir(out)
  const clone = path.join(project.room, 'image-clone')
  await runChecked('git', ['clone', '-q', '--branch', 'v1.2.3', project.folder, clone], {
    env: project.environment
  })
  await withPlainBuildkit(async ({ build }) => {
    for (const { name, dockerfile = 'Dockerfile' } of await targetsOf(clone)) {
      const file = path.join(out, `victim_${name}-1.2.3.oci.tar`)
      const { code, stderr } = await build([
        ...[
          '--local',
          `context=${clone}`,
          '--local',
          `dockerfile=${clone}`,
          '--opt',
          `filename=${dockerfile}`
        ],
        ...(wheels === null
          ? []
          : ['--local', `wheels=${wheels}`, '--opt', 'context:tagproof-wheel=local:wheels']),
        ...(await baseArguments()),
        ...['--output', `type=oci,dest=${file}`]
      ])
      if (code !== 0) throw new Error(stderr.toString().slice(-4000))
    }
  })
  await rm(clone, { recursive: true, force: true })
  return out
}

/** What tells BuildKit where the base lies, as a registry would. */
export async function baseArguments(): Promise<string[]> {
  const { layout, reference, lock } = await attackBase()
  return [
    ...['--oci-layout', `base=${layout}`],
    ...['--opt', `context:${reference}=oci-layout://base@${lock.digest}`]
  ]
}

async function targetsOf(clone: string): Promise<ImageTarget[]> {
  const text = await readFile(path.join(clone, '.github/tagproof.yml'), 'utf8')
  const { targets } = parse(text) as { targets: (ImageTarget & { kind: string })[] }
  return targets.filter(({ kind, assemble }) => kind === 'image' && assemble === undefined)
}

/** The markers that run where the images of a folder are used, sorted. */
export async function firedInImages(_: TestRelease, folder: string): Promise<string[]> {
  const fired = new Set<string>()
  for (const name of await readdir(folder))
    if (name.endsWith('.oci.tar'))
      for (const marker of await firedInImage(path.join(folder, name))) fired.add(marker)
  return [...fired].sort()
}

/** Images that a Dockerfile makes. */
export const images: Ecosystem = {
  tool: 'BuildKit alone',
  target: 'image',
  lock: (release) => lockImage(release),
  build: buildImagesPlainly,
  fired: firedInImages
}

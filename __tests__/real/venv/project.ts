import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { World } from '../../../src/documents/identifiers.ts'
import type { PythonLock } from '../../../src/documents/lock.ts'
import type { PlanTarget } from '../../../src/documents/plan.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { writeExports } from '../../../src/source/export.ts'
import { lockRequirements } from '../../../src/stages/lock-requirements.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { openHead, type Source } from '../../../src/stages/source.ts'
import { buildVenv } from '../../../src/targets/deb/venv/build.ts'
import { tarFolder, tarMember, tarOf } from '../../unit/formats/forge.ts'
import { startIndex } from '../lock/package-index.ts'
import { makeProject, writeFiles } from '../source/git-project.ts'
import { debRoot } from '../support/deb-root.ts'
import { sharedPython } from '../support/packages.ts'
import { pythonRoot, testCache } from '../support/root.ts'

type Files = Record<string, string>

const backend = await readFile(new URL('cbackend.py', import.meta.url), 'utf8')

/**
 * A project with the backend of these tests in its tree. It asks for `packaging`: the root to build in has no pip,
 * whose copy the driver would take.
 */
export function project(name: string, version: string, more: readonly string[], files: Files): Files {
  return {
    'pyproject.toml': [
      '[build-system]\nrequires = ["packaging"]\nbuild-backend = "cbackend"\nbackend-path = ["."]\n',
      `[project]\nname = "${name}"\nversion = "${version}"\n${more.join('\n')}\n`
    ].join('\n'),
    'cbackend.py': backend,
    ...files
  }
}

export function sdistOf(stem: string, files: Files): Buffer {
  const [name = '', version = ''] = stem.split('-')
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`
  const members = Object.entries({ ...files, 'PKG-INFO': metadata }).map(([name, text]) =>
    tarMember(`${stem}/${name}`, text)
  )
  return gzipSync(tarOf(tarFolder(stem), ...members))
}

/** Built outside every sandbox. */
async function wheelOf(files: Files, folder: string): Promise<string> {
  await mkdir(path.join(folder, 'out'), { recursive: true })
  await writeFiles(folder, files)
  const code = 'import sys; sys.path.insert(0, "."); import cbackend; print(cbackend.build_wheel("out"))'
  const printed = await runChecked('python3', ['-B', '-c', code], { cwd: folder, env: plainEnvironment })
  return path.join(folder, 'out', printed.trim())
}

async function packagingWheel(): Promise<{ name: string; bytes: Buffer }> {
  const lock = await sharedPython(['hatchling'])
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: { python: lock } },
    { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
  )
  const entry = lock.packages.find(({ name }) => name === 'packaging')
  if (entry === undefined) throw new Error('no packaging')
  return { name: entry.file, bytes: await readFile(inputs.python(entry)) }
}

export interface VenvProject {
  source: Source
  target: PlanTarget
  /** Locks with what the index has now. */
  lock(previous?: PythonLock): Promise<PythonLock>
  files: Map<string, Buffer>
  /** Builds in one world; returns the folder with the deb. */
  build(world: World, locked: PythonLock, change?: (target: PlanTarget) => PlanTarget): Promise<string>
  variations: Map<World, Awaited<ReturnType<typeof buildVenv>>['variations']>
  remove(): Promise<void>
}

/**
 * A project whose wheel needs a pure package and one that its sdist compiles, on an index of its own; the root to
 * lock for has pip, that to build in has dpkg-dev.
 */
export async function venvProject(files: Files, wheel: Files): Promise<VenvProject> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-venv-test-'))
  const packaging = await packagingWheel()
  const index = await startIndex()
  index.files.set(packaging.name, packaging.bytes)
  const before = { ...process.env }
  process.env.PIP_INDEX_URL = index.url
  delete process.env.PIP_FIND_LINKS
  delete process.env.PIP_EXTRA_INDEX_URL
  const made = await makeProject(files)
  await made.git('tag', '-a', '-m', 'v1.2.3', 'v1.2.3')
  const context = stageContext({
    repository: made.folder,
    out: path.join(folder, 'out'),
    cache: testCache,
    log: silentLog
  })
  const source = await openHead(context, {})
  const target = source.targets.find(({ kind }) => kind === 'deb')
  if (target === undefined) throw new Error('no deb target')
  const pure = project('tinypure', '1.0', [], { 'tinypure.py': 'WORD = "pure"\n' })
  const pureWheel = await wheelOf(pure, path.join(folder, 'pure'))
  index.files.set(path.basename(pureWheel), await readFile(pureWheel))
  const own = await wheelOf(wheel, path.join(folder, 'own'))
  const exports = path.join(folder, 'exports')
  await mkdir(exports)
  const written = await writeExports(source.repository, source.tag, {
    folder: exports,
    inputs: source.config.value.inputs,
    targets: source.targets,
    log: silentLog
  })
  const variations: VenvProject['variations'] = new Map()
  return {
    source,
    target,
    variations,
    files: index.files,
    lock: async (previous) => lockRequirements(context, source, target, (await pythonRoot()).root, previous),
    async build(world, locked, change = (same) => same) {
      const { root, lock: rootLock } = await debRoot('own')
      const inputs = await fetchInputs(
        { schema: 'tagproof/lock/1', roots: {}, python: { deb: locked } },
        { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
      )
      const out = await mkdtemp(path.join(folder, `built-${world}-`))
      const built = await buildVenv({
        target: change(target),
        world,
        tag: source.tag,
        version: '1.2.3',
        exportTar: path.join(exports, written.exports[world].file),
        root,
        rootLock,
        limits: source.config.value.limits,
        folder: out,
        scrambled: written.scramble.files.length,
        scrambledPaths: written.scramble.files.map(({ path: name }) => name),
        off: [],
        log: silentLog,
        wheel: own,
        locked,
        file: (entry) => inputs.python(entry)
      })
      variations.set(world, built.variations)
      return out
    },
    async remove() {
      process.env = before
      await index.close()
      await source.repository.close()
      await made.remove()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

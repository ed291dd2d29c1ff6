import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'
import { installEnvironment } from '../../../src/targets/python/environment.ts'
import { sharedPython } from '../../real/support/packages.ts'
import { pythonRoot, testCache } from '../../real/support/root.ts'
import type { TestRelease } from '../../real/support/release.ts'

/** What a release job has at hand that does not know Tagproof. */
const tools = ['build', 'hatchling', 'pip', 'setuptools', 'setuptools-scm']

let environment: Promise<string> | undefined

/** Python with the usual tools, made once per machine: the same versions as the worlds have. */
function plainPython(): Promise<string> {
  environment ??= makeEnvironment()
  return environment.then((folder) => path.join(folder, 'bin/python'))
}

async function makeEnvironment(): Promise<string> {
  const { root } = await pythonRoot()
  const python = await sharedPython(tools)
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: { python } },
    { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
  )
  const files = python.packages.map((entry) => inputs.python(entry))
  const name = createHash('sha256')
    .update(files.map((file) => path.basename(file)).join('\n'))
    .digest('hex')
  const folder = path.join(testCache, 'compiled', `attack-tools-2-${name.slice(0, 16)}`)
  const there = (): Promise<boolean> =>
    stat(folder).then(
      () => true,
      () => false
    )
  if (await there()) return folder
  await mkdir(path.dirname(folder), { recursive: true })
  const part = `${folder}.${process.pid}.part`
  try {
    await installEnvironment(files, part, root)
    // As pip leaves them: without bytecode each call of a hook would compile its backend anew.
    const compile = [
      '-m',
      'compileall',
      '-q',
      '--invalidation-mode',
      'unchecked-hash',
      path.join(part, 'lib')
    ]
    await runChecked(path.join(part, 'bin/python'), compile, { env: plainEnvironment })
    await rename(part, folder)
  } catch (error) {
    // Another test file was faster.
    if (!(await there())) throw error
  } finally {
    await rm(part, { recursive: true, force: true })
  }
  return folder
}

/** As a hosted runner sets them: an attack may look for them. */
const runnerVariables = { CI: 'true', GITHUB_ACTIONS: 'true', RUNNER_OS: 'Linux' }

/** What a job sees that builds with the usual tools alone. */
export function environmentOf(
  release: TestRelease,
  more: Record<string, string> = {}
): Record<string, string> {
  return {
    ...release.project.environment,
    ...runnerVariables,
    PATH: plainEnvironment.PATH ?? '',
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    ...more
  }
}

/**
 * What the ecosystem's own tool releases: `python -m build` in a full clone of the tag, with the same backend and no
 * world around it. Returns the folder with sdist and wheel.
 */
export async function buildPlainly(release: TestRelease): Promise<string> {
  const clone = path.join(release.project.room, 'clone')
  const out = path.join(release.project.room, 'dist')
  const env = environmentOf(release)
  await runChecked('git', ['clone', '-q', '--branch', 'v1.2.3', release.project.folder, clone], { env })
  const command = ['-m', 'build', '--no-isolation', '--outdir', out, clone]
  await runChecked(await plainPython(), command, { env })
  await rm(clone, { recursive: true, force: true })
  return out
}

/** Runs a Python program with the usual tools, in a folder of its own; returns what it prints. */
export async function runPython(code: string, args: readonly string[]): Promise<string> {
  return runChecked(await plainPython(), ['-I', '-B', '-c', code, ...args], { env: plainEnvironment })
}

/** Sdist and wheel of one folder of the repository, by calls of its backend's hooks, as any front end makes them. */
export async function buildWithHooks(release: TestRelease, folder: string, out: string): Promise<void> {
  const code = `import sys
sys.path.insert(0, "tools")
import mini
mini.build_sdist(sys.argv[1])
mini.build_wheel(sys.argv[1])`
  await runChecked(await plainPython(), ['-B', '-c', code, out], {
    cwd: path.join(release.project.folder, folder),
    env: environmentOf(release)
  })
}

/** What `python -m build` prints that fetches the build requirements from these indexes, as it does by default. */
export async function printedByIsolatedBuild(
  release: TestRelease,
  indexes: readonly string[]
): Promise<string> {
  const [index = '', ...extra] = indexes
  const out = path.join(release.project.room, 'isolated')
  const env = environmentOf(release, { PIP_INDEX_URL: index, PIP_EXTRA_INDEX_URL: extra.join(' ') })
  const command = ['-m', 'build', '--wheel', '--outdir', out, release.project.folder]
  const result = await run(await plainPython(), command, { env })
  await rm(out, { recursive: true, force: true })
  return result.stdout.toString() + result.stderr.toString()
}

/** A wheel with these files at its top, made by Python alone. */
export async function wheelOf(
  project: string,
  version: string,
  files: Readonly<Record<string, string>>
): Promise<{ name: string; bytes: Buffer }> {
  const stem = `${project.replaceAll('-', '_')}-${version}`
  const members = {
    ...files,
    [`${stem}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`,
    [`${stem}.dist-info/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
  }
  const code = `import base64, hashlib, io, json, sys, zipfile
files, stem = json.loads(sys.argv[1]), sys.argv[2]
digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
lines = ["%s,sha256=%s,%d" % (name, digest(text), len(text.encode())) for name, text in files.items()]
record = stem + ".dist-info/RECORD"
files[record] = "\\n".join(lines + [record + ",,", ""])
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    for name, text in files.items():
        archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
print(out.getvalue().hex())`
  const hex = await runPython(code, [JSON.stringify(members), stem])
  return { name: `${stem}-py3-none-any.whl`, bytes: Buffer.from(hex.trim(), 'hex') }
}

/** The markers that run where the packages of a folder are used, sorted. */
export async function firedFrom(
  release: TestRelease,
  folder: string,
  from: 'wheel' | 'sdist' = 'wheel'
): Promise<string[]> {
  const scratch = path.join(release.project.room, 'used')
  await mkdir(scratch)
  try {
    if (from === 'wheel') return markers(await install(release, await only(folder, '.whl'), scratch))
    const printed = await wheelFromSdist(release, await only(folder, '.tar.gz'), scratch)
    const wheel = await only(path.join(scratch, 'out'), '.whl')
    return markers(printed + (await install(release, wheel, path.join(scratch, 'site'))))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function only(folder: string, ending: string): Promise<string> {
  const [name, ...others] = (await readdir(folder)).filter((file) => file.endsWith(ending))
  if (name === undefined || others.length > 0) throw new Error(`${folder} has not one *${ending}`)
  return path.join(folder, name)
}

/** Unpacks the wheel into a folder of its own and imports every module; returns what they print. */
async function install(release: TestRelease, wheel: string, folder: string): Promise<string> {
  const script = fileURLToPath(new URL('fire.py', import.meta.url))
  const result = await run(await plainPython(), ['-I', script, wheel, folder], {
    env: environmentOf(release),
    cwd: release.project.room
  })
  if (result.code !== 0) throw new Error(result.stderr.toString())
  return result.stdout.toString()
}

/** What a user or a distribution does with an sdist. Returns what the build printed. */
async function wheelFromSdist(release: TestRelease, sdist: string, scratch: string): Promise<string> {
  const env = environmentOf(release)
  const tree = path.join(scratch, 'tree')
  await mkdir(tree)
  await runChecked('tar', ['-xzf', sdist, '-C', tree, '--strip-components=1'], { env })
  const command = ['-m', 'build', '--wheel', '--no-isolation', '--outdir', path.join(scratch, 'out'), tree]
  return runChecked(await plainPython(), command, { env })
}

/** The names that markers print, sorted. */
export function markers(printed: string): string[] {
  return [...new Set([...printed.matchAll(/^fired: (.+)$/gm)].map(([, name = '']) => name))].sort()
}

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Lock } from '../../../src/documents/lock.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { lock } from '../../../src/stages/lock.ts'
import { rootImage } from '../../../src/targets/image/root-image.ts'
import { imageRootPackages } from '../../../src/worlds/root-packages.ts'
import { prepareRoot } from '../../../src/worlds/root.ts'
import { makeRelease, proveRelease, type Made, type TestRelease } from '../support/release.ts'
import { keptLock, pythonRoot, testCache } from '../support/root.ts'

/** The example of the page as it is printed: what is built here is what people copy. */
async function printed(language: string): Promise<string> {
  const page = await readFile(path.resolve(import.meta.dirname, '../../../docs/dockerfile.md'), 'utf8')
  const example = page.slice(page.indexOf('## A worked example'))
  const block = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(example)?.[1]
  if (block === undefined) throw new Error(`the page has no block of ${language}`)
  return block
}

const program = `import sys

import iniconfig


def main():
    if "--help" not in sys.argv:
        print(iniconfig.IniConfig("/etc/app.ini")["app"]["greeting"])
`
const pyproject = `[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "app"
version = "1.0"
dependencies = ["iniconfig"]

[project.scripts]
app = "app:main"

[tool.setuptools]
packages = ["app"]
`

let work: string
let release: TestRelease
let made: Made

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-worked-example-'))
  await writeBase(path.join(work, 'layouts/debian'))
  release = await makeRelease(
    {
      Dockerfile: await printed('dockerfile'),
      '.github/tagproof.yml': `${await printed('yaml')}sources:\n  layouts: ${work}/layouts\n`,
      '.dockerignore': '.git\n',
      'pyproject.toml': pyproject,
      'app/__init__.py': program,
      'conf/app.ini': '[app]\ngreeting = hello\n'
    },
    'v1.0'
  )
  made = await proveRelease(release, lockIt)
}, 1_200_000)
afterAll(async () => {
  await release.remove()
  await rm(work, { recursive: true, force: true })
})

/** Stands for `debian:12` of a registry: Debian's essential packages and apt, under that name in a layout. */
async function writeBase(folder: string): Promise<void> {
  const rootLock = await keptLock('test-base-root.json', ['apt'], () =>
    resolveRoot({ packages: ['apt'], log: silentLog })
  )
  const common = { cache: testCache, log: silentLog }
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: { base: rootLock }, python: {} },
    { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
  )
  const root = await prepareRoot('base', rootLock, inputs, common)
  await cp((await rootImage({ root, rootLock, ...common })).folder, folder, { recursive: true })
  const file = path.join(folder, 'index.json')
  const index = JSON.parse(await readFile(file, 'utf8')) as { manifests: object[] }
  const annotations = { 'org.opencontainers.image.ref.name': '12' }
  const manifests = index.manifests.map((entry) => ({ ...entry, annotations }))
  await writeFile(file, JSON.stringify({ ...index, manifests }))
}

/** By the real stage; the lists of the roots are those that other tests have resolved as well. */
async function lockIt({ context, project }: TestRelease): Promise<string> {
  const file = path.join(project.room, 'tagproof.lock')
  const packages = [...new Set([...imageRootPackages, 'python3-pip'])].sort()
  const image = await keptLock('test-image-root.json', packages, () =>
    resolveRoot({ packages, log: silentLog })
  )
  const roots: Lock['roots'] = { python: (await pythonRoot()).lock, image }
  await writeFile(file, formatLock({ schema: 'tagproof/lock/1', roots, python: {} }))
  await lock(context, { lock: file, to: file })
  return file
}

describe('the worked example of the page on Dockerfiles', () => {
  test('is locked: its base, its packages, its wheels', () => {
    expect(Object.keys(made.lock.images ?? {})).toEqual(['debian:12'])
    expect(made.lock.roots.image?.packages.map(({ name }) => name)).toContain('python3-pip')
    expect(made.lock.python.image?.packages.map(({ name }) => name)).toEqual(['iniconfig'])
  })

  test('is proven, with nothing to be warned of', () => {
    const { findings, verdict } = made.proof
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([])
    expect(findings.filter(({ check }) => check === 'policy').map(({ code }) => code)).toEqual([
      'dockerfile-tag'
    ])
    expect(verdict).toBe('proven')
  })

  test('has an origin for each file: packages, dependencies, the wheel, the tree', async () => {
    const image = made.proof.artifacts.find(({ kind }) => kind === 'image')
    expect(image?.built).toEqual({ a: image?.sha256, b: image?.sha256 })
    expect(image?.traced).toBe(image?.members)
    const lines = await readFile(path.join(release.context.out.origins, `${image?.name ?? ''}.jsonl`), 'utf8')
    const origins = lines.trim().split('\n').map((line) => JSON.parse(line) as { member: string; origin: string; rule: string | null }) // prettier-ignore
    expect(origins).toHaveLength(image?.members ?? 0)
    const rule = (ending: string): string => {
      const found = origins.find(({ member }) => member.endsWith(ending))
      return `${found?.origin ?? 'nobody'} ${found?.rule ?? ''}`
    }
    expect(rule('/0.tar')).toBe('dependency base-layer')
    expect(rule('usr/lib/python3/dist-packages/pip/__init__.py')).toBe('dependency reinstall')
    expect(rule('site-packages/iniconfig/__init__.py')).toBe('dependency locked-wheel')
    expect(rule('site-packages/app/__init__.py')).toBe('blob wheel-member')
    expect(rule('opt/app/bin/activate')).toBe('generator venv-activate')
    expect(rule('etc/app.ini')).toBe('blob ')
  })
})

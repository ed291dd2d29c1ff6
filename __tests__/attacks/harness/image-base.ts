import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageLock } from '../../../src/documents/lock.ts'
import { tinyBase, writeBaseLayout } from '../../real/support/image.ts'
import { pythonRoot, testCache } from '../../real/support/root.ts'

/** A small base image with a shell and Python, of two layers. */
export interface AttackBase {
  lock: ImageLock
  /** As a Dockerfile names it. */
  reference: string
  /** Folder of its layout. */
  layout: string
  /** Such as `3.11`. */
  python: string
}

let making: Promise<AttackBase> | undefined

/** The base of all images that are attacked: made once per machine, and the same each time. */
export function attackBase(): Promise<AttackBase> {
  making ??= make()
  return making
}

/** Changes with what the base is made of. */
const form = '1'

async function make(): Promise<AttackBase> {
  const { root } = await pythonRoot()
  const folder = path.join(testCache, 'compiled', `attack-base-${form}-${root.hash.slice(0, 16)}`)
  const read = async (): Promise<AttackBase> => {
    const base = JSON.parse(await readFile(path.join(folder, 'base.json'), 'utf8')) as AttackBase
    return { ...base, layout: path.join(folder, 'layout') }
  }
  return read().catch(async () => {
    await write(root.path, folder)
    return read()
  })
}

async function write(root: string, folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.`)
  try {
    const python =
      (await readdir(path.join(root, 'usr/bin'))).find((name) => /^python3\.\d+$/.test(name)) ?? ''
    const libraries = ['libm.so.6', 'libz.so.1', 'libexpat.so.1']
    const files = ['cp', 'chmod', 'python3', ...libraries, ...(await libraryFiles(root, python))]
    const release = Buffer.from('NAME=Tiny\n')
    const upper = { path: 'etc/tiny', kind: 'file', mode: 0o644, uid: 0, gid: 0, linkTarget: null } as const
    const base = await tinyBase(root, path.join(work, 'made'), files, [
      [{ ...upper, size: release.length, content: () => only(release) }]
    ])
    await writeBaseLayout(base, path.join(work, 'layout'))
    await rm(path.join(work, 'made'), { recursive: true })
    const told: AttackBase = {
      lock: base.lock,
      reference: `example.test/python:3@${base.lock.digest}`,
      layout: '',
      python: python.replace('python', '')
    }
    await writeFile(path.join(work, 'base.json'), JSON.stringify(told))
    // Another test file may have been faster.
    await rename(work, folder).catch(() => undefined)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Modules of the standard library that attacks use, and what these need. */
async function libraryFiles(root: string, python: string): Promise<string[]> {
  const place = `usr/lib/${python}`
  const entries = await readdir(path.join(root, place), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter(
      (name) =>
        name.endsWith('.py') &&
        !/\/(pydoc_data|test|idlelib|lib2to3|tkinter|asyncio|distutils|unittest|concurrent|multiprocessing|curses|dbm|wsgiref|xmlrpc|sqlite3|ensurepip|ctypes)\//.test(
          name
        )
    )
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes)
}

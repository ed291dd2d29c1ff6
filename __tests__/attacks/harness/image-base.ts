import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageLock } from '../../../src/documents/lock.ts'
import type { LayerFile } from '../../../src/formats/oci/layer-writer.ts'
import { tinyBase, writeBaseLayout } from '../../real/support/image.ts'
import { pythonRoot, testCache } from '../../real/support/root.ts'

/** A small base image of two layers, with a shell, and with Python where it is asked for. */
export interface AttackBase {
  lock: ImageLock
  /** As a Dockerfile names it. */
  reference: string
  /** Folder of its layout. */
  layout: string
  /** Such as `3.11`; empty where it has none. */
  python: string
}

export type BaseName = 'python' | 'shell'

const making = new Map<BaseName, Promise<AttackBase>>()

/** The base of images that are attacked: made once per machine, and the same each time. */
export function attackBase(name: BaseName = 'python'): Promise<AttackBase> {
  const made = making.get(name) ?? make(name)
  making.set(name, made)
  return made
}

/** Changes with what the base is made of. */
const form = '3'

async function make(name: BaseName): Promise<AttackBase> {
  const { root } = await pythonRoot()
  const folder = path.join(testCache, 'compiled', `attack-${name}-${form}-${root.hash.slice(0, 16)}`)
  const read = async (): Promise<AttackBase> => {
    const base = JSON.parse(await readFile(path.join(folder, 'base.json'), 'utf8')) as AttackBase
    return { ...base, layout: path.join(folder, 'layout') }
  }
  return read().catch(async () => {
    await write(name, root.path, folder)
    return read()
  })
}

async function write(name: BaseName, root: string, folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.`)
  try {
    const python = name === 'python' ? await interpreterOf(root) : ''
    const files = python === '' ? [] : await pythonFiles(root, python)
    const base = await tinyBase(root, path.join(work, 'made'), files, [upper(python === '')])
    await writeBaseLayout(base, path.join(work, 'layout'))
    await rm(path.join(work, 'made'), { recursive: true })
    const told: AttackBase = {
      lock: base.lock,
      reference: `example.test/${name}:3@${base.lock.digest}`,
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

/** The second layer. An assembled image wants a Python in its base, which nothing here starts. */
function upper(stub: boolean): LayerFile[] {
  const common = { mode: 0o755, uid: 0, gid: 0, size: 0, linkTarget: null }
  const text = Buffer.from('NAME=Tiny\n')
  const tiny: LayerFile = { ...common, path: 'etc/tiny', kind: 'file', mode: 0o644, size: text.length, content: () => only(text) } // prettier-ignore
  const link: LayerFile = { ...common, path: 'usr/bin/python3', kind: 'symlink', linkTarget: 'python3.11' }
  return [tiny, ...(stub ? [link, { ...common, path: 'usr/bin/python3.11', kind: 'file' } as const] : [])]
}

async function interpreterOf(root: string): Promise<string> {
  const names = await readdir(path.join(root, 'usr/bin'))
  return names.find((name) => /^python3\.\d+$/.test(name)) ?? ''
}

const libraries = ['libm.so.6', 'libz.so.1', 'libexpat.so.1', 'libacl.so.1', 'libattr.so.1']
const unused =
  /\/(pydoc_data|test|idlelib|lib2to3|tkinter|asyncio|distutils|unittest|concurrent|multiprocessing|curses|dbm|wsgiref|xmlrpc|sqlite3|ensurepip|ctypes)\//

/** Python, programs that steps call, and modules of the standard library that attacks use, with what these need. */
async function pythonFiles(root: string, python: string): Promise<string[]> {
  const place = path.join(root, 'usr/lib', python)
  const entries = await readdir(place, { recursive: true, withFileTypes: true })
  const modules = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => (file.endsWith('.py') || file.includes('/lib-dynload/_json')) && !unused.test(file))
  return ['cp', 'chmod', 'python3', ...libraries, ...modules]
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes)
}

import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { objectId, type ObjectId } from '../../../../src/documents/identifiers.ts'
import { isStartupFile } from '../../../../src/proof/trace/code.ts'
import { traceArtifact } from '../../../../src/proof/trace/trace.ts'
import { treeIndex, type TreeFile } from '../../../../src/proof/trace/tree.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { epoch, inFolder, writeSdist, writeWheel, type Files } from '../packages.ts'

/** What a reviewer reads is `pkg/`; under `tests/` and `docs/` nobody looks at each file. */
const evil = 'import os\nos.system("echo evil")\n'
const tests = Object.fromEntries(
  Array.from({ length: 30 }, (_, at) => [`tests/tests/test_${at}.py`, `assert ${at} == ${at}\n`])
)

interface Links {
  tree?: Record<string, string>
  member?: Record<string, string>
}

/** Codes of the refusals of one member. */
async function codes(
  member: string,
  { tree, members, links = {} }: { tree: Files; members: Files; links?: Links },
  kind: 'sdist' | 'wheel' = 'wheel'
): Promise<string[]> {
  const contents = new Map<ObjectId, Buffer>()
  const file = ([name, text, mode]: [string, string | Buffer, TreeFile['mode']]): TreeFile => {
    const bytes = Buffer.from(text)
    const hash = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes)
    const id = objectId(hash.digest('hex'))
    contents.set(id, bytes)
    return { path: name, mode, id, size: bytes.length }
  }
  const files = [
    ...Object.entries(tree).map(([name, text]) => file([name, text, '100644'])),
    ...Object.entries(links.tree ?? {}).map(([name, text]) => file([name, text, '120000']))
  ].sort((one, other) => (one.path < other.path ? -1 : 1))
  const read = (id: ObjectId): Buffer => contents.get(id) ?? Buffer.alloc(0)
  const index = await treeIndex(files, {
    objectFormat: 'sha1',
    read: (id) => Promise.resolve(read(id)),
    sha256: (ids) => Promise.resolve(new Map(ids.map((id) => [id, sha256OfBytes(read(id))])))
  })
  const commit = objectId('1'.repeat(40))
  return inFolder(async (folder) => {
    const name = kind === 'wheel' ? 'pkg-1.0-py3-none-any.whl' : 'pkg-1.0.tar.gz'
    const artifact = path.join(folder, name)
    if (kind === 'wheel') await writeWheel(artifact, members)
    else await writeSdist(artifact, members, { links: links.member ?? {} })
    const { findings } = await traceArtifact({
      file: artifact,
      artifact: { name, kind },
      tag: { name: 'v1.0', object: commit, kind: 'lightweight', commit, tree: commit, epoch },
      version: '1.0',
      tree: index,
      folder: '.',
      build: null
    })
    const top = kind === 'sdist' ? 'pkg-1.0/' : ''
    return findings.filter((one) => one.member === top + member).map(({ code }) => code)
  })
}

describe('code from tests is refused', () => {
  const packed = Object.fromEntries(
    Object.entries(tests).map(([name, text]) => [`pkg/${name.slice('tests/'.length)}`, text])
  )

  it('in place of a module, where most of the tests of a package lie beside it', async () => {
    const tree = { ...tests, 'pkg/core.py': 'good = 1\n', 'tests/core.py': evil }
    expect(await codes('pkg/core.py', { tree, members: { ...packed, 'pkg/core.py': evil } })).toEqual([
      'modified'
    ])
    const members = { ...packed, 'pkg/core.py': 'good = 1\n' }
    expect(await codes('pkg/core.py', { tree, members })).toEqual([])
    expect(await codes('pkg/tests/test_1.py', { tree, members })).toEqual([])
  })

  it('behind a link of the package', async () => {
    const links = { tree: { 'pkg/core.py': '../tests/core.py', 'pkg/examples': '../examples' } }
    const tree = { 'tests/core.py': evil, 'examples/one.py': evil }
    const members = { 'pkg/core.py': evil, 'pkg/examples/one.py': evil }
    expect(await codes('pkg/core.py', { tree, members, links })).toEqual(['moved-code'])
    expect(await codes('pkg/examples/one.py', { tree, members, links })).toEqual([])
  })

  it('behind a link of the tree that was moved', async () => {
    const links = {
      tree: { 'tests/links/plugins': '../tests/evil' },
      member: { 'pkg/plugins': '../tests/evil' }
    }
    const tree = { 'tests/evil/core.py': evil }
    expect(
      await codes('pkg/plugins', { tree, members: { 'tests/evil/core.py': evil }, links }, 'sdist')
    ).toEqual(['moved-code'])
  })

  it('as a program or a part of the standard library', async () => {
    const tree = { 'tests/data/tool': 'echo evil\n', 'tests/data/library': 'PK evil\n' }
    const members = {
      'pkg-1.0.data/data/bin/tool': 'echo evil\n',
      'pkg-1.0.data/data/lib/python311.zip': 'PK evil\n'
    }
    expect(await codes('pkg-1.0.data/data/bin/tool', { tree, members })).toEqual(['moved-code'])
    expect(await codes('pkg-1.0.data/data/lib/python311.zip', { tree, members })).toEqual(['pth-blob'])
  })
})

describe('metadata from tests is refused', () => {
  const points = '[pytest11]\nevil = pkg.evil\n'

  it.each([
    'other.egg-info/entry_points.txt',
    'other.EGG-INFO/entry_points.txt',
    'pkg-1.0.data/purelib/other-1.0.dist-info/entry_points.txt',
    'pkg-1.0.data/platlib/pkg-1.0.dist-info/entry_points.txt'
  ])('as %s', async (name) => {
    const given = { tree: { 'tests/points.txt': points }, members: { [name]: points } }
    expect(await codes(name, given)).toHaveLength(1)
  })

  it('also where it is too large to be derived', async () => {
    const large = points + '#'.repeat(17 * 2 ** 20)
    const name = 'pkg-1.0.dist-info/entry_points.txt'
    expect(await codes(name, { tree: { 'tests/points.txt': large }, members: { [name]: large } })).toEqual([
      'metadata-unexpected'
    ])
  })
})

describe('files that Python runs at each start', () => {
  it.each([
    'sitecustomize.cpython-311-x86_64-linux-gnu.so',
    'usercustomize/__init__.py',
    'pkg-1.0.data/data/lib/python311.zip',
    'pkg-1.0.data/data/pyvenv.cfg',
    'pkg-1.0.data/scripts/python311._pth'
  ])('%s is one', (name) => {
    expect(isStartupFile(name)).toBe(true)
  })

  it.each(['pkg/sitecustomize.py', 'sitecustomize_demo.py', 'pkg/python311.zip'])('%s is none', (name) => {
    expect(isStartupFile(name)).toBe(false)
  })
})

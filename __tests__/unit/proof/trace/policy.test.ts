import { describe, expect, it } from '@jest/globals'
import { objectId } from '../../../../src/documents/identifiers.ts'
import type { TracedMember } from '../../../../src/proof/trace/generator.ts'
import { nativeForm } from '../../../../src/proof/trace/code.ts'
import { modeFinding } from '../../../../src/proof/trace/policy.ts'
import { traceArtifact, type TraceRequest } from '../../../../src/proof/trace/trace.ts'
import { treeIndex, type TreeContent, type TreeFile } from '../../../../src/proof/trace/tree.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { epoch, inFolder, writeWheel } from '../packages.ts'

const artifact = { name: 'pkg-1.0-py3-none-any.whl', kind: 'wheel' as const }

function member(change: Partial<TracedMember>): TracedMember {
  return {
    path: 'pkg/x',
    inner: 'pkg/x',
    kind: 'file',
    mode: 0o644,
    size: 4,
    sha256: sha256OfBytes('text'),
    linkTarget: null,
    head: Buffer.from('text'),
    content: Buffer.from('text'),
    ...change
  }
}

describe('modes', () => {
  it.each([0o4755, 0o2755, 0o1644])('%o is refused', (mode) => {
    expect(modeFinding({ artifact, member: member({ mode }) })).toMatchObject({
      code: 'mode-refused',
      severity: 'refuse',
      member: 'pkg/x'
    })
  })

  it.each([0o644, 0o755, 0o600])('%o is not', (mode) => {
    expect(modeFinding({ artifact, member: member({ mode }) })).toBeUndefined()
  })
})

describe('native code', () => {
  const peHeader = Buffer.alloc(256)
  peHeader.write('MZ')
  peHeader.writeUInt32LE(128, 60)
  peHeader.write('PE\0\0', 128)
  const dos = Buffer.alloc(256)
  dos.write('MZ')
  dos.writeUInt32LE(128, 60)

  it.each([
    ['ELF', 'a.txt', Buffer.from('7f454c4602010100', 'hex')],
    ['Mach-O', 'a', Buffer.from('cffaedfe07000001', 'hex')],
    ['WebAssembly', 'a.bin', Buffer.from('0061736d01000000', 'hex')],
    ['static library', 'a', Buffer.from('!<arch>\nfoo')],
    ['PE', 'a.dat', peHeader],
    ['Python bytecode', 'a.pyc', Buffer.from('text')],
    [undefined, 'a.txt', Buffer.from('MZ is text')],
    [undefined, 'a.class', Buffer.from('cafebabe00000034', 'hex')],
    [undefined, 'a.txt', dos]
  ])('%s is known by its first bytes', (form, name, head) => {
    expect(nativeForm({ path: name, head })).toBe(form)
  })
})

describe('a member with the object name of a file and other bytes', () => {
  const evil = 'evil = 1\n'
  const id = objectId(createHash('sha1').update(`blob ${evil.length}\0${evil}`).digest('hex'))

  /** A repository in which SHA-1 fails: the object has the name of the evil content, and is another one. */
  const collided: TreeContent = {
    objectFormat: 'sha1',
    read: () => Promise.resolve(Buffer.from('good = 1\n')),
    sha256: (ids) => Promise.resolve(new Map(ids.map((one) => [one, sha256OfBytes('good = 1\n')])))
  }
  const files: TreeFile[] = [{ path: 'pkg/x.py', mode: '100644', id, size: evil.length }]

  async function codes(content: TreeContent): Promise<string[]> {
    return inFolder(async (folder) => {
      const file = path.join(folder, artifact.name)
      await writeWheel(file, { 'pkg/x.py': evil })
      const request: TraceRequest = {
        file,
        artifact,
        tag: {
          name: 'v1.0',
          object: id,
          kind: 'lightweight',
          commit: id,
          tree: id,
          epoch
        },
        version: '1.0',
        tree: await treeIndex(files, content),
        folder: '.',
        build: null
      }
      const { findings } = await traceArtifact(request)
      return findings.filter((finding) => finding.member === 'pkg/x.py').map(({ code }) => code)
    })
  }

  it('is not taken for the file', async () => {
    expect(await codes(collided)).toEqual(['modified'])
  })

  it('would be, were SHA-1 believed', async () => {
    const believed: TreeContent = {
      ...collided,
      sha256: (ids) => Promise.resolve(new Map(ids.map((one) => [one, sha256OfBytes(evil)])))
    }
    expect(await codes(believed)).toEqual([])
  })
})

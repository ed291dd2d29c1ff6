import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { readArchive, type Member } from '../../../src/formats/archive.ts'
import { canonicalSdist } from '../../../src/formats/sdist.ts'
import { canonicalWheel } from '../../../src/formats/canonical-wheel.ts'
import { openZip } from '../../../src/formats/zip/reader.ts'
import { buildArchives, epoch, inFolder, python, sdistName, tool, wheelName } from './tools.ts'

/** Path to SHA-256 of content, as Python sees it. */
const pythonZip = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps({i.filename: [hashlib.sha256(z.read(i)).hexdigest(), i.external_attr >> 16, list(i.date_time)] for i in z.infolist()}))
`
const pythonTar = `
import hashlib, json, sys, tarfile
with tarfile.open(sys.argv[1]) as t:
    print(json.dumps({m.name: [hashlib.sha256(t.extractfile(m).read() if m.isreg() else m.linkname.encode()).hexdigest(),
                               m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname] for m in t if not m.isdir()}))
`

function hashes(members: readonly Member[]): Record<string, string> {
  return Object.fromEntries(
    members.filter(({ kind }) => kind !== 'directory').map(({ path: name, sha256 }) => [name, sha256])
  )
}

function firsts(listed: string): Record<string, string> {
  const members = JSON.parse(listed) as Record<string, [string, ...unknown[]]>
  return Object.fromEntries(Object.entries(members).map(([name, [hash]]) => [name, hash]))
}

describe.each(['pax', 'gnu', 'ustar'] as const)('archives of Python (%s)', (format) => {
  it('are read as Python reads them, and so are their canonical forms', async () => {
    await inFolder(async (folder) => {
      const { wheel, sdist } = await buildArchives(folder, format)
      await mkdir(path.join(folder, 'new'))
      const newWheel = path.join(folder, 'new', wheelName)
      const newSdist = path.join(folder, 'new', sdistName)
      await canonicalWheel(wheel, newWheel, epoch)
      await canonicalSdist(sdist, newSdist, epoch)
      for (const file of [wheel, newWheel])
        expect(firsts(await python(pythonZip, folder, file))).toEqual(
          hashes((await readArchive(file, 'wheel')).members)
        )
      for (const file of [sdist, newSdist])
        expect(firsts(await python(pythonTar, folder, file))).toEqual(
          hashes((await readArchive(file, 'sdist')).members)
        )
      const before = hashes((await readArchive(sdist, 'sdist')).members)
      expect(firsts(await python(pythonTar, folder, newSdist))).toEqual(before)
      const listed = JSON.parse(await python(pythonTar, folder, newSdist)) as Record<string, unknown[]>
      expect(listed['demo_pkg-1.0/demo/tool.sh']?.slice(1)).toEqual([0o755, epoch, 0, 0, '', ''])
      const zipped = JSON.parse(await python(pythonZip, folder, newWheel)) as Record<string, unknown[]>
      expect(zipped['demo/tool.sh']?.slice(1)).toEqual([0o100755, [2023, 11, 14, 22, 13, 20]])
    })
  })
})

describe('other tools', () => {
  it('pip installs the canonical wheel', async () => {
    await inFolder(async (folder) => {
      const { wheel } = await buildArchives(folder)
      await mkdir(path.join(folder, 'new'))
      const file = path.join(folder, 'new', wheelName)
      await canonicalWheel(wheel, file, epoch)
      await tool(
        'python3',
        ['-m', 'pip', 'install', '--no-deps', '--no-index', '--no-compile', '--target', 'site', file],
        folder
      )
      expect(
        await python(
          'import sys; sys.path.insert(0, sys.argv[1]); import demo; print(demo.VALUE)',
          folder,
          'site'
        )
      ).toBe('demo\n')
      expect(await readFile(path.join(folder, 'site/demo/data.bin'))).toHaveLength(256 * 1500)
    })
  })

  it('GNU tar, gzip and unzip read the canonical archives', async () => {
    await inFolder(async (folder) => {
      const { sdist, wheel } = await buildArchives(folder)
      await canonicalSdist(sdist, path.join(folder, 'new.tar.gz'), epoch)
      await canonicalWheel(wheel, path.join(folder, 'new.whl.zip'), epoch)
      await tool('gzip', ['-t', 'new.tar.gz'], folder)
      await tool('tar', ['xzf', 'new.tar.gz', '--one-top-level=out'], folder)
      await tool(
        'diff',
        ['-r', '--no-dereference', '--exclude=demo.egg-info', 'out/demo_pkg-1.0', 'demo_pkg-1.0'],
        folder
      )
      expect(await tool('tar', ['tvzf', 'new.tar.gz', '--utc', '--numeric-owner'], folder)).toMatch(
        /^-rwxr-xr-x 0\/0 +20 2023-11-14 22:13(:20)? demo_pkg-1\.0\/demo\/tool\.sh$/m
      )
      await tool('unzip', ['-tqq', 'new.whl.zip'], folder)
    })
  })

  it.each(['gnu', 'pax', 'ustar'])('GNU tar’s %s archives are accepted', async (format) => {
    await inFolder(async (folder) => {
      await buildArchives(folder, 'ustar')
      await tool('tar', ['czf', 'gnu.tar.gz', `--format=${format}`, 'demo_pkg-1.0'], folder)
      const { members } = await readArchive(path.join(folder, 'gnu.tar.gz'), 'sdist')
      const link = members.find(({ kind }) => kind === 'symlink')
      expect(link).toMatchObject({
        linkTarget: 'tool.sh',
        sha256: createHash('sha256').update('tool.sh').digest('hex')
      })
    })
  })

  it('Python’s ZIP64 entries are accepted, written to a file and to a pipe', async () => {
    await inFolder(async (folder) => {
      const script = `
import io, sys, zipfile
class Pipe(io.RawIOBase):
    def __init__(self, out): self.out = out
    def writable(self): return True
    def write(self, piece): return self.out.write(piece)
def fill(target):
    with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as z:
        with z.open('wide', 'w', force_zip64=True) as member: member.write(b'hello' * 1000)
        z.writestr('narrow', 'x')
fill('file.zip')
with open('pipe.zip', 'wb') as out: fill(Pipe(out))
`
      await python(script, folder)
      for (const [name, descriptors] of [
        ['file.zip', [0, 0]],
        ['pipe.zip', [24, 16]]
      ] as const) {
        const zip = await openZip(path.join(folder, name))
        expect(zip.entries.map(({ size, descriptor }) => [size, descriptor])).toEqual([
          [5000, descriptors[0]],
          [1, descriptors[1]]
        ])
        await zip.close()
      }
    })
  })

  it('git archive’s are accepted', async () => {
    await inFolder(async (folder) => {
      await buildArchives(folder)
      const git = (...args: string[]): Promise<string> =>
        tool('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], folder)
      await git('init', '-q')
      await git('add', 'demo_pkg-1.0')
      await git('commit', '-qm', 'x')
      await git('archive', '-o', 'git.tar.gz', 'HEAD')
      expect((await readArchive(path.join(folder, 'git.tar.gz'), 'sdist')).members.length).toBeGreaterThan(5)
    })
  })

  it.each([['zip -X'], ['zip'], ['zip through a pipe']])('Info-ZIP’s are accepted: %s', async (how) => {
    await inFolder(async (folder) => {
      const { wheel } = await buildArchives(folder, 'ustar')
      await tool('unzip', ['-q', wheel, '-d', 'tree'], folder)
      const target = path.join(folder, 'new', wheelName)
      await mkdir(path.dirname(target))
      const args = how === 'zip -X' ? '-qrX' : '-qr'
      // Through a pipe it cannot go back, and leaves data descriptors.
      const line = how.endsWith('pipe') ? `zip ${args} - . | cat > "$0"` : `zip ${args} "$0" .`
      await tool('sh', ['-c', `cd tree && ${line}`, target], folder)
      const { members } = await readArchive(target, 'wheel')
      expect(hashes(members)).toEqual(hashes((await readArchive(wheel, 'wheel')).members))
      const [again, twice] = [path.join(folder, 'again'), path.join(folder, 'twice')]
      await canonicalWheel(target, again, epoch)
      await canonicalWheel(wheel, twice, epoch)
      expect(await readFile(again)).toEqual(await readFile(twice))
    })
  })
})

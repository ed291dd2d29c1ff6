import { describe, expect, it } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { readArchive } from '../../../src/formats/archive.ts'
import type { Observe } from '../../../src/formats/observer.ts'
import { asFile, refusal, tarFolder, tarLink, tarMember, tarOf } from './forge.ts'
import { forgeWheel } from './forge-wheel.ts'

/** Writes down what an observer is told. */
function notes(): { observe: Observe; seen: string[]; ended: string[] } {
  const seen: string[] = []
  const ended: string[] = []
  return {
    seen,
    ended,
    observe: ({ path, kind, mode, size, linkTarget }) => {
      seen.push(`${kind} ${path} ${mode.toString(8)} ${size} ${linkTarget ?? '-'}`)
      if (path.endsWith('ignored')) return undefined
      let text = ''
      return {
        update: (piece) => (text += piece.toString()),
        end: () => ended.push(`${path}: ${text}`)
      }
    }
  }
}

const metadata = 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n'

describe('readArchive shows an observer', () => {
  it('each member of an sdist with its content, in the order of the archive', async () => {
    const bytes = gzipSync(
      tarOf(
        tarFolder('demo-1.0'),
        tarMember('demo-1.0/PKG-INFO', metadata),
        tarLink('demo-1.0/link', 'PKG-INFO'),
        tarMember('demo-1.0/empty'),
        tarMember('demo-1.0/ignored', 'x')
      )
    )
    const { observe, seen, ended } = notes()
    await asFile('demo-1.0.tar.gz', bytes, (file) => readArchive(file, 'sdist', { observe }))
    expect(seen).toEqual([
      'directory demo-1.0 755 0 -',
      `file demo-1.0/PKG-INFO 644 ${metadata.length} -`,
      'symlink demo-1.0/link 777 0 PKG-INFO',
      'file demo-1.0/empty 644 0 -',
      'file demo-1.0/ignored 644 1 -'
    ])
    expect(ended).toEqual([
      'demo-1.0: ',
      `demo-1.0/PKG-INFO: ${metadata}`,
      'demo-1.0/link: ',
      'demo-1.0/empty: '
    ])
  })

  it('each file of a wheel', async () => {
    const { observe, ended } = notes()
    await asFile('demo-1.0-py3-none-any.whl', forgeWheel({ 'demo/a.py': 'one' }), (file) =>
      readArchive(file, 'wheel', { observe })
    )
    expect(ended.slice(0, 1)).toEqual(['demo/a.py: one'])
    expect(ended).toHaveLength(4)
  })

  it('no end of content whose checksum is wrong', async () => {
    const { observe, ended } = notes()
    const bytes = forgeWheel({ 'demo/a.py': 'one' }, { crc: 1 })
    await asFile('demo-1.0-py3-none-any.whl', bytes, (file) =>
      refusal(readArchive(file, 'wheel', { observe }))
    )
    expect(ended).toEqual([])
  })
})

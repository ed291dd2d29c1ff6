import { describe, expect, it } from '@jest/globals'
import type { DeclaredGenerator } from '../../../src/documents/config.ts'
import type { Finding } from '../../../src/documents/proof.ts'
import type { Archive, Member } from '../../../src/formats/archive.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { declaredOutput, perturbationFindings } from '../../../src/proof/perturbation.ts'

function archive(files: Record<string, string>): Archive {
  const members = Object.entries(files).map(([path, content]): Member => ({
    path,
    kind: 'file',
    mode: 0o644,
    size: content.length,
    sha256: sha256OfBytes(content),
    linkTarget: null,
    headers: sha256OfBytes(path),
    packed: null,
    fields: {}
  }))
  return {
    members,
    container: {},
    metadata: { name: 'pkg', version: '1.0' }
  }
}

const pair: DeclaredGenerator = {
  to: 'pkg/tables/*.json',
  from: ['tools/tables.bin'],
  reason: 'setup.py unpacks the tables.'
}

function found(
  shipped: Record<string, string>,
  perturbed: Record<string, string>,
  pairs = [pair]
): Finding[] {
  return perturbationFindings({
    shipped: archive(shipped),
    perturbed: archive(perturbed),
    kind: 'sdist',
    name: 'pkg-1.0.tar.gz',
    perturbation: 'pairs',
    pairs
  })
}

describe('a further build with other noise', () => {
  const one = { 'pkg-1.0/pkg/tables/a.json': '1', 'pkg-1.0/pkg/code.py': 'x = 1\n' }

  it('says nothing where it is the same', () => expect(found(one, one)).toEqual([]))

  it('may differ in what a declared generator makes of the files that were scrambled', () => {
    const other = { ...one, 'pkg-1.0/pkg/tables/a.json': '2' }
    expect(found(one, other)).toEqual([])
    expect(found(one, other, [])).toMatchObject([
      { check: 'uninfluenced', code: 'perturbation-differs', member: 'pkg-1.0/pkg/tables/a.json' }
    ])
  })

  it('may differ in nothing else, nor have other members there', () => {
    const code = { ...one, 'pkg-1.0/pkg/code.py': 'x = 2\n' }
    expect(found(one, code)).toMatchObject([{ severity: 'refuse', member: 'pkg-1.0/pkg/code.py' }])
    const more = { ...one, 'pkg-1.0/pkg/tables/b.json': '1' }
    expect(found(one, more)).toMatchObject([{ member: 'pkg-1.0/pkg/tables/b.json' }])
  })

  it('counts what differs where it is much', () => {
    const many = (text: string): Record<string, string> =>
      Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`pkg-1.0/${at}.py`, text]))
    const findings = found(many('1'), many('2'))
    expect(findings).toHaveLength(21)
    expect(findings.at(-1)).toMatchObject({ code: 'more-differences', member: null })
  })
})

it('what a declared generator makes is known below any folder of an installed tree, its bytecode too', () => {
  const table = { ...pair, to: 'pkg/table*.py' }
  const inDeb = declaredOutput([table], 'deb')
  const inImage = declaredOutput([table], 'image')
  const lib = 'usr/lib/python3/dist-packages'
  expect(inDeb(`${lib}/pkg/table.py`)).toBe(true)
  expect(inDeb(`${lib}/pkg/__pycache__/table.cpython-311.pyc`)).toBe(true)
  expect(inImage(`layers/3/${lib}/pkg/table.py`)).toBe(true)
  expect(inDeb(`${lib}/pkg/other.py`)).toBe(false)
  expect(inDeb(`${lib}/pkg/__pycache__/other.cpython-311.pyc`)).toBe(false)
  expect(inDeb(`${lib}/apkg/table.py`)).toBe(false)
  expect(declaredOutput([], 'deb')(`${lib}/pkg/table.py`)).toBe(false)
  expect(declaredOutput([table], 'wheel')(`lib/pkg/table.py`)).toBe(false)
})

import { describe, expect, it } from '@jest/globals'
import { sha256 } from '../../../src/documents/identifiers.ts'
import type { RootLock } from '../../../src/documents/lock.ts'
import { packageList, rootHash } from '../../../src/worlds/root-maker.ts'
import { pythonRootPackages } from '../../../src/worlds/root-packages.ts'

function entry(name: string, version = '1'): RootLock['packages'][number] {
  return {
    name,
    version,
    architecture: 'amd64',
    suite: 'bookworm',
    file: `pool/${name}.deb`,
    size: 7,
    sha256: sha256('a'.repeat(64))
  }
}
const lock: RootLock = {
  suite: 'bookworm',
  architecture: 'amd64',
  components: ['main'],
  indexes: [],
  requested: ['b'],
  packages: [entry('b'), entry('a')]
}

describe('the hash of a root', () => {
  it('does not follow what does not decide its bytes', () => {
    const same: RootLock = {
      ...lock,
      suite: 'stable',
      components: ['main', 'contrib'],
      requested: ['a', 'b'],
      packages: [entry('a'), { ...entry('b'), file: 'pool/updates/b.deb' }]
    }
    expect(rootHash(same)).toBe(rootHash(lock))
  })

  it.each<[string, RootLock]>([
    ['a version', { ...lock, packages: [entry('b', '2'), entry('a')] }],
    ['one package more', { ...lock, packages: [...lock.packages, entry('c')] }],
    ['another file', { ...lock, packages: [entry('a'), { ...entry('b'), sha256: sha256('b'.repeat(64)) }] }],
    ['the architecture', { ...lock, architecture: 'arm64' }]
  ])('follows %s', (_, other) => {
    expect(rootHash(other)).not.toBe(rootHash(lock))
  })
})

describe('the list for the maker', () => {
  it('has one line per package, in the order of their names', () => {
    expect(packageList(lock, (one) => `/store/${one.name} x`)).toBe(
      `a\t7\t${'a'.repeat(64)}\t/store/a x\nb\t7\t${'a'.repeat(64)}\t/store/b x\n`
    )
  })
})

describe('the usual packages of the python root', () => {
  it('hold an interpreter, compilers and what the variations need, and no build backend', () => {
    expect(pythonRootPackages).toEqual(expect.arrayContaining(['python3', 'gcc', 'locales', 'tzdata']))
    expect(pythonRootPackages.filter((name) => /setuptools|wheel|venv|^python3-pip$/.test(name))).toEqual([])
  })
})

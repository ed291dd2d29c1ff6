import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let index: FakeIndex
let release: TinyRelease

beforeEach(async () => {
  index = await startFakeIndex({ tokens: { 'pypi-secret': { projects: 'all' } } })
  index.project('tiny-demo', { owners: ['maintainer'] })
  release = await makeTinyRelease()
})
afterEach(async () => {
  await index.close()
  await release.remove()
})

const publish = (more: Partial<Asked> = {}): Promise<Run> => runDestination({ index, release, ...more })
const names = (): string[] => release.uploads.map(({ name }) => name)
const asked = (): string[] =>
  index.requests.map(({ method, path, status }) => `${method} ${path.replace(/packages.*\//, '')} ${status}`)

describe('an index with a token', () => {
  it('takes a release, wheels first, and gives it out again', async () => {
    const { written, readBack } = await publish()
    expect(written).toEqual(names().map((name) => `sent ${name}`))
    expect([...index.files.keys()]).toEqual(names())
    expect(readBack.map(({ sha256 }) => sha256)).toEqual(release.uploads.map(({ sha256 }) => sha256))
    expect(readBack.flatMap(({ checks }) => checks).every(({ result }) => result === 'agrees')).toBe(true)
    expect(readBack[0]?.checks.map(({ what }) => what)).toEqual(['index', 'bytes', 'metadata'])
  })

  it('is told what the archive says of itself, and both hashes', async () => {
    await publish()
    const sdist = index.files.get('tiny_demo-1.0.tar.gz')
    expect(sdist?.fields).toEqual(
      expect.arrayContaining([
        ['name', 'tiny-demo'],
        ['version', '1.0'],
        ['requires_python', '>=3.8'],
        ['filetype', 'sdist'],
        ['pyversion', 'source'],
        ['sha256_digest', sdist?.sha256],
        ['blake2_256_digest', sdist?.blake2b256]
      ])
    )
  })

  it('is asked nine things by a rerun, and written nothing', async () => {
    await publish()
    index.requests.length = 0
    const { written, states } = await publish()
    expect(written).toEqual([])
    expect(states.every(({ state }) => state === 'identical')).toBe(true)
    expect(asked()).toEqual([
      'GET /simple/tiny-demo/ 200',
      'GET /pypi/tiny-demo/1.0/json 200',
      'GET /pypi/tiny-demo/1.0/json 200',
      'GET /simple/tiny-demo/ 200',
      'GET /tiny_demo-1.0-py3-none-any.whl 200',
      'GET /tiny_demo-1.0-py3-none-any.whl.metadata 200',
      'GET /tiny_demo-1.0-py30-none-any.whl 200',
      'GET /tiny_demo-1.0-py30-none-any.whl.metadata 200',
      'GET /tiny_demo-1.0.tar.gz 200'
    ])
  })
})

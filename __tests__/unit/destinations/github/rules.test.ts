import { describe, expect, it } from '@jest/globals'
import { assetName, assetNames, mostAssetBytes } from '../../../../src/destinations/github/asset-names.ts'
import { chooseRelease } from '../../../../src/destinations/github/find.ts'
import { latestState } from '../../../../src/destinations/github/latest.ts'
import { limitSeconds } from '../../../../src/destinations/github/limits.ts'
import { markerOf, releaseNotes } from '../../../../src/destinations/github/notes.ts'
import { mangled } from '../../../real/support/github/state.ts'

describe('the name of an asset', () => {
  const names = [
    'demo-1.0.tar.gz',
    'demo-1.0+cpu-py3-none-any.whl',
    'demo_1.0~rc1-1_all.deb',
    'demo_1:2.0_all.deb',
    'a (1).deb',
    'a@b_c-d.whl',
    'a ~!.deb',
    'SHA256SUMS'
  ]
  it.each(names)('of %s is foreseen', (name) => {
    expect(assetName(name)).toBe(mangled(name))
  })

  it.each(['.hidden', 'demo.', 'żółw.deb', '~~~', 'a~'])('of %s is not guessed', (name) => {
    expect(() => assetName(name)).toThrow(expect.objectContaining({ code: 'upload-refused' }))
  })

  it('is not that of two files', () => {
    const files = ['a_1.0~1.deb', 'a_1.0.1.deb'].map((name) => ({ name, size: 1 }))
    expect(() => assetNames(files)).toThrow(/would have one name/)
    expect(assetNames(files.slice(1)).get('a_1.0.1.deb')).toBe('a_1.0.1.deb')
  })

  it.each([0, mostAssetBytes + 1])('is given to no file of %d bytes', (size) => {
    expect(() => assetNames([{ name: 'a.deb', size }])).toThrow(/not of a size/)
    expect(assetNames([{ name: 'a.deb', size: mostAssetBytes }]).size).toBe(1)
  })

  it('is given to a thousand files at most', () => {
    const files = Array.from({ length: 1001 }, (_, at) => ({ name: `a${at}.deb`, size: 1 }))
    expect(() => assetNames(files)).toThrow(/no more than 1000/)
    expect(assetNames(files.slice(1)).size).toBe(1000)
  })
})

describe('a limit', () => {
  const now = 1_700_000_000_000
  it.each([
    [200, {}, '', null],
    [403, {}, 'Resource not accessible by integration', null],
    [403, { 'retry-after': '7' }, '', 7],
    [429, { 'retry-after': '0' }, '', 0],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1700000030' }, '', 30],
    [403, { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': '1700000030' }, 'no', null],
    [403, {}, 'You have exceeded a secondary rate limit.', 60],
    [429, {}, '', 60]
  ])('%d %j %s: %s seconds', (status, headers, message, seconds) => {
    expect(limitSeconds({ status, headers: { ...headers }, message }, now)).toBe(seconds)
  })
})

describe('latest', () => {
  it.each([
    [null, '1.0', 'behind'],
    ['v1.0', '1.0', 'current'],
    ['v0.9', '1.0', 'behind'],
    ['v1.0.1', '1.0', 'ahead'],
    ['v1.10', '1.9', 'ahead'],
    ['release-1.0.post1', '1.0', 'ahead'],
    ['nightly', '1.0', 'behind']
  ])('at %s is, for %s, %s', (current, version, state) => {
    expect(latestState(current, { tag: `v${version}`, version })).toBe(state)
  })
})

describe('the draft to go on with', () => {
  const marker = markerOf({ tag: 'v1', commit: 'c1' })
  const one = (
    id: number,
    draft: boolean,
    body: string
  ): Parameters<typeof chooseRelease>[0]['drafts'][number] => ({
    id,
    draft,
    body,
    tag_name: 'v1',
    prerelease: false,
    immutable: false,
    upload_url: '',
    html_url: `page ${id}`
  })
  it('is our oldest, and none where a release is published', () => {
    const drafts = [one(3, true, `a ${marker}`), one(5, true, marker)]
    expect(chooseRelease({ published: null, drafts }, { tag: 'v1', marker })?.id).toBe(3)
    expect(chooseRelease({ published: one(9, false, ''), drafts }, { tag: 'v1', marker })?.id).toBe(9)
    expect(chooseRelease({ published: null, drafts: [] }, { tag: 'v1', marker })).toBeNull()
  })

  it('is none of another commit', () => {
    const drafts = [one(3, true, markerOf({ tag: 'v1', commit: 'c2' }))]
    expect(() => chooseRelease({ published: null, drafts }, { tag: 'v1', marker })).toThrow(
      expect.objectContaining({ code: 'destination-different' })
    )
  })
})

describe('the text of a release', () => {
  const facts = { tag: 'v1', commit: 'c1', repository: 'octo/project', assets: new Map<string, string>() }
  it('has no markup that a name brings', () => {
    const files = [{ name: 'a`|[x](y).deb', sha256: 'f'.repeat(64), evidence: false }]
    expect(releaseNotes(null, { ...facts, files })).toContain('| "a??[x](y).deb" |')
  })

  it('has a hundred rows at most, and lists no evidence', () => {
    const files = Array.from({ length: 150 }, (_, at) => ({
      name: `a${at}.whl`,
      sha256: 'f'.repeat(64),
      evidence: at === 0
    }))
    const text = releaseNotes(null, { ...facts, files })
    expect(text.match(/\| `a/g)?.length).toBe(100)
    expect(text).toContain('and 49 more')
    expect(text).not.toContain('`a0.whl`')
  })

  it('of the project is not longer than GitHub takes', () => {
    const room = 125_000 - releaseNotes('', { ...facts, files: [] }).length
    expect(() => releaseNotes('x'.repeat(room + 1), { ...facts, files: [] })).toThrow(/too long/)
    expect(releaseNotes('x'.repeat(room), { ...facts, files: [] }).length).toBe(125_000)
  })
})

import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { noJournal } from '../../../../src/destinations/journal.ts'
import { markerOf } from '../../../../src/destinations/github/notes.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { startFakeGithub, type FakeGithub } from '../../support/github/fake-github.ts'
import {
  githubOf,
  makeFiles,
  pushTag,
  type Asked,
  type FilesRelease
} from '../../support/github/release-files.ts'
import { breakUpload, createRelease, deleteRelease, updateRelease } from '../../support/github/releases.ts'
import { latestOf, storeAsset, type StoredRelease } from '../../support/github/state.ts'

let release: FilesRelease
let fake: FakeGithub
const made: FilesRelease[] = []

beforeEach(async () => {
  fake = await startFakeGithub()
  release = await makeOne({})
  pushTag(fake.state, release)
})
afterEach(async () => {
  await fake.close()
  for (const one of made.splice(0)) await one.remove()
})

async function makeOne(options: Parameters<typeof makeFiles>[0]): Promise<FilesRelease> {
  const one = await makeFiles(options)
  made.push(one)
  return one
}

function publish(asked: Asked = {}, of = release): Promise<Publication> {
  const destination = githubOf(fake, of, asked)
  const published = { tag: of.tag, version: of.version, sha256: sha256OfBytes('release') }
  return runPublication({
    release: published,
    destinations: [destination],
    journal: noJournal(),
    log: silentLog
  })
}

const hashes = (of = release): Record<string, string> =>
  Object.fromEntries(of.files.map(({ name, sha256 }) => [name, sha256]))
const only = (): StoredRelease => {
  const [one, ...others] = fake.state.releases
  if (one === undefined || others.length > 0) throw new Error(`${fake.state.releases.length} releases`)
  return one
}
const uploads = (): number => fake.requests.filter(({ file }) => file !== null).length
const ours = (): string => `text\n\n${markerOf(release)}\n`

/** Refused, and nothing was written. */
async function refused(code: string, words: RegExp, asked: Asked = {}, of = release): Promise<void> {
  const before = [...fake.state.writes]
  const error: unknown = await publish(asked, of).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code })
  const { message, detail } = error as { message: string; detail: { found?: string; fix?: string } }
  expect(`${message} ${detail.found ?? ''} ${detail.fix ?? ''}`).toMatch(words)
  expect(fake.state.writes).toEqual(before)
}

describe('the tag', () => {
  it('has to be there: no release makes one', async () => {
    fake.state.tags.clear()
    await refused('tag-missing', /git push origin refs\/tags\/v1\.0/)
    expect(fake.state.madeTags).toEqual([])
  })

  it('has to name the commit of the release, through tags of tags too', async () => {
    pushTag(fake.state, { tag: release.tag, commit: 'a'.repeat(40) })
    await refused('tag-moved', /commit aaaa/)
    fake.state.tags.set(release.tag, { type: 'commit', sha: release.commit })
    await publish()
    expect(await fake.content()).toEqual(hashes())
  })

  it('that goes while files are sent leaves a draft, which a later run publishes', async () => {
    const [tag] = [...fake.state.tags.values()]
    fake.before = (_method, path) => {
      if (path.includes('uploads') && uploads() === 2) fake.state.tags.clear()
    }
    await expect(publish()).rejects.toMatchObject({ code: 'tag-missing' })
    expect([only().draft, fake.state.madeTags, await fake.content()]).toEqual([true, [], {}])
    fake.before = null
    if (tag !== undefined) fake.state.tags.set(release.tag, tag)
    await publish()
    expect([await fake.content(), uploads()]).toEqual([hashes(), 3])
  })
})

describe('an upload', () => {
  it('that broke off is deleted in our draft, and sent again', async () => {
    fake.faults.push('starter')
    await publish()
    expect(await fake.content()).toEqual(hashes())
    expect(fake.requests.filter(({ method }) => method === 'DELETE').length).toBe(1)
  })

  it('that an earlier run left half is sent again by the next', async () => {
    const draft = createRelease(fake.state, { tag_name: release.tag, draft: true, body: ours() })
    breakUpload(fake.state, draft, release.files[1]?.name ?? '')
    await publish()
    expect(await fake.content()).toEqual(hashes())
  })

  it('that broke off in a release of somebody else is told, and not touched', async () => {
    const there = createRelease(fake.state, { tag_name: release.tag })
    breakUpload(fake.state, there, release.files[0]?.name ?? '')
    await refused('upload-refused', /Delete it on the page/)
    expect(there.assets.length).toBe(1)
  })

  it('whose answer was lost is not sent twice', async () => {
    fake.faults.push('lost')
    const { artifacts } = await publish()
    expect(artifacts.map(({ written }) => written)).toEqual(['there', 'sent', 'sent'])
    expect([uploads(), await fake.content()]).toEqual([3, hashes()])
  })

  it('of a file that changed is never whole', async () => {
    const destination = githubOf(fake, release)
    await destination.preflight()
    await destination.stage([])
    await writeFile(release.files[0]?.file ?? '', 'x'.repeat(release.files[0]?.size ?? 0))
    const commit = destination.commit(Object.keys(hashes()), () => Promise.resolve())
    await expect(commit).rejects.toMatchObject({ code: 'hash-mismatch' })
    await destination.close()
    expect(only().assets).toEqual([])
  })

  it('goes to the host of the API alone, whatever the release says', async () => {
    const destination = githubOf(fake, release)
    fake.lieAboutUploads = `http://127.0.0.2:${new URL(fake.api).port}/api/uploads`
    await destination.preflight()
    const commit = destination.commit(Object.keys(hashes()), () => Promise.resolve())
    await expect(commit).rejects.toMatchObject({ code: 'index-answer' })
    await destination.close()
    expect(uploads()).toBe(0)
  })

  it('fetched again carries no token to the place where the bytes lie', async () => {
    await publish()
    expect(fake.stored.length).toBe(release.files.length)
    expect(fake.stored.filter(({ authorization }) => authorization)).toEqual([])
    const anonymous = fake.requests.filter(({ path }) => path.includes('/releases/download/'))
    expect(anonymous.map(({ authorization }) => authorization)).toEqual([false, false, false])
  })
})

describe('a limit', () => {
  it.each([
    ['of 429 with a wait', { status: 429, headers: { 'retry-after': '0' } }],
    ['of 403 with a wait', { status: 403, headers: { 'retry-after': '0' }, message: 'secondary rate limit' }]
  ] as const)('%s is waited for', async (_which, limit) => {
    fake.limitNext(2, limit)
    await publish()
    expect(await fake.content()).toEqual(hashes())
  })

  it('that lasts longer than a job is told with its end', async () => {
    const reset = String(Math.floor(Date.now() / 1000) + 3000)
    fake.limitNext(1, {
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
    })
    await refused('index-answer', /after \d\d:\d\d UTC/)
  })
})

describe('a token', () => {
  it('that may only read is told before anything is written; where all is there it is enough', async () => {
    fake.state.tokens.set('ghs_reader', 'read')
    await refused('permission-missing', /permissions: contents: write/, { token: 'ghs_reader' })
    await publish()
    const { artifacts } = await publish({ token: 'ghs_reader' })
    expect(artifacts.map(({ written }) => written)).toEqual(['no', 'no', 'no'])
  })

  it('that is not there is told, and nobody is asked', async () => {
    await refused('login-refused', /the input github-token/, { token: null })
    expect(fake.requests).toEqual([])
  })

  it('that nobody knows is told', () => refused('login-refused', /Bad credentials/, { token: 'ghs_other' }))

  it('of another repository is told', () =>
    refused('login-refused', /no repository octo\/other/, { repository: 'octo/other' }))

  it('that is sent back in an answer is not shown', async () => {
    fake.limitNext(1, { status: 403, message: 'no ghs_writer here' })
    const error: unknown = await publish().catch((thrown: unknown) => thrown)
    expect(JSON.stringify(error)).not.toContain('ghs_writer')
  })
})

describe('a draft', () => {
  it('of somebody else is refused, with its page', async () => {
    createRelease(fake.state, { tag_name: release.tag, draft: true, body: 'Mine.' })
    await refused('destination-different', /Delete the draft/)
  })

  it('of somebody else beside ours is refused', async () => {
    createRelease(fake.state, { tag_name: release.tag, draft: true, body: ours() })
    createRelease(fake.state, { tag_name: release.tag, draft: true, body: 'Mine.' })
    await refused('destination-different', /2 drafts/)
  })

  it('that another run of this release made meanwhile is used by both', async () => {
    let raced = false
    fake.before = (method, path) => {
      if (raced || method !== 'POST' || !path.endsWith('/releases')) return
      raced = true
      createRelease(fake.state, { tag_name: release.tag, draft: true, body: ours() })
    }
    await publish()
    expect([only().body, await fake.content()]).toEqual([ours(), hashes()])
  })

  it('is found behind hundreds of releases', async () => {
    createRelease(fake.state, { tag_name: release.tag, draft: true, body: ours() })
    for (let at = 0; at < 250; at += 1) {
      fake.state.tags.set(`v0.${at}`, { type: 'commit', sha: 'b'.repeat(40) })
      createRelease(fake.state, { tag_name: `v0.${at}` })
    }
    await publish()
    expect(fake.state.releases.filter(({ tag }) => tag === release.tag).length).toBe(1)
    expect(latestOf(fake.state)?.tag).toBe('v1.0')
  })

  it('with a file that nobody proved is not published', async () => {
    const draft = createRelease(fake.state, { tag_name: release.tag, draft: true, body: ours() })
    storeAsset(fake.state, draft, { name: 'helper.sh', bytes: Buffer.from('#!') })
    await refused('destination-different', /helper\.sh/)
    expect(draft.draft).toBe(true)
  })

  it('that somebody changes while files are sent is not published', async () => {
    fake.before = (_method, path) => {
      const [draft] = fake.state.releases
      if (draft !== undefined && path.endsWith('/releases/latest') && draft.assets.length === 3)
        storeAsset(fake.state, draft, { name: 'late.sh', bytes: Buffer.from('#!') })
    }
    await expect(publish()).rejects.toMatchObject({ code: 'destination-different' })
    expect(only().draft).toBe(true)
  })

  it('stays one where the configuration says so', async () => {
    const { receipt } = await publish({ draft: true })
    expect([receipt.complete, only().draft, only().assets.length]).toEqual([true, true, 3])
  })
})

describe('a release that is published', () => {
  it('is completed where that is possible', async () => {
    const [file] = release.files
    const there = createRelease(fake.state, { tag_name: release.tag })
    storeAsset(fake.state, there, {
      name: file?.name ?? '',
      bytes: release.bytes.get(file?.name ?? '') ?? Buffer.alloc(0)
    })
    const lines: string[] = []
    storeAsset(fake.state, there, { name: 'notes.pdf', bytes: Buffer.from('pdf') })
    await publish({ lines })
    expect(await fake.content()).toMatchObject(hashes())
    expect(lines.join('\n')).toMatch(/also holds .*notes\.pdf/)
  })

  it('and immutable is whole at once, and done when it is asked for again', async () => {
    fake.state.immutableReleases = true
    await publish()
    expect([only().immutable, await fake.content()]).toEqual([true, hashes()])
    const before = [...fake.state.writes]
    await publish()
    expect(fake.state.writes).toEqual(before)
  })

  it('and immutable without a file is refused for ever', async () => {
    fake.state.immutableReleases = true
    createRelease(fake.state, { tag_name: release.tag })
    await refused('upload-refused', /Release a new version/)
  })

  it('under a tag that an immutable release used up is refused', async () => {
    fake.state.immutableReleases = true
    deleteRelease(fake.state, createRelease(fake.state, { tag_name: release.tag }))
    await expect(publish()).rejects.toMatchObject({ code: 'upload-refused' })
    expect(await fake.content()).toEqual({})
  })

  it('is waited for where a cache does not show it yet, and missed when it never does', async () => {
    fake.state.late = 2
    await publish()
    fake.state.late = 1000
    await expect(publish()).rejects.toMatchObject({ code: 'readback-missing' })
  })

  it('of a private repository is read back with the token', async () => {
    fake.state.private = true
    const { names } = await publish()
    expect(names[0]?.readBack?.checks[1]?.note).toBe('3 files by hash, with the token')
    expect(fake.stored.map(({ authorization }) => authorization)).toEqual([false, false, false])
  })
})

describe('latest', () => {
  it('is never a pre-release', async () => {
    const early = await makeOne({ version: '2.0rc1' })
    pushTag(fake.state, early)
    await publish()
    await publish({}, early)
    const stored = fake.state.releases.find(({ tag }) => tag === 'v2.0rc1')
    expect([stored?.prerelease, latestOf(fake.state)?.tag]).toEqual([true, 'v1.0'])
  })

  it('stays where a newer release has it', async () => {
    fake.state.tags.set('v1.1', { type: 'commit', sha: 'c'.repeat(40) })
    createRelease(fake.state, { tag_name: 'v1.1' })
    const { names } = await publish()
    expect(names.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['release v1.0', 'moved'],
      ['latest', 'ahead']
    ])
    expect(latestOf(fake.state)?.tag).toBe('v1.1')
  })

  it('stays where a newer release takes it at the last moment', async () => {
    fake.state.tags.set('v1.1', { type: 'commit', sha: 'c'.repeat(40) })
    fake.before = (_method, path) => {
      if (uploads() === 3 && path.includes('/releases/tags/') && fake.state.releases.length === 1)
        createRelease(fake.state, { tag_name: 'v1.1' })
    }
    const { names } = await publish()
    expect(names[1]?.outcome).toBe('ahead')
    expect(latestOf(fake.state)?.tag).toBe('v1.1')
  })

  it('goes on from what shows no version', async () => {
    fake.state.tags.set('nightly', { type: 'commit', sha: 'c'.repeat(40) })
    createRelease(fake.state, { tag_name: 'nightly' })
    await publish()
    expect(latestOf(fake.state)?.tag).toBe('v1.0')
  })
})

describe('names and text', () => {
  it('that GitHub alters are foreseen, told, and shown as they were', async () => {
    const odd = await makeOne({
      names: (version) => [`demo_${version}~rc1_all.deb`, `demo-${version}+cpu.whl`]
    })
    const lines: string[] = []
    await publish({ lines }, odd)
    expect(only().assets.map(({ name, label }) => [name, label])).toEqual([
      ['demo_1.0.rc1_all.deb', 'demo_1.0~rc1_all.deb'],
      ['demo-1.0+cpu.whl', '']
    ])
    expect(lines.join('\n')).toContain('GitHub calls demo_1.0~rc1_all.deb demo_1.0.rc1_all.deb.')
    expect(only().body).toContain('mv demo_1.0.rc1_all.deb demo_1.0~rc1_all.deb')
  })

  it('of the project stand in the release, with a line that nobody sees', async () => {
    await publish({ notes: '## News\n\nMuch.\n' })
    expect(only().body).toBe(`## News\n\nMuch.\n\n${markerOf(release)}\n`)
  })

  it('that the project does not give are hashes and how to check them', async () => {
    await publish()
    const { body } = only()
    for (const { name, sha256 } of release.files) expect(body).toContain(`| \`${name}\` | \`${sha256}\` |`)
    expect(body).toContain('sha256sum --check --ignore-missing --strict SHA256SUMS')
  })
})

describe('withdraw', () => {
  it('marks an immutable release as a pre-release, tells that it stays, and gives latest back', async () => {
    fake.state.immutableReleases = true
    fake.state.tags.set('v0.9', { type: 'commit', sha: 'c'.repeat(40) })
    createRelease(fake.state, { tag_name: 'v0.9' })
    const { names } = await publish()
    const lines: string[] = []
    const destination = githubOf(fake, release, { lines })
    const told: string[] = []
    const moved = names.map(({ name, before }) => ({
      name,
      before,
      expected: name === 'latest' ? 'v1.0' : 'published'
    }))
    for (let again = 0; again < 2; again += 1)
      await destination.moving?.back(moved, ({ name, outcome }) =>
        Promise.resolve(void told.push(`${name} ${outcome}`))
      )
    await destination.close()
    expect(told).toEqual(['latest moved', 'latest there'])
    expect(lines.join('\n')).toMatch(/immutable and stays public/)
    const stored = fake.state.releases.find(({ tag }) => tag === release.tag)
    expect([stored?.draft, stored?.prerelease, latestOf(fake.state)?.tag]).toEqual([false, true, 'v0.9'])
    expect(await fake.content()).toEqual(hashes())
  })

  it('leaves latest where somebody has moved it further', async () => {
    const { names } = await publish()
    fake.state.tags.set('v1.1', { type: 'commit', sha: 'c'.repeat(40) })
    createRelease(fake.state, { tag_name: 'v1.1' })
    const destination = githubOf(fake, release)
    const told: string[] = []
    const moved = names.map(({ name }) => ({
      name,
      before: null,
      expected: name === 'latest' ? 'v1.0' : 'published'
    }))
    await destination.moving?.back(moved, ({ name, outcome }) =>
      Promise.resolve(void told.push(`${name} ${outcome}`))
    )
    await destination.close()
    expect(told).toEqual(['latest ahead', 'release v1.0 moved'])
    expect(latestOf(fake.state)?.tag).toBe('v1.1')
  })
})

describe('the stand-in', () => {
  it('makes a tag where none is, as the real one does', () => {
    const draft = createRelease(fake.state, { tag_name: 'v7', draft: true })
    updateRelease(fake.state, draft, { draft: false })
    expect(fake.state.madeTags).toEqual(['v7'])
  })
})

import { describe, expect, it } from '@jest/globals'
import { gitInputConfig } from '../../../src/documents/git-inputs.ts'
import { gitAddress } from '../../../src/lock/git/git-address.ts'
import { explainGit, gitChanges } from '../../../src/lock/git/git-changes.ts'
import { objectId, sha256 } from '../../../src/documents/identifiers.ts'
import type { GitLock } from '../../../src/documents/git-inputs.ts'

const parse = (more: object): boolean =>
  gitInputConfig.safeParse({
    name: 'packaging',
    url: 'https://code.example/team/packaging',
    tag: 'v1',
    ...more
  }).success

describe('addresses of git inputs', () => {
  it.each([
    'https://code.example/team/packaging.git',
    'http://127.0.0.1:8080/packaging',
    'ssh://git@code.example:2222/team/packaging',
    'git@code.example:team/packaging.git',
    '/srv/git/packaging.git'
  ])('%s is asked', (url) => expect(parse({ url })).toBe(true))

  it.each([
    'http://code.example/team/packaging',
    'https://user:secret@code.example/packaging',
    'https://code.example/packaging?x=1',
    'ext::sh -c id',
    'file:///srv/git',
    'git://code.example/packaging',
    'ssh://-oProxyCommand=id/x',
    '-oProxyCommand=id@code.example:x',
    'git@-oProxyCommand=id:x',
    'git@code.example:-x',
    '--upload-pack=id',
    'packaging',
    '../packaging',
    '/srv/git\nx'
  ])('%s is refused', (url) => expect(parse({ url })).toBe(false))

  it.each(['-x', '--upload-pack=id', 'a..b', 'a b', 'a@{1}', 'a.lock', '/a', 'a/', 'refs:x', 'a\u0007', ''])(
    'no ref is called %j',
    (tag) => expect(parse({ tag })).toBe(false)
  )

  it('one of tag, branch and commit is said', () => {
    expect(parse({ branch: 'main' })).toBe(false)
    expect(parse({ tag: undefined })).toBe(false)
    expect(parse({ tag: undefined, branch: 'release/1.x' })).toBe(true)
    expect(parse({ tag: undefined, commit: 'a'.repeat(40) })).toBe(true)
    expect(parse({ name: '..' })).toBe(false)
    expect(parse({ name: '.git' })).toBe(false)
    expect(parse({ path: '../x' })).toBe(false)
  })

  it('a mirror takes the place of the longest beginning, at a slash', () => {
    const mirrors = {
      'https://code.example/': '/srv',
      'https://code.example/team/': 'https://other.example/t/'
    }
    expect(gitAddress('https://code.example/team/p', mirrors)).toMatchObject({
      url: 'https://other.example/t/p'
    })
    expect(gitAddress('https://code.example/other/p', mirrors)).toEqual({
      kind: 'folder',
      folder: '/srv/other/p'
    })
    expect(gitAddress('https://code.example.evil/p', { 'https://code.example': '/srv' })).toMatchObject({
      url: 'https://code.example.evil/p',
      protocol: 'https'
    })
    expect(() => gitAddress('https://code.example/../../etc', { 'https://code.example/': '/srv' })).toThrow()
  })
})

describe('changes of git inputs', () => {
  const entry: GitLock = {
    url: '/srv/p',
    ref: 'refs/tags/v1',
    path: '.',
    commit: objectId('1'.repeat(40)),
    tree: objectId('2'.repeat(40)),
    files: 3,
    size: 10,
    sha256: sha256('3'.repeat(64))
  }
  const now = (more: object): string => gitChanges({ p: entry }, { p: { ...entry, ...more } }).join('\n')

  it('are told with what a reviewer has to ask for', () => {
    expect(gitChanges({ p: entry }, { p: entry })).toEqual([])
    expect(gitChanges({}, { p: entry })).toEqual([
      expect.stringContaining('git input p: new, /srv/p refs/tags/v1')
    ])
    expect(gitChanges({ p: entry }, undefined)).toEqual(['git input p: removed'])
    const commit = objectId('4'.repeat(40))
    expect(now({ commit })).toContain('THE SAME: it was moved')
    expect(now({ commit, ref: 'refs/tags/v2' })).not.toContain('THE SAME')
    expect(now({ sha256: sha256('5'.repeat(64)) })).toContain('OTHER FILES')
    expect(now({ url: '/srv/q', path: 'x' })).toContain('repository /srv/p → /srv/q')
    expect(explainGit({ p: entry })[0]).toContain('3 files')
  })
})

import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import {
  formatActionReference,
  parseActionReference,
  referenceInWorkflow
} from '../../../src/init/action-reference.ts'
import { configText, nestedTargets } from '../../../src/init/config-text.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationSettings } from '../../../src/documents/destination-settings.ts'
import { settingsText } from '../../../src/init/settings.ts'
import { tagGlob } from '../../../src/init/tag-globs.ts'
import { archiveOfSuite } from '../../../src/lock/apt-host.ts'
import { version } from '../../../src/platform/version.ts'
import { repositoryOfAddress } from '../../../src/source/remote.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'

describe('a release on GitHub', () => {
  const needs = { targets: [], mirror: null }
  it('is written only where it was asked for', () => {
    expect(configText({ ...needs, index: true })).not.toContain('github')
    const text = configText({ ...needs, index: true, github: true }) ?? ''
    expect(readConfig(text, 'c').destinations.map(({ kind }) => kind)).toEqual(['pypi', 'github'])
    const alone = configText({ ...needs, index: false, github: true }) ?? ''
    expect(readConfig(alone, 'c').destinations.map(({ kind }) => kind)).toEqual(['github'])
  })
})

describe('the tags that start a release', () => {
  it.each([
    [[], 'v*'],
    [['v1.0.0', 'v1.1.0'], 'v*'],
    [['ckan-2.11.5', 'ckan-2.10.0', 'v0.1'], 'ckan-*'],
    [['1.0', '1.1rc1', 'v0.9'], '[0-9]*'],
    [['release/1.2', 'release/1.3'], 'release/*'],
    [['nightly', 'latest'], 'v*'],
    [['a+1.0'], 'a\\+*']
  ])('%j: %s', (names, glob) => {
    expect(tagGlob(names)).toBe(glob)
  })

  it('follow the newest versions, however the project named its tags before', () => {
    const old = Array.from({ length: 200 }, (_, minor) => `proj-0.${minor}`)
    const young = Array.from({ length: 20 }, (_, minor) => `v1.${minor}`)
    expect(tagGlob([...old, ...young])).toBe('v*')
  })
})

describe('the release of the action', () => {
  it('is a repository at a full commit, with the version for people', () => {
    const text = `o/tagproof@${commit} # v1.2.3`
    const reference = parseActionReference(text)
    expect(reference).toEqual({ repository: 'o/tagproof', commit, version: 'v1.2.3' })
    expect(reference && formatActionReference(reference)).toBe(text)
    expect(parseActionReference(`o/tagproof@${commit}`)?.version).toBe(`v${version}`)
  })

  it.each([
    'o/tagproof@v1',
    `tagproof@${commit}`,
    `o/t/p@${commit}`,
    `o/tagproof@${commit.slice(1)}`,
    `-o/x@${commit}`
  ])('is not %s', (text) => {
    expect(parseActionReference(text)).toBeNull()
  })

  it('is read back from a workflow, where other actions stand beside it', () => {
    const text = `      - uses: actions/checkout@${commit} # v7.0.1\n      - id: x\n        uses: o/Tagproof@${commit} # v0.9.0\n`
    expect(referenceInWorkflow(text)).toEqual({ repository: 'o/Tagproof', commit, version: 'v0.9.0' })
    expect(referenceInWorkflow('      - uses: o/tagproof@v1\n')).toBeNull()
  })
})

describe('the address of a remote', () => {
  it.each([
    ['https://host.example/o/p.git', 'o/p'],
    ['https://user:secret@host.example/o/p', 'o/p'],
    ['git@host.example:o/p.git', 'o/p'],
    ['ssh://git@host.example:22/o/p/', 'o/p']
  ])('%s is %s', (address, name) => {
    const found = repositoryOfAddress(address)
    expect(found && `${found.owner}/${found.name}`).toBe(name)
  })

  it.each([
    '/srv/o/p',
    '../o/p',
    'file:///o/p',
    'https://host.example/a/b/c',
    'https://host.example/-o/p',
    ''
  ])('%s is none of a code host', (address) => {
    expect(repositoryOfAddress(address)).toBeNull()
  })
})

describe('the configuration', () => {
  const paths = [
    'server/pyproject.toml',
    'docker/Dockerfile',
    'packaging/debian/control',
    'tests/data/setup.py',
    'docs/Dockerfile',
    'a/b/c/d/setup.py',
    '.devcontainer/Dockerfile',
    'README.md'
  ]

  it('lists what lies below, but nothing of tests, docs and deep folders', () => {
    const targets = nestedTargets(paths)
    expect(targets.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'image docker',
      'deb packaging',
      'python server'
    ])
    expect(parse(configText({ targets, mirror: null, index: false }) ?? '')).toEqual({ targets })
  })

  it('names an archive where runners have another', () => {
    const mirror = { suite: 'bookworm', address: 'http://archive.example/debian' }
    const text = configText({ targets: [], mirror, index: false }) ?? ''
    expect(parse(text)).toEqual({ sources: { mirror: mirror.address } })
    expect(text).toContain('bookworm')
  })

  it('is not there where the tree says all', () => {
    expect(configText({ targets: [], mirror: null, index: false })).toBeNull()
  })

  it('sends Python packages to the index', () => {
    const text = configText({ targets: [], mirror: null, index: true }) ?? ''
    expect(readConfig(text, 'tagproof.yml').destinations.map(destinationSettings)).toMatchObject([
      { kind: 'pypi', index: 'pypi', createProject: false, attestations: true }
    ])
  })

  it('takes the archive from the sources of the machine, but no address that is of use here only', async () => {
    const source = (uri: string, suite = 'bookworm') => ({
      uris: [uri],
      suites: [suite],
      components: ['main'],
      signedBy: null
    })
    const host = (...sources: ReturnType<typeof source>[]) => ({ codename: 'bookworm', sources })
    const address = 'http://archive.example/debian'
    expect(await archiveOfSuite(undefined, host(source('file:/srv/x'), source(address)))).toEqual({
      suite: 'bookworm',
      address
    })
    expect(await archiveOfSuite(undefined, host(source('https://user:secret@archive.example/x')))).toBeNull()
    expect(await archiveOfSuite('trixie', host(source(address)))).toBeNull()
  })
})

describe('what is to be set on the site', () => {
  const request = {
    repository: { owner: 'ada', name: 'herald' },
    workflow: 'release.yml',
    environment: 'release',
    tags: 'v*',
    kinds: ['python'] as const
  }

  it('has every value to paste', () => {
    const text = settingsText(request)
    expect(text).toMatch(/Owner +ada\n +Repository +herald\n +Workflow +release\.yml\n +Environment +release/)
    expect(text).toContain('repos/ada/herald/rulesets')
    expect(text).toContain('"refs/tags/v*"')
    expect(text).toMatch(/Deployment branches and tags.*v\*/)
  })

  it('says so where the clone does not tell the name', () => {
    expect(settingsText({ ...request, repository: null })).toContain('OWNER/REPOSITORY')
  })

  it('has no trusted publisher where there is no Python package', () => {
    expect(settingsText({ ...request, kinds: ['image'] })).not.toContain('trusted publisher')
  })
})

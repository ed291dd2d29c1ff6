import { describe, expect, it } from '@jest/globals'
import type { StoreSettings } from '../../../src/documents/destination-settings.ts'
import type { CredentialName } from '../../../src/platform/secrets.ts'
import type { StageContext } from '../../../src/stages/context.ts'
import type { OpenRequest } from '../../../src/stages/destinations/opening.ts'
import { openStore } from '../../../src/stages/destinations/store.ts'

function opened(settings: StoreSettings, own: [CredentialName, string][] = [], environment = {}): unknown {
  const secrets: string[] = []
  const credentials = {
    nameOf: (name: string) => `The input ${name}`,
    onSecret: (value: string) => secrets.push(value),
    environment
  }
  const request = {
    own: new Map(own),
    credentials,
    release: { epoch: 1 },
    http: {}
  } as unknown as OpenRequest
  const { address } = openStore(
    { repository: '/project' } as unknown as StageContext,
    'files',
    settings,
    request
  )
  return [address, ...secrets]
}

const s3 = {
  kind: 's3',
  bucket: 'debs',
  region: 'eu-west-1',
  endpoint: null,
  prefix: 'apt',
  role: null
} as const
const git = { kind: 'git', remote: null, branch: 'gh-pages', path: 'debs' } as const
const keys: [CredentialName, string][] = [
  ['s3-access-key-id', 'AKIAEXAMPLE'],
  ['s3-secret-access-key', 'secret']
]

describe('a store of the configuration', () => {
  it('is opened with the keys of its destination, which are masked, or with a role and none', () => {
    expect([opened(s3, keys), opened({ ...s3, role: 'arn:aws:iam::111122223333:role/x' })]).toEqual([
      ['s3://debs/apt/', 'secret'],
      ['s3://debs/apt/']
    ])
  })

  it.each([
    [[], 's3-access-key-id'],
    [keys.slice(0, 1), 's3-secret-access-key']
  ])('without keys says which input is missing', (own, missing) => {
    expect(() => opened(s3, own)).toThrow(
      expect.objectContaining({
        code: 'usage',
        detail: expect.objectContaining({ found: `The input ${missing} is not given` }) as unknown
      })
    )
  })

  it('of git is in the repository of the run, or in the one that it names', () => {
    const run = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'octo/project' }
    expect([opened(git, [], run), opened({ ...git, remote: 'https://git.example/x.git' }, [], run)]).toEqual([
      ['https://github.com/octo/project gh-pages:debs'],
      ['https://git.example/x.git gh-pages:debs']
    ])
    expect(() => opened(git)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('that is a folder lies below the repository, and is called as it is written', () => {
    expect(opened({ kind: 'directory', path: 'out/files' })).toEqual(['out/files'])
  })
})

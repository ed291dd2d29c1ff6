import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { selfSigned } from '../support/pypi/certificate.ts'
import { startFakeIndex, type FakeIndex, type FakeIndexOptions } from '../support/pypi/fake-index.ts'
import { startIdentityProvider, type IdentityServer } from '../support/pypi/identity-provider.ts'
import { makeTinyRelease, type TinyRelease } from '../support/pypi/tiny-release.ts'
import { publishingTools, pythonTool, uv } from '../support/pypi/tools.ts'

/** The stand-in of the package index is judged by clients that know the real one. */

let release: TinyRelease
let identity: IdentityServer
const open: { close: () => Promise<void> }[] = []

beforeAll(async () => {
  await publishingTools()
  release = await makeTinyRelease()
  identity = await startIdentityProvider()
})
afterAll(async () => {
  await Promise.all(open.map((server) => server.close()))
  await identity.close()
  await release.remove()
})

async function start(options: FakeIndexOptions = {}): Promise<FakeIndex> {
  const tokens = { 'pypi-right': {} }
  const index = await startFakeIndex({ tokens, issuers: [identity.provider.issuer], ...options })
  open.push(index)
  return index
}

const files = (): string[] => release.uploads.map(({ name }) => path.join(release.folder, name))

/** What a test changes of a form that is right: a field, or none of it. */
interface Changed {
  fields?: Record<string, string | string[] | null>
  file?: { name?: string; bytes?: Buffer; type?: string }
  token?: string
}

async function post(index: FakeIndex, which: number, changed: Changed = {}): Promise<string> {
  const upload = release.uploads[which]
  if (upload === undefined) throw new Error('no such file')
  const { name, bytes, type } = { name: upload.name, bytes: release.bytes.get(upload.name), ...changed.file }
  const form = new FormData()
  const fields: Record<string, string | string[] | null> = {
    ':action': 'file_upload',
    protocol_version: '1',
    filetype: upload.filetype,
    pyversion: upload.pyversion,
    sha256_digest: upload.sha256,
    metadata_version: '2.4',
    name: 'tiny-demo',
    version: '1.0',
    ...changed.fields
  }
  const options = { type: type ?? 'application/octet-stream' }
  form.append('content', new Blob([new Uint8Array(bytes ?? Buffer.alloc(0))], options), name)
  for (const [field, value] of Object.entries(fields))
    for (const one of value === null ? [] : [value].flat()) form.append(field, one)
  const authorization = `Basic ${Buffer.from(`__token__:${changed.token ?? 'pypi-right'}`).toString('base64')}`
  const headers = { authorization, accept: 'application/json' }
  const answer = await fetch(index.uploadUrl, { method: 'POST', body: form, headers })
  const text = await answer.text()
  return answer.ok ? `${answer.status}` : (JSON.parse(text) as { code: string }).code
}

describe('clients that are not ours', () => {
  it('twine uploads; a second time the index has it, and stores nothing', async () => {
    const index = await start()
    const args = ['upload', '--non-interactive', '--disable-progress-bar', '--repository-url']
    const login = ['-u', '__token__', '-p', 'pypi-right']
    for (const stored of [3, 0]) {
      const before = index.state.writes.length
      const { code, stdout } = await pythonTool('twine', [
        ...args,
        index.uploadUrl.href,
        ...login,
        ...files()
      ])
      expect([code, stdout.toString()]).toEqual([0, expect.stringContaining('Uploading')])
      expect(index.state.writes.slice(before).filter((line) => line.startsWith('file')).length).toBe(stored)
    }
    const wrong = await pythonTool('twine', [
      ...args,
      index.uploadUrl.href,
      '-u',
      '__token__',
      '-p',
      'pypi-no',
      ...files()
    ])
    expect(wrong.code).toBe(1)
    expect(wrong.stdout.toString()).toContain('Invalid or non-existent authentication information')
  })

  it('uv publishes over TLS by trusted publishing, and burns its token; then it finds all there', async () => {
    const certificate = selfSigned()
    const index = await start({ certificate })
    index.publisher('tiny-demo')
    const cert = path.join(release.folder, 'cert.pem')
    await writeFile(cert, certificate.cert)
    const env = { SSL_CERT_FILE: cert, GITHUB_ACTIONS: 'true', ...identity.environment }
    const publish = ['publish', '--publish-url', index.uploadUrl.href, '--check-url', index.simpleUrl.href]
    const first = await uv([...publish, '--trusted-publishing', 'always', ...files()], env)
    expect([first.code, first.stderr.toString()]).toEqual([0, expect.stringContaining('Uploading')])
    expect([index.files.size, index.state.tokens.size, index.state.burned.size]).toEqual([3, 1, 1])
    const before = index.requests.length
    const again = await uv([...publish, '--token', 'pypi-right', ...files()], env)
    expect([again.code, again.stderr.toString()]).toEqual([
      0,
      expect.stringContaining('already exists, skipping')
    ])
    expect(index.requests.slice(before).map(({ method }) => method)).not.toContain('POST')
  })

  it('pip downloads what has the hash, and nothing else', async () => {
    const index = await start()
    for (const which of [0, 1, 2]) expect(await post(index, which)).toBe('200')
    const wheel = release.uploads.find(({ pyversion }) => pyversion === 'py3')
    const list = path.join(release.folder, 'requirements.txt')
    const args = ['download', '-q', '--no-deps', '--no-build-isolation', '--require-hashes', '-r', list]
    const more = ['-i', index.simpleUrl.href, '-d', path.join(release.folder, 'downloaded')]
    for (const [hash, code] of [
      [wheel?.sha256 ?? '', 0],
      ['0'.repeat(64), 1]
    ] as const) {
      await writeFile(list, `tiny-demo==1.0 --hash=sha256:${hash}\n`)
      expect((await pythonTool('pip', [...args, ...more])).code).toBe(code)
    }
  })
})

describe('the rules of an upload, in their order', () => {
  it.each<[string, string, Changed]>([
    [
      'no login',
      '403 Invalid or non-existent authentication',
      { token: 'pypi-other', fields: { name: null } }
    ],
    ['no name', '400 Invalid value for name', { fields: { name: null } }],
    ['two names', '400 Invalid value for name', { fields: { name: ['tiny-demo', 'other'] } }],
    ['no hash', '400 Error: Include at least one message digest', { fields: { sha256_digest: null } }],
    [
      'an unknown metadata version',
      '400 Invalid value for metadata_version',
      { fields: { metadata_version: '9.0' } }
    ],
    ['a local version', '400 The use of local versions', { fields: { version: '1.0+local' } }],
    [
      'an sdist that says py3',
      '400 Invalid value for pyversion',
      { fields: { filetype: 'sdist', pyversion: 'py3' } }
    ],
    [
      'a direct URL',
      "400 Can't have direct dependency",
      { fields: { requires_dist: 'a @ https://a.example/a.whl' } }
    ],
    ['two licenses', '400 License is deprecated', { fields: { license: 'MIT', license_expression: 'MIT' } }],
    ['a name that looks alike', "400 The name '0ld' is too similar", { fields: { name: '0ld' } }],
    ['a foreign project', "403 The user 'maintainer' isn't allowed", { fields: { name: 'theirs' } }],
    ['an archived project', "403 The user 'maintainer' isn't allowed", { fields: { name: 'old' } }],
    ['an image', '400 Invalid distribution file.', { file: { type: 'image/png' } }],
    ['a folder', "400 Cannot upload a file with '/'", { file: { name: 'a/tiny_demo-1.0-py3-none-any.whl' } }],
    ['too large', "400 File too large. Limit for project 'small'", { fields: { name: 'small' } }],
    ['another hash', '400 The digest supplied does not match', { fields: { sha256_digest: '0'.repeat(64) } }],
    [
      'a platform of this machine alone',
      '400 Binary wheel',
      { file: { name: 'tiny_demo-1.0-py3-none-linux_x86_64.whl' } }
    ],
    [
      'no wheel',
      '400 Invalid distribution file. File is not a zipfile',
      { file: { bytes: Buffer.from('x') } }
    ]
  ])('%s', async (_what, expected, changed) => {
    const index = await start()
    index.project('theirs', { owners: ['somebody'] })
    index.project('old', { status: 'archived' })
    index.project('small', { fileLimit: 10 })
    const bytes = changed.file?.bytes
    const hash =
      bytes === undefined ? {} : { sha256_digest: null, md5_digest: '9dd4e461268c8034f5c8564e155c67a6' }
    expect(await post(index, 0, { ...changed, fields: { ...hash, ...changed.fields } })).toContain(expected)
    expect(index.state.writes).toEqual([])
  })

  it('same bytes: nothing is stored; other bytes, the same bytes under another name, a burned name: refused', async () => {
    const index = await start()
    expect([await post(index, 0), await post(index, 0)]).toEqual(['200', '200'])
    const other = Buffer.concat([
      release.bytes.get(release.uploads[0]?.name ?? '') ?? Buffer.alloc(0),
      Buffer.from('x')
    ])
    const digest = { sha256_digest: null, md5_digest: '' }
    const form = { fields: { ...digest, blake2_256_digest: '0'.repeat(64) }, file: { bytes: other } }
    expect(await post(index, 0, form)).toContain('400 The digest supplied')
    index.remove(release.uploads[0]?.name ?? '')
    expect(await post(index, 0)).toContain('400 This filename was previously used')
    expect(index.state.writes.length).toBe(2)
  })

  it('a release takes files for 14 days; what is there already is still there', async () => {
    const index = await start()
    expect(await post(index, 0)).toBe('200')
    index.advance(14 * 24 * 3_600_000 + 1000)
    expect(await post(index, 1)).toContain('400 Uploading new files to releases older than 14 days')
    expect(await post(index, 0)).toBe('200')
  })

  it('an address without its slash is another one; a limit is told with the time to wait', async () => {
    const index = await start()
    const answer = await fetch(new URL('/legacy', index.origin), {
      redirect: 'manual',
      method: 'POST',
      body: 'x'
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([308, '/legacy/'])
    index.limitNext(1, 7)
    expect(await post(index, 0)).toContain('429')
    expect(await post(index, 0)).toBe('200')
  })
})

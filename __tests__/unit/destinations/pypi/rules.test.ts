import { describe, expect, it } from '@jest/globals'
import { locationOf, tokenLogin } from '../../../../src/destinations/pypi/login.ts'
import { closesAt, requireOpenRelease } from '../../../../src/destinations/pypi/release-age.ts'
import { parseReleaseJson } from '../../../../src/destinations/pypi/release-json.ts'
import { knownServices, serviceOf, type IndexService } from '../../../../src/destinations/pypi/services.ts'
import { statusOfHtml, statusOfJson, type OfferedFile } from '../../../../src/lock/simple-index.ts'
import { thrownBy } from '../../../support/thrown.ts'

describe('the index that a setting names', () => {
  it('is one of two that are known', () => {
    expect(serviceOf('pypi')).toBe(knownServices.pypi)
    expect(serviceOf('testpypi').uploadUrl.host).not.toBe(knownServices.pypi.uploadUrl.host)
  })

  it('is any other by its two addresses', () => {
    const service = serviceOf({
      upload: 'https://index.example/upload',
      simple: 'https://index.example/simple/'
    })
    expect(service).toMatchObject({ name: 'index.example', kind: 'other', jsonUrl: null })
  })

  it.each([
    ['http://index.example/', /not secure/],
    ['http://127.0.0.1.example/', /not secure/],
    ['ftp://127.0.0.1/', /not secure/],
    ['https://user:secret@index.example/', /holds a login/],
    ['index', /no URL/]
  ])('is refused as %s', (upload, message) => {
    const error = thrownBy(() => serviceOf({ upload, simple: 'https://index.example/simple/' }))
    expect(error).toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(message) as unknown
    })
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it.each(['http://127.0.0.1:8080/', 'http://localhost/', 'http://[::1]:1/'])('may be %s', (upload) => {
    expect(serviceOf({ upload, simple: upload }).uploadUrl.href).toBe(upload)
  })
})

describe('a token', () => {
  const macaroon = (place: string): string =>
    `pypi-${Buffer.concat([Buffer.from([2, 1, place.length]), Buffer.from(place), Buffer.alloc(40, 7)]).toString('base64url')}`
  const { pypi, testpypi } = knownServices
  const other: IndexService = { ...pypi, kind: 'other' }
  const login = (token: string, service: IndexService) => tokenLogin(token, service, () => undefined)

  it('shows the index that made it, and nothing else is read', () => {
    expect(locationOf(macaroon('index.example'))).toBe('index.example')
    expect(locationOf('pypi-xyz')).toBeNull()
    expect(locationOf('pypi-')).toBeNull()
  })

  it.each<[string, string, IndexService, RegExp]>([
    ['empty', '', pypi, /cannot be one/],
    ['with a line end', 'pypi-abc\n', pypi, /cannot be one/],
    ['a password', 'hunter2', pypi, /takes API tokens alone/],
    ['of the test index', macaroon(testpypi.simpleUrl.host), pypi, /one of TestPyPI, not of PyPI/],
    ['of the real index', macaroon(pypi.simpleUrl.host), testpypi, /one of PyPI, not of TestPyPI/]
  ])('%s is refused before it is sent, and not shown', (_what, token, service, message) => {
    const error = thrownBy(() => login(token, service))
    expect(error).toMatchObject({ code: 'login-refused', message: expect.stringMatching(message) as unknown })
    if (token.trim() !== '') expect(JSON.stringify(error)).not.toContain(token.trim())
  })

  it.each<[string, IndexService, string]>([
    [macaroon(pypi.simpleUrl.host), pypi, '__token__'],
    ['pypi-of-a-fork', pypi, '__token__'],
    ['abc', other, '__token__'],
    ['user:abc', other, 'user']
  ])('%s goes with the right user', async (token, service, user) => {
    const secrets: string[] = []
    const header = await tokenLogin(token, service, (value) => secrets.push(value)).authorization()
    const pair = Buffer.from(header.replace('Basic ', ''), 'base64').toString()
    expect(pair.split(':')[0]).toBe(user)
    expect(secrets).toEqual([token, header.replace('Basic ', '')])
  })
})

describe('the age of a release', () => {
  const day = 86_400_000
  const start = Date.parse('2026-03-01T12:00:00Z')
  const file = (name: string, time: number): OfferedFile => ({
    file: name,
    url: 'https://index.example/x',
    sha256: null,
    size: null,
    uploadTime: new Date(time).toISOString()
  })
  const files = [
    file('demo-1.0.tar.gz', start + day),
    file('demo-1.0.0-py3-none-any.whl', start),
    file('demo-0.9.tar.gz', start - 400 * day)
  ]
  const release = { project: 'demo', version: '1.0', missing: ['demo-1.0-cp312.whl'], files }

  it('begins with its first file, by the version as PEP 440 compares it', () => {
    expect(closesAt(release)).toBe(start + 14 * day)
    expect(closesAt({ version: '2.0', files })).toBeNull()
    expect(closesAt({ version: '1.0', files: files.map((one) => ({ ...one, uploadTime: '' })) })).toBeNull()
  })

  it('is told while there is time', () => {
    expect(requireOpenRelease(release, knownServices.pypi, start + 14 * day - 1)).toMatch(
      /until 2026-03-15 12:00 UTC: demo-1.0-cp312.whl/
    )
  })

  it('ends the release when it is over', () => {
    const error = thrownBy(() => requireOpenRelease(release, knownServices.pypi, start + 14 * day))
    expect(error).toMatchObject({
      code: 'project-refused',
      detail: { expected: 'an upload before 2026-03-15 12:00 UTC' }
    })
  })

  it('does not count where nothing is missing, or on other indexes', () => {
    const late = start + 100 * day
    expect(requireOpenRelease({ ...release, missing: [] }, knownServices.pypi, late)).toBeNull()
    expect(requireOpenRelease(release, { ...knownServices.pypi, kind: 'other' }, late)).toBeNull()
  })
})

describe('the JSON of a release', () => {
  const base = new URL('https://index.example/pypi/demo/1.0/json')

  it('lists its files', () => {
    const text = JSON.stringify({
      urls: [
        {
          filename: 'demo-1.0.tar.gz',
          url: 'https://elsewhere.example/demo-1.0.tar.gz',
          digests: { sha256: 'A'.repeat(64) },
          size: 7,
          upload_time_iso_8601: '2026-03-01T12:00:00.000000Z'
        },
        { filename: 'demo-1.0.zip', url: '/demo-1.0.zip', digests: null, size: -1 }
      ]
    })
    expect(parseReleaseJson(text, base)).toEqual([
      {
        file: 'demo-1.0.tar.gz',
        url: 'https://elsewhere.example/demo-1.0.tar.gz',
        sha256: 'a'.repeat(64),
        size: 7,
        uploadTime: '2026-03-01T12:00:00.000000Z'
      },
      { file: 'demo-1.0.zip', url: 'https://index.example/demo-1.0.zip', sha256: null, size: null }
    ])
  })

  it.each([
    '',
    '<html>',
    'null',
    '[]',
    '{}',
    '{"urls":{}}',
    '{"urls":[null]}',
    '{"urls":[{"filename":"x","url":"file:///x"}]}'
  ])('is not %j', (text) => {
    expect(thrownBy(() => parseReleaseJson(text, base))).toMatchObject({ code: 'index-answer' })
  })
})

describe('the status of a project (PEP 792)', () => {
  it('stands in both forms of its page', () => {
    expect(statusOfJson('{"project-status":{"status":"archived","reason":"done"}}')).toEqual({
      status: 'archived',
      reason: 'done'
    })
    expect(
      statusOfHtml(
        '<meta name="pypi:project-status" content="quarantined"><meta name="pypi:project-status-reason" content="a &amp; b">'
      )
    ).toEqual({ status: 'quarantined', reason: 'a & b' })
  })

  it('is active where nothing is said', () => {
    expect(statusOfJson('{}')).toEqual({ status: 'active', reason: null })
    expect(statusOfHtml('<meta charset="utf-8">')).toEqual({ status: 'active', reason: null })
  })
})

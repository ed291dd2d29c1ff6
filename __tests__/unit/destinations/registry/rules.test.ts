import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { mayPass, readRefusal } from '../../../../src/destinations/registry/answer.ts'
import { isTag, type PushedImage } from '../../../../src/destinations/registry/image.ts'
import { judgeTag } from '../../../../src/destinations/registry/moving-rules.ts'
import { baseBlobs, imagePlace, pushedImages } from '../../../../src/destinations/registry/place.ts'
import { pushRefused } from '../../../../src/destinations/registry/refusals.ts'
import { openSessions } from '../../../../src/destinations/registry/sessions.ts'
import { grantedActions } from '../../../../src/destinations/registry/token-access.ts'
import { bytesThere, closingUrl, placeOf } from '../../../../src/destinations/registry/upload-place.ts'
import type { RegistrySettings } from '../../../../src/documents/destination-settings.ts'
import type { Lock } from '../../../../src/documents/lock.ts'
import type { ReleaseArtifact } from '../../../../src/documents/release.ts'
import type { UploadImage } from '../../../../src/documents/uploads.ts'
import type { HttpClient } from '../../../../src/platform/http.ts'

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`

describe('answers', () => {
  it('are read by the codes of the specification, or as the text that they are', () => {
    const body = '{"errors":[{"code":"denied","message":"no","detail":{"a":1}},{"code":"UNKNOWN"}]}'
    expect(readRefusal(403, body)).toEqual({
      codes: ['DENIED', 'UNKNOWN'],
      words: '403: denied: no: {"a":1}; UNKNOWN'
    })
    expect(readRefusal(413, '<h1>Too\u001b[31m large</h1>')).toEqual({ codes: [], words: '413: Too large' })
    expect(readRefusal(500, '')).toEqual({ codes: [], words: 'status 500' })
    expect(readRefusal(500, `{"errors": "${'x'.repeat(2000)}"}`).words.length).toBeLessThan(520)
    expect([null, 'x', '[]', '{"errors":[7,null]}'].map((text) => readRefusal(400, String(text)).codes)).toEqual([
      [], [], [], []
    ]) // prettier-ignore
  })

  it('that pass are waited for, by status or by code', () => {
    const judged = [429, 503, 408, 400, 404].map((status) => mayPass({ status, codes: [] }))
    expect(judged).toEqual([true, true, true, false, false])
    expect(mayPass({ status: 400, codes: ['TOOMANYREQUESTS'] })).toBe(true)
  })

  it.each([
    ['400: TAG_INVALID: the tag latest is immutable', /exempt/],
    ['404: NAME_UNKNOWN', /Make the repository/],
    ['400: RepositoryNotFoundException', /Make the repository/],
    ['413: Too large', /limit raised/],
    ['400: DIGEST_INVALID', /changed on the way/],
    ['404: MANIFEST_BLOB_UNKNOWN', /lost a blob/],
    ['429: TOOMANYREQUESTS', /later/],
    ['507: QUOTA exceeded', /quota/],
    ['418: teapot', /Do what the registry says/]
  ])('%s has a next step', (words, fix) => {
    expect(pushRefused({ address: 'x' }, 'it', { words }).detail.fix).toMatch(fix)
  })
})

describe('places of uploads', () => {
  const at = (location: string | undefined, from = 'https://images.example/v2/a/blobs/uploads/'): string =>
    placeOf({ headers: location === undefined ? {} : { location }, url: new URL(from) }).url.href

  it('are relative, or elsewhere, and never in the clear on another machine', () => {
    expect(at('/up/1?x=1')).toBe('https://images.example/up/1?x=1')
    expect(at('https://storage.example/1')).toBe('https://storage.example/1')
    for (const bad of [undefined, 'http://storage.example/1', 'http://127.0.0.1:1/', 'ftp://x/'])
      expect(() => at(bad)).toThrow(/names no place/)
    expect(at('http://127.0.0.1:2/1', 'http://127.0.0.1:1/')).toBe('http://127.0.0.1:2/1')
  })

  it('keep the query of the registry as it is', () => {
    const url = (href: string): string => closingUrl({ url: new URL(href), minimum: 0 }, 'sha256:ab').href
    expect(url('https://x/u?_state=a%2Bb')).toBe('https://x/u?_state=a%2Bb&digest=sha256%3Aab')
    expect(url('https://x/u')).toBe('https://x/u?digest=sha256%3Aab')
  })

  it('tell how much is there', () => {
    expect(['0-9', 'bytes=0-9', '0-0', '5-9', 'x', undefined].map(bytesThere)).toEqual([
      10,
      10,
      0,
      null,
      null,
      null
    ])
  })
})

describe('tokens', () => {
  const token = (access: unknown): string =>
    `Bearer h.${Buffer.from(JSON.stringify({ access })).toString('base64url')}.s`

  it('say what they are for, or nothing', () => {
    const own = { type: 'repository', name: 'a/b', actions: ['pull', 'push'] }
    expect(grantedActions(token([own]), 'a/b')).toEqual(['pull', 'push'])
    expect(grantedActions(token([own]), 'a/c')).toEqual([])
    expect(grantedActions(token([null, 7, { ...own, actions: 'all' }]), 'a/b')).toEqual([])
    for (const opaque of [token(undefined), 'Bearer abc', 'Basic x', 'Bearer a.!!.c', undefined])
      expect(grantedActions(opaque, 'a/b')).toBeNull()
  })
})

describe('tags that move', () => {
  const ours = { digest: digest('a'), version: '2.11.1' }
  const other = (version: string | null): { digest: string; version: string | null } => ({
    digest: digest('b'),
    version
  })

  it('go forwards, within their series', () => {
    expect(judgeTag('latest', null, ours)).toBe('behind')
    expect(judgeTag('latest', { ...other(null), digest: ours.digest }, ours)).toBe('current')
    expect(judgeTag('latest', other('2.10.9'), ours)).toBe('behind')
    expect(judgeTag('latest', other('2.12.0'), ours)).toBe('ahead')
    expect(judgeTag('{series}', other('2.11.0'), ours)).toBe('behind')
    expect(judgeTag('{series}', other('2.10.9'), ours)).toHaveProperty('refused')
    expect(judgeTag('{major}', other('2.10.9'), ours)).toBe('behind')
    expect(judgeTag('latest', other('2.11.1'), ours)).toHaveProperty('refused')
    expect(judgeTag('latest', other(null), ours)).toHaveProperty('refused')
    expect(judgeTag('latest', other('2.10'), { ...ours, version: null })).toHaveProperty('refused')
  })

  it('have a form', () => {
    expect(['1.0', '_x', 'a-b.c_D'].every(isTag)).toBe(true)
    expect(['', '.x', '-x', 'a+b', 'a/b', 'x'.repeat(129)].some(isTag)).toBe(false)
  })
})

describe('places of images', () => {
  it('are https, and plain http on this machine alone', () => {
    expect(imagePlace('images.example:5000/a/b')).toMatchObject({
      repository: 'a/b',
      host: 'images.example:5000'
    })
    expect(imagePlace('images.example/a').base.href).toBe('https://images.example/')
    expect(imagePlace('127.0.0.1:5000/a').base.href).toBe('http://127.0.0.1:5000/')
    expect(() => imagePlace('nothing')).toThrow(/names no image/)
  })

  it('come from templates, and from what uploads.json says', () => {
    const settings: RegistrySettings = {
      kind: 'registry',
      name: 'registry',
      targets: null,
      image: 'images.example/acme/{target}',
      tags: ['{version}-{target}'],
      moving: ['latest', '{series}'],
      preReleases: 'stay',
      evidence: false
    }
    const sha256 = 'c'.repeat(64)
    const artifact = { target: 'web', version: '2.11.4', name: 'web.oci.tar', sha256 } as ReleaseArtifact
    const image = { name: 'web.oci.tar', sha256, blobs: [] } as unknown as UploadImage
    const given = { release: { tag: 'v2.11.4' }, uploads: { images: [image] }, packages: '/packages' }
    expect(pushedImages({ settings, artifacts: [artifact], moves: true }, given)).toEqual([
      {
        image,
        file: '/packages/web.oci.tar',
        repository: 'acme/web',
        tags: ['2.11.4-web'],
        moving: [
          { template: 'latest', tag: 'latest' },
          { template: '{series}', tag: '2.11' }
        ]
      }
    ])
    expect(pushedImages({ settings, artifacts: [artifact], moves: false }, given)[0]?.moving).toEqual([])
    const other = { ...artifact, sha256: 'd'.repeat(64) } as ReleaseArtifact
    expect(() => pushedImages({ settings, artifacts: [other], moves: true }, given)).toThrow(
      /does not describe/
    )
  })

  it('of base images are known by the lock, where they are of the same registry', () => {
    const platforms = { 'linux/amd64': { layers: [{ digest: digest('1') }] } }
    const images = {
      'images.example/base:1@sha256:x': { platforms },
      [`images.example/base:1@${digest('e')}`]: { platforms },
      [`other.example/base:1@${digest('e')}`]: {
        platforms: { 'linux/amd64': { layers: [{ digest: digest('2') }] } }
      }
    } as unknown as Lock['images']
    expect([...baseBlobs({ images }, 'images.example')]).toEqual([[digest('1'), 'base']])
  })

  it('lie beside a domain that is no registry itself', async () => {
    const asked: string[] = []
    const client = (registries: readonly string[]): HttpClient => ({
      attempts: 1,
      close: () => undefined,
      pause: () => Promise.resolve(),
      read: () => Promise.reject(new Error('nothing is read')),
      open: ({ url }) => {
        const at = new URL(url)
        asked.push(at.href)
        const status = registries.includes(at.host) ? 401 : 301
        return Promise.resolve({ status, statusText: '', headers: {}, url: at, stream: Readable.from([]) })
      }
    })
    const open = async (base: string, registries: readonly string[]): Promise<string> => {
      const http = client(registries)
      const images: PushedImage[] = []
      const credentials = (): Promise<null> => Promise.resolve(null)
      const sessions = openSessions({ base: new URL(base), images, credentials, http })
      return (await sessions.of('a/b')).base.href
    }
    expect(await open('https://images.example', ['images.example'])).toBe('https://images.example/')
    expect(await open('https://hub.example', ['registry-1.hub.example'])).toBe(
      'https://registry-1.hub.example/'
    )
    expect(await open('https://gone.example', [])).toBe('https://gone.example/')
    const before = asked.length
    expect(await open('http://127.0.0.1:5000', [])).toBe('http://127.0.0.1:5000/')
    expect(await open('https://images.example:5000', [])).toBe('https://images.example:5000/')
    expect(asked.length).toBe(before)
  })
})

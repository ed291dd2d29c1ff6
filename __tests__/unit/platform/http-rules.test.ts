import { describe, expect, it } from '@jest/globals'
import {
  headersForOrigin,
  parseContentRange,
  proxyFor,
  redirectTarget,
  retryDelay,
  showUrl,
  splitCredentials
} from '../../../src/platform/http-rules.ts'

describe('the wait before another attempt', () => {
  it('doubles, has a random part, and ends at a minute', () => {
    expect(retryDelay(1, undefined, 500, 0, 1)).toBe(500)
    expect(retryDelay(3, undefined, 500, 0, 1)).toBe(2000)
    expect(retryDelay(1, undefined, 500, 0, 0)).toBe(250)
    expect(retryDelay(30, undefined, 500, 0, 1)).toBe(60_000)
  })
  it('follows Retry-After in seconds and as a date, within limits', () => {
    expect(retryDelay(1, '7', 500, 0, 0)).toBe(7000)
    expect(retryDelay(1, '86400', 500, 0, 0)).toBe(60_000)
    expect(retryDelay(1, 'Thu, 01 Jan 1970 00:00:10 GMT', 500, 4000, 0)).toBe(6000)
    expect(retryDelay(1, 'Thu, 01 Jan 1970 00:00:10 GMT', 500, 40_000, 0)).toBe(0)
    expect(retryDelay(1, 'nonsense', 500, 0, 1)).toBe(500)
  })
})

describe('a redirect', () => {
  const from = new URL('https://a.test/x/y')
  it('is resolved against the URL that gave it', () => {
    expect(redirectTarget(from, '../z').href).toBe('https://a.test/z')
    expect(redirectTarget(new URL('http://a.test/'), 'https://b.test/').href).toBe('https://b.test/')
  })
  it.each([undefined, 'http://a.test/', 'file:///etc/passwd', 'ftp://a.test/', 'http://['])(
    'that leads out of the secure web is refused: %s',
    (location) => expect(() => redirectTarget(from, location)).toThrow(/redirects/)
  )
  it('takes no secret to another origin', () => {
    const headers = { Authorization: 'x', cookie: 'y', 'X-Api-Key': 'z', 'x-auth-token': 't', accept: 'a' }
    expect(headersForOrigin(headers, false)).toEqual({ accept: 'a' })
    expect(headersForOrigin(headers, true)).toEqual(headers)
  })
})

describe('a URL in a message', () => {
  it.each([
    ['https://me:secret@a.test/x?token=secret#secret', 'https://a.test/x'],
    ['//me:secret@nonsense?secret', '//nonsense']
  ])('shows nothing secret: %s', (url, shown) => expect(showUrl(url)).toBe(shown))
  it('gives its credentials as a header', () => {
    const { url, authorization } = splitCredentials(new URL('https://me:p%40ss@a.test/x'))
    expect(url.href).toBe('https://a.test/x')
    expect(authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })
})

describe('a proxy', () => {
  const of = (url: string, environment: Record<string, string>): string | null =>
    proxyFor(new URL(url), environment)?.href ?? null
  it('is taken from the usual variables', () => {
    expect(of('https://a.test/', { HTTPS_PROXY: 'http://p.test:3128' })).toBe('http://p.test:3128/')
    expect(of('https://a.test/', { https_proxy: 'p.test:3128', HTTPS_PROXY: 'http://q.test' })).toBe(
      'http://p.test:3128/'
    )
    expect(of('http://a.test/', { HTTPS_PROXY: 'http://p.test' })).toBeNull()
    expect(of('http://a.test/', { ALL_PROXY: 'http://p.test' })).toBe('http://p.test/')
    expect(of('http://a.test/', { HTTP_PROXY: 'http://p.test', REQUEST_METHOD: 'GET' })).toBeNull()
  })
  it.each([
    ['*', true],
    ['a.test', true],
    ['.test', true],
    ['*.test', true],
    ['A.TEST:443', true],
    ['a.test:80', false],
    ['b.test, a.te', false]
  ])('is left out for NO_PROXY=%s: %s', (list, exempt) => {
    expect(of('https://a.test/', { HTTPS_PROXY: 'http://p.test', NO_PROXY: list }) === null).toBe(exempt)
  })
  it('of another kind is refused', () => {
    expect(() => of('https://a.test/', { HTTPS_PROXY: 'socks5://me:secret@p.test' })).toThrow(
      /proxy for https cannot be used/
    )
  })
})

describe('Content-Range', () => {
  it.each([
    ['bytes 5-9/10', { start: 5, total: 10 }],
    ['bytes 0-9/*', { start: 0, total: null }],
    ['items 0-9/10', null],
    [undefined, null]
  ])('%s', (value, expected) => expect(parseContentRange(value)).toEqual(expected))
})

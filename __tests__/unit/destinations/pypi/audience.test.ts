import { describe, expect, it } from '@jest/globals'
import { audienceOf } from '../../../../src/destinations/pypi/exchange-audience.ts'
import { usualEndpoints } from '../../../../src/destinations/pypi/exchange-endpoints.ts'
import { knownServices, serviceOf, type IndexService } from '../../../../src/destinations/pypi/services.ts'
import type { HttpClient } from '../../../../src/platform/http.ts'

const other = serviceOf({ upload: 'https://index.example/upload/', simple: 'https://index.example/simple/' })
const loopback = serviceOf({ upload: 'http://127.0.0.1:1/', simple: 'http://127.0.0.1:1/simple/' })

/** What an index answers to the question for its audience. */
function asked(service: IndexService, body: string, status = 200): Promise<string> {
  const { audience } = usualEndpoints(service)
  const http: HttpClient = {
    open: () => Promise.reject(new Error('not asked')),
    read: () =>
      Promise.resolve({ status, statusText: '', headers: {}, url: audience, body: Buffer.from(body) }),
    pause: () => Promise.resolve(),
    attempts: 1,
    close: () => undefined
  }
  return audienceOf(usualEndpoints(service), {
    service,
    projects: ['demo'],
    http,
    identityToken: () => Promise.reject(new Error('not asked')),
    now: Date.now,
    onSecret: () => undefined
  })
}
const named = (audience: string): string => JSON.stringify({ audience })

describe('the audience of identity tokens', () => {
  it.each<[string, IndexService]>([
    ['pypi', knownServices.pypi],
    ['testpypi', knownServices.testpypi],
    ['index.example', other],
    ['https://index.example', other],
    ['company-packages', other],
    ['pypi', loopback]
  ])('may be %s', async (audience, service) => {
    expect(await asked(service, named(audience))).toBe(audience)
  })

  it.each<[string, IndexService]>([
    ['testpypi', knownServices.pypi],
    ['pypi', knownServices.testpypi],
    ['pypi', other],
    ['PyPI', other],
    ['sigstore', other],
    ['sts.amazonaws.com', other],
    ['api://AzureADTokenExchange', other],
    ['npm:registry.example', other],
    ['https://github.com/octo', other],
    ['https://index.example.evil.example', other]
  ])('is not %s, which opens another service', async (audience, service) => {
    await expect(asked(service, named(audience))).rejects.toMatchObject({ code: 'login-refused' })
  })

  it.each(['<html>', 'null', '{}', '{"audience":7}', named(''), named('a b'), named('x'.repeat(300))])(
    'is not in %s',
    async (body) => {
      await expect(asked(other, body)).rejects.toMatchObject({ code: 'index-answer' })
    }
  )

  it.each([
    [403, /switched it off/],
    [404, /pypi-token/]
  ])('is not there with %s', async (status, fix) => {
    await expect(asked(other, '', status)).rejects.toMatchObject({
      code: 'login-refused',
      detail: { fix: expect.stringMatching(fix) as unknown }
    })
  })
})

import { describe, expect, it } from '@jest/globals'
import { keyLogin } from '../../../src/destinations/stores/s3/login.ts'
import { s3Place } from '../../../src/destinations/stores/s3/place.ts'
import { encodeKey, signedHeaders } from '../../../src/destinations/stores/s3/signature.ts'
import { textOf, textsOf } from '../../../src/destinations/stores/s3/xml.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'

describe('signatures are those of the examples that S3 documents', () => {
  const keys = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  }
  const scope = { region: 'us-east-1', keys, now: Date.UTC(2013, 4, 24) }
  const host = 'https://examplebucket.s3.amazonaws.com'

  it.each([
    [
      'GET',
      '/test.txt',
      { range: 'bytes=0-9' },
      '',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
    ],
    [
      'PUT',
      '/test%24file.text',
      { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      'Welcome to Amazon S3.',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd'
    ],
    ['GET', '/?lifecycle', {}, '', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    [
      'GET',
      '/?max-keys=2&prefix=J',
      {},
      '',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
    ]
  ])('%s %s', (method, path, headers, body, signature) => {
    const signed = signedHeaders(
      { method, url: new URL(host + path), headers, payload: sha256OfBytes(body) },
      scope
    )
    expect(signed.authorization).toContain(`Signature=${signature}`)
    expect(signed['x-amz-date']).toBe('20130524T000000Z')
  })

  it('a session token is sent and signed', () => {
    const request = { method: 'GET', url: new URL(host), headers: {}, payload: sha256OfBytes('') }
    const signed = signedHeaders(request, { ...scope, keys: { ...keys, sessionToken: 'token' } })
    expect(signed['x-amz-security-token']).toBe('token')
    expect(signed.authorization).toContain('x-amz-security-token')
  })
})

describe('where a bucket is', () => {
  const at = (more = {}): unknown[] => {
    const place = s3Place({ bucket: 'debs', region: 'eu-central-1', ...more })
    return [
      place.address,
      place.object('a b/c+d').href,
      place.list({ prefix: 'a/b' }).href,
      place.tokenService.href
    ]
  }
  it.each([
    [
      {},
      [
        's3://debs/',
        'https://debs.s3.eu-central-1.amazonaws.com/a%20b/c%2Bd',
        'https://debs.s3.eu-central-1.amazonaws.com/?prefix=a%2Fb',
        'https://sts.eu-central-1.amazonaws.com/'
      ]
    ],
    [
      { bucket: 'packages.example.org', prefix: 'apt/' },
      [
        's3://packages.example.org/apt/',
        'https://s3.eu-central-1.amazonaws.com/packages.example.org/apt/a%20b/c%2Bd',
        'https://s3.eu-central-1.amazonaws.com/packages.example.org?prefix=a%2Fb',
        'https://sts.eu-central-1.amazonaws.com/'
      ]
    ],
    [
      { endpoint: 'https://store.example/' },
      [
        'https://store.example/debs/',
        'https://store.example/debs/a%20b/c%2Bd',
        'https://store.example/debs?prefix=a%2Fb',
        'https://store.example/'
      ]
    ],
    [
      { region: 'cn-north-1' },
      [
        's3://debs/',
        'https://debs.s3.cn-north-1.amazonaws.com.cn/a%20b/c%2Bd',
        'https://debs.s3.cn-north-1.amazonaws.com.cn/?prefix=a%2Fb',
        'https://sts.cn-north-1.amazonaws.com.cn/'
      ]
    ]
  ])('%j', (more, expected) => expect(at(more)).toEqual(expected))

  it.each([
    [{ bucket: 'Debs' }, 'config-invalid'],
    [{ bucket: 'debs/../other' }, 'config-invalid'],
    [{ region: 'evil.example#' }, 'config-invalid'],
    [{ endpoint: 'http://store.example' }, 'config-invalid'],
    [{ endpoint: 'https://user:secret@store.example' }, 'config-invalid'],
    [{ endpoint: 'ftp://store.example' }, 'config-invalid'],
    [{ prefix: '../x' }, 'path-refused']
  ])('%j is refused', (more, code) => {
    expect(() => at(more)).toThrow(expect.objectContaining({ code }))
  })
})

it('keys are encoded as they are signed: all but unreserved letters, the slash kept', () => {
  expect(encodeKey("a/b c+d~e_f-g.h!'()*é$:@")).toBe('a/b%20c%2Bd~e_f-g.h%21%27%28%29%2A%C3%A9%24%3A%40')
})

it('texts of a document are read with their entities, and nothing else is', () => {
  const xml = '<A><Key>a&amp;b&#x2F;&lt;c&#233;&bogus;</Key><Key/><Key></Key><K>x</K></A>'
  expect([textsOf(xml, 'Key'), textOf(xml, 'K'), textOf('no document', 'K')]).toEqual([
    ['a&b/<cé&bogus;', ''],
    'x',
    null
  ])
})

it.each(['', 'two words', 'line\n'])('what cannot be a key is told: %j', (value) => {
  expect(() => keyLogin({ accessKeyId: 'AKIA', secretAccessKey: value }, () => undefined)).toThrow(
    expect.objectContaining({ code: 'login-refused' })
  )
})

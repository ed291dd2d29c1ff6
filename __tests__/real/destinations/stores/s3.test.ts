import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  keyLogin,
  roleLogin,
  tokenAudience,
  type S3Login
} from '../../../../src/destinations/stores/s3/login.ts'
import { s3Place } from '../../../../src/destinations/stores/s3/place.ts'
import { s3Store } from '../../../../src/destinations/stores/s3/s3-store.ts'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { identityToken } from '../../../../src/platform/github-identity.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { startIdentityProvider } from '../../support/pypi/identity-provider.ts'
import { startBoto, type Boto, type BotoObject } from '../../support/s3/boto.ts'
import { startFakeS3, type FakeS3, type FakeS3Options } from '../../support/s3/fake-s3.ts'
import { S3Fault } from '../../support/s3/fault.ts'
import { storeContract } from './contract.ts'

const http = createHttpClient({ environment: {}, retryMilliseconds: 0 })
let boto: Boto
beforeAll(async () => {
  boto = await startBoto()
}, 300_000)
afterAll(async () => {
  http.close()
  await boto.close()
})

interface Told {
  login?: S3Login
  region?: string
  bucket?: string
  prefix?: string
  now?: () => number
}

function storeAt(fake: FakeS3, told: Told = {}): Store {
  const { bucket, region, keys, address: endpoint } = fake
  return s3Store({
    place: s3Place({ bucket, region, endpoint, prefix: 'debs', ...told }),
    login: told.login ?? keyLogin(keys, () => undefined),
    http,
    now: told.now ?? Date.now
  })
}

storeContract('a strict S3', async () => {
  const fake = await startFakeS3()
  return {
    store: () => storeAt(fake),
    content: () =>
      Promise.resolve(
        Object.fromEntries(
          [...fake.content()].map(([key, bytes]) => [key.replace(/^debs\//, ''), bytes.toString()])
        )
      ),
    left: () => Promise.resolve([]),
    remove: () => fake.close()
  }
})

let buckets = 0
storeContract('a real S3, asked with boto3', async () => {
  const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }
  const place = { bucket: `bucket-${(buckets += 1)}`, region: 'eu-west-1' }
  await boto.ask({ do: 'make', ...place, ...keys })
  return {
    store: () =>
      s3Store({
        place: s3Place({ ...place, endpoint: boto.address }),
        login: keyLogin(keys, () => undefined),
        http,
        now: Date.now
      }),
    content: async () => {
      const { answer } = await boto.ask({ do: 'content', ...place, ...keys })
      return Object.fromEntries(
        Object.entries(answer as Record<string, BotoObject>)
          .filter(([key]) => !key.startsWith('.tagproof/'))
          .map(([key, { text }]) => [key, text])
      )
    },
    left: () => Promise.resolve([]),
    remove: () => Promise.resolve()
  }
})

describe('with a strict server', () => {
  let fake: FakeS3
  let store: Store
  const begin = async (options: FakeS3Options = {}): Promise<void> => {
    await fake.close()
    fake = await startFakeS3(options)
    store = storeAt(fake)
  }
  const body = { bytes: Buffer.from('bytes') }

  beforeEach(async () => {
    fake = await startFakeS3()
    store = storeAt(fake)
  })
  afterEach(async () => {
    await store.close()
    await fake.close()
  })

  it('the server is one that the real client takes for S3, and that refuses it what S3 refuses', async () => {
    const { keys, bucket, region, address: endpoint } = fake
    const at = { bucket, region, endpoint, ...keys }
    const put = (key: string, text: string, more = {}, other = {}) =>
      boto.ask({ do: 'put', key, text, more, ...at, ...other })
    const etag = '"0cc175b9c0f1b6a831c399e269772661"'
    expect([
      await put('b c+d~é', 'a'),
      await put('new', 'a', { IfNoneMatch: '*' }),
      await put('new', 'b', { IfNoneMatch: '*' }),
      await put('new', 'b', { IfMatch: '"0"' }),
      await put('none', 'b', { IfMatch: '"0"' }),
      await put('new', 'b', { IfMatch: etag }),
      await put('x', 'b', {}, { secretAccessKey: 'wrong' }),
      await put('x', 'b', {}, { accessKeyId: 'AKIANONE' }),
      await put('x', 'b', {}, { bucket: 'other-bucket' }),
      await boto.ask({ do: 'delete', key: 'new', ...at, more: { IfMatch: etag } }),
      await boto.ask({ do: 'delete', key: 'new', ...at })
    ]).toEqual([
      { answer: etag },
      { answer: etag },
      { code: 'PreconditionFailed', status: 412 },
      { code: 'PreconditionFailed', status: 412 },
      { code: 'NoSuchKey', status: 404 },
      { answer: expect.stringMatching(/^"/) as unknown },
      { code: 'SignatureDoesNotMatch', status: 403 },
      { code: 'InvalidAccessKeyId', status: 403 },
      { code: 'NoSuchBucket', status: 404 },
      { code: 'PreconditionFailed', status: 412 },
      { answer: 204 }
    ])
    for (let at = 0; at < 3; at += 1) fake.put(`many/${at}`, Buffer.from(String(at)))
    expect(Object.keys((await boto.ask({ do: 'content', ...at })).answer ?? {})).toEqual([
      'b c+d~é',
      'many/0',
      'many/1',
      'many/2'
    ])
  })

  it('what it stores, the real client reads with its checksum, type and how long it may be kept', async () => {
    await store.create('1.0/demo_1.0_amd64.deb', body)
    await store.replace('demo_amd64.deb', body, null)
    await store.create('1.0/SHA256SUMS', body)
    const { keys, bucket, region, address: endpoint } = fake
    const { answer } = await boto.ask({ do: 'content', bucket, region, endpoint, ...keys })
    const sum = Buffer.from(sha256OfBytes('bytes'), 'hex').toString('base64')
    const found = { text: 'bytes', sha256: sha256OfBytes('bytes'), sum }
    const deb = 'application/vnd.debian.binary-package'
    const kept = 'public, max-age=31536000, immutable'
    expect(answer).toEqual({
      'debs/1.0/demo_1.0_amd64.deb': { ...found, type: deb, cache: kept },
      'debs/demo_amd64.deb': { ...found, type: deb, cache: 'no-cache' },
      'debs/1.0/SHA256SUMS': { ...found, type: 'text/plain; charset=utf-8', cache: kept }
    })
  })

  it('a store that ignores a condition is found out before the first write, and its content stays', async () => {
    for (const condition of ['if-none-match', 'if-match'] as const) {
      await begin({ ignores: [condition] })
      fake.put('debs/x', Buffer.from('x'))
      const before = fake.content()
      for (let time = 0; time < 2; time += 1)
        await expect(store.preflight()).rejects.toMatchObject({
          code: 'store-unfit',
          detail: { found: expect.stringMatching(new RegExp(condition, 'i')) as unknown }
        })
      expect(fake.content()).toEqual(before)
    }
    await begin()
    await store.preflight()
    await store.preflight()
    expect([...fake.objects.keys()]).toEqual(['debs/.tagproof/probe'])
    fake.next.set('PUT debs/.tagproof/probe', [new S3Fault(501, 'NotImplemented', 'conditional writes')])
    await expect(store.preflight()).rejects.toMatchObject({ code: 'store-unfit' })
  })

  it('a lost answer is asked for, not believed to be a failure', async () => {
    fake.next.set('PUT debs/new', ['cut'])
    // Somebody wrote it: whether it was us, the hash tells the caller.
    expect(await store.create('new', body)).toBe('exists')
    expect((await store.hash('new'))?.sha256).toBe(sha256OfBytes('bytes'))
    fake.next.set('PUT debs/moves', ['cut'])
    const version = await store.replace('moves', body, null)
    expect(version).toBe((await store.hash('moves'))?.version)
    fake.next.set('PUT debs/moves', ['cut'])
    expect(await store.replace('moves', { bytes: Buffer.from('2') }, version)).not.toBeNull()
    expect(fake.content().get('debs/moves')?.toString()).toBe('2')
  })

  it('what passes is tried again: a conflict of two writers, too many requests, damage on the way', async () => {
    const faults = [
      new S3Fault(409, 'ConditionalRequestConflict', 'again'),
      new S3Fault(503, 'SlowDown', 'slower'),
      new S3Fault(400, 'BadDigest', 'damaged'),
      new S3Fault(400, 'RequestTimeout', 'idle')
    ]
    fake.next.set('PUT debs/new', faults)
    expect(await store.create('new', body)).toBe('created')
    fake.next.set(
      'PUT debs/other',
      Array.from({ length: 9 }, () => new S3Fault(503, 'SlowDown', 'slower'))
    )
    await expect(store.create('other', body)).rejects.toMatchObject({ code: 'upload-refused' })
    expect(fake.requests.filter((line) => line.startsWith('PUT')).length).toBe(5 + http.attempts)
  })

  it.each([
    ['another region', { region: 'us-west-2' }, 'config-invalid', /region: eu-central-1/],
    ['another bucket', { bucket: 'not-there' }, 'config-invalid', /Make the bucket/],
    ['a clock that is wrong', { now: () => Date.now() + 3_600_000 }, 'login-refused', /clock/],
    [
      'keys of another account',
      { login: keyLogin({ accessKeyId: 'AKIANONE', secretAccessKey: 'wrong' }, () => undefined) },
      'login-refused',
      /s3-access-key-id/
    ]
  ])('%s is told before the first write', async (_title, told, code, fix) => {
    await expect(storeAt(fake, told).preflight()).rejects.toMatchObject({
      code,
      detail: { fix: expect.stringMatching(fix) as unknown }
    })
    expect(fake.objects.size).toBe(0)
  })

  it('keys that may not write, or not list, are told before the first write', async () => {
    const account = fake.accounts.get(fake.keys.accessKeyId)
    for (const allowed of [
      ['s3:ListBucket', 's3:GetObject'],
      ['s3:PutObject', 's3:GetObject']
    ]) {
      if (account !== undefined) account.allowed = allowed
      await expect(store.preflight()).rejects.toMatchObject({
        code: 'login-refused',
        detail: { fix: expect.stringMatching(/s3:PutObject/) as unknown }
      })
    }
    // The least that is needed.
    if (account !== undefined) account.allowed = ['s3:ListBucket', 's3:GetObject', 's3:PutObject']
    await store.preflight()
    expect(await store.create('x', body)).toBe('created')
    expect(await store.read('y', 1)).toBeNull()
  })

  it('a full bucket is told as such, and nothing changes', async () => {
    await begin({ quota: 100 })
    await store.create('x', body)
    const large = { bytes: Buffer.alloc(200) }
    await expect(store.create('large', large)).rejects.toMatchObject({ code: 'disk-full' })
    const { version = '' } = (await store.hash('x')) ?? {}
    await expect(store.replace('x', large, version)).rejects.toMatchObject({ code: 'disk-full' })
    expect([...fake.content()].map(([key, bytes]) => [key, bytes.toString()])).toEqual([['debs/x', 'bytes']])
  })

  it('lists more than a page', async () => {
    for (let at = 0; at < 2003; at += 1) fake.put(`debs/k/${at} &+é`, Buffer.alloc(0))
    fake.put('debs2/other', Buffer.alloc(0))
    const keys = new Set<string>()
    for await (const key of store.list('k/')) keys.add(key)
    expect([keys.size, keys.has('k/2002 &+é')]).toEqual([2003, true])
    expect(fake.requests.length).toBe(3)
  })

  it('what is larger than one request may carry is refused before a byte is sent', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-s3-'))
    const file = path.join(folder, 'file')
    await writeFile(file, '')
    const size = 5 * 1024 ** 3 + 1
    await expect(store.create('x', { file, size, sha256: sha256OfBytes('') })).rejects.toMatchObject({
      code: 'upload-refused'
    })
    expect(fake.requests).toEqual([])
    expect(await store.fetch('x', path.join(folder, 'fetched'))).toBeNull()
    expect(await readdir(folder)).toEqual(['file'])
    await rm(folder, { recursive: true })
  })

  it('a server that is no S3 is told', async () => {
    const page = await startFakeS3()
    page.next.set('GET ', [new S3Fault(200, 'x', 'a page for people')])
    await expect(storeAt(page).preflight()).rejects.toMatchObject({ code: 'index-answer' })
    await page.close()
  })
})

describe('a role instead of keys', () => {
  const role = 'arn:aws:iam::123456789012:role/publish'
  it('is given for the identity token of the job, and its keys are renewed before they end', async () => {
    const identity = await startIdentityProvider()
    let now = Date.now()
    const trust = {
      role,
      audience: tokenAudience,
      subject: 'repo:octo/project:environment:release',
      keySet: () => identity.provider.publication('/.well-known/jwks') as never
    }
    const fake = await startFakeS3({ trust, now: () => now })
    const secrets: string[] = []
    const onSecret = (value: string): void => void secrets.push(value)
    const place = s3Place({ bucket: fake.bucket, region: fake.region, endpoint: fake.address })
    const request = { tokenService: place.tokenService, http, now: () => now, onSecret }
    const tokenOf = (audience: string) => identityToken(http, identity.environment, audience, onSecret)
    const login = (other = {}): S3Login => roleLogin({ role, ...request, identityToken: tokenOf, ...other })
    try {
      const store = s3Store({ place, login: login(), http, now: () => now })
      await store.preflight()
      expect([identity.asked, secrets.length]).toEqual([[tokenAudience], 3])
      now += 56 * 60_000
      identity.provider.issuer = 'http://issuer'
      const body = { bytes: Buffer.from('bytes') }
      // The token of the identity provider is of the real time.
      now = Date.now()
      expect(await store.create('x', body)).toBe('created')
      expect(identity.asked.length).toBe(1)
      for (const account of fake.accounts.values())
        if (account.session !== undefined) account.session.ends = now - 1
      expect(await store.create('y', body)).toBe('created')
      expect(identity.asked.length).toBe(2)

      const refusals = [
        { role: 'arn:aws:iam::123456789012:role/other' },
        { identityToken: () => tokenOf('other.audience') },
        { identityToken: () => Promise.resolve('a.b.c') }
      ]
      for (const other of refusals)
        await expect(
          s3Store({ place, login: login(other), http, now: () => now }).preflight()
        ).rejects.toMatchObject({
          code: 'login-refused',
          detail: { fix: expect.stringMatching(/trust policy/) as unknown }
        })
    } finally {
      await fake.close()
      await identity.close()
    }
  })
})

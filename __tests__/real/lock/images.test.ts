import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Sources } from '../../../src/documents/config.ts'
import type { ImageLock, Lock } from '../../../src/documents/lock.ts'
import { lockChanges } from '../../../src/lock/changes.ts'
import { lockImages, type LockImagesOptions } from '../../../src/lock/images/lock-images.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { createHttpClient, type HttpClient } from '../../../src/platform/http.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import {
  digestOf,
  makeImage,
  startFake,
  startRegistry,
  writeTestLayout,
  type TestImage,
  type TestRegistry
} from '../support/registry.ts'

const platforms = ['linux/amd64', 'linux/arm64']
const image = makeImage('base')
const client: HttpClient = createHttpClient({ retryMilliseconds: 5 })
let work: string
let open: TestRegistry
let closed: TestRegistry

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-images-test-'))
  ;[open, closed] = await Promise.all([startRegistry(), startRegistry({ login: true })])
  await writeTestLayout(path.join(work, 'layout'), { base: image })
  for (const [{ host }, login] of [
    [open, []],
    [closed, ['--dest-creds', 'herald:secret']]
  ] as const)
    await runChecked(
      'skopeo',
      ['copy', '--all', '--preserve-digests', '--dest-tls-verify=false', ...login].concat(
        `oci:${work}/layout:base`,
        `docker://${host}/library/base:1`
      ),
      { env: { ...plainEnvironment, HOME: work } }
    )
})
afterAll(async () => {
  client.close()
  await Promise.all([open.close(), closed.close()])
  await rm(work, { recursive: true, force: true })
})

function lockOne(
  reference: string,
  sources: Sources = {},
  more: Partial<LockImagesOptions> & { platforms?: readonly string[] } = {}
): Promise<Record<string, ImageLock>> {
  return lockImages([{ reference, platforms: more.platforms ?? platforms }], {
    previous: {},
    sources,
    log: silentLog,
    client,
    environment: { HOME: '/nonexistent' },
    askDefault: () => Promise.resolve(null),
    ...more
  })
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof TagproofError)) throw error
    const { found = '', fix = '' } = error.detail
    return `${error.code}: ${error.message} | ${found} | ${fix}`
  }
  return 'nothing was refused'
}

function wholeLock(images: Record<string, ImageLock>): Lock {
  return { schema: 'tagproof/lock/1', roots: {}, python: {}, images }
}

/** Fetches into a new store, and reads back what lies there. */
async function fetchInto(
  name: string,
  images: Record<string, ImageLock>,
  sources: Sources
): Promise<string[]> {
  const inputs = await fetchInputs(wholeLock(images), {
    store: path.join(work, name),
    sources,
    log: silentLog,
    client,
    aptSources: [],
    environment: { HOME: '/nonexistent', DOCKER_CONFIG: path.join(work, 'docker') }
  })
  const digests = Object.values(images).flatMap((one) =>
    Object.values(one.platforms).flatMap(({ manifest, config, layers }) => [manifest, config, ...layers])
  )
  for (const { digest } of digests) expect(digestOf(await readFile(inputs.blob(digest)))).toBe(digest)
  return digests.map(({ digest }) => digest)
}

async function dockerConfiguration(value: object): Promise<Record<string, string>> {
  const folder = path.join(work, 'docker')
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(value))
  return { DOCKER_CONFIG: folder, HOME: work, PATH: `${folder}:${process.env.PATH ?? ''}` }
}

describe('from a registry', () => {
  test('a tag is locked to the digests of index and platforms, kept by the lock, and fetched', async () => {
    const sources = { registries: { default: `http://${open.host}` } }
    const locked = await lockOne('base:1', sources)
    expect(locked['base:1']?.digest).toBe(image.index)
    for (const platform of platforms) {
      const one = locked['base:1']?.platforms[platform]
      expect(one?.manifest.digest).toBe(image.manifests[platform])
      expect(one?.layers.map(({ digest }) => digest)).toEqual([image.layers[platform]])
    }
    expect(await fetchInto('store', locked, sources)).toHaveLength(6)
    const text = formatLock(wholeLock(locked))
    expect(formatLock(parseLock(text, 'lock'))).toBe(text)
    expect(lockChanges(null, wholeLock(locked))).toEqual([
      `image base:1: new, ${image.index}, linux/amd64, linux/arm64`
    ])
    // What is locked needs no server; nor does the digest that was added to the reference.
    const nowhere = { registries: { default: 'http://127.0.0.1:9' } }
    expect(await lockOne('base:1', nowhere, { previous: locked })).toEqual(locked)
    const pinned = `base:1@${image.index}`
    expect(await lockOne(pinned, nowhere, { previous: locked })).toEqual({ [pinned]: locked['base:1'] })
  })

  test('a host in the reference, a digest, a platform that is added', async () => {
    const reference = `${open.host}/library/base@${image.index}`
    const locked = await lockOne(reference, {}, { platforms: ['linux/arm64/v8'] })
    expect(Object.keys(locked[reference]?.platforms ?? {})).toEqual(['linux/arm64'])
    const more = await lockOne(reference, {}, { previous: locked })
    expect(Object.keys(more[reference]?.platforms ?? {})).toEqual(platforms)
    const single = `${open.host}/library/base@${image.manifests['linux/amd64'] ?? ''}`
    expect(await refusal(lockOne(single))).toMatch(
      /^lock-unresolvable: .* not there for linux\/arm64. \| linux\/amd64/
    )
    expect((await lockOne(single, {}, { platforms: ['linux/amd64'] }))[single]?.digest).toBe(
      image.manifests['linux/amd64']
    )
  })

  test('what is not there', async () => {
    expect(await refusal(lockOne(`${open.host}/library/none:1`))).toMatch(
      /^lock-unresolvable: There is no image/
    )
    expect(await refusal(lockOne(`${open.host}/library/base:1`, {}, { platforms: ['linux/s390x'] }))).toMatch(
      /^lock-unresolvable: .* not there for linux\/s390x. \| linux\/amd64, linux\/arm64/
    )
    expect(await refusal(lockOne('base:1'))).toMatch(/^config-invalid: base:1 names no registry/)
    expect(await refusal(lockOne('base:1', { registries: { default: 'http://images.example' } }))).toMatch(
      /^config-invalid: .* is not secure/
    )
  })

  test('logins: of the file, of a helper, wrong, or none', async () => {
    const reference = `${closed.host}/library/base:1`
    expect(await refusal(lockOne(reference))).toMatch(/^index-answer: .* asks for a login.*docker login/)
    const auth = (pair: string): object => ({ auth: Buffer.from(pair).toString('base64') })
    const wrong = await dockerConfiguration({ auths: { [closed.host]: auth('herald:other') } })
    expect(await refusal(lockOne(reference, {}, { environment: wrong }))).toMatch(
      /^index-answer: .* \| status 401/
    )
    // Only the whole host counts: a login for a longer name goes nowhere.
    const near = await dockerConfiguration({ auths: { [`${closed.host}.example`]: auth('herald:secret') } })
    expect(await refusal(lockOne(reference, {}, { environment: near }))).toMatch(/asks for a login/)
    const helper = path.join(work, 'docker/docker-credential-test')
    await writeFile(
      helper,
      `#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = "${closed.host}" ] && [ -z "$GITHUB_TOKEN" ] && echo '{"Username":"herald","Secret":"secret"}'\n`
    )
    await chmod(helper, 0o755)
    const helped = await dockerConfiguration({ credHelpers: { [closed.host]: 'test' } })
    const locked = await lockOne(reference, {}, { environment: { ...helped, GITHUB_TOKEN: 'x' } })
    expect(locked[reference]?.digest).toBe(image.index)
    await dockerConfiguration({ auths: { [`http://${closed.host}/v2/`]: auth('herald:secret') } })
    expect(await fetchInto('store-login', locked, {})).toHaveLength(6)
  })
})

describe('from layouts', () => {
  test('by name, by digest, and in a folder that is named like the repository', async () => {
    const layouts = path.join(work, 'layouts')
    await writeTestLayout(path.join(layouts, 'deep/base'), { 1: image })
    const locked = await lockOne('deep/base:1', { layouts })
    expect(locked['deep/base:1']?.digest).toBe(image.index)
    expect(await lockOne('base', { layouts: path.join(work, 'layout') })).toMatchObject({
      base: { digest: image.index }
    })
    await fetchInto('store-layout', locked, { layouts })
    expect(await refusal(lockOne('deep/base:2', { layouts }))).toMatch(
      /^config-invalid: .* names no registry/
    )
  })

  test('a blob with other bytes is not taken', async () => {
    const layouts = path.join(work, 'broken')
    await writeTestLayout(layouts, { base: image })
    const locked = await lockOne('base', { layouts })
    const layer = image.layers['linux/amd64'] ?? ''
    await writeFile(path.join(layouts, 'blobs/sha256', layer.slice(7)), 'other')
    expect(await refusal(fetchInto('store-broken', locked, { layouts }))).toMatch(/^(input-missing|network)/)
    await writeFile(path.join(layouts, 'blobs/sha256', image.index.slice(7)), '{}')
    expect(await refusal(lockOne(`base@${image.index}`, { layouts }))).toMatch(/^hash-mismatch/)
  })
})

describe('what a base may not be', () => {
  const bad = async (other: TestImage): Promise<string> => {
    const layouts = await mkdtemp(path.join(work, 'bad-'))
    await writeTestLayout(layouts, { bad: other })
    return refusal(lockOne('bad', { layouts }, { platforms: ['linux/amd64'] }))
  }

  test('one with steps of its own', async () => {
    expect(await bad(makeImage('x', { onBuild: ['RUN evil'] }))).toMatch(
      /^lock-unresolvable: .*ONBUILD.*RUN evil/
    )
    // An empty list is honest.
    expect(await bad(makeImage('x', { onBuild: [] }))).toBe('nothing was refused')
  })

  test('one that lies about its platform, or has foreign layers', async () => {
    expect(await bad(makeImage('x', { platforms: ['linux/arm64'], saysPlatform: 'linux/amd64' }))).toMatch(
      /^lock-unresolvable: .* not there for linux\/amd64. \| linux\/arm64/
    )
    const layerType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
    expect(await bad(makeImage('x', { layerType }))).toMatch(/^lock-unresolvable: .*foreign/)
  })
})

describe('a registry that is strict, busy, or lies', () => {
  test('a token is fetched where the challenge says, and goes to the registry alone', async () => {
    const cdn = await startFake(image)
    let refused = 0
    let tokens = 0
    const strict = await startFake(image, (request, response, url) => {
      if (url.pathname === '/token') {
        tokens += 1
        const ok =
          url.searchParams.get('scope') === 'repository:a/base:pull' &&
          url.searchParams.get('service') === 's'
        response.writeHead(ok ? 200 : 400).end(JSON.stringify({ token: `t${refused}` }))
        return true
      }
      // After the first blob the token ends, for whatever is asked side by side; no other refusal ends a token.
      const ends = cdn.asked.length === 1
      if (ends) cdn.asked.push({ url: 'refused', authorization: undefined })
      const known = request.headers.authorization === `Bearer t${refused}`
      if (ends || !known) {
        if (ends || refused === 0) refused += 1
        const realm = `http://${request.headers.host ?? ''}/token`
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end()
        return true
      }
      if (!url.pathname.includes('/blobs/')) return false
      response.writeHead(307, { location: `http://${cdn.host}${url.pathname}` }).end()
      return true
    })
    try {
      const reference = `${strict.host}/a/base:1`
      const locked = await lockOne(reference, {}, { platforms: ['linux/amd64'] })
      await fetchInto('store-token', locked, {})
      expect(cdn.asked.filter(({ url }) => url !== 'refused').length).toBeGreaterThan(1)
      expect(cdn.asked.every(({ authorization }) => authorization === undefined)).toBe(true)
      // Once for the lock, and once for all the downloads that are refused side by side.
      expect(tokens).toBe(2)
    } finally {
      await Promise.all([cdn.close(), strict.close()])
    }
  })

  test('429 is waited for; other bytes than their digest are refused', async () => {
    let busy = 2
    let lie = false
    const fake = await startFake(image, (_request, response, url) => {
      if (busy-- > 0) response.writeHead(429, { 'retry-after': '0' }).end()
      else if (lie && url.pathname.includes('/sha256:')) response.writeHead(200).end('{"other":1}')
      else if (lie) response.writeHead(200, { 'docker-content-digest': digestOf('x') }).end('{}')
      else return false
      return true
    })
    try {
      const reference = `${fake.host}/base:1`
      const locked = await lockOne(reference)
      lie = true
      expect(await refusal(lockOne(reference))).toMatch(/^hash-mismatch/)
      expect(await refusal(lockOne(`${fake.host}/base@${image.index}`))).toMatch(/^hash-mismatch/)
      expect(await refusal(fetchInto('store-lie', locked, {}))).toMatch(/^hash-mismatch/)
    } finally {
      await fake.close()
    }
  })

  test.each([
    ['Bearer realm="http://images.example/token"', /place for tokens that cannot be used/],
    ['Digest realm="x"', /login of an unknown kind/],
    ['', /login of an unknown kind/]
  ])('the challenge %j is not met', async (challenge, message) => {
    const fake = await startFake(image, (_request, response) => {
      response.writeHead(401, { 'www-authenticate': challenge }).end()
      return true
    })
    try {
      expect(await refusal(lockOne(`${fake.host}/base:1`))).toMatch(message)
    } finally {
      await fake.close()
    }
  })
})

import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { registryDestination } from '../../../../src/destinations/registry/destination.ts'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { requestOf, runDestination, type Asked, type Run } from '../../support/registry/destination-run.ts'
import {
  startFakeRegistry,
  type FakeOptions,
  type FakeRegistry
} from '../../support/registry/fake-registry.ts'
import { makeTinyImages, type TinyImageOptions, type TinyImages } from '../../support/registry/tiny-images.ts'

/** Each thing that a registry can do by the letter of its specification, or against it. */

const opened: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

interface Rig {
  fake: FakeRegistry
  release: TinyImages
  publish: (more?: Partial<Asked>) => Promise<Run>
}

async function rig(options: FakeOptions = {}, images: TinyImageOptions = {}): Promise<Rig> {
  const fake = await startFakeRegistry(options)
  const release = await makeTinyImages({ repositories: ['web'], ...images })
  opened.push(fake, { close: release.remove })
  return { fake, release, publish: (more = {}) => runDestination({ origin: fake.origin, release, ...more }) }
}

async function refused(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof TagproofError)) throw error
    const { found = '', fix = '' } = error.detail
    if (fix === '') throw new Error(`nothing to do: ${error.message}`, { cause: error })
    return `${error.code}: ${error.message} | ${found} | ${fix}`
  }
  return 'nothing was refused'
}

const herald = { kind: 'password', user: 'herald', password: 'secret' } as const
const large = { noise: 400_000 }
const uploaded = (fake: FakeRegistry): number => fake.uploads.received.reduce((sum, size) => sum + size, 0)
const layers = ({ images }: TinyImages): number =>
  images[0]?.image.blobs
    .filter(({ role }) => role === 'layer' || role === 'config')
    .reduce((sum, { size }) => sum + size, 0) ?? 0

describe('blobs', () => {
  it('go to another server without the login, and to relative places', async () => {
    const away = await rig({ elsewhere: true, login: 'bearer' })
    await away.publish({ credentials: () => Promise.resolve(herald) })
    expect(away.fake.elsewhere.length).toBeGreaterThan(0)
    expect(away.fake.elsewhere.filter(({ authorization }) => authorization)).toEqual([])
    const relative = await rig({ relative: true })
    expect((await relative.publish()).written).toEqual(['sent web-1.0.oci.tar'])
  })

  it.each([/^POST/, /^PUT .*\/uploads\//, /^PUT .*\/manifests\/sha256/, /^PUT .*\/manifests\/1\.0/])(
    'and documents are sent on by no redirect to another server (%s)',
    async (pattern) => {
      const { fake, publish } = await rig()
      fake.redirectNext(pattern, 'other')
      expect(await refused(publish())).toMatch(
        /^index-answer: .* sends a write on to another address\. \| 307 to http/
      )
      expect(fake.elsewhere).toEqual([])
      // A client that follows, as the one for reading does, would have been there.
      fake.redirectNext(/^GET/, 'other')
      await fetch(`${fake.origin}/v2/`).catch(() => undefined)
      expect(fake.elsewhere.map(({ line }) => line)).toEqual(['GET /v2/'])
      // Within the server it is followed, and the next run finishes.
      fake.redirectNext(pattern, 'same')
      expect((await publish()).written).toEqual(['sent web-1.0.oci.tar'])
    }
  )

  it('go in parts in order, none smaller than the registry takes', async () => {
    const { fake, release, publish } = await rig({ minimum: 100_000 }, large)
    await publish({ chunk: 30_000 })
    const parts = fake.requests.filter(({ line }) => line.startsWith('PATCH'))
    expect(parts.map(({ status }) => status)).toEqual(parts.map(() => 202))
    expect(parts.length).toBe(Math.ceil((release.images[0]?.image.blobs[0]?.size ?? 0) / 100_000))
    expect(uploaded(fake)).toBe(layers(release))
  })

  it('go on where a connection broke', async () => {
    const { fake, release, publish } = await rig({}, large)
    fake.breakNext(/^PATCH/, 50_000)
    await publish({ chunk: 100_000 })
    // Nothing that had arrived was sent again.
    expect(uploaded(fake)).toBe(layers(release))
    const again = await rig({}, large)
    again.fake.breakNext(/^PUT .*uploads/, 70_000)
    await again.publish()
    expect(uploaded(again.fake)).toBe(layers(again.release))
  })

  it('begin anew where the registry has forgotten an upload', async () => {
    const { fake, publish } = await rig({}, large)
    fake.before(/^PATCH/, () => fake.uploads.open.clear())
    expect((await publish({ chunk: 100_000 })).written).toEqual(['sent web-1.0.oci.tar'])
  })

  it('go in smaller parts where a request is too large, or whole where no parts are taken', async () => {
    const { fake, publish } = await rig({ largest: 1_200_000 }, { noise: 4_000_000 })
    await publish()
    expect(fake.requests.some(({ status }) => status === 413)).toBe(true)
    const whole = await rig({ wholeOnly: true }, large)
    expect((await whole.publish({ chunk: 100_000 })).written).toEqual(['sent web-1.0.oci.tar'])
    const small = await rig({ largest: 50_000 }, large)
    expect(await refused(small.publish())).toMatch(
      /^upload-refused: .*blob sha256.*413: SIZE_INVALID.*limit raised/
    )
    expect(small.fake.content()).toEqual({})
  })

  it('that are there already are not sent, and those of a base image are mounted', async () => {
    const { fake, release, publish } = await rig()
    await publish()
    const layer = release.images[0]?.image.blobs[0]?.digest ?? ''
    const bases = new Map([[layer, 'tiny-demo/web']])
    const other = await makeTinyImages({ repositories: ['web'], project: 'tiny-demo' })
    opened.push({ close: other.remove })
    const elsewhere = { images: other.images.map((one) => ({ ...one, repository: 'mine/web' })) }
    const before = uploaded(fake)
    await runDestination({ origin: fake.origin, release: elsewhere, bases })
    expect(fake.state.writes).toContain(`mount mine/web@${layer}`)
    expect(uploaded(fake) - before).toBe(release.images[0]?.image.blobs[1]?.size)
  })

  it('are sent where nothing can be mounted, or the token may not read there', async () => {
    const layerOf = ({ images }: TinyImages): string => images[0]?.image.blobs[0]?.digest ?? ''
    const strange = await rig({ mountless: true })
    await strange.publish({ bases: new Map([[layerOf(strange.release), 'library/base']]) })
    expect(strange.fake.state.writes.filter((write) => write.startsWith('mount'))).toEqual([])
    for (const more of [{ oneScope: true }, { rights: { 'tiny-demo/web': ['pull', 'push'] } }]) {
      const { fake, release, publish } = await rig({ login: 'bearer', ...more })
      await publish({
        bases: new Map([[layerOf(release), 'library/base']]),
        credentials: () => Promise.resolve(herald)
      })
      expect(fake.content()).toHaveProperty(['tiny-demo/web:1.0'])
    }
  })

  it('with other bytes than were proven never arrive whole', async () => {
    const { fake, release, publish } = await rig()
    const [one] = release.images
    const file = one?.file ?? ''
    const bytes = await readFile(file)
    const at = (one?.image.blobs[0]?.offset ?? 0) + 30
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(file, bytes)
    expect(await refused(publish())).toMatch(/^hash-mismatch: .*does not hold the blob that was proven/)
    expect([...fake.state.blobs.keys()]).not.toContain(one?.image.blobs[0]?.digest)
    expect(fake.content()).toEqual({})
  })
})

describe('documents', () => {
  it('that uploads.json does not describe stop before anything is sent', async () => {
    const { fake, release, publish } = await rig()
    const [one] = release.images
    if (one === undefined) throw new Error('no image')
    const lacking = { ...one, image: { ...one.image, blobs: one.image.blobs.slice(1) } }
    const wrong = {
      ...one,
      image: { ...one.image, blobs: one.image.blobs.map((blob) => ({ ...blob, size: blob.size + 1 })) }
    }
    expect(await refused(publish({ images: [lacking] }))).toMatch(/^document-mismatch: .* is not in the list/)
    expect(await refused(publish({ images: [wrong] }))).toMatch(/^document-mismatch: /)
    expect(fake.requests).toEqual([])
  })

  it('are hashed where the registry does not name their digest', async () => {
    const { fake, publish } = await rig({ silent: true })
    await publish()
    expect((await publish()).states).toEqual([{ name: 'web-1.0.oci.tar', state: 'identical' }])
    fake.lies.set(
      [...(fake.state.repositories.get('tiny-demo/web')?.tags.values() ?? [])][0] ?? '',
      Buffer.from('{}')
    )
    expect(await refused(publish())).toMatch(/^destination-different: /)
  })

  it('are sent again when a blob was lost, and the release is whole then', async () => {
    const { fake, release, publish } = await rig()
    await publish()
    fake.state.blobs.delete(release.images[0]?.image.blobs[0]?.digest ?? '')
    const again = await publish()
    expect(again.states[0]?.state).toBe('absent')
    expect(again.written).toEqual(['there web-1.0.oci.tar'])
    expect((await publish()).states[0]?.state).toBe('identical')
  })
})

describe('logins', () => {
  it.each(['basic', 'bearer', 'opaque'] as const)(
    '%s: a release, with tokens that end half-way',
    async (login) => {
      const { fake, publish } = await rig({ login, ...(login === 'basic' ? {} : { tokenLasts: 4 }) })
      const { written } = await publish({ credentials: () => Promise.resolve(herald) })
      expect(written).toEqual(['sent web-1.0.oci.tar'])
      if (login !== 'basic') expect(fake.login.given.length).toBeGreaterThan(3)
      expect(new Set(fake.login.given.flat().filter((scope) => scope.endsWith('push'))).size).toBe(
        login === 'basic' ? 0 : 1
      )
    }
  )

  it('by a refresh token', async () => {
    const { publish } = await rig({ login: 'bearer' })
    const credentials = (): Promise<{ kind: 'identity'; token: string }> =>
      Promise.resolve({ kind: 'identity', token: 'refresh-me' })
    expect((await publish({ credentials })).written).toEqual(['sent web-1.0.oci.tar'])
  })

  it('that are wrong, missing, or may only read are refused before anything is written', async () => {
    const reading = { rights: { 'tiny-demo/web': ['pull'] } }
    const wrong = { ...herald, password: 'other' }
    for (const [options, credentials, words] of [
      [{ login: 'basic' }, wrong, /status 401|authentication required/],
      [{ login: 'bearer' }, wrong, /gives no token.*status 401/],
      [{ login: 'basic' }, null, /asks for a login, and there is none/],
      [{ login: 'bearer' }, null, /without a login/],
      [{ login: 'basic', ...reading }, herald, /DENIED/],
      [{ login: 'bearer', ...reading }, herald, /a token for pull/],
      [{ login: 'opaque', ...reading }, herald, /UNAUTHORIZED/]
    ] as const) {
      const { fake, publish } = await rig(options)
      const said = await refused(publish({ credentials: () => Promise.resolve(credentials) }))
      expect(said).toMatch(/^login-refused: This login may not push to .*tiny-demo\/web/)
      expect(said).toMatch(words)
      expect(said).not.toContain('secret')
      expect([fake.state.writes, [...fake.uploads.open]]).toEqual([[], []])
    }
  })

  it('are not asked for where all is there', async () => {
    const { fake, publish } = await rig({ login: 'opaque' })
    await publish({ credentials: () => Promise.resolve(herald) })
    const writes = fake.requests.filter(({ line }) => !/^(GET|HEAD)/.test(line)).length
    await publish({ credentials: () => Promise.resolve(herald) })
    expect(fake.requests.filter(({ line }) => !/^(GET|HEAD)/.test(line)).length).toBe(writes)
  })
})

describe('a registry that throttles, breaks off, or lies', () => {
  it('429 is waited for, with Retry-After, at every kind of request', async () => {
    const { fake, publish } = await rig()
    const waits: (string | undefined)[] = []
    const http = createHttpClient({ environment: {}, retryMilliseconds: 0 })
    const counting = {
      ...http,
      pause: (attempt: number, after: string | undefined) => {
        waits.push(after)
        return http.pause(attempt, '0')
      }
    }
    for (const pattern of [
      /^POST .*uploads\/$/,
      /^PUT .*uploads/,
      /^PUT .*manifests\/sha256/,
      /^PUT .*manifests\/1\.0/
    ])
      fake.before(pattern, () => fake.limitNext(1, pattern, '7'))
    expect((await publish({ http: counting })).written).toEqual(['sent web-1.0.oci.tar'])
    expect(waits.filter((after) => after === '7').length).toBe(4)
  })

  it('for ever: the release stops, and the next one finishes it', async () => {
    const { fake, publish } = await rig()
    fake.limitNext(100, /^PUT .*manifests\/1\.0/)
    expect(await refused(publish())).toMatch(
      /^upload-refused: .*did not store the tag 1.0, after 3 attempts.*TOOMANYREQUESTS/
    )
    expect(fake.content()).toEqual({})
    const before = uploaded(fake)
    fake.limitNext(0, /^$/)
    expect((await publish()).written).toEqual(['sent web-1.0.oci.tar'])
    expect(uploaded(fake)).toBe(before)
  })

  it('answers that break off are asked for again', async () => {
    const { fake, release, publish } = await rig({}, large)
    const [one] = release.images
    for (const { digest } of one?.image.blobs ?? []) fake.truncated.set(digest, 1)
    const { readBack } = await publish()
    expect(readBack[0]?.checks.map(({ what, result }) => `${what} ${result}`)).toEqual([
      'tags agrees',
      'manifests agrees',
      'bytes agrees',
      'anonymous agrees'
    ])
  })

  it('other bytes are noticed when they are read back; with the honest ones it is published', async () => {
    const { fake, release, publish } = await rig()
    const blobs = release.images[0]?.image.blobs ?? []
    for (const { digest, size } of blobs) {
      fake.lies.set(digest, Buffer.alloc(size))
      expect(await refused(publish())).toMatch(/^(hash-mismatch|destination-different): /)
      fake.lies.clear()
    }
    expect((await publish()).readBack.length).toBe(1)
  })

  it('tells in the read-back that users need a login', async () => {
    const { publish } = await rig({ login: 'bearer' })
    const { readBack } = await publish({ credentials: () => Promise.resolve(herald) })
    expect(readBack[0]?.checks.at(-1)).toMatchObject({ what: 'anonymous', result: 'none' })
  })
})

describe('tags', () => {
  const two = async (
    options: FakeOptions,
    first: TinyImageOptions,
    second: TinyImageOptions
  ): Promise<Rig & { next: () => Promise<Run> }> => {
    const one = await rig(options, first)
    const other = await makeTinyImages({ repositories: ['web'], text: 'second', ...second })
    opened.push({ close: other.remove })
    return { ...one, next: () => runDestination({ origin: one.fake.origin, release: other }) }
  }

  it('of another image stop the release, whichever of them it is', async () => {
    const { fake, release, publish } = await rig()
    const other = await makeTinyImages({ repositories: ['web'], text: 'other', moving: [] })
    opened.push({ close: other.remove })
    const both = release.images.map((one) => ({ ...one, tags: ['1.0', '1.0-py3.10'] }))
    await runDestination({
      origin: fake.origin,
      release: { images: other.images.map((one) => ({ ...one, tags: ['1.0-py3.10'] })) }
    })
    const before = [...fake.state.writes]
    const destination = registryDestination(requestOf({ origin: fake.origin, release: { images: both } }))
    await destination.preflight()
    expect((await destination.state())[0]).toMatchObject({ state: 'different' })
    expect(fake.state.writes).toEqual(before)
    // Without the tag that is taken, it is published.
    expect((await publish()).written).toEqual(['sent web-1.0.oci.tar'])
  })

  it('that the registry keeps as they are: versions are published, names that move are told', async () => {
    const { fake, publish, next } = await two({ immutable: true }, {}, { version: '1.1' })
    await publish()
    const before = fake.content()
    expect(await refused(next())).toMatch(/^upload-refused: .*the tag latest.*immutable.*exempt/)
    expect(fake.content()).toMatchObject(before)
    expect(fake.content()).toHaveProperty(['tiny-demo/web:1.1'])
  })

  it('move forwards alone', async () => {
    const { fake, publish, next } = await two({}, { version: '2.11.5' }, { version: '2.10.9' })
    await publish()
    expect((await next()).moved).toEqual(['moved tiny-demo/web:series-2.10'])
    const at = fake.content()
    expect(at['tiny-demo/web:latest']).toBe(at['tiny-demo/web:2.11.5'])
    expect(at['tiny-demo/web:series-2.10']).toBe(at['tiny-demo/web:2.10.9'])
  })

  it.each([
    ['an image that says no version', { label: null }, /label/],
    ['a version that has no order', { label: 'nightly' }, /cannot be held against "nightly"/],
    ['another image of the same version', { label: '1.1' }, /another image of the same version/]
  ])('are not moved from %s, and nothing is written', async (_, first, words) => {
    const { fake, publish, next } = await two({}, { ...first }, { version: '1.1' })
    await publish()
    const before = [...fake.state.writes]
    const said = await refused(next())
    expect(said).toMatch(/^destination-different: The tag latest .* is not moved/)
    expect(said).toMatch(words)
    expect(fake.state.writes).toEqual(before)
  })

  it('are not moved out of their series', async () => {
    const { fake, next } = await two({}, {}, { version: '2.11.1', moving: ['series-{series}'] })
    const three = await makeTinyImages({ repositories: ['web'], version: '3.0.1', moving: [] })
    opened.push({ close: three.remove })
    const wrong = three.images.map((one) => ({ ...one, tags: ['series-2.11'] }))
    await runDestination({ origin: fake.origin, release: { images: wrong } })
    expect(await refused(next())).toMatch(/3\.0\.1, which is not of its series/)
  })

  it('that somebody moves meanwhile: the newer release wins', async () => {
    const { fake, release, publish } = await rig()
    await publish()
    const second = await makeTinyImages({ repositories: ['web'], text: 'second', version: '1.1' })
    const third = await makeTinyImages({ repositories: ['web'], text: 'third', version: '1.2' })
    opened.push({ close: second.remove }, { close: third.remove })
    await runDestination({
      origin: fake.origin,
      release: { images: third.images.map((one) => ({ ...one, moving: [] })) }
    })
    const tags = fake.state.repositories.get('tiny-demo/web')?.tags
    // Between the look and the write, when only the registry's own condition can tell.
    fake.before(/^PUT .*manifests\/latest/, () =>
      tags?.set('latest', third.images[0]?.image.root.digest ?? '')
    )
    const { moved } = await runDestination({ origin: fake.origin, release: second })
    expect(moved[0]).toBe('ahead tiny-demo/web:latest')
    expect(fake.content()['tiny-demo/web:latest']).toBe(fake.content()['tiny-demo/web:1.2'])
    expect(release.images.length).toBe(1)
  })

  it('go back to what they stood for, where they still stand for the release', async () => {
    const { fake, publish, next } = await two({}, {}, { version: '1.0.1' })
    await publish()
    const first = fake.content()['tiny-demo/web:latest'] ?? ''
    await next()
    const second = await makeTinyImages({ repositories: ['web'], text: 'second', version: '1.0.1' })
    opened.push({ close: second.remove })
    const destination = registryDestination(requestOf({ origin: fake.origin, release: second }))
    const expected = second.images[0]?.image.root.digest ?? ''
    const told: string[] = []
    const back = (names: { name: string; before: string | null; expected: string }[]): Promise<unknown> =>
      destination.moving?.back(names, ({ name, outcome }) =>
        Promise.resolve(void told.push(`${outcome} ${name}`))
      ) ?? Promise.resolve()
    await back([{ name: 'tiny-demo/web:latest', before: first, expected }])
    expect(fake.content()['tiny-demo/web:latest']).toBe(first)
    await back([{ name: 'tiny-demo/web:latest', before: `sha256:${'0'.repeat(64)}`, expected }])
    expect(told).toEqual(['moved tiny-demo/web:latest', 'ahead tiny-demo/web:latest'])
    // Registries may delete the image with a tag that was not there before.
    const writes = [...fake.state.writes]
    expect(await refused(back([{ name: 'tiny-demo/web:series-1.0', before: null, expected }]))).toMatch(
      /by hand/
    )
    expect(fake.state.writes).toEqual(writes)
    expect(fake.requests.filter(({ line }) => /^DELETE .*manifests/.test(line))).toEqual([])
  })

  it('that cannot be, or that two images would share, are refused before anything is asked', async () => {
    const { fake, release } = await rig({}, { repositories: ['web', 'worker'] })
    const [one, other] = release.images
    if (one === undefined || other === undefined) throw new Error('no images')
    const open = (images: TinyImages['images']): (() => unknown) => {
      const request = requestOf({ origin: fake.origin, release: { images } })
      return () => registryDestination(request)
    }
    for (const tag of ['1.0+local', '-1', '', 'x'.repeat(129), `sha256-${'0'.repeat(64)}`])
      expect(open([{ ...one, tags: [tag] }])).toThrow(/can be no tag/)
    expect(open([one, { ...other, repository: one.repository }])).toThrow(/given twice/)
    expect(open([one, other])).not.toThrow()
    expect(fake.requests).toEqual([])
  })
})

describe('evidence', () => {
  const evidence = [{ name: 'proof.json', mediaType: 'application/json', bytes: Buffer.from('{}\n') }]

  it.each([true, false])(
    'is attached once, beside what others have attached; list of the registry: %s',
    async (referrers) => {
      const { fake, release, publish } = await rig({ referrers })
      const subject = release.images[0]?.image.root.digest ?? ''
      const tag = subject.replace(':', '-')
      const { readBack } = await publish({ evidence })
      expect(readBack[0]?.checks.at(-1)?.what).toBe('evidence')
      const writes = [...fake.state.writes]
      await publish({ evidence })
      expect(fake.state.writes).toEqual(writes)
      expect(Object.hasOwn(fake.content(), `tiny-demo/web:${tag}`)).toBe(!referrers)
      // Once more with other documents, and a writer in between.
      const more = [{ ...evidence[0], bytes: Buffer.from('{"more":1}\n') }] as typeof evidence
      fake.state.repositories.get('tiny-demo/web')?.tags.delete('1.0')
      await publish({ evidence: more })
      const stored = fake.state.repositories.get('tiny-demo/web')
      const listed = stored?.manifests.get(stored.tags.get(tag) ?? '')?.bytes.toString() ?? ''
      if (!referrers) expect((JSON.parse(listed) as { manifests: unknown[] }).manifests.length).toBe(2)
    }
  )

  it('that somebody else attaches at the same moment is not lost', async () => {
    const { fake, release, publish } = await rig()
    const tag = (release.images[0]?.image.root.digest ?? '').replace(':', '-')
    const type = 'application/vnd.oci.image.index.v1+json'
    const entry = { mediaType: type, digest: `sha256:${'1'.repeat(64)}`, size: 2, artifactType: 'theirs' }
    const theirs = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [entry] })
    await publish({ evidence })
    const url = `${fake.origin}/v2/tiny-demo/web/manifests/${tag}`
    await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body: theirs })
    fake.state.repositories.get('tiny-demo/web')?.tags.delete('1.0')
    await publish({ evidence })
    const listed = (await (await fetch(url, { headers: { accept: type } })).json()) as {
      manifests: unknown[]
    }
    expect(listed.manifests.length).toBe(2)
    expect(listed.manifests[0]).toEqual(entry)
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pypiDestination } from '../../../../src/destinations/pypi/destination.ts'
import { serviceOf } from '../../../../src/destinations/pypi/services.ts'
import { describeError, TagproofError } from '../../../../src/platform/errors.ts'
import { requestOf, runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startPypiserver, type OtherServer } from '../../support/pypi/other-servers.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let server: OtherServer
let release: TinyRelease

function asked(more: Partial<Asked> = {}): Asked {
  const service = serviceOf({ upload: server.upload, simple: server.simple })
  const { uploadUrl, simpleUrl } = service
  return {
    index: { uploadUrl, simpleUrl, jsonUrl: simpleUrl },
    service,
    release,
    credentials: { kind: 'token', token: server.login },
    ...more
  }
}
const publish = (more: Partial<Asked> = {}): Promise<Run> => runDestination(asked(more))

async function refusal(more: Partial<Asked> = {}): Promise<TagproofError> {
  const error: unknown = await publish(more).then(
    () => new Error('it was published'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

/** Whether they keep to the contract of all destinations is asked beside it, contract-others.test.ts. */
describe('a pypiserver that shows nothing without a login', () => {
  beforeAll(async () => {
    server = await startPypiserver({ authenticated: 'update,list,download' })
    release = await makeTinyRelease()
  }, 300_000)
  afterAll(async () => {
    await server.close()
    await release.remove()
  })

  it('takes no wrong login, and says so before anything is sent', async () => {
    const error = await refusal({ credentials: { kind: 'token', token: 'me:wrong' } })
    expect(error.code).toBe('login-refused')
    expect(describeError(error)).not.toContain(Buffer.from('me:wrong').toString('base64'))
  })

  it('takes a release and gives it out again, and a rerun sends nothing', async () => {
    const first = await publish()
    expect(first.states.every(({ state }) => state === 'absent')).toBe(true)
    expect(first.written).toEqual(release.uploads.map(({ name }) => `sent ${name}`))
    expect(first.readBack.map(({ sha256 }) => sha256)).toEqual(release.uploads.map(({ sha256 }) => sha256))
    const second = await publish()
    expect(second.states.every(({ state }) => state === 'identical')).toBe(true)
    expect(second.written).toEqual([])
  })

  it('tells other bytes under the same names by their hash', async () => {
    const other = await makeTinyRelease({ text: 'other' })
    const request = requestOf(asked({ release: other }))
    const destination = pypiDestination(request)
    await destination.preflight()
    expect(await destination.state()).toEqual(
      other.uploads.map(({ name }, at) => ({
        name,
        state: 'different',
        found: release.uploads[at]?.sha256
      }))
    )
    await destination.close()
    request.http.close()
    await other.remove()
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationSettings, type DestinationSettings } from '../../../src/documents/destination-settings.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { previewStates } from '../../../src/stages/preview-states.ts'
import { startFakeIndex, type FakeIndex } from '../support/pypi/fake-index.ts'
import { makeProvenRelease, noCredentials, type ProvenRelease } from '../support/proven-release.ts'
import { publish } from '../../../src/stages/publish.ts'

const token = 'pypi-token-of-the-project-0123456789'
const context = stageContext({ log: silentLog })

let index: FakeIndex
let release: ProvenRelease
let config: string
beforeAll(async () => {
  index = await startFakeIndex({ tokens: { [token]: {} } })
  index.project('tiny-demo')
  config = `destinations: [{kind: pypi, index: {upload: '${index.uploadUrl.href}', simple: '${index.simpleUrl.href}'}}, {kind: directory, path: given}]`
  release = await makeProvenRelease(config)
  await publish(release.context, { ...noCredentials, given: new Map([['pypi-token', token]]) })
})
afterAll(async () => {
  await index.close()
  await release.remove()
})

const settings = (text = config): DestinationSettings[] =>
  readConfig(text, 'c').destinations.map(destinationSettings)
const expected = (stem: string): Parameters<typeof previewStates>[2] => [
  { target: 'python', kind: 'sdist', name: `${stem}.tar.gz` },
  { target: 'python', kind: 'wheel', name: `${stem}-*-*-*.whl` },
  { target: 'deb', kind: 'deb', name: 'tiny-demo_1.0_all.deb' },
  { target: 'image', kind: 'image', name: null }
]

describe('what a plan hears of an index', () => {
  it.each([
    ['tiny_demo-1.0', '1.0', 'there'],
    ['Tiny_Demo-1', '1', 'there'],
    ['tiny_demo-1.1', '1.1', 'absent'],
    ['other-1.0', '1.0', 'no such project']
  ])('%s of version %s: %s', async (stem, version, state) => {
    const asked = index.requests.length
    const [first, folder] = await previewStates(context, settings(), expected(stem), version)
    expect(first).toEqual({
      name: 'index',
      address: index.simpleUrl.href,
      files: [
        { artifact: `${stem}.tar.gz`, state },
        { artifact: `${stem}-*-*-*.whl`, state }
      ],
      note: null
    })
    expect(folder).toMatchObject({ files: [], note: 'a folder, looked at by publish' })
    expect(index.requests.slice(asked).map(({ method }) => method)).toEqual(['GET'])
  })

  it('an index that does not answer ends no plan, and an untagged commit asks none', async () => {
    const away = config.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:9')
    const [silent] = await previewStates(context, settings(away), expected('tiny_demo-1.0'), '1.0')
    expect(silent?.note).toMatch(/^not asked: .* cannot be reached$/)
    const [untagged] = await previewStates(context, settings(away), expected('tiny_demo-*'), null)
    expect(untagged?.note).toBe('not asked: the commit has no version yet')
  })
})

import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runPublication } from '../../../../src/destinations/publication.ts'
import { noJournal } from '../../../../src/destinations/journal.ts'
import { readConfig } from '../../../../src/documents/config-reading.ts'
import { destinationSettings } from '../../../../src/documents/destination-settings.ts'
import { objectId } from '../../../../src/documents/identifiers.ts'
import type { ReleaseArtifact } from '../../../../src/documents/release.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { stageContext } from '../../../../src/stages/context.ts'
import { openDestinations } from '../../../../src/stages/publish-destinations.ts'
import { makeDebRelease, type DebRelease } from '../../support/apt/deb-release.ts'
import { openGpgHome, type GpgHome } from '../../support/apt/gpg-key.ts'
import { listedIn } from '../../support/apt/repository.ts'
import { noCredentials } from '../../support/proven-release.ts'
import { provenArtifact } from '../../../support/proven-artifact.ts'

let folder: string
let home: GpgHome
let release: DebRelease
let secret: string
let publicKey: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-opened-'))
  home = await openGpgHome()
  release = await makeDebRelease({ version: '2.11.5' })
  const key = await home.makeKey('ed25519', 'cert,sign')
  secret = await home.exported('--export-secret-keys', key)
  publicKey = await home.exported('--export', key)
})
afterAll(async () => {
  await release.remove()
  await home.close()
  await rm(folder, { recursive: true, force: true })
})

/** Publishes what a configuration says, as the stage does once it has read the documents. */
async function publish(destination: string, given: Record<string, string>): Promise<void> {
  const context = stageContext({ repository: folder, out: path.join(folder, 'out'), log: silentLog })
  await cp(release.folder, context.out.packages, { recursive: true })
  const artifacts = release.debs.map(({ name, size, sha256, version }, at): ReleaseArtifact =>
    provenArtifact({
      target: at === 0 ? 'server' : 'library',
      kind: 'deb',
      name,
      version,
      size,
      sha256
    })
  )
  const zero = objectId('0'.repeat(40))
  const { destinations, close } = await openDestinations(context, {
    settings: readConfig(`destinations: [${destination}]`, 'tagproof.yml').destinations.map(
      destinationSettings
    ),
    release: {
      artifacts,
      tag: 'v2.11.5',
      version: release.version,
      commit: zero,
      epoch: 1,
      proof: sha256OfBytes('')
    },
    uploads: {
      schema: 'tagproof/uploads/2',
      files: [],
      images: [],
      debs: release.debs.map((deb) => ({ ...deb, sha512: '0'.repeat(128) }))
    },
    credentials: {
      ...noCredentials,
      given: new Map(Object.entries(given)) as typeof noCredentials.given,
      environment: { ...home.environment, TAGPROOF_SIGNER_GNUPGHOME: home.folder }
    },
    files: new Map([['archive.asc', Buffer.from(publicKey)]])
  })
  try {
    const published = { tag: 'v2.11.5', version: release.version, sha256: sha256OfBytes('x') }
    await runPublication({ release: published, destinations, journal: noJournal(), log: silentLog })
  } finally {
    close()
  }
}

const store = '{kind: directory, path: archive}'

it('a configuration tells the suites, what goes there, and who signs', async () => {
  const suites = "{'ckan-{series}': [server, library], all: [server]}"
  await publish(`{kind: apt, store: ${store}, suites: ${suites}, origin: Example}`, {
    'apt-signing-key': secret
  })
  const archive = path.join(folder, 'archive')
  expect(await listedIn(archive, 'ckan-2.11')).toEqual({
    'libtiny-demo': ['2.11.5'],
    'tiny-demo': ['2.11.5']
  })
  expect(await listedIn(archive, 'all')).toEqual({ 'tiny-demo': ['2.11.5'] })
  expect(await readFile(path.join(archive, 'dists/all/InRelease'), 'utf8')).toContain('\nOrigin: Example\n')
  // The same again by a command of the same key, which this time has nothing to sign but its trial.
  const signer = '[gpg, --batch, --armor]'
  await publish(`{kind: apt, store: ${store}, suites: ${suites}, key: archive.asc, signer: ${signer}}`, {})
  const other = '{kind: directory, path: other}'
  await publish(
    `{kind: apt, store: ${other}, suites: {all: [server]}, key: archive.asc, signer: ${signer}}`,
    {}
  )
  expect(await readFile(path.join(folder, 'other/key.asc'), 'utf8')).toBe(publicKey)
})

it('without a key it is refused, before the store is looked at', async () => {
  const none = '{kind: directory, path: none}'
  await expect(publish(`{kind: apt, store: ${none}, suites: {all: [server]}}`, {})).rejects.toMatchObject({
    code: 'signing-key',
    detail: { expected: expect.stringContaining("The test's apt-signing-key") as unknown }
  })
  expect(await listedIn(path.join(folder, 'none'), 'all')).toEqual({})
})

// One package that joins an apt repository, in a process of its own: apt-add-once.ts FOLDER ROUND, with the files that
// apt-add.ts has left in FOLDER. With the word `prepare` in place of a round it makes the repository.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { aptDestination } from '../src/destinations/apt/destination.ts'
import { openSigner } from '../src/destinations/apt/open-signer.ts'
import { entryOf, type DebFile } from '../src/destinations/apt/packages.ts'
import { changeSuite, systemTime } from '../src/destinations/apt/suite-writing.ts'
import { directoryStore } from '../src/destinations/stores/directory-store.ts'

const [folder = '', round = ''] = process.argv.slice(2)
const read = async (name: string): Promise<DebFile[]> =>
  JSON.parse(await readFile(path.join(folder, name), 'utf8')) as DebFile[]

const store = directoryStore({ folder: path.join(folder, 'ours'), address: 'ours' })
const signer = openSigner({
  destination: 'apt',
  key: null,
  command: null,
  secret: await readFile(path.join(folder, 'secret.asc'), 'utf8'),
  source: 'apt-signing-key',
  environment: {},
  folder,
  now: systemTime.now
})
const suite = { suite: 'stable', component: 'main', origin: null, label: null }

if (round === 'prepare') {
  const entries = (await read('all.json')).map((deb) => entryOf(deb, 'main'))
  const writer = { store, signer, trusted: signer.trusted, ...systemTime }
  await changeSuite(writer, suite, () => entries)
} else {
  const debs = await read(`${round}.json`)
  const destination = aptDestination({
    name: 'apt',
    store,
    signer,
    suites: [{ suite: suite.suite, debs }],
    component: suite.component,
    origin: null,
    label: null,
    packages: path.join(folder, 'new'),
    url: null,
    message: 'one more',
    environment: {}
  })
  // As a publication does.
  await destination.preflight()
  await destination.state()
  const names = ((await destination.moving?.state()) ?? []).map(({ name }) => name)
  await destination.commit(
    debs.map(({ name }) => name),
    () => Promise.resolve()
  )
  await destination.readBack()
  await destination.moving?.move(names, () => Promise.resolve())
  await destination.moving?.readBack()
  await destination.close()
}

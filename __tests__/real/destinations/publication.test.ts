import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Destination, NameState } from '../../../src/destinations/destination.ts'
import { directoryDestination } from '../../../src/destinations/directory.ts'
import { fileJournal } from '../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../src/destinations/publication.ts'
import type { PublishedRelease } from '../../../src/destinations/receipt-entries.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import { parseDocument } from '../../../src/documents/reading.ts'
import type { Receipt } from '../../../src/documents/receipt.ts'
import type { ReleaseArtifact } from '../../../src/documents/release.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog, type Log } from '../../../src/platform/log.ts'
import { provenArtifact } from '../../support/proven-artifact.ts'

const names = ['bell-1.0-py3-none-any.whl', 'bell-1.0.tar.gz']
const release: PublishedRelease = { tag: 'v1.0', version: '1.0', sha256: sha256OfBytes('release') }

let work: string
let calls: string[]
let told: string[]
const below = (...parts: string[]): string => path.join(work, ...parts)
const receiptFile = (): string => below('receipt.json')

beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'tagproof-publication-'))
  calls = []
  told = []
  mkdirSync(below('packages'))
  for (const name of names) writeFileSync(below('packages', name), `bytes of ${name}`)
})
afterEach(() => rmSync(work, { recursive: true, force: true }))

describe('a publication', () => {
  it('asks all before it writes anything, and writes to one after the other', async () => {
    const { receipt, artifacts } = await publish([spied('one'), spied('two')])
    expect(calls).toEqual([
      ...['one preflight', 'two preflight', 'one state', 'two state', 'one stage', 'two stage'],
      ...['one commit', 'one readBack', 'two commit', 'two readBack', 'one close', 'two close']
    ])
    expect(receipt).toEqual(onDisk())
    expect(receipt).toMatchObject({ tag: 'v1.0', release: release.sha256, complete: true })
    expect(receipt.destinations.map(({ name }) => name)).toEqual(['one', 'two'])
    expect(artifacts.map(({ found, written }) => `${found} ${written}`)).toEqual(Array(4).fill('absent sent'))
    expect(given('one')).toEqual(names)
    expect(told).toContain(`one: ${names[0] ?? ''} sent, 34 bytes (1 of 2)`)
  })

  it('moves names once all have the files, and tells what they stood for', async () => {
    const one = named('one', { state: 'behind', found: null })
    const two = named('two', { state: 'behind', found: 'older' })
    const newer = named('three', { state: 'ahead', found: 'newer' })
    const { receipt, names: moved } = await publish([one, two, newer])
    expect(calls.filter((call) => /commit|readBack|move/.test(call))).toEqual([
      ...['one commit', 'one readBack', 'two commit', 'two readBack', 'three commit', 'three readBack'],
      ...[
        'one move latest',
        'one readBack names',
        'two move latest',
        'two readBack names',
        'three readBack names'
      ]
    ])
    expect(moved.map(({ before, outcome }) => [before, outcome])).toEqual([
      [null, 'moved'],
      ['older', 'moved'],
      ['newer', 'ahead']
    ])
    expect(receipt).toEqual(onDisk())
    expect(receipt.complete).toBe(true)
    // What it stood for before is still told after a rerun, for whoever withdraws the release.
    const again = await publish([named('two', { state: 'current', found: 'this' })])
    expect(again.receipt.destinations[0]?.names).toEqual([
      { name: 'latest', before: 'older', expected: 'this', found: 'behind', moved: 'moved' }
    ])
  })

  it('moves no name where a destination fails, and tells one that stands for something else', async () => {
    const fails = { ...directory('two'), commit: () => Promise.reject(new Error('full')) }
    await expect(publish([named('one', { state: 'behind', found: null }), fails])).rejects.toThrow('full')
    expect(calls).not.toContain('one move latest')
    const lies = named('one', { state: 'behind', found: null }, 'other')
    await expect(publish([lies])).rejects.toMatchObject({ code: 'hash-mismatch' })
    expect(onDisk().complete).toBe(false)
  })

  it('that is repeated writes nothing, and still reads back', async () => {
    const { receipt } = await publish([directory('one')])
    const before = snapshot()
    calls = []
    const again = await publish([spied('one')])
    expect(calls).toEqual(['one preflight', 'one state', 'one readBack', 'one close'])
    expect(again.artifacts.map(({ found, written }) => `${found} ${written}`)).toEqual(
      Array(2).fill('identical no')
    )
    // The journal goes on: it still tells who sent them.
    expect(again.receipt).toEqual(receipt)
    expect(snapshot()).toEqual(before)
  })

  it('without the receipt of the run before finds the same, and says so', async () => {
    await publish([directory('one')])
    rmSync(receiptFile())
    const { receipt } = await publish([directory('one')])
    expect(receipt.destinations[0]?.artifacts).toMatchObject([
      { found: 'identical', written: 'no' },
      { found: 'identical', written: 'no' }
    ])
    expect(receipt.complete).toBe(true)
  })

  it('never believes a receipt: what is gone is written again', async () => {
    await publish([directory('one')])
    rmSync(below('one'), { recursive: true })
    const { artifacts } = await publish([directory('one')])
    expect(artifacts.map(({ written }) => written)).toEqual(['sent', 'sent'])
    expect(given('one')).toEqual(names)
  })

  it('with other bytes anywhere writes nowhere, and names each of them', async () => {
    for (const [folder, name] of [
      ['two', 0],
      ['three', 1]
    ] as const) {
      mkdirSync(below(folder, 'bell'), { recursive: true })
      writeFileSync(below(folder, 'bell', names[name] ?? ''), `${folder} has others`)
    }
    const before = snapshot()
    const error = await failure(publish([spied('one'), spied('two'), spied('three')]))
    expect(error).toMatchObject({
      code: 'destination-different',
      message: '2 files are there already with other bytes; nothing was written anywhere.'
    })
    for (const text of [
      'two (folder two)',
      'three (folder three)',
      ...names,
      sha256OfBytes('two has others')
    ])
      expect(error.detail.output).toContain(text)
    expect(error.detail.fix).toMatch(/release a new version/)
    expect(calls.filter((call) => /stage|commit/.test(call))).toEqual([])
    expect(calls.slice(-3)).toEqual(['one close', 'two close', 'three close'])
    expect(snapshot()).toEqual(before)
  })

  it('tells what every destination refuses, not only the first, and asks none for its state', async () => {
    const refusing = (name: string): Destination => ({
      ...spied(name),
      preflight: () =>
        Promise.reject(new TagproofError('login-refused', `${name} refuses.`, { fix: 'Log in.' }))
    })
    const error = await failure(publish([refusing('one'), spied('two'), refusing('three')]))
    expect(error).toMatchObject({ code: 'login-refused', message: 'one refuses.' })
    expect(error.detail.where).toBe('one (folder one)')
    expect(error.detail.output).toBe('login-refused: three refuses. Fix: Log in.')
    expect(calls).toEqual(['two preflight', 'one close', 'two close', 'three close'])
  })

  it.each([1, 2, 3])(
    'that is stopped after %i files has a receipt that says so; the next run does the rest',
    async (after) => {
      const stop = new AbortController()
      let sent = 0
      const stopping = (name: string): Destination => {
        const destination = directory(name)
        return {
          ...destination,
          commit: (missing, onWritten) =>
            destination.commit(missing, async (event) => {
              sent += 1
              if (sent === after) stop.abort()
              await onWritten(event)
            })
        }
      }
      const error = await failure(publish([stopping('one'), stopping('two')], { signal: stop.signal }))
      expect(error.code).toBe('cancelled')
      const written = onDisk().destinations.flatMap(({ artifacts }) => artifacts.map((one) => one.written))
      expect(written).toEqual([0, 1, 2, 3].map((at) => (at < after ? 'sent' : 'no')))
      expect(onDisk().complete).toBe(false)
      expect([...given('one'), ...given('two')]).toEqual([...names, ...names].slice(0, after))
      expect(readdirSync(work, { recursive: true }).filter((name) => String(name).endsWith('.part'))).toEqual(
        []
      )
      const rest = await publish([directory('one'), directory('two')])
      expect(rest.artifacts.filter((one) => one.written === 'sent')).toHaveLength(4 - after)
      // Over both runs, each was sent once.
      expect(
        rest.receipt.destinations.flatMap(({ artifacts }) => artifacts.map((one) => one.written))
      ).toEqual(Array(4).fill('sent'))
      expect(rest.receipt.complete).toBe(true)
    }
  )

  it('whose second destination fails keeps what the first has, read back', async () => {
    const failing: Destination = {
      ...directory('two'),
      commit: () => Promise.reject(new TagproofError('upload-refused', 'No.'))
    }
    expect((await failure(publish([directory('one'), failing]))).code).toBe('upload-refused')
    const [one, two] = onDisk().destinations
    expect(one?.readBack).toHaveLength(2)
    expect(two).toMatchObject({ readBack: null, artifacts: [{ written: 'no' }, { written: 'no' }] })
  })

  it('does not take the word of a destination that gives out other bytes, or too little', async () => {
    const destination = directory('one')
    const lying: Destination = {
      ...destination,
      readBack: async () =>
        (await destination.readBack()).map((one) => ({ ...one, sha256: sha256OfBytes('other') }))
    }
    expect((await failure(publish([lying]))).code).toBe('hash-mismatch')
    expect(onDisk().complete).toBe(false)
    const forgetful: Destination = {
      ...destination,
      readBack: async () => (await destination.readBack()).slice(1)
    }
    expect((await failure(publish([forgetful]))).code).toBe('readback-missing')
  })

  it.each([
    ['broken', '{"schema"', /^The receipt of an earlier run cannot be read, and is replaced: /],
    ['of another release', null, /^The receipt of another release \(v0\.9\) is replaced\.$/]
  ])('replaces a receipt that is %s, and tells it', async (_how, text, line) => {
    const other: Receipt = {
      schema: 'tagproof/receipt/2',
      tag: 'v0.9',
      version: '0.9',
      release: sha256OfBytes('another release'),
      complete: true,
      withdrawn: false,
      destinations: []
    }
    writeFileSync(receiptFile(), text ?? formatDocument(other))
    const { receipt } = await publish([directory('one')])
    expect(told.filter((said) => line.test(said))).toHaveLength(1)
    expect(onDisk()).toEqual(receipt)
  })
})

function directory(name: string): Destination {
  return directoryDestination({
    name,
    address: `folder ${name}`,
    packages: below('packages'),
    artifacts: names.map(artifact),
    folder: below(name)
  })
}

/** The same, and what it is called for. */
function spied(name: string): Destination {
  const destination = directory(name)
  const note = (call: string): void => void calls.push(`${name} ${call}`)
  return {
    ...destination,
    preflight: () => (note('preflight'), destination.preflight()),
    state: () => (note('state'), destination.state()),
    stage: (missing) => (note('stage'), destination.stage(missing)),
    commit: (missing, onWritten) => (note('commit'), destination.commit(missing, onWritten)),
    readBack: () => (note('readBack'), destination.readBack()),
    close: () => (note('close'), destination.close())
  }
}

/** A folder with a name that moves. */
function named(name: string, state: Pick<NameState, 'state' | 'found'>, standsFor = 'this'): Destination {
  const latest = { name: 'latest', ...state, expected: 'this' }
  return {
    ...spied(name),
    moving: {
      state: () => Promise.resolve([latest]),
      move: async (names, onMoved) => {
        calls.push(`${name} move ${names.join(' ')}`)
        await onMoved({ name: 'latest', outcome: 'moved' })
      },
      readBack: () => {
        calls.push(`${name} readBack names`)
        return Promise.resolve([{ name: 'latest', found: standsFor, checks: [] }])
      },
      back: () => Promise.reject(new Error('nothing is withdrawn here'))
    }
  }
}

async function publish(
  destinations: readonly Destination[],
  more: { signal?: AbortSignal } = {}
): Promise<Publication> {
  const log: Log = {
    ...silentLog,
    info: (line) => void told.push(line),
    warn: (line) => void told.push(line)
  }
  const journal = await fileJournal(receiptFile(), release, log)
  return runPublication({ release, destinations, journal, log, ...more })
}

function artifact(name: string): ReleaseArtifact {
  const bytes = readFileSync(below('packages', name))
  const sha256 = sha256OfBytes(bytes)
  return provenArtifact({
    target: 'python',
    kind: name.endsWith('.whl') ? 'wheel' : 'sdist',
    name,
    version: '1.0',
    size: bytes.length,
    sha256
  })
}

const onDisk = (): Receipt => parseDocument('receipt', readFileSync(receiptFile()), 'receipt.json')

/** What the pages of a folder list. */
function given(folder: string): string[] {
  try {
    const page = JSON.parse(readFileSync(below(folder, 'bell/index.json'), 'utf8')) as {
      files: { filename: string }[]
    }
    return page.files.map(({ filename }) => filename)
  } catch {
    return []
  }
}

/** Every file below the folder with its bytes and the time of its last change; but for the receipt. */
function snapshot(): string[] {
  return readdirSync(work, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'receipt.json')
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => `${file} ${statSync(file).mtimeMs} ${readFileSync(file, 'latin1')}`)
    .sort()
}

async function failure(run: Promise<unknown>): Promise<TagproofError> {
  const thrown = await run.then(
    () => null,
    (error: unknown) => error
  )
  if (thrown instanceof TagproofError) return thrown
  throw new Error('nothing was refused', { cause: thrown })
}

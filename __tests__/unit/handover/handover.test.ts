import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Handover } from '../../../src/documents/handover.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'
import { tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import { belongsTo, buildParcel, planParcels, proveParcel } from '../../../src/handover/contents.ts'
import { artifactName, findHanded, unknownFiles } from '../../../src/handover/found-files.ts'
import { packParcel, unpackParcel } from '../../../src/handover/parcel-file.ts'
import { knownFiles, offersFor, sameMachine, statementsIn } from '../../../src/handover/statements.ts'
import { folderStore } from '../../../src/platform/artifacts/folder-store.ts'
import type { StoredFile } from '../../../src/platform/artifacts/store.ts'
import { hashFile } from '../../../src/platform/files.ts'
import type { Needs } from '../../../src/platform/github-inputs.ts'
import { thrownBy } from '../../support/thrown.ts'

const hash = (letter: string): ReturnType<typeof sha256> => sha256(letter.repeat(64))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tagproof-handover-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const statement = (changes: Partial<Handover> & Pick<Handover, 'stage' | 'files'>): string =>
  JSON.stringify({
    schema: 'tagproof/handover/1',
    worlds: [],
    attempt: 1,
    before: [],
    machine: null,
    ...changes
  })
const success = (text: string): Needs[string] => ({ result: 'success', outputs: { handover: text } })
const file = (
  name: string,
  letter: string,
  to: Handover['files'][number]['for']
): Handover['files'][number] => ({
  for: to,
  name: `tagproof-${name}`,
  sha256: hash(letter),
  size: 1
})
const plan = statement({
  stage: 'plan',
  files: [file('plan-a', 'a', 'build-a'), file('plan-b', 'b', 'build-b'), file('plan-p', 'c', 'prove')]
})
const build = (world: 'a' | 'b', machine: string | null): string =>
  statement({
    stage: 'build',
    worlds: [world],
    machine,
    files: [file(`build-${world}`, world === 'a' ? 'd' : 'e', 'prove')]
  })
const [here, there] = ['0'.repeat(16), '1'.repeat(16)]
const needs: Needs = {
  plan: success(plan),
  'build-a': success(build('a', here)),
  'build-b': success(build('b', there))
}

describe('what earlier jobs say', () => {
  it.each([
    ['build of a', 'build', ['a'], ['plan-a']],
    ['build of both', 'build', ['a', 'b'], ['plan-a', 'plan-b']],
    ['prove', 'prove', [], ['plan-p', 'build-a', 'build-b']]
  ] as const)('%s takes what is for it', (_name, stage, worlds, names) => {
    const offers = offersFor(statementsIn(needs), stage, worlds)
    expect(offers.map((offer) => offer.file.name)).toEqual(names.map((name) => `tagproof-${name}`))
  })

  it.each([
    ['nothing', {}],
    ['no plan', { 'build-a': needs['build-a'], 'build-b': needs['build-b'] }],
    ['no world b', { plan: needs.plan, 'build-a': needs['build-a'] }],
    ['world b twice', { ...needs, again: success(build('b', null)) }],
    ['two plans', { ...needs, again: success(plan) }],
    ['outputs that were not mapped', { plan: { result: 'success', outputs: { digest: 'x' } } }]
  ])('%s is refused, with the way out', (_name, bad) => {
    const error = thrownBy(() => offersFor(statementsIn(bad as Needs), 'prove', []))
    expect(error).toMatchObject({ code: 'handover-missing' })
    expect((error as { detail: { fix: string } }).detail.fix).toContain('toJSON(needs)')
  })

  it.each([
    '{}',
    '[]',
    'x',
    statement({ stage: 'plan', files: [] }),
    plan.replace('tagproof-plan-a', '../plan-a')
  ])('an output %s is no statement', (text) => {
    expect(thrownBy(() => statementsIn({ plan: success(text) }))).toMatchObject({
      code: 'document-invalid'
    })
  })

  it('tell one machine from two', () => {
    expect(sameMachine(statementsIn(needs))).toEqual([])
    const one = { ...needs, 'build-b': success(build('b', here)) }
    expect(sameMachine(statementsIn(one))).toEqual(['build-a', 'build-b'])
    const unknown = { ...needs, 'build-b': success(build('b', null)) }
    expect(sameMachine(statementsIn(unknown))).toEqual([])
  })
})

describe('the artifacts of the run', () => {
  const stored = (name: string, letter: string): StoredFile => ({
    id: 1,
    name,
    size: 1,
    sha256: hash(letter)
  })
  const wanted = file('build-a', 'd', 'prove')

  it('are found by their SHA-256, whatever their name', () => {
    const found = stored('tagproof-build-a-1-dddddddddddd-2', 'd')
    expect(findHanded(wanted, [stored('tagproof-build-a', 'f'), found])).toBe(found)
  })

  it('are refused with another SHA-256 under the name, and missed where there is none', () => {
    const changed = thrownBy(() => findHanded(wanted, [stored('tagproof-build-a', 'f')]))
    expect(changed).toMatchObject({ code: 'handover-changed' })
    expect(thrownBy(() => findHanded(wanted, []))).toMatchObject({ code: 'handover-missing' })
  })

  it('are named so that no attempt meets another, and told apart by that', () => {
    const known = knownFiles(statementsIn(needs))
    const [old, now] = [artifactName('build-a', 1, hash('8')), artifactName('build-b', 2, hash('9'), 1)]
    const others = [stored(old, '8'), stored(now, '9'), stored('coverage', '7'), stored('tagproof-1', '7')]
    expect(unknownFiles(known, [...others, stored('tagproof-plan-a', 'a')], 2)).toEqual({
      earlier: [old],
      extra: [now]
    })
    // An upload whose answer was lost lies there under two names.
    expect(unknownFiles(known, [stored(artifactName('build-a', 1, hash('d'), 1), 'd')], 1)).toEqual({
      earlier: [],
      extra: []
    })
  })
})

describe('a parcel', () => {
  const made = (): void => {
    write('out/build-a/build.json', '{}')
    write('out/build-a/python/x.whl', 'wheel')
    write('out/build-b/build.json', 'not of this parcel')
  }

  it('is the same bytes for the same files, and holds what it should', async () => {
    made()
    const one = await packParcel(path.join(folder, 'out'), buildParcel(['a']), path.join(folder, 'one'))
    const other = await packParcel(path.join(folder, 'out'), buildParcel(['a']), path.join(folder, 'other'))
    expect(other).toEqual(one)
    await unpackParcel(path.join(folder, 'one'), buildParcel(['a']), path.join(folder, 'got'))
    expect(readFileSync(path.join(folder, 'got/build-a/python/x.whl'), 'utf8')).toBe('wheel')
    expect(readdirSync(path.join(folder, 'got'))).toEqual(['build-a'])
  })

  it('gives world b nothing of world a', () => {
    const [, toB] = planParcels
    expect(toB?.for).toBe('build-b')
    for (const name of ['exports/export-a.tar', 'exports', 'build-a', 'plan.jsonx', 'packages'])
      expect(toB === undefined || belongsTo(toB, name)).toBe(false)
  })

  const entry = (name: string, kind: 'file' | 'symlink' | 'directory', text = ''): Buffer[] => [
    tarHeader({
      path: name,
      kind,
      mode: 0o644,
      size: text.length,
      mtime: 0,
      ...(kind === 'symlink' ? { linkTarget: '/etc/passwd' } : {})
    }),
    Buffer.from(text),
    tarPadding(text.length)
  ]

  it.each([
    ['a file of another parcel', entry('packages/x.whl', 'file', 'x')],
    ['a path that leaves', entry('build-a/../../x', 'file', 'x')],
    ['a link', entry('build-a/link', 'symlink')],
    ['a folder', entry('build-a', 'directory')],
    ['a name twice', [...entry('build-a/x', 'file', 'x'), ...entry('build-a/x', 'file', 'x')]]
  ])('with %s is refused', async (_name, blocks) => {
    const bad = path.join(folder, 'bad')
    writeFileSync(bad, Buffer.concat([...blocks, tarEnd]))
    const unpacking = unpackParcel(bad, buildParcel(['a']), path.join(folder, 'got'))
    await expect(unpacking).rejects.toMatchObject({ code: 'archive-invalid' })
  })

  it('is never written through a link, nor packed through one', async () => {
    made()
    symlinkSync('/etc/passwd', path.join(folder, 'out/build-a/link'))
    const packing = packParcel(path.join(folder, 'out'), buildParcel(['a']), path.join(folder, 'one'))
    await expect(packing).rejects.toMatchObject({ code: 'internal' })
  })

  it('may repeat a file of another, but not change it', async () => {
    write('out/plan.json', 'one')
    await packParcel(path.join(folder, 'out'), proveParcel, path.join(folder, 'one'))
    const got = path.join(folder, 'got')
    await unpackParcel(path.join(folder, 'one'), proveParcel, got)
    await unpackParcel(path.join(folder, 'one'), proveParcel, got)
    write('out/plan.json', 'two')
    await packParcel(path.join(folder, 'out'), proveParcel, path.join(folder, 'two'))
    await expect(unpackParcel(path.join(folder, 'two'), proveParcel, got)).rejects.toMatchObject({
      code: 'document-mismatch'
    })
  })
})

describe('a folder as a store', () => {
  it('takes a name once, lists with SHA-256, and gives what it took', async () => {
    const store = folderStore(path.join(folder, 'store'))
    const one = write('tagproof-plan-1', 'one')
    expect(await store.list()).toEqual([])
    expect(await store.put(one)).toBe('stored')
    write('tagproof-plan-1', 'other')
    expect(await store.put(one)).toBe('taken')
    const [listed] = await store.list()
    if (listed === undefined) throw new Error('nothing is listed')
    mkdirSync(path.join(folder, 'into'))
    const got = await store.get(listed, path.join(folder, 'into'))
    expect(readFileSync(got, 'utf8')).toBe('one')
    expect((await hashFile(got)).sha256).toBe(listed.sha256)
    expect(readdirSync(path.join(folder, 'store'))).toEqual(['tagproof-plan-1'])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { runStage } from '../../../src/action-stages.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import { readDocument } from '../../../src/documents/reading.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { readInputs } from '../../../src/platform/github-inputs.ts'
import { requireAccepted } from '../../../src/stages/adopt-accepted.ts'
import { prove } from '../../../src/stages/prove.ts'
import { record } from '../../../src/stages/record.ts'
import { formatTable } from '../../../src/evidence/table.ts'
import { publishObstacles } from '../../../src/evidence/trust.ts'
import { buildRelease, makeRelease, packages, type TestRelease } from '../support/release.ts'
import { adoptConfig, buildNative, rewritten, speedy } from './project.ts'

let release: TestRelease
let native: { wheel: string; remove: () => Promise<void> }
let second: { wheel: string; remove: () => Promise<void> }
/** Names of the wheel as it was built, and as one of another platform. */
let linux: string
const mac = 'little-1.2.3-cp311-cp311-macosx_11_0_arm64.whl'
let rooms = 0

beforeAll(async () => {
  release = await makeRelease({ ...speedy, '.github/tagproof.yml': adoptConfig })
  native = await buildNative(release.project.folder)
  second = await buildNative(release.project.folder)
  linux = path.basename(native.wheel)
  await buildRelease(release)
})
afterAll(async () => {
  await native.remove()
  await second.remove()
  await release.remove()
})

/** A folder with wheels: one that a job built as it is, or written again with a change. */
type Wheel = 'built' | 'built again' | [name: string, ...operation: string[]]
async function setOf(...wheels: Wheel[]): Promise<string> {
  const folder = path.join(release.project.room, `set-${(rooms += 1)}`)
  await mkdir(folder)
  for (const wheel of wheels)
    if (wheel === 'built') await copyFile(native.wheel, path.join(folder, linux))
    else if (wheel === 'built again') await copyFile(second.wheel, path.join(folder, linux))
    else await copyFile(await changed(wheel), path.join(folder, wheel[0]))
  return folder
}

/** A wheel that was written again, once for all the sets that hold it. */
const written = new Map<string, Promise<string>>()
function changed([name, ...operation]: [name: string, ...operation: string[]]): Promise<string> {
  const key = JSON.stringify([name, operation])
  const folder = path.join(release.project.room, `changed-${written.size}`)
  const file = written.get(key) ?? rewritten(native.wheel, folder, name, operation)
  written.set(key, file)
  return file
}

const proveWith = (adopt: readonly string[], more = {}): Promise<Proof> =>
  prove(release.context, { ownPlan: true, adopt, ...more })
const refusals = ({ findings }: Proof): string[] =>
  findings
    .filter(({ severity }) => severity === 'refuse')
    .map(({ code, artifact }) => `${code} ${artifact ?? ''}`.trim())
const told = ({ findings }: Proof, code: string): Finding | undefined =>
  findings.find((finding) => finding.code === code)

describe('wheels that other jobs built', () => {
  it('are shipped where two sets agree bit for bit, each member with its origin', async () => {
    const proof = await proveWith([await setOf('built', [mac]), await setOf('built again', [mac])])
    expect(refusals(proof)).toEqual([])
    expect(proof).toMatchObject({ verdict: 'proven', trust: { adopted: 'two-sets' } })
    expect(await packages(release)).toEqual(
      [linux, mac, 'little-1.2.3-py3-none-any.whl', 'little-1.2.3.tar.gz'].sort()
    )
    const artifact = proof.artifacts.find(({ name }) => name === linux)
    expect(artifact).toMatchObject({ adopted: { sets: 2 }, target: 'python' })
    expect(artifact?.built).toEqual({ a: artifact?.sha256, b: artifact?.sha256 })
    expect(artifact?.traced).toBe(artifact?.members)
    const origins = await readFile(path.join(release.context.out.origins, `${linux}.jsonl`), 'utf8')
    expect(origins).toMatch(/_fast[^\n]*"origin":"compiled","from":\["src\/fast\.c"\][^\n]*both sets/)
    expect(formatTable(proof)).toMatch(new RegExp(`${linux} .* two sets +\\d+/\\d+`))
    expect(formatTable(proof)).toContain('proven: both worlds, and of adopted wheels two other jobs, made')
    const uploads = await readFile(release.context.out.uploads, 'utf8')
    expect(uploads).toContain(linux)
  })

  it('are traced, not proven, where one set must do, and everything says so', async () => {
    const proof = await proveWith([await setOf('built', [mac]), await setOf('built again')])
    expect(refusals(proof)).toEqual([])
    expect(proof).toMatchObject({ verdict: 'traced', trust: { adopted: 'one-set' } })
    const once = proof.artifacts.find(({ name }) => name === mac)
    expect(once).toMatchObject({ adopted: { sets: 1 }, built: { b: null } })
    expect(told(proof, 'adopted-once')).toMatchObject({ severity: 'warn', artifact: mac })
    expect(told(proof, 'adopted-once')?.message).toContain('the runner for this platform exists once')
    expect(formatTable(proof)).toContain('traced, not proven: 1 of 4 artifacts')
    const recorded = await record(release.context)
    expect(recorded.verdict).toBe('traced')
    const summary = await readFile(release.context.out.summary, 'utf8')
    expect(summary).toContain('traced, not proven')
    expect(summary).toContain('1 of 4 artifacts was built once, by another job, and compared with nothing')
    expect(summary).toContain(`# traced, not proven: ${mac}`)
    expect(summary).not.toContain(': proven')
    await requireAccepted(release.context, proof, recorded.artifacts)
    const unaccepted = recorded.artifacts.map((artifact) =>
      artifact.name === linux ? { ...artifact, adopted: { sets: 1 as const } } : artifact
    )
    await expect(requireAccepted(release.context, proof, unaccepted)).rejects.toMatchObject({
      code: 'release-refused'
    })
  })

  it('are taken by the stage prove of the action, and not tried on this machine', async () => {
    const folders = [await setOf('built', [mac]), await setOf('built again', [mac])]
    const { commit } = (await readDocument('plan', release.context.out.plan)).document.tag
    const outputs = await runStage({
      context: { ...release.context, repository: release.project.folder },
      inputs: readInputs({
        INPUT_STAGE: 'prove',
        INPUT_HANDOVER: 'none',
        INPUT_ADOPT: folders.map((folder) => path.relative(release.project.folder, folder)).join('\n')
      }),
      environment: { GITHUB_SHA: commit },
      artifactClient: '',
      onSecret: () => undefined
    })
    expect(outputs.verdict).toBe('proven')
    expect(outputs.artifacts).toContain(mac)
    const { document: tried } = await readDocument('try', release.context.out.try)
    expect(JSON.stringify(tried.tried)).not.toContain(mac)
  })

  it('are missed where none are given; a rehearsal goes on, and cannot be published', async () => {
    const proof = await proveWith([])
    expect(refusals(proof)).toEqual(['adopt-missing'])
    const rehearsed = await proveWith([], { withoutAdopted: true })
    expect(rehearsed.verdict).toBe('proven')
    expect(told(rehearsed, 'adopt-missing')?.severity).toBe('warn')
    expect(publishObstacles(rehearsed).join()).toContain('Wheels of other jobs are missing')
  })
})

/** As if the configuration of the tag sent the target to the public index. */
async function bound<T>(use: () => Promise<T>): Promise<T> {
  const { plan, build } = release.context.out
  const builds = (['a', 'b'] as const).map((world) => path.join(build(world), 'build.json'))
  const texts = new Map<string, string>()
  for (const file of [plan, ...builds]) texts.set(file, await readFile(file, 'utf8'))
  const before = texts.get(plan) ?? ''
  const after = formatDocument({ ...(JSON.parse(before) as object), indexed: ['python'] })
  try {
    await writeFile(plan, after)
    for (const file of builds)
      await writeFile(file, (texts.get(file) ?? '').replace(sha256OfBytes(before), sha256OfBytes(after)))
    return await use()
  } finally {
    for (const [file, text] of texts) await writeFile(file, text)
  }
}

describe('what is wrong with a set', () => {
  const both = async (...wheels: Wheel[]): Promise<Proof> =>
    proveWith([await setOf(...wheels), await setOf(...wheels)])
  const cases: [string, () => Promise<Proof>, () => string[]][] = [
    [
      'a file that is not from the tag',
      () => both([linux, 'add', 'little/extra.py', 'import os\n'], [mac]),
      () => [`untraced ${linux}`]
    ],
    [
      'a file of the tag that was changed',
      () => both([linux, 'change', 'little/__init__.py', 'import os\n'], [mac]),
      () => [`modified ${linux}`]
    ],
    [
      'a library of the machine that built it',
      () => both([linux, 'native', 'little.libs/libz-1234.so'], [mac]),
      () => [`vendored-library ${linux}`]
    ],
    [
      'native code where the two sets disagree',
      async () => proveWith([await setOf('built', [mac]), await setOf([linux, 'flip'], [mac])]),
      () => [`content-differs ${linux}`, `untraced ${linux}`]
    ],
    [
      'a wheel in one set alone that needs two',
      async () => proveWith([await setOf('built', [mac]), await setOf([mac])]),
      () => [`adopt-one-set ${linux}`]
    ],
    [
      'one set alone where two are needed',
      async () => proveWith([await setOf('built', [mac])]),
      () => [`adopt-one-set ${linux}`]
    ],
    ['no wheel for an entry', () => both('built'), () => ['adopt-missing']],
    [
      'another version',
      () => both('built', [mac], ['little-1.2.4-cp311-cp311-linux_x86_64.whl']),
      () => [
        ...Array.from({ length: 2 }, () => 'version-mismatch little-1.2.4-cp311-cp311-linux_x86_64.whl'),
        'metadata-differs little-1.2.4-cp311-cp311-linux_x86_64.whl'
      ]
    ],
    [
      'a wheel of another project',
      () => both('built', [mac], ['large-1.2.3-cp311-cp311-linux_x86_64.whl']),
      () => ['adopt-foreign large-1.2.3-cp311-cp311-linux_x86_64.whl']
    ],
    [
      'a wheel that was built here too',
      () => both('built', [mac], ['little-1.2.3-py3-none-any.whl']),
      () => ['adopt-duplicate little-1.2.3-py3-none-any.whl']
    ],
    [
      'a wheel that nobody asked for',
      () => both('built', [mac], ['little-1.2.3-cp311-cp311-win_amd64.whl']),
      () => ['adopt-unexpected little-1.2.3-cp311-cp311-win_amd64.whl']
    ]
  ]
  it.each(cases)('%s is refused, and nothing is shipped', async (_, proved, expected) => {
    const proof = await proved()
    expect(refusals(proof)).toEqual(expected())
    expect(proof.verdict).toBe('refused')
    expect(await packages(release)).toEqual([])
  })

  it('a wheel for Linux of no manylinux is refused where it is to go to the public index', async () => {
    const proof = await bound(() => both('built', [mac]))
    expect(refusals(proof)).toEqual([`index-platform-tag ${linux}`])
  })

  it('what is no wheel is refused, and what is no plain file cannot be taken', async () => {
    const set = await setOf('built', [mac])
    await writeFile(path.join(set, 'little-1.2.3.tar.gz'), 'an sdist')
    const again = await setOf('built again', [mac])
    expect(refusals(await proveWith([set, again]))).toEqual(['adopt-unexpected little-1.2.3.tar.gz'])
  })

  it.each<[string, () => Promise<string[]>]>([
    ['the same folder twice', async () => [...(await setOf('built').then((set) => [set, set]))]],
    ['three folders', async () => [await setOf('built'), await setOf('built'), await setOf('built')]],
    [
      'one file in both by a link',
      async () => {
        const [one, other] = [await setOf('built'), await setOf()]
        await link(path.join(one, linux), path.join(other, linux))
        return [one, other]
      }
    ]
  ])('%s is no second set', async (_, folders) => {
    await expect(proveWith(await folders())).rejects.toMatchObject({ code: 'usage' })
  })

  it('a folder that is not there is named', async () => {
    const gone = path.join(release.project.room, 'gone')
    await expect(proveWith([gone])).rejects.toBeInstanceOf(TagproofError)
  })
})

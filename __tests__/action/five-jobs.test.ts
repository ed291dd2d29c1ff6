import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Handover } from '../../src/documents/handover.ts'
import type { Proof } from '../../src/documents/proof.ts'
import { Machine } from './harness/fixture.ts'
import { repositoryRoot } from './harness/language.ts'
import { canIsolate, Services } from './harness/run-services.ts'
import { withPinnedAction, Workflow, type Attempt, type RanJob } from './harness/workflow.ts'

const minutes = 60_000
const project = {
  'pyproject.toml': [
    '[build-system]',
    'requires = ["flit_core>=3.2"]',
    'build-backend = "flit_core.buildapi"',
    '[project]',
    'name = "lantern"',
    'version = "1.0.0"',
    'description = "Light"',
    ''
  ].join('\n'),
  'lantern/__init__.py': '"""Light."""\n',
  'tests/beam.bin': '\u0000\u0001 originals that world b must not see \u0002'
}

/** The workflow of the documentation, as a user copies it. */
const documented = /```yaml\n(name: Release\n.*?)```/s.exec(
  readFileSync(path.join(repositoryRoot, 'docs/action.md'), 'utf8')
)?.[1]
const text = withPinnedAction(documented ?? '')

let origin: Machine
let services: Services
let workflow: Workflow
let first: Attempt

const story = ({ result, ran }: RanJob): string =>
  result === 'success' ? '' : `${result}\n${JSON.stringify(ran?.annotations)}\n${ran?.log ?? ''}`
const handoverOf = (job: RanJob | undefined): Handover => JSON.parse(job?.outputs.handover ?? '') as Handover
const machineOf = (job: RanJob | undefined): Machine => {
  if (job?.machine === undefined) throw new Error('the job did not run')
  return job.machine
}

beforeAll(async () => {
  origin = new Machine()
  origin.commit(project, 'v0.0.1')
  origin.lock()
  origin.commit({}, 'v1.0.0')
  origin.git('update-server-info')
  services = await Services.start(path.join(origin.workspace, '.git'))
  workflow = new Workflow({ text, origin, services })
  first = await workflow.runAll()
}, 10 * minutes)
afterAll(() => {
  workflow.remove()
  services.stop()
  origin.remove()
})

describe('the five jobs of the documentation', () => {
  it('run on machines without any way out, where this machine allows that', () => {
    expect(canIsolate || process.getuid?.() !== 0).toBe(true)
  })

  it.each(['plan', 'build-a', 'build-b', 'prove', 'publish'])('%s succeeds', (id) => {
    const job = first[id]
    expect(job === undefined ? 'no such job' : story(job)).toBe('')
  })

  it('prove on two machines what is published, and say so', () => {
    const proof = JSON.parse(readFileSync(machineOf(first.publish).out('proof.json'), 'utf8')) as Proof
    expect(proof).toMatchObject({ verdict: 'proven', trust: { lock: 'tag', singleJob: false } })
    const machines = [handoverOf(first['build-a']).machine, handoverOf(first['build-b']).machine]
    if (canIsolate) expect(new Set(machines).size).toBe(2)
    expect(existsSync(machineOf(first.publish).out('local/simple/lantern'))).toBe(true)
    expect(existsSync(machineOf(first.publish).out('try.json'))).toBe(true)
  })

  it('give world b no original: neither the export of world a nor git', () => {
    const { workspace } = machineOf(first['build-b'])
    expect(existsSync(path.join(workspace, '.git'))).toBe(false)
    expect(readdirSync(machineOf(first['build-b']).out('exports'))).not.toContain('export-a.tar')
    const held = filesBelow(workspace).filter((file) =>
      readFileSync(file).includes('originals that world b must not see')
    )
    expect(held).toEqual([])
  })

  it('name each artifact by stage, attempt and digest, and hand on its SHA-256 as an output', async () => {
    const stored = await services.artifacts()
    expect(stored.map(({ name }) => name.replace(/[0-9a-f]{12}$/, 'HASH')).sort()).toEqual([
      'tagproof-build-a-1-HASH',
      'tagproof-build-b-1-HASH',
      'tagproof-plan-build-a-1-HASH',
      'tagproof-plan-build-b-1-HASH',
      'tagproof-plan-prove-1-HASH',
      'tagproof-prove-1-HASH'
    ])
    const said = ['plan', 'build-a', 'build-b', 'prove'].flatMap((id) => handoverOf(first[id]).files)
    expect(said.map(({ sha256 }) => `sha256:${sha256}`).sort()).toEqual(
      stored.map(({ digest }) => digest).sort()
    )
  })

  it('tell nobody the addresses and tokens of the service', () => {
    for (const job of Object.values(first)) {
      const records = job.ran?.records ?? []
      const told = `${job.ran?.log ?? ''}${records.map(({ summary }) => summary).join('')}${JSON.stringify(job.outputs)}`
      expect(told).not.toContain('secret-signature')
    }
  })
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
}

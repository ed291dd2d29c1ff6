import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Step } from './harness/action-files.ts'
import { Machine, pinned } from './harness/fixture.ts'
import type { Job, JobResult } from './harness/job.ts'
import { runJob } from './harness/runner.ts'
import { runtimeToken } from './harness/step-environment.ts'

let machine: Machine

beforeAll(() => {
  machine = new Machine()
  machine.commit({ 'README.md': 'No package here.\n' }, 'v1.0.0')
})
afterAll(() => machine.remove())

function runWith(inputs: Step['with'], changes: Partial<Job> = {}): Promise<JobResult> {
  return runJob(machine.job({ steps: [{ id: 'release', uses: pinned, with: inputs ?? {} }], ...changes }))
}

const errorOf = (result: JobResult): string =>
  result.annotations.release?.find((annotation) => annotation.kind === 'error')?.message ?? ''
const started = (result: JobResult): string[] =>
  result.records.map((record) => `${record.phase} ${record.id}`)

describe('a step that must not run', () => {
  it.each([
    [{ stage: 'deploy' }, /^usage: There is no stage "deploy"\. Fix: /],
    [{ stage: 'release' }, /^single-job: The stage release builds and publishes in one job\. Fix: /],
    [{ stage: 'build', world: 'c' }, /^usage: There is no world "c"\. Fix: /],
    [
      { stage: 'build', 'single-job': 'yes' },
      /^usage: The input single-job is neither true nor false\. Fix: /
    ],
    [
      { stage: 'prove', needs: 'success' },
      /^usage: The input needs does not hold the results of jobs\. Fix: /
    ]
  ])('%j ends with one sentence and its remedy', async (inputs, sentence) => {
    const result = await runWith(inputs)
    expect(result.conclusion).toBe('failure')
    expect(errorOf(result)).toMatch(sentence)
    expect(result.annotations.release).toHaveLength(1)
    expect(result.records[0]?.summary).toContain('## Tagproof: ')
    expect(result.records.filter((record) => record.phase === 'main')).toHaveLength(1)
  })

  it.each(['build', 'rehearse', 'release'])(
    '%s refuses where an id token can be requested',
    async (stage) => {
      const result = await runWith({ stage }, { idToken: true })
      expect(result.conclusion).toBe('failure')
      expect(errorOf(result)).toMatch(/^single-job: /)
    }
  )

  it('build runs there with single-job: true, as far as there is something to build', async () => {
    const inputs = { stage: 'build', 'single-job': 'true', handover: 'none' }
    const result = await runWith(inputs, { idToken: true })
    expect(errorOf(result)).not.toMatch(/^single-job/)
    expect(errorOf(result)).toMatch(/^target-none: /)
  })

  it('stops after a sibling that failed or was cancelled', async () => {
    for (const outcome of ['failure', 'cancelled', 'skipped']) {
      const needs = {
        'build-a': { result: 'success', outputs: {} },
        'build-b': { result: outcome, outputs: {} }
      }
      const result = await runWith({ stage: 'prove', needs: '${{ toJSON(needs) }}' }, { needs })
      expect(errorOf(result)).toMatch(/^job-failed: The earlier job build-b did not succeed\. Fix: /)
    }
  })

  it('names a tag that does not exist', async () => {
    const result = await runWith({ stage: 'plan', tag: 'v9.9.9' })
    expect(errorOf(result)).toMatch(/^tag-missing: .*v9\.9\.9/)
  })
})

describe('credentials', () => {
  const inputs = {
    'pypi-token': '${{ secrets.PYPI }}',
    'registry-username': 'robot-of-the-registry',
    'registry-password': '${{ secrets.REGISTRY }}',
    'apt-signing-key': '${{ secrets.KEY }}',
    's3-access-key-id': 'key-id-of-the-bucket',
    's3-secret-access-key': '${{ secrets.S3 }}',
    'github-token': '${{ secrets.RELEASE }}'
  }
  const secrets = {
    PYPI: 'pypi-AgEIcHlwaS5vcmc',
    REGISTRY: 'registry password 1',
    KEY: '-----BEGIN-----\nlines of a key\n-----END-----',
    S3: 's3/secret+key',
    RELEASE: 'ghp_release'
  }
  const values = [...Object.values(secrets), 'robot-of-the-registry', 'key-id-of-the-bucket']
  const seen = (environment: Readonly<Record<string, string>>): string[] =>
    values.filter((value) => Object.values(environment).some((found) => found.includes(value)))

  it.each(['rehearse', 'plan', 'build', 'prove'])('reach no process of the stage %s', async (stage) => {
    const result = await runWith({ stage, ...inputs }, { secrets })
    expect(started(result)).toEqual([`main release/${stage}`, `post release/${stage}`])
    for (const record of result.records) expect(seen(record.environment)).toEqual([])
  })

  it('reach the publish step alone, and are masked there', async () => {
    const result = await runWith({ stage: 'publish', ...inputs }, { secrets })
    expect(started(result)).toEqual(['main release/publish', 'post release/publish'])
    expect(result.records[0] === undefined ? [] : seen(result.records[0].environment)).toEqual(values)
    for (const value of values)
      expect(`${result.log}${result.records[0]?.summary ?? ''}`).not.toContain(value)
  })

  it('handed to the engine directly are refused in any other stage', async () => {
    const engine = pinned.replace('@', '/engine@')
    const steps = [{ id: 'release', uses: engine, with: { stage: 'plan', 'pypi-token': 'pypi-secret' } }]
    const result = await runJob(machine.job({ steps }))
    expect(errorOf(result)).toBe(
      'usage: The credential pypi-token was handed to the stage plan. Fix: Remove pypi-token from the step that runs plan.'
    )
  })

  it('of the runner reach node steps only, the id token every step of its job', async () => {
    const steps = [
      { id: 'before', run: 'true' },
      { id: 'release', uses: pinned, with: { stage: 'plan' } }
    ]
    const result = await runJob(machine.job({ steps, idToken: true }))
    const [script, node] = result.records
    expect(script?.environment).not.toHaveProperty('ACTIONS_RUNTIME_TOKEN')
    expect(script?.environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN).toBe(runtimeToken)
    expect(node?.environment.ACTIONS_RUNTIME_TOKEN).toBe(runtimeToken)
    expect(Object.keys(script?.environment ?? {}).filter((name) => name.startsWith('INPUT_'))).toEqual([])
  })
})

describe('a hostile workspace', () => {
  const hostile = 'name: x\ndescription: x\nruns: {using: node24, main: evil.js}\n'

  beforeAll(() => {
    mkdirSync(path.join(machine.workspace, 'engine'), { recursive: true })
    writeFileSync(path.join(machine.workspace, 'engine/action.yml'), hostile)
    writeFileSync(
      path.join(machine.workspace, 'engine/evil.js'),
      "require('fs').appendFileSync(process.env.GITHUB_OUTPUT, 'verdict=proven\\n')"
    )
  })

  it('cannot put its own engine in the place of ours', async () => {
    const result = await runWith({ stage: 'plan' })
    expect(result.records.map((record) => path.basename(record.program))).toEqual(['action.cjs', 'post.cjs'])
    for (const record of result.records) expect(record.program.startsWith(machine.action)).toBe(true)
  })

  it('could, if the composite said ./engine: the harness tells the two apart', async () => {
    const file = path.join(machine.action, 'action.yml')
    const ours = readFileSync(file, 'utf8')
    writeFileSync(file, ours.replaceAll('$/engine', './engine'))
    try {
      const result = await runWith({ stage: 'plan' })
      expect(result.records[0]?.program).toBe(path.join(machine.workspace, 'engine/evil.js'))
    } finally {
      writeFileSync(file, ours)
    }
  })

  it('cannot make a step believe that it is its own post part', async () => {
    const steps = [
      {
        run: 'echo "STATE_work=$HOME" >> "$GITHUB_ENV"; echo STATE_isPost=true >> "$GITHUB_ENV"; touch "$HOME/kept"'
      },
      { id: 'release', uses: pinned, with: { stage: 'plan', tag: 'v9.9.9' } }
    ]
    const result = await runJob(machine.job({ steps }))
    expect(errorOf(result)).toMatch(/^tag-missing: /)
    expect(readFileSync(path.join(machine.home, 'kept'), 'utf8')).toBe('')
  })
})

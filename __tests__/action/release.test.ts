import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Proof } from '../../src/documents/proof.ts'
import type { Release } from '../../src/documents/release.ts'
import type { Step } from './harness/action-files.ts'
import { Machine, pinned } from './harness/fixture.ts'
import type { Job, JobResult } from './harness/job.ts'
import { Watch } from './harness/left-behind.ts'
import { runJob } from './harness/runner.ts'

const minutes = 60_000

const backend = readFileSync(new URL('../real/support/own_backend.py', import.meta.url), 'utf8')

/** A project whose build ends at once when it sees anything of the runner. */
const project = {
  'pyproject.toml': [
    '[build-system]',
    'requires = []',
    'build-backend = "checked"',
    'backend-path = ["tools"]',
    '[project]',
    'name = "lantern"',
    'version = "1.0.0"',
    '[tool.own]',
    'packages = ["lantern"]',
    ''
  ].join('\n'),
  'tools/own_backend.py': backend,
  'tools/checked.py': [
    'import os',
    'from own_backend import build_sdist, build_wheel',
    'seen = [name for name in os.environ if name.startswith(("GITHUB_", "ACTIONS_", "INPUT_", "RUNNER_", "STATE_")) or name == "CI"]',
    'assert not seen, seen',
    'print("::error::planted by the build")',
    ''
  ].join('\n'),
  'lantern/__init__.py': 'LIGHT = True\n',
  'README.md': 'Light.\n'
}

const machines: Machine[] = []
function machineWith(files: Record<string, string>, tag = 'v1.0.0'): Machine {
  const machine = new Machine()
  machines.push(machine)
  machine.commit(files, tag)
  return machine
}
afterAll(() => {
  watch.remove()
  machines.forEach((machine) => machine.remove())
})

function runOn(machine: Machine, inputs: Step['with'], changes: Partial<Job> = {}): Promise<JobResult> {
  return runJob(machine.job({ steps: [{ id: 'release', uses: pinned, with: inputs ?? {} }], ...changes }))
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

/** What went wrong, where it did: the assertion that follows then says so. */
function story(result: JobResult): string {
  return result.conclusion === 'success' ? '' : `${JSON.stringify(result.annotations)}\n${result.log}`
}

/** The first machine's tag has no lock; what it resolves is committed on the others. */
let machine: Machine
let result: JobResult
let watch: Watch
let locked: Record<string, string>

beforeAll(async () => {
  machine = machineWith(project)
  watch = new Watch(machine)
  result = await runOn(machine, {}, { wrap: watch.wrap })
  locked = { ...project, '.github/tagproof.lock': readFileSync(machine.out('tagproof.lock'), 'utf8') }
}, 10 * minutes)

describe('stage rehearse', () => {
  it('is what the action does by default, and succeeds', () => {
    expect(story(result)).toBe('')
    expect(result.records.map((record) => `${record.phase} ${record.id}`)).toEqual([
      'main release/rehearse',
      'post release/rehearse'
    ])
  })

  it('hands on version, verdict, artifacts and the digest of the record', () => {
    const release = readJson(machine.out('release.json')) as Release
    const outputs = result.outputs.release ?? {}
    expect(outputs).toMatchObject({ version: '1.0.0', verdict: 'proven', image: '', matrix: '' })
    expect(outputs.digest).toBe(sha256(machine.out('release.json')))
    const artifacts = JSON.parse(outputs.artifacts ?? '') as { name: string; sha256: string }[]
    expect(artifacts.map((artifact) => artifact.sha256)).toEqual(
      release.artifacts.map((artifact) => artifact.sha256)
    )
    expect(artifacts.map((artifact) => artifact.name).sort()).toEqual([
      'lantern-1.0.0-py3-none-any.whl',
      'lantern-1.0.0.tar.gz'
    ])
    for (const artifact of artifacts)
      expect(sha256(machine.out('packages', artifact.name))).toBe(artifact.sha256)
    expect(result.warnings).toEqual([])
  })

  it('shows the record as the summary of the step', () => {
    expect(result.records[0]?.summary.trim()).toBe(readFileSync(machine.out('summary.md'), 'utf8').trim())
  })

  it('obeys nothing that the build prints, and annotates nothing', () => {
    expect(result.annotations.release).toEqual([])
    expect(result.log).toContain('::error::planted by the build')
  })

  it('leaves nothing behind but its output folder: no file, process, mount or control group', async () => {
    expect(await watch.left()).toEqual([])
  })
})

describe('a release that cannot be proven', () => {
  it(
    'fails the step with its findings, and still says what it found',
    async () => {
      const machine = machineWith({
        ...locked,
        'tools/checked.py': [
          'import time',
          'from own_backend import build_sdist, build_wheel',
          'open("lantern/built.py", "w").write(f"BUILT = {time.time()!r}\\n")',
          ''
        ].join('\n')
      })
      const steps = [
        { id: 'release', uses: pinned },
        {
          id: 'after',
          if: 'always()',
          run: 'echo "${{ steps.release.outputs.verdict }} ${{ steps.release.outcome }}"'
        }
      ]
      const result = await runJob(machine.job({ steps }))
      expect(result.conclusion).toBe('failure')
      expect(result.log).toContain('refused failure\n')
      const errors = result.annotations.release?.filter(({ kind }) => kind === 'error') ?? []
      expect(errors.length).toBeGreaterThan(1)
      expect(errors.length).toBeLessThanOrEqual(10)
      expect(errors[0]?.title).toMatch(/^reproduced: /)
      expect(errors[0]?.message).toContain('lantern/built.py')
      expect(errors.at(-1)?.message).toMatch(/^release-refused: The release v1\.0\.0 is refused for .* Fix: /)
      expect(result.records[0]?.summary).toContain('lantern/built.py')
      expect(existsSync(machine.out('packages'))).toBe(false)
      expect(existsSync(machine.out('local'))).toBe(false)
    },
    10 * minutes
  )
})

describe('the stages one by one, with the lock in the tag', () => {
  it('demand that lock', async () => {
    const result = await runOn(machineWith(project), { stage: 'plan' })
    expect(result.annotations.release?.[0]?.message).toMatch(/^lock-missing: .* Fix: /)
  })

  it('are planned on a pull request of anybody, whose commit has no tag', async () => {
    const machine = machineWith(locked)
    machine.git('tag', '-d', 'v1.0.0')
    const job = machine.job({ steps: [{ id: 'release', uses: pinned, with: { stage: 'plan' } }] })
    const head = { repo: { full_name: 'eve/fork' } }
    writeFileSync(job.run.eventFile, JSON.stringify({ pull_request: { head } }))
    const result = await runJob({
      ...job,
      ref: { type: 'branch', name: '7/merge' },
      run: { ...job.run, event: 'pull_request' }
    })
    expect(story(result)).toBe('')
    expect(result.records[0]?.summary).toContain('To publish: The commit has no tag.')
    expect(result.outputs.release).toMatchObject({ version: '', verdict: '', handover: '' })
    expect(result.outputs.release?.digest).toBe(sha256(machine.out('plan.json')))
  })

  it(
    'run in one job as the stage release, which the proof says for ever',
    async () => {
      const machine = machineWith(locked)
      const result = await runOn(machine, { stage: 'release', 'single-job': true }, { idToken: true })
      expect(story(result)).toBe('')
      expect(result.records.map((record) => `${record.phase} ${path.basename(record.id)}`)).toEqual([
        ...['plan', 'build', 'prove', 'publish'].map((stage) => `main ${stage}`),
        ...['publish', 'prove', 'build', 'plan'].map((stage) => `post ${stage}`)
      ])
      expect(result.records[0]?.summary).toContain('lantern-1.0.0-*-*-*.whl')
      expect(result.records[1]?.summary).toContain('built in world a and b')
      expect(result.records[2]?.summary).toContain('`local/simple/lantern`')
      expect(result.records[3]?.summary).toContain('# ✅ v1.0.0: published')
      expect(result.outputs.release?.digest).toBe(sha256(machine.out('release.json')))
      expect(JSON.parse(result.outputs.release?.artifacts ?? '')).toHaveLength(2)
      expect((readJson(machine.out('proof.json')) as Proof).trust.singleJob).toBe(true)
      expect(result.outputs.release).toMatchObject({ version: '1.0.0', verdict: 'proven' })
      expect(JSON.parse(result.outputs.release?.matrix ?? '')).toMatchObject({
        include: [
          { target: 'python', world: 'a' },
          { target: 'python', world: 'b' }
        ]
      })
    },
    15 * minutes
  )
})

describe('a step that is stopped', () => {
  const leftInTemp = (at: Machine): string[] =>
    readdirSync(at.temp).filter((name) => name.startsWith('tagproof-'))
  const building = (line: string): boolean => line.includes('planted by the build')

  it(
    'by a cancelled job says so, and leaves nothing',
    async () => {
      const machine = machineWith(locked)
      const result = await runOn(
        machine,
        {},
        { onLine: (line, child) => building(line) && child.kill('SIGINT') }
      )
      expect(result.conclusion).toBe('failure')
      expect(result.annotations.release?.map(({ message }) => message)).toEqual([
        'cancelled: Stopped on request.'
      ])
      expect(leftInTemp(machine)).toEqual([])
      expect(existsSync(machine.out('packages'))).toBe(false)
    },
    5 * minutes
  )

  it(
    'by a kill leaves nothing once its post part has run, and the next run succeeds',
    async () => {
      const machine = machineWith(locked)
      const watch = new Watch(machine)
      let left: string[] = []
      const onLine: Job['onLine'] = (line, child) => {
        if (!building(line) || left.length > 0) return
        left = leftInTemp(machine)
        child.kill('SIGKILL')
      }
      const killed = await runOn(machine, {}, { onLine, wrap: watch.wrap })
      expect(killed.conclusion).toBe('failure')
      expect(left).toHaveLength(1)
      expect(killed.records.map(({ phase }) => phase)).toEqual(['main', 'post'])
      expect(await watch.left()).toEqual([])
      watch.remove()
      expect(story(await runOn(machine, {}))).toBe('')
    },
    5 * minutes
  )
})

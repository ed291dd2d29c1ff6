import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse } from 'yaml'
import { pins } from '../../../src/init/pins.ts'
import { workflowText } from '../../../src/init/workflow.ts'
import { workflowBefore, workflowsOfDocs } from '../../action/harness/documented.ts'
import { evaluateCondition, repositoryRoot, workflowFileErrors } from '../../action/harness/language.ts'
import { installZizmor, zizmorFindings } from '../support/zizmor.ts'

interface Job {
  if: string
  needs?: string[]
  environment?: string
  permissions: Record<string, string>
  steps: { if?: string; uses?: string; run?: string; with?: Record<string, unknown> }[]
}
interface Workflow {
  on: { push: { tags: string[] } }
  permissions: object
  jobs: Record<string, Job>
}

const action = {
  repository: 'o/tagproof',
  commit: '0123456789abcdef0123456789abcdef01234567',
  version: 'v0.1.0'
}
const written: [string, string][] = [
  ['of a Python project', workflowText({ action, tags: 'v*', environment: 'release', kinds: ['python'] })],
  [
    'of all kinds, with tags of its own',
    workflowText({ action, tags: "it's-*", environment: 'gate.1', kinds: ['python', 'deb', 'image'] })
  ]
]

let folder: string
let zizmor: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-zizmor-'))
  zizmor = await installZizmor(folder)
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function lint(text: string): Promise<string[]> {
  const file = path.join(folder, 'linted.yml')
  await writeFile(file, text)
  return zizmorFindings(zizmor, file)
}

describe.each(written)('the workflow %s', (_title, text) => {
  const workflow = parse(text) as Workflow
  const jobs = Object.entries(workflow.jobs)

  it('is valid to GitHub, and zizmor has nothing to say in its strict persona', async () => {
    expect(workflowFileErrors('release.yml', text)).toEqual([])
    expect(await lint(text)).toEqual([])
  })

  it('gives nothing to all jobs and to builds, and an id token to the publish job alone', () => {
    expect(workflow.permissions).toEqual({})
    const reading = { contents: 'read' }
    expect(Object.fromEntries(jobs.map(([id, job]) => [id, job.permissions]))).toEqual({
      rehearse: reading,
      plan: reading,
      'build-a': {},
      'build-b': {},
      prove: reading,
      publish: { ...reading, 'id-token': 'write' }
    })
  })

  it('rehearses what is no tag, and releases what is one', () => {
    const started = (ref_type: string): string[] =>
      jobs
        .filter(([, job]) => evaluateCondition(job.if, { github: { ref_type } }, 'success'))
        .map(([id]) => id)
    expect(started('branch')).toEqual(['rehearse'])
    expect(started('tag')).toEqual(['plan', 'build-a', 'build-b', 'prove', 'publish'])
  })

  it('shows a pull request, of a fork too, what a release would be, before it is rehearsed', () => {
    const steps = workflow.jobs.rehearse?.steps ?? []
    const shown = (github: object): unknown[] =>
      steps
        .filter((step) => evaluateCondition(step.if, { github }, 'success'))
        .flatMap((step) => (step.with?.stage === undefined ? [] : [step.with]))
    const rehearse = { stage: 'rehearse' }
    expect(shown({ event_name: 'pull_request' })).toEqual([{ stage: 'plan', handover: 'none' }, rehearse])
    expect(shown({ event_name: 'workflow_dispatch' })).toEqual([rehearse])
    expect(JSON.stringify(steps)).not.toMatch(/secrets\.|read-token/)
  })

  it('publishes behind an environment, after all others, and nothing else is there', () => {
    expect(jobs.filter(([, job]) => job.environment !== undefined).map(([id]) => id)).toEqual(['publish'])
    expect(workflow.jobs.publish?.needs).toEqual(['plan', 'build-a', 'build-b', 'prove'])
  })

  it('puts no expression into a command, and caches nothing', () => {
    for (const step of jobs.flatMap(([, job]) => job.steps)) {
      expect(step.run ?? '').not.toContain('${{')
      expect(step.uses ?? '').not.toContain('cache')
      if (step.uses?.startsWith('actions/checkout@') === true)
        expect(step.with?.['persist-credentials']).toBe(false)
    }
  })
})

it('the linter sees what is wrong: the same workflow with each of the precautions undone', async () => {
  const [[, text]] = written as [[string, string]]
  const undone: [string, RegExp, string][] = [
    ['permissions: {}', /excessive-permissions/, ''],
    ['sudo apt-get update', /template-injection/, 'echo ${{ github.event.pull_request.title }}'],
    [`@${action.commit} # v0.1.0`, /unpinned-uses/, '@main'],
    ['concurrency:', /concurrency-limits/, 'env:']
  ]
  for (const [from, finding, to] of undone)
    expect((await lint(text.replaceAll(from, to))).join('\n')).toMatch(finding)
})

it('our own workflows, and those of the documentation, pass as well', async () => {
  const own = path.join(repositoryRoot, '.github/workflows')
  for (const name of await readdir(own))
    expect(await zizmorFindings(zizmor, path.join(own, name))).toEqual([])
  const documented = workflowsOfDocs(repositoryRoot)
  expect(documented.length).toBeGreaterThan(0)
  for (const [, text] of documented) expect(await lint(text)).toEqual([])
  // What docs/migration.md leads away from: it says of that workflow what the linter says.
  const before = (await lint(workflowBefore(repositoryRoot))).join('\n')
  for (const finding of ['unpinned-uses', 'excessive-permissions', 'cache-poisoning', 'artipacked'])
    expect(before).toContain(finding)
})

it('uses the releases of other actions that our own workflows use', async () => {
  const own = await readFile(path.join(repositoryRoot, '.github/workflows/ci.yml'), 'utf8')
  for (const pin of Object.values(pins)) expect(own).toContain(`uses: ${pin}`)
})

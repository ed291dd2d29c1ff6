import { describe, expect, it } from '@jest/globals'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { Step } from './harness/action-files.ts'
import { workflowBefore, workflowsOfDocs } from './harness/documented.ts'
import { repositoryRoot, workflowFileErrors } from './harness/language.ts'

interface Workflow {
  permissions?: Record<string, string>
  concurrency?: object
  jobs: Record<string, { permissions?: Record<string, string>; 'timeout-minutes'?: number; steps: Step[] }>
}

const read = (name: string): string => readFileSync(path.join(repositoryRoot, name), 'utf8')
const folder = '.github/workflows'
const own = readdirSync(path.join(repositoryRoot, folder)).map((name): [string, string] => [
  name,
  read(path.join(folder, name))
])
/** The documented ones, with a commit where the reader puts one. */
const documented = workflowsOfDocs(repositoryRoot)

it('there are workflows in the documentation, and the one that a project moves away from is valid too', () => {
  expect(documented.map(([name]) => name)).toEqual([
    'Rehearsal of docs/action.md',
    'Release of docs/action.md',
    'Release of docs/migration.md'
  ])
  expect(workflowFileErrors('publish.yml', workflowBefore(repositoryRoot))).toEqual([])
})

describe.each([...own, ...documented])('%s', (name, text) => {
  const workflow = parse(text) as Workflow
  const jobs = Object.values(workflow.jobs)

  it('is valid to GitHub', () => {
    expect(workflowFileErrors(name, text)).toEqual([])
  })

  it('gives nothing to all jobs, and to each what it says and why', () => {
    expect(workflow.permissions).toEqual({})
    expect(workflow.concurrency).toBeDefined()
    for (const job of jobs) {
      expect(job.permissions).toBeDefined()
      if (name.endsWith('.yml')) expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
    for (const line of text.split('\n').filter((one) => /^ {6}[a-z-]+: (read|write)/.test(one)))
      expect(line).toMatch(/ # \S/)
  })

  it('takes every action by its commit, and leaves no token in a checkout', () => {
    for (const step of jobs.flatMap((job) => job.steps)) {
      if (step.uses === undefined) continue
      expect(step.uses).toMatch(/^(\$\/|[^@]+@[0-9a-f]{40})$/)
      if (step.uses.startsWith('actions/checkout@')) expect(step.with?.['persist-credentials']).toBe(false)
    }
    for (const line of text.split('\n').filter((one) => one.includes('@')))
      if (line.includes('uses:')) expect(line).toMatch(/ # v\d+\.\d+\.\d+$/)
  })
})

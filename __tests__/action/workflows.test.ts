import { describe, expect, it } from '@jest/globals'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { Step } from './harness/action-files.ts'
import { repositoryRoot, workflowFileErrors } from './harness/language.ts'

interface Workflow {
  permissions?: Record<string, string>
  concurrency?: object
  jobs: Record<string, { permissions?: Record<string, string>; 'timeout-minutes'?: number; steps: Step[] }>
}

const folder = path.join(repositoryRoot, '.github/workflows')
const names = readdirSync(folder)
const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8')

describe.each(names)('%s', (name) => {
  const text = textOf(name)
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
      expect(job['timeout-minutes']).toBeGreaterThan(0)
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

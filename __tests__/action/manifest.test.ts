import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { actionStages, inputRules, type InputName } from '../../src/platform/github-inputs.ts'
import type { ActionFile, Step } from './harness/action-files.ts'
import { actionFileErrors, repositoryRoot } from './harness/language.ts'

const text = (name: string): string => readFileSync(path.join(repositoryRoot, name), 'utf8')
const facade = parse(text('action.yml')) as ActionFile
const engine = parse(text('engine/action.yml')) as ActionFile
const steps = facade.runs.using === 'composite' ? facade.runs.steps : []
const stepOf = (id: string): Step => steps.find((step) => step.id === id) ?? {}
const names = Object.keys(inputRules) as InputName[]
/** One job that runs all stages has nothing to hand over. */
const valueOf = (name: string): string =>
  name === 'handover'
    ? "${{ inputs.stage == 'release' && 'none' || inputs.handover }}"
    : `\${{ inputs.${name} }}`

describe('action.yml and engine/action.yml', () => {
  it.each(['action.yml', 'engine/action.yml'])('%s is valid to GitHub', (name) => {
    expect(actionFileErrors(name, text(name))).toEqual([])
  })

  it('declare exactly the inputs of the table', () => {
    expect(Object.keys(facade.inputs ?? {}).sort()).toEqual([...names].sort())
    expect(Object.keys(engine.inputs ?? {}).sort()).toEqual([...names].sort())
  })

  it('describe every input and output', () => {
    for (const file of [facade, engine])
      for (const entry of [...Object.values(file.inputs ?? {}), ...Object.values(file.outputs ?? {})])
        expect(entry.description ?? '').toMatch(/^.{10,}$/)
  })

  it('have the same outputs', () => {
    expect(Object.keys(engine.outputs ?? {})).toEqual(Object.keys(facade.outputs ?? {}))
  })

  it('run nothing but our own engine, by self-repository reference', () => {
    expect(steps.map((step) => step.uses)).toEqual(steps.map(() => '$/engine'))
    expect(steps.some((step) => step.run !== undefined)).toBe(false)
  })
})

describe('the steps of the composite', () => {
  it('are one per stage, after the one that refuses', () => {
    expect(steps.map((step) => step.id)).toEqual(['refuse', ...actionStages])
  })

  it.each([...actionStages])('%s is given the inputs of its stage and no other, each unchanged', (stage) => {
    const { stage: fixed, ...rest } = stepOf(stage).with ?? {}
    expect(fixed).toBe(stage)
    const allowed = names.filter((name) => (inputRules[name].stages as readonly string[]).includes(stage))
    expect(['stage', ...Object.keys(rest)].sort()).toEqual([...allowed].sort())
    for (const [name, value] of Object.entries(rest)) expect(value).toBe(valueOf(name))
  })

  it('hand credentials to publish alone, and nothing to the step that refuses', () => {
    // What reads the tag is the job's own token, and no credential of a destination.
    const secrets = names.filter((name) => inputRules[name].secret && name !== 'read-token')
    const mentions = steps.filter((step) => secrets.some((name) => JSON.stringify(step).includes(name)))
    expect(mentions.map((step) => step.id)).toEqual(['publish'])
    expect(Object.keys(stepOf('refuse').with ?? {})).toEqual(['stage', 'single-job'])
    for (const name of secrets) {
      // What is empty all the same was given by the workflow: a secret that is not set.
      expect(facade.inputs?.[name]?.default).toBe('unset')
      expect(engine.inputs?.[name]?.default).toBeUndefined()
    }
  })
})

describe('the documentation', () => {
  it('has the inputs and outputs of action.yml', () => {
    const script = path.join(repositoryRoot, 'scripts/generate-docs.mjs')
    expect(spawnSync(process.execPath, [script], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: ''
    })
  })
})

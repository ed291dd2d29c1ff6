import { describe, expect, it } from '@jest/globals'
import { TagproofError } from '../../../src/platform/errors.ts'
import { refuseUnfitJob } from '../../../src/platform/github-job.ts'
import { inputRules, readInputs, variableOf, type InputName } from '../../../src/platform/github-inputs.ts'

const secrets = (Object.keys(inputRules) as InputName[]).filter((name) => inputRules[name].secret)

function refused(environment: NodeJS.ProcessEnv): TagproofError {
  try {
    refuseUnfitJob(readInputs(environment), environment)
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('the inputs were accepted')
}

describe('the inputs of a step', () => {
  it('have defaults', () => {
    expect(readInputs({ INPUT_STAGE: 'rehearse', INPUT_TAG: '', INPUT_WORLD: '' })).toEqual({
      stage: 'rehearse',
      tag: undefined,
      targets: [],
      config: undefined,
      out: 'tagproof-out',
      worlds: ['a', 'b'],
      needs: {},
      handover: { by: 'none' },
      complete: false,
      adopt: [],
      singleJob: false,
      readToken: undefined,
      credentials: new Map()
    })
  })

  it('take the tag of the run, unless another is named', () => {
    const run = { INPUT_STAGE: 'plan', GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.2.3' }
    expect(readInputs(run).tag).toBe('v1.2.3')
    expect(readInputs({ ...run, INPUT_TAG: ' v1.0.0 ' }).tag).toBe('v1.0.0')
    expect(readInputs({ ...run, GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'main' }).tag).toBeUndefined()
  })

  it.each([
    ['cli\nserver\n', ['cli', 'server']],
    [' cli, server', ['cli', 'server']],
    ['', []]
  ])('read targets from %j', (text, targets) => {
    expect(readInputs({ INPUT_STAGE: 'plan', INPUT_TARGET: text }).targets).toEqual(targets)
  })

  it('read a folder for each set of wheels, one a line', () => {
    const adopt = ' wheels-a \n\nwheels of b\n'
    expect(readInputs({ INPUT_STAGE: 'prove', INPUT_ADOPT: adopt }).adopt).toEqual([
      'wheels-a',
      'wheels of b'
    ])
  })

  it('read the results of earlier jobs', () => {
    const needs = JSON.stringify({
      a: { result: 'success', outputs: { digest: 'x' } },
      b: { result: 'failure' }
    })
    expect(readInputs({ INPUT_STAGE: 'prove', INPUT_NEEDS: needs }).needs).toEqual({
      a: { result: 'success', outputs: { digest: 'x' } },
      b: { result: 'failure', outputs: {} }
    })
  })

  it.each([
    ['', { by: 'none' }],
    ['none', { by: 'none' }],
    ['artifacts', { by: 'artifacts' }],
    ['./shared/stages', { by: 'folder', folder: './shared/stages' }]
  ])('hand over by %j', (text, handover) => {
    expect(readInputs({ INPUT_STAGE: 'prove', INPUT_HANDOVER: text }).handover).toEqual(handover)
  })

  it('refuse a way to hand over that is none', () => {
    expect(refused({ INPUT_STAGE: 'prove', INPUT_HANDOVER: 'mail' })).toMatchObject({ code: 'usage' })
  })

  it.each(['[]', '3', 'null', '{"a": {}}', '{"a": {"result": 1}}', '{'])('refuse %s as needs', (needs) => {
    expect(refused({ INPUT_STAGE: 'prove', INPUT_NEEDS: needs })).toMatchObject({ code: 'usage' })
  })

  it('remove credentials from the environment, and have them masked before anything can fail', () => {
    const environment: NodeJS.ProcessEnv = { INPUT_STAGE: 'nonsense', KEPT: 'yes' }
    for (const name of secrets) environment[variableOf(name)] = `secret of ${name}`
    const masked: string[] = []
    expect(() => readInputs(environment, (value) => masked.push(value))).toThrow(TagproofError)
    expect(masked).toEqual(secrets.map((name) => `secret of ${name}`))
    expect(environment).toEqual({ INPUT_STAGE: 'nonsense', KEPT: 'yes' })
  })

  it('refuse an empty credential where it would be used, and count it as none elsewhere', () => {
    expect(refused({ INPUT_STAGE: 'publish', 'INPUT_PYPI-TOKEN': ' ' })).toMatchObject({
      code: 'secret-empty'
    })
    const given = { INPUT_STAGE: 'publish', 'INPUT_PYPI-TOKEN': 'unset', 'INPUT_READ-TOKEN': '' }
    expect(readInputs(given)).toMatchObject({ readToken: undefined, credentials: new Map() })
    expect(readInputs({ INPUT_STAGE: 'plan', 'INPUT_PYPI-TOKEN': ' ' }).credentials.size).toBe(0)
  })

  it.each(['rehearse', 'plan', 'build', 'prove'])('refuse a credential in the stage %s', (stage) => {
    for (const name of secrets.filter((name) => name !== 'read-token' || stage !== 'plan'))
      expect(refused({ INPUT_STAGE: stage, [variableOf(name)]: 'x' }).message).toContain(
        `The credential ${name}`
      )
  })
})

describe('a job in which a stage must not run', () => {
  const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://service.example/token' }

  it.each(['build', 'prove', 'rehearse'])('is one with an id token, for %s', (stage) => {
    expect(refused({ INPUT_STAGE: stage, ...token })).toMatchObject({ code: 'single-job' })
  })

  it.each(['plan', 'publish'])('is not one with an id token, for %s', (stage) => {
    expect(() => refused({ INPUT_STAGE: stage, ...token })).toThrow('accepted')
  })

  it('is accepted for build with single-job: true', () => {
    expect(() => refused({ INPUT_STAGE: 'build', 'INPUT_SINGLE-JOB': 'true', ...token })).toThrow('accepted')
  })

  it.each(['failure', 'cancelled', 'skipped'])('is one after a job that ended as %s', (result) => {
    const needs = JSON.stringify({ build: { result } })
    expect(refused({ INPUT_STAGE: 'publish', INPUT_NEEDS: needs })).toMatchObject({ code: 'job-failed' })
  })
})

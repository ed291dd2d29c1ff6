import { describe, expect, it } from '@jest/globals'
import { evaluateCondition, evaluateText } from './harness/language.ts'

const contexts = { inputs: { stage: 'build', world: '' }, steps: { plan: { outputs: { version: '1.0' } } } }

describe('the expressions of the harness', () => {
  it('evaluates text, missing steps and defaults as GitHub does', () => {
    expect(evaluateText('${{ steps.prove.outputs.version || steps.plan.outputs.version }}', contexts)).toBe(
      '1.0'
    )
    expect(evaluateText('a ${{ inputs.stage }} b ${{ inputs.none }}', contexts)).toBe('a build b ')
    expect(evaluateText('${{ toJSON(inputs) }}', contexts)).toContain('"stage": "build"')
  })

  it('asks success() unless the condition names a status function', () => {
    expect(evaluateCondition("${{ inputs.stage == 'build' }}", contexts, 'success')).toBe(true)
    expect(evaluateCondition("${{ inputs.stage == 'build' }}", contexts, 'failure')).toBe(false)
    expect(evaluateCondition('always()', contexts, 'failure')).toBe(true)
    expect(evaluateCondition(undefined, contexts, 'failure')).toBe(false)
    expect(evaluateCondition("inputs.stage == 'BUILD'", contexts, 'success')).toBe(true)
  })
})

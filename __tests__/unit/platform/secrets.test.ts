import { describe, expect, it } from '@jest/globals'
import { pypiTokenVariable, secretsOf, takePypiToken } from '../../../src/platform/secrets.ts'

describe('secrets of a terminal', () => {
  it('are masked wherever they stand, each line of them', () => {
    const secrets = secretsOf()
    secrets.add('one: first-secret\nsecond-secret\n')
    expect(secrets.mask('second-secret, and second-secret; one: first-secret')).toBe('***, and ***; ***')
  })

  it('that are too short to be any tear no words apart', () => {
    const secrets = secretsOf()
    secrets.add('a\n\n  \n')
    expect(secrets.mask('a banana')).toBe('a banana')
  })

  it('are taken out of the environment; an empty variable is none', () => {
    const secrets = secretsOf()
    const environment: NodeJS.ProcessEnv = { [pypiTokenVariable]: 'pypi-0123456789', PATH: '/bin' }
    expect(takePypiToken(environment, secrets)).toBe('pypi-0123456789')
    expect(environment).toEqual({ PATH: '/bin' })
    expect(secrets.mask('pypi-0123456789')).toBe('***')
    const empty: NodeJS.ProcessEnv = { [pypiTokenVariable]: ' ' }
    expect(takePypiToken(empty, secrets)).toBeUndefined()
    expect(empty).toEqual({})
  })
})

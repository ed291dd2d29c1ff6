import { describe, expect, it } from '@jest/globals'
import {
  credentialNames,
  credentialVariable,
  secretsOf,
  takeCredentials
} from '../../../src/platform/secrets.ts'

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
    const given = credentialNames.map((name) => [credentialVariable(name), `${name} 0123456789`] as const)
    const environment: NodeJS.ProcessEnv = { ...Object.fromEntries(given), PATH: '/bin' }
    expect([...takeCredentials(environment, secrets)]).toEqual(
      credentialNames.map((name) => [name, `${name} 0123456789`])
    )
    expect(environment).toEqual({ PATH: '/bin' })
    for (const [, value] of given) expect(secrets.mask(value)).toBe('***')
    const empty: NodeJS.ProcessEnv = { [credentialVariable('pypi-token')]: ' ' }
    expect([takeCredentials(empty, secrets).size, empty]).toEqual([0, {}])
  })
})

import { describe, expect, it } from '@jest/globals'
import { checkedEnvironment } from '../../../src/worlds/environment.ts'
import { thrownBy } from '../../support/thrown.ts'

describe('variables for a world', () => {
  it('pass where they are chosen and harmless', () => {
    const chosen = { SOURCE_DATE_EPOCH: '1', PYTHONPATH: '/opt/x', CFLAGS: '-g0' }
    expect(checkedEnvironment(chosen)).toEqual(chosen)
  })

  it.each([
    ...[
      'CI',
      'GITHUB_ACTIONS',
      'GITHUB_TOKEN',
      'RUNNER_TEMP',
      'ACTIONS_ID_TOKEN_REQUEST_URL',
      'INPUT_PYPI_TOKEN'
    ],
    ...[
      'PYPI_API_TOKEN',
      'TWINE_PASSWORD',
      'AWS_SECRET_ACCESS_KEY',
      'SSH_AUTH_SOCK',
      'SUDO_USER',
      'client_secret'
    ]
  ])('never include %s', (name) => {
    expect(thrownBy(() => checkedEnvironment({ [name]: 'x' }))).toMatchObject({
      code: 'internal',
      message: expect.stringContaining(name)
    })
  })

  it.each(['', 'A=B', '1A', 'A B'])('have no name like %j', (name) => {
    expect(thrownBy(() => checkedEnvironment({ [name]: 'x' }))).toMatchObject({ code: 'internal' })
  })
})

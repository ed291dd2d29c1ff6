import { describe, expect, it } from '@jest/globals'
import { divideCredential, type CredentialPlace } from '../../../src/destinations/divided-credentials.ts'
import { TagproofError } from '../../../src/platform/errors.ts'

const words = { input: 'The input pypi-token', taker: 'a destination of kind pypi', others: 'have none' }
const token = 'pypi-AgEIcHlwaS5vcmc'
const pypi: CredentialPlace = { name: 'pypi', server: 'https://one' }
const same: CredentialPlace = { name: 'client', server: 'https://one' }
const other: CredentialPlace = { name: 'own', server: 'https://two' }

describe('a token', () => {
  it('is for all destinations of the one server', () => {
    expect(divideCredential(`${token}\n`, [pypi, same], words)).toEqual(
      new Map([
        ['pypi', token],
        ['client', token]
      ])
    )
  })

  it('that is not given leaves trusted publishing', () => {
    expect(divideCredential(undefined, [pypi], words).size).toBe(0)
  })

  it('names its destination where there are several servers; those without one use trusted publishing', () => {
    expect(divideCredential(`own: ${token}`, [pypi, other], words)).toEqual(new Map([['own', token]]))
    expect(divideCredential(`own: ${token}\r\npypi: ${token}2\n`, [pypi, other], words).get('pypi')).toBe(
      `${token}2`
    )
  })

  it.each([
    ['of one of two servers', token, [pypi, other]],
    ['for a destination that there is not', `owm: ${token}`, [pypi, other]],
    ['twice', `own: ${token}\nown: ${token}`, [pypi, other]],
    ['on two lines without names', `${token}\n${token}`, [pypi]],
    ['that nobody takes', token, []]
  ])('%s is sent nowhere, and not told', (_what, text, places) => {
    const error = thrownBy(() => divideCredential(text, places, words))
    expect(error.code).toBe('usage')
    expect(JSON.stringify([error.message, error.detail])).not.toContain(token)
  })
})

function thrownBy(act: () => unknown): TagproofError {
  try {
    act()
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('it was taken')
}

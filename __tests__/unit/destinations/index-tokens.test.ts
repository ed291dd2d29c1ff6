import { describe, expect, it } from '@jest/globals'
import { tokensFor, type TokenPlace } from '../../../src/destinations/index-tokens.ts'
import { TagproofError } from '../../../src/platform/errors.ts'

const token = 'pypi-AgEIcHlwaS5vcmc'
const pypi: TokenPlace = { name: 'pypi', server: 'https://one' }
const same: TokenPlace = { name: 'client', server: 'https://one' }
const other: TokenPlace = { name: 'own', server: 'https://two' }

describe('a token', () => {
  it('is for all destinations of the one server', () => {
    expect(tokensFor(`${token}\n`, [pypi, same], 'It')).toEqual(
      new Map([
        ['pypi', token],
        ['client', token]
      ])
    )
  })

  it('that is not given leaves trusted publishing', () => {
    expect(tokensFor(undefined, [pypi], 'It').size).toBe(0)
  })

  it('names its destination where there are several servers; those without one use trusted publishing', () => {
    expect(tokensFor(`own: ${token}`, [pypi, other], 'It')).toEqual(new Map([['own', token]]))
    expect(tokensFor(`own: ${token}\r\npypi: ${token}2\n`, [pypi, other], 'It').get('pypi')).toBe(`${token}2`)
  })

  it.each([
    ['of one of two servers', token, [pypi, other]],
    ['for a destination that there is not', `owm: ${token}`, [pypi, other]],
    ['twice', `own: ${token}\nown: ${token}`, [pypi, other]],
    ['on two lines without names', `${token}\n${token}`, [pypi]],
    ['that nobody takes', token, []]
  ])('%s is sent nowhere, and not told', (_what, text, places) => {
    const error = thrownBy(() => tokensFor(text, places, 'The input pypi-token'))
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

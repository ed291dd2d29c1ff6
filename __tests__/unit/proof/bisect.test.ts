import { describe, expect, it } from '@jest/globals'
import { bisect } from '../../../src/proof/bisect.ts'

const suspects = Array.from({ length: 1000 }, (_, at) => `file-${at}`)

describe('bisecting suspects', () => {
  it.each([0, 1, 499, 500, 998, 999])('finds number %i with at most ten questions', async (culprit) => {
    let questions = 0
    const found = await bisect(suspects, (leftOut) => {
      questions += 1
      return Promise.resolve(leftOut.includes(`file-${culprit}`))
    })
    expect(found).toBe(`file-${culprit}`)
    expect(questions).toBeLessThanOrEqual(10)
  })

  it('names one of two, the last that has to be left out', async () => {
    const both = (leftOut: readonly string[]): Promise<boolean> =>
      Promise.resolve(leftOut.includes('file-3') && leftOut.includes('file-700'))
    expect(await bisect(suspects, both)).toBe('file-700')
  })

  it('asks nothing where there is one suspect, and names none where there is none', async () => {
    const never = (): Promise<boolean> => Promise.reject(new Error('asked'))
    expect(await bisect(['clock'], never)).toBe('clock')
    const none = await bisect<string>([], never)
    expect(none).toBeUndefined()
  })
})

import { describe, expect, it } from '@jest/globals'
import { isNormalised } from '../../../src/proof/normalised.ts'
import { stripped } from './stripped.ts'

const epoch = 1_700_000_000
const bytesOf = (name: string, form: 'original' | 'set' | 'clamp' | 'none'): Buffer =>
  Buffer.from(stripped[name]?.[form] ?? '', 'base64')
const zips = ['py.zip', 'app.jar', 'info.zip']
const names = [...zips, 'pic.png', 'named.gz']

/** The bytes with one of them changed, counted from the end where it is negative. */
function changed(bytes: Buffer, at: number): Buffer {
  const other = Buffer.from(bytes)
  const place = at < 0 ? other.length + at : at
  other[place] = (other[place] ?? 0) ^ 1
  return other
}

describe('what strip-nondeterminism made of a file', () => {
  it.each(names)('%s is known, with the time that it writes and without', async (name) => {
    const original = bytesOf(name, 'original')
    for (const form of ['set', 'clamp'] as const) {
      expect(await isNormalised(original, bytesOf(name, form), epoch)).toBe(true)
    }
    expect(await isNormalised(original, bytesOf(name, 'none'))).toBe(true)
  })

  it.each(names)('%s is not known with any byte changed', async (name) => {
    const [original, made] = [bytesOf(name, 'original'), bytesOf(name, 'set')]
    for (let at = 0; at < made.length; at += 1)
      expect([at, await isNormalised(original, changed(made, at), epoch)]).toEqual([at, false])
  })

  it.each(zips)('%s is not known with another time', async (name) => {
    expect(await isNormalised(bytesOf(name, 'original'), bytesOf(name, 'set'), epoch + 2)).toBe(false)
  })

  it.each(names)('%s is not known with bytes at its end', async (name) => {
    const made = Buffer.concat([bytesOf(name, 'set'), Buffer.from([0])])
    expect(await isNormalised(bytesOf(name, 'original'), made, epoch)).toBe(false)
  })

  it('is not known of a cut or foreign file', async () => {
    for (const name of names) {
      const made = bytesOf(name, 'set')
      expect(await isNormalised(bytesOf(name, 'original').subarray(0, 30), made, epoch)).toBe(false)
      expect(await isNormalised(Buffer.from('text'), made, epoch)).toBe(false)
    }
  })
})

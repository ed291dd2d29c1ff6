import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { messageNotices } from '../../../src/source/message-notices.ts'

const id = 'a'.repeat(40)
const lines = (bytes: number): string[] =>
  (
    randomBytes(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).map((line) => line)
/** A signature as git keeps it in a header of a commit: each further line has a blank before it. */
const inHeader = (kind: string, bytes: number, name = 'gpgsig'): string =>
  `${name} -----BEGIN ${kind}-----\n \n${lines(bytes)
    .map((line) => ` ${line}\n`)
    .join('')} =abcd\n -----END ${kind}-----\n \n`
const commit = (headers: string, message = 'Merge\n\nWords about it.\n'): Buffer =>
  Buffer.from(
    `tree ${id}\nparent ${id}\nauthor Ada <a@b.example> 1 +0000\ncommitter Ada <a@b.example> 1 +0000\n${headers}\n${message}`
  )
const found = (data: Buffer): string[] => messageNotices('commit', data).map((notice) => notice.found)

describe('the message and headers of a commit', () => {
  it.each([
    ['no signature', ''],
    ['a signature by OpenPGP, as code hosts make them', inHeader('PGP SIGNATURE', 600)],
    ['a signature by SSH', inHeader('SSH SIGNATURE', 300)],
    ['a signature by X.509 with its chain', inHeader('SIGNED MESSAGE', 5000)],
    ['a signature for SHA-256 names', inHeader('PGP SIGNATURE', 600, 'gpgsig-sha256')],
    [
      'a merged tag with its signature',
      `mergetag object ${id}\n type commit\n tag v1\n \n Words.\n${inHeader('PGP SIGNATURE', 600, '').trimStart().replace(/^/, ' ')}`
    ],
    ['an encoding', 'encoding ISO-8859-1\n']
  ])('with %s are quiet', (_, headers) => expect(found(commit(headers))).toEqual([]))

  it('in Latin-1 are quiet', () =>
    expect(found(Buffer.concat([commit(''), Buffer.from('J\xf6rg\n', 'latin1')]))).toEqual([]))

  it.each([
    [
      'a signature that is none by its size',
      commit(inHeader('PGP SIGNATURE', 20_000)),
      /signatures of \d+ bytes/
    ],
    [
      'armour without an end',
      commit(inHeader('PGP SIGNATURE', 2000).replace(/ -----END.*\n/, '')),
      /encoded/
    ],
    ['armour of another kind', commit(inHeader('PGP PAYLOAD', 2000)), /encoded/],
    ['base64 in the message', commit('', lines(3000).join('')), /encoded/],
    ['lines of base64 in the message', commit('', lines(3000).join('\n')), /encoded/],
    ['a header of its own', commit(`payload ${lines(3000).join('')}\n`), /encoded/],
    ['NUL', commit('', 'a\0b'), /control/],
    ['many parents', commit(`parent ${id}\n`.repeat(40)), /41 parents/]
  ])('with %s are told', (_, data, words) => {
    const [one, ...more] = found(data)
    expect(one).toMatch(words)
    expect(more).toEqual([])
  })

  it('take no time of their own with many beginnings of armour', () => {
    const start = performance.now()
    found(commit('', '-----BEGIN PGP SIGNATURE-----\n x\n'.repeat(20_000)))
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

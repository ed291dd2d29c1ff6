import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { messageNotices } from '../../../src/source/message-notices.ts'

const base64Lines = (size: number): string[] =>
  randomBytes(size)
    .toString('base64')
    .match(/.{1,64}/g) ?? []

const head = ['tree 4ed4d476e91f58b80e91d84dff6f76ca12f3289d', 'author A <a@example.org> 1785820726 +0800']
const armoured = (kind: string): string[] => [
  `-----BEGIN ${kind}-----`,
  '',
  ...base64Lines(560),
  `-----END ${kind}-----`
]
const found = (lines: readonly string[]): string[] =>
  messageNotices('commit', Buffer.from(lines.join('\n'))).map((notice) => notice.found)

describe('a commit or tag', () => {
  it.each(['gpgsig', 'gpgsig-sha256'])('may be signed in its header %s', (header) => {
    const [first = '', ...rest] = armoured('PGP SIGNATURE')
    const lines = [...head, `${header} ${first}`, ...rest.map((line) => ` ${line}`), '', 'Merge a fix', '']
    expect(found(lines)).toEqual([])
  })

  it.each(['PGP SIGNATURE', 'SSH SIGNATURE', 'SIGNED MESSAGE'])('may end in a %s', (kind) => {
    expect(found([...head, '', 'Release 1.0', '', ...armoured(kind), ''])).toEqual([])
  })

  it('may hold the signed tag that was merged', () => {
    const tag = [
      'object 4ed4d476e91f58b80e91d84dff6f76ca12f3289d',
      'type commit',
      '',
      'One',
      ...armoured('PGP SIGNATURE')
    ]
    expect(
      found([...head, `mergetag ${tag[0] ?? ''}`, ...tag.slice(1).map((line) => ` ${line}`), '', 'Merge', ''])
    ).toEqual([])
  })

  it.each([
    ['in its message', [...head, '', 'Release', '', ...base64Lines(1200)]],
    [
      'in a header of its own',
      [...head, 'payload x', ...base64Lines(1200).map((line) => ` ${line}`), '', 'Fix']
    ],
    ['behind armour without an end', [...head, '', 'Fix', ...armoured('PGP SIGNATURE').slice(0, -1)]]
  ])('may not hold encoded text %s', (_, lines) => {
    expect(found(lines)).toEqual(['encoded text'])
  })

  it('may not hold a signature of a size that none has', () => {
    const lines = [
      ...head,
      '',
      'Fix',
      '-----BEGIN PGP SIGNATURE-----',
      '',
      ...base64Lines(20_000),
      '-----END PGP SIGNATURE-----'
    ]
    expect(found(lines)).toHaveLength(1)
  })
})

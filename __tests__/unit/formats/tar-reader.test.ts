import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readTar, type TarEntry } from '../../../src/formats/tar/reader.ts'
import { tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import {
  fixChecksum,
  gather,
  paxRecord,
  pieces,
  refusal,
  tarExtension,
  tarFolder,
  tarHardLink,
  tarLink,
  tarMember,
  tarOf
} from './forge.ts'

async function list(bytes: Buffer, sizes?: readonly number[]): Promise<(TarEntry & { bytes: Buffer })[]> {
  const entries = []
  for await (const entry of readTar(pieces(bytes, sizes)))
    entries.push({ ...entry, bytes: await gather(entry.content) })
  return entries
}

const first = tarMember('a', 'one')
/** Offset of what follows the first member. */
const next = first.length

describe('readTar reads', () => {
  it('members with their raw headers', async () => {
    const [entry] = await list(tarOf(first))
    expect(entry).toMatchObject({
      path: 'a',
      kind: 'file',
      mode: 0o644,
      size: 3,
      mtime: 1_700_000_000,
      linkTarget: null,
      index: 0,
      offset: 0
    })
    expect(entry?.bytes.toString()).toBe('one')
    expect(entry?.headers).toEqual(first.subarray(0, 512))
  })

  it('pax and GNU long names, a global comment, folders and links', async () => {
    const long = 'n'.repeat(200)
    const entries = await list(
      tarOf(
        tarExtension('g', paxRecord('comment', 'f'.repeat(40))),
        tarMember(long, 'x'),
        tarExtension('L', `${'g'.repeat(150)}\0`),
        tarMember('short', 'y', { 257: 'ustar  \0' }),
        tarFolder('./d/'),
        tarLink('d/link', '../short'),
        tarHardLink('hard', long)
      )
    )
    expect(entries.map(({ path, kind, linkTarget }) => [path, kind, linkTarget])).toEqual([
      [long, 'file', null],
      ['g'.repeat(150), 'file', null],
      ['d', 'directory', null],
      ['d/link', 'symlink', '../short'],
      ['hard', 'hardlink', long]
    ])
  })

  it('times with a fraction', async () => {
    const [entry] = await list(tarOf(tarExtension('x', paxRecord('mtime', '1700000000.25')), first))
    expect(entry?.mtime).toBe(1_700_000_000.25)
  })

  it('what the consumer leaves unread as skipped', async () => {
    const paths: string[] = []
    for await (const { path } of readTar(pieces(tarOf(tarMember('big', Buffer.alloc(3000)), first), [7])))
      paths.push(path)
    expect(paths).toEqual(['big', 'a'])
  })

  it('the writer’s own output, in whatever pieces it comes', async () => {
    const name = fc.stringMatching(/^[a-zäé]{1,120}$/)
    const file = fc.record({ name, content: fc.uint8Array({ maxLength: 1500 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(file, { selector: (one) => one.name.normalize('NFC').toUpperCase(), maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 }),
        async (files, sizes) => {
          const members = files.map(({ name: path, content }) =>
            Buffer.concat([
              tarHeader({ path, kind: 'file', mode: 0o755, size: content.length, mtime: 5 }),
              content,
              tarPadding(content.length)
            ])
          )
          const read = await list(tarOf(...members), sizes)
          expect(read.map(({ path, bytes }) => [path, [...bytes]])).toEqual(
            files.map((one) => [one.name, [...one.content]])
          )
        }
      ),
      { numRuns: 60, interruptAfterTimeLimit: 10_000 }
    )
  })
})

function signedChecksum(): Buffer {
  const member = tarMember('a', 'x')
  member.write('0000001\0', 148, 'latin1')
  return member
}

const truncatedPadding = Buffer.concat([tarMember('a', 'one').subarray(0, 600)])

describe('readTar refuses', () => {
  it.each<[string, Buffer, number | undefined, number, RegExp]>([
    ['a wrong checksum', tarOf(first, signedChecksum()), 1, next, /checksum is wrong/],
    ['a foreign magic', tarOf(tarMember('a', '', { 257: 'uztar\x0000' })), 0, 0, /magic/],
    ['bytes that no field owns', tarOf(tarMember('a', '', { 505: 'hidden' })), 0, 0, /no field owns/],
    ['bytes after a name’s NUL', tarOf(tarMember('a', '', { 2: 'hidden' })), 0, 0, /after its NUL/],
    [
      'a GNU prefix that Python would read',
      tarOf(tarMember('a', '', { 257: 'ustar  \0', 345: 'evil' })),
      0,
      0,
      /no field owns/
    ],
    ['a duplicate name', tarOf(first, first), 1, next, /appears twice/],
    ['a duplicate name behind "./"', tarOf(first, tarMember('./a')), 1, next, /appears twice/],
    ['a case twin', tarOf(first, tarMember('A')), 1, next, /only in case or Unicode form/],
    ['a Unicode twin', tarOf(tarMember('é'), tarMember('e\u0301')), 1, 1536, /only in case or Unicode form/],
    ['a path that leaves', tarOf(first, tarMember('b/../../etc')), 1, next, /"\.\."/],
    ['an absolute path', tarOf(first, tarMember('/etc/passwd')), 1, next, /absolute/],
    ['a backslash', tarOf(first, tarMember('b\\c')), 1, next, /backslash/],
    ['a drive letter', tarOf(first, tarMember('C:b')), 1, next, /drive letter/],
    ['a control character', tarOf(first, tarMember('b\nc')), 1, next, /control character/],
    ['a direction override', tarOf(first, tarMember('b\u202ec')), 1, next, /invisible/],
    ['an inner "."', tarOf(first, tarMember('b/./c')), 1, next, /empty or "\."/],
    [
      'a name that is not UTF-8',
      tarOf(first, tarMember('b', '', { 0: Buffer.from([0xff]) })),
      1,
      next,
      /not UTF-8/
    ],
    ['a file that ends in "/"', tarOf(first, tarMember('b/')), 1, next, /no folder/],
    ['a member below a link', tarOf(tarLink('d', '/tmp'), tarMember('d/x')), 1, 512, /earlier entry/],
    [
      'a link in the place of a folder',
      tarOf(tarMember('d/x'), tarLink('d', '/tmp')),
      1,
      512,
      /folder of earlier/
    ],
    ['a hard link to nothing', tarOf(first, tarHardLink('b', 'c')), 1, next, /no earlier file/],
    ['a hard link to itself', tarOf(first, tarHardLink('b', 'b')), 1, next, /no earlier file/],
    [
      'a hard link to a symbolic link',
      tarOf(tarLink('l', 'x'), tarHardLink('b', 'l', 0o777)),
      1,
      512,
      /no earlier file/
    ],
    ['a hard link of another mode', tarOf(first, tarHardLink('b', 'a', 0o755)), 1, next, /other permissions/],
    ['a blank owner', tarOf(first, tarMember('b', '', { 108: '        ' })), 1, next, /no octal number/],
    ['a device', tarOf(first, tarMember('b', '', { 156: '3' })), 1, next, /character device/],
    ['a named pipe', tarOf(first, tarMember('b', '', { 156: '6' })), 1, next, /named pipe/],
    ['a sparse file', tarOf(first, tarMember('b', '', { 156: 'S' })), 1, next, /sparse/],
    [
      'a pax sparse file',
      tarOf(first, tarExtension('x', paxRecord('GNU.sparse.major', '1')), tarMember('b')),
      1,
      next,
      /sparse/
    ],
    ['an unknown type', tarOf(first, tarMember('b', '', { 156: 'Z' })), 1, next, /unknown type/],
    [
      'a folder with content',
      tarOf(first, tarMember('b', 'x', { 156: '5' })),
      1,
      next,
      /only a file may have content/
    ],
    ['a mode of another type', tarOf(first, tarMember('b', '', { 100: '0120644' })), 1, next, /disagree/],
    [
      'base 256 in ustar',
      tarOf(first, tarMember('b', '', { 124: Buffer.from([0x80, 0, 0]) })),
      1,
      next,
      /base 256/
    ],
    [
      'a size that is no number',
      tarOf(first, tarMember('b', '', { 124: '00000000x01' })),
      1,
      next,
      /no octal/
    ],
    [
      'a pax size beside another',
      tarOf(first, tarExtension('x', paxRecord('size', '0')), tarMember('b', 'x')),
      1,
      next,
      /disagree on the size/
    ],
    [
      'a global pax path',
      tarOf(tarExtension('g', paxRecord('path', 'evil')), first),
      0,
      0,
      /global pax header/
    ],
    [
      'two pax headers',
      tarOf(tarExtension('x', paxRecord('path', 'b')), tarExtension('x', paxRecord('path', 'c')), first),
      0,
      0,
      /two extension/
    ],
    [
      'pax and GNU names',
      tarOf(tarExtension('L', 'b\0'), tarExtension('x', paxRecord('path', 'c')), first),
      0,
      0,
      /mixes pax and GNU/
    ],
    [
      'a pax key twice',
      tarOf(tarExtension('x', paxRecord('path', 'b') + paxRecord('path', 'c')), first),
      0,
      0,
      /twice/
    ],
    ['a pax path with NUL', tarOf(tarExtension('x', paxRecord('path', 'b\0c')), first), 0, 0, /NUL/],
    [
      'an unknown pax key',
      tarOf(tarExtension('x', paxRecord('hdrcharset', 'BINARY')), first),
      0,
      0,
      /not known/
    ],
    [
      'a pax record of a wrong length',
      tarOf(tarExtension('x', '99 path=b\n'), first),
      0,
      0,
      /where its length says/
    ],
    [
      'a huge extension header',
      tarOf(tarMember('x', '', { 156: 'x', 124: '00100000000' })),
      0,
      0,
      /larger than 1 MiB/
    ],
    [
      'an end after an extension header',
      tarOf(first, tarExtension('x', paxRecord('path', 'b'))),
      1,
      next,
      /after an extension/
    ],
    [
      'padding that hides bytes',
      tarOf(Buffer.concat([first.subarray(0, 600), Buffer.from('hidden'), first.subarray(606)])),
      0,
      0,
      /padding is not zero/
    ],
    ['a cut header', first.subarray(0, 300), 0, 0, /header is cut/],
    ['cut content', tarMember('b', 'x'.repeat(2000)).subarray(0, 1000), 0, 0, /inside the content/],
    ['cut padding', truncatedPadding, 0, 0, /inside the padding/],
    ['no end', first, 1, next, /without its end/],
    ['one end block', Buffer.concat([first, Buffer.alloc(512)]), undefined, next + 512, /second end block/],
    ['data after the end', Buffer.concat([tarOf(first), first]), undefined, next + 512, /follows the end/],
    ['a crooked end', Buffer.concat([tarOf(first), Buffer.alloc(1)]), undefined, next + 512, /whole number/]
  ])('%s', async (_, bytes, entry, offset, message) => {
    const error = await refusal(list(bytes))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(message)
    expect(error.message).toContain(
      entry === undefined ? `tar at offset ${offset}` : `tar entry ${entry} at offset ${offset}`
    )
  })

  it('never in another way than archive-invalid, whatever byte is changed', async () => {
    const whole = tarOf(tarMember('n'.repeat(120), 'content'), tarLink('l', 'x'))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, flip, mend) => {
          const bytes = Buffer.from(whole)
          bytes[at] = (bytes[at] ?? 0) ^ flip
          if (mend) fixChecksum(bytes.subarray(at - (at % 512), at - (at % 512) + 512))
          await list(bytes).then(
            () => undefined,
            (error: unknown) => expect(error).toMatchObject({ code: 'archive-invalid' })
          )
        }
      ),
      { numRuns: 300, interruptAfterTimeLimit: 10_000 }
    )
  })
})

describe('readTar with twins accepted', () => {
  it('reads file systems that have them', async () => {
    const entries = readTar(pieces(Buffer.concat([first, tarMember('A'), tarEnd])), { twins: 'accept' })
    const paths: string[] = []
    for await (const { path } of entries) paths.push(path)
    expect(paths).toEqual(['a', 'A'])
  })
})

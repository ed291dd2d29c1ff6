import { gzipSync } from 'node:zlib'
import {
  paxRecord,
  tarExtension,
  tarFolder,
  tarHardLink,
  tarLink,
  tarMember,
  tarOf
} from '../../../unit/formats/forge.ts'
import { arMember, forgeDeb, honestControl, md5, type ForgedDeb } from '../../../unit/formats/forge-deb.ts'

/** Name, the file, and the problem that must be told. */
export type DebCase = [string, Buffer, RegExp]

const root = [tarFolder('./'), tarFolder('./usr/')]
const withData = (...entries: Buffer[]): Buffer => forgeDeb({ data: [...root, ...entries] })
const withControl = (control: string): Buffer => forgeDeb({ control })
const withFile = (name: string, content: string, more: ForgedDeb = {}): Buffer =>
  forgeDeb({ controlEntries: [tarMember(`./${name}`, content)], ...more })
const extra = (name: string, content = 'evil'): Buffer => arMember({ name, content: Buffer.from(content) })
const dataOf = (member: Partial<Parameters<typeof arMember>[0]>): Buffer =>
  forgeDeb({
    members: ({ format, control }) => [
      format,
      control,
      arMember({ name: 'data.tar', content: tarOf(...root, tarMember('./usr/a', 'one')), ...member })
    ]
  })
const honest = forgeDeb()

export const debCases: Record<string, readonly DebCase[]> = {
  'outer archive': [
    ['no ar', Buffer.from('!<arkh>\n'), /not an ar archive/],
    ['nothing in it', Buffer.from('!<arch>\n'), /debian-binary is missing/],
    ['another format', forgeDeb({ format: '3.0\n' }), /format is not 2\.0/],
    ['a newer minor format', forgeDeb({ format: '2.1\nmore\n' }), /format is not 2\.0/],
    [
      'data before control',
      forgeDeb({ members: ({ format, control, data }) => [format, data, control] }),
      /belongs here/
    ],
    ['no data', forgeDeb({ members: ({ format, control }) => [format, control] }), /data is missing/],
    [
      'control twice',
      forgeDeb({ members: ({ format, control, data }) => [format, control, control, data] }),
      /belongs here/
    ],
    [
      'data twice',
      forgeDeb({ members: ({ format, control, data }) => [format, control, data, data] }),
      /nothing may follow/
    ],
    [
      'a member after the end',
      forgeDeb({ members: (parts) => [...Object.values(parts), extra('_evil')] }),
      /nothing may follow/
    ],
    [
      'a member between',
      forgeDeb({ members: ({ format, control, data }) => [format, extra('_gpgorigin'), control, data] }),
      /belongs here/
    ],
    ['another compression', forgeDeb({ dataName: 'data.tar.bz2' }), /belongs here/],
    ['a name of a prototype', forgeDeb({ dataName: 'data.tar__proto' }), /belongs here/],
    ['bytes after the end', Buffer.concat([honest, Buffer.from('evil')]), /cut, or data follows/],
    ['a newline after the end', Buffer.concat([honest, Buffer.from('\n')]), /cut, or data follows/],
    ['cut', honest.subarray(0, -300), /ends inside the content/],
    ['a slash after the name', dataOf({ name: 'data.tar/' }), /the name is none/],
    ['a name of BSD', dataOf({ name: '#1/8' }), /the name is none/],
    [
      'a table of names of GNU',
      forgeDeb({
        members: ({ format, control, data }) => [format, extra('//', 'data.tar/\n'), control, data]
      }),
      /the name is none/
    ],
    ['a negative size', dataOf({ size: '-1' }), /size is no number/],
    ['a size in hex', dataOf({ size: '0x10' }), /size is no number/],
    ['a size with a sign', dataOf({ size: '+512' }), /size is no number/],
    ['a time that is none', dataOf({ mtime: 'now' }), /time is no number/],
    ['an owner with bytes after it', dataOf({ uid: '0 evil' }), /owner is no number/],
    ['a header with another end', dataOf({ end: '`\r' }), /does not end as headers do/],
    [
      'padding that hides a byte',
      forgeDeb({
        members: ({ format, control, data }) => [
          format,
          arMember({ name: 'control.tar', content: Buffer.alloc(1025), padding: 'E' }),
          control,
          data
        ]
      }),
      /./
    ]
  ],
  'compressed parts': [
    ['gzip that is none', forgeDeb({ dataName: 'data.tar.gz' }), /not gzip/],
    ['xz that is none', forgeDeb({ dataName: 'data.tar.xz' }), /not xz/],
    ['zstd that is none', forgeDeb({ dataName: 'data.tar.zst' }), /not zstd/],
    [
      'two members of gzip',
      dataOf({
        name: 'data.tar.gz',
        content: Buffer.concat([gzipSync(tarOf(...root)), gzipSync(Buffer.from('evil'))])
      }),
      /second gzip member/
    ],
    [
      'data after gzip',
      dataOf({
        name: 'data.tar.gz',
        content: Buffer.concat([gzipSync(tarOf(...root)), Buffer.from('evil')])
      }),
      /follows the trailer/
    ],
    [
      'data after the tar',
      dataOf({ content: Buffer.concat([tarOf(...root), Buffer.from('evil')]) }),
      /data follows the end blocks|whole number/
    ]
  ],
  'data.tar': [
    ['a way out', withData(tarMember('./../x', 'evil')), /"\.\."/],
    ['an absolute name', withData(tarMember('/usr/b', 'evil')), /absolute/],
    ['a name twice', withData(tarMember('./usr/a', 'one'), tarMember('./usr/a', 'evil')), /appears twice/],
    [
      'a name twice, once without "./"',
      withData(tarMember('./usr/a', 'one'), tarMember('usr/a', 'evil')),
      /appears twice/
    ],
    [
      'a file below a link',
      withData(tarLink('./usr/l', '/etc'), tarMember('./usr/l/x', 'evil')),
      /no folder but an earlier entry/
    ],
    ['a hard link out', withData(tarHardLink('./usr/h', '/etc/shadow')), /leads to no earlier file/],
    ['a hard link to nothing', withData(tarHardLink('./usr/h', './usr/none')), /leads to no earlier file/],
    [
      'a pax header',
      withData(tarExtension('x', paxRecord('path', 'usr/evil')), tarMember('./usr/a', 'one')),
      /pax header/
    ],
    [
      'a global pax header',
      withData(tarExtension('g', paxRecord('comment', 'x')), tarMember('./usr/a', 'one')),
      /pax header/
    ],
    ['a line break', withData(tarMember('./usr/b', 'evil', { 0: './usr/a\nb' })), /control character/],
    [
      'a line break in a link',
      withData(tarMember('./usr/l', '', { 156: '2', 157: 'a\nb' })),
      /control character/
    ],
    [
      'control files as data',
      withData(tarFolder('./DEBIAN/'), tarMember('./DEBIAN/postinst', 'evil')),
      /folder DEBIAN/
    ]
  ],
  'control.tar': [
    [
      'no control file',
      forgeDeb({
        members: ({ format, data }) => [
          format,
          arMember({ name: 'control.tar', content: tarOf(tarFolder('./')) }),
          data
        ]
      }),
      /no file control/
    ],
    ['an unknown file', withFile('evil', 'x'), /no such control file/],
    [
      'a file below a folder',
      forgeDeb({ controlEntries: [tarFolder('./d/'), tarMember('./d/x', 'x')] }),
      /files alone/
    ],
    ['a link', forgeDeb({ controlEntries: [tarLink('./postinst', '/bin/evil')] }), /files alone/],
    ['a script that cannot run', withFile('postinst', '#!/bin/sh\n'), /the script has mode/],
    ['a second stanza', withControl(`${honestControl}\nPackage: evil\n`), /second stanza/],
    ['a field twice', withControl(`${honestControl}version: 2.0\n`), /appears twice/],
    ['no version', withControl('Package: demo\nArchitecture: all\n'), /field Version is missing/],
    [
      'a version that leaves its folder',
      withControl(honestControl.replace('1.0', '1.0/../x')),
      /field Version is/
    ],
    ['a name with a space', withControl(honestControl.replace('demo', 'demo evil')), /field Package is/],
    ['carriage returns', withControl(honestControl.replace(/\n/g, '\r\n')), /control character/],
    ['a continuation first', withControl(` x\n${honestControl}`), /goes on with no field/],
    ['a line that is no field', withControl(`${honestControl}evil\n`), /is no field/],
    ['no last line end', withControl(honestControl.trimEnd()), /has no end/],
    [
      'no UTF-8',
      forgeDeb({
        members: ({ format, data }) => [
          format,
          arMember({
            name: 'control.tar',
            content: tarOf(tarMember('./control', Buffer.from(`${honestControl}X: \xff\n`, 'latin1')))
          }),
          data
        ]
      }),
      /not UTF-8/
    ]
  ],
  'md5sums and conffiles': [
    ['another digest', withFile('md5sums', `${md5('evil')}  usr/a\n`), /not that which md5sums lists/],
    [
      'a file that is not there',
      withFile('md5sums', `${md5('one')}  usr/a\n${md5('x')}  usr/b\n`),
      /no file of data\.tar/
    ],
    ['a file that is not listed', withFile('md5sums', ''), /does not list "usr\/a"/],
    ['a file twice', withFile('md5sums', `${md5('one')}  usr/a\n`.repeat(2)), /appears twice/],
    ['a path out', withFile('md5sums', `${md5('one')}  ../usr/a\n`), /"\.\."/],
    ['a line that is none', withFile('md5sums', 'evil\n'), /no digest and path/],
    ['a conffile that is not there', withFile('conffiles', '/etc/evil\n'), /is not in data\.tar/],
    ['a conffile that is a folder', withFile('conffiles', '/usr\n'), /or no file/],
    ['a conffile by a relative path', withFile('conffiles', 'usr/a\n'), /no absolute path/],
    ['a conffile twice', withFile('conffiles', '/usr/a\n/usr/a\n'), /appears twice/],
    [
      'a conffile to be removed, and there',
      withFile('conffiles', 'remove-on-upgrade /usr/a\n'),
      /to be removed on upgrades/
    ]
  ]
}

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { tarFolder, tarMember, tarOf } from './forge.ts'

/** A member of an ar archive as an attacker would write it. */
export interface ForgedAr {
  name: string
  content: Buffer
  /** Texts of other fields than the honest ones. */
  mtime?: string
  uid?: string
  mode?: string
  size?: string
  end?: string
  /** Default: a newline. */
  padding?: string
}

export function arMember({ name, content, ...other }: ForgedAr): Buffer {
  const header = [
    name.padEnd(16),
    (other.mtime ?? '1700000000').padEnd(12),
    (other.uid ?? '0').padEnd(6),
    '0'.padEnd(6),
    (other.mode ?? '100644').padEnd(8),
    (other.size ?? String(content.length)).padEnd(10),
    other.end ?? '`\n'
  ]
  const padding = content.length % 2 === 1 ? (other.padding ?? '\n') : ''
  return Buffer.concat([Buffer.from(header.join('')), content, Buffer.from(padding)])
}

export const arOf = (...members: Buffer[]): Buffer => Buffer.concat([Buffer.from('!<arch>\n'), ...members])

export const honestControl =
  'Package: demo\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: demo\n'

export const md5 = (content: string): string => createHash('md5').update(content).digest('hex')

export interface ForgedDeb {
  /** Text of the control file. */
  control?: string
  /** Further entries of control.tar. */
  controlEntries?: Buffer[]
  /** Entries of data.tar. */
  data?: Buffer[]
  format?: string
  /** Members of ar, all of them or further ones. */
  members?: (parts: { format: Buffer; control: Buffer; data: Buffer }) => Buffer[]
  dataName?: string
}

const part = (name: string, content: Buffer): Buffer => arMember({ name, content })

/** A deb, honest unless told otherwise. */
export function forgeDeb(deb: ForgedDeb = {}): Buffer {
  const data = deb.data ?? [tarFolder('./'), tarFolder('./usr/'), tarMember('./usr/a', 'one')]
  const parts = {
    format: part('debian-binary', Buffer.from(deb.format ?? '2.0\n')),
    control: part(
      'control.tar.gz',
      gzipSync(
        tarOf(
          tarFolder('./'),
          tarMember('./control', deb.control ?? honestControl),
          ...(deb.controlEntries ?? [])
        )
      )
    ),
    data: part(deb.dataName ?? 'data.tar', tarOf(...data))
  }
  return arOf(...(deb.members?.(parts) ?? Object.values(parts)))
}

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { readDistribution } from '../../../src/targets/python/distribution.ts'
import { uploadOf } from '../../../src/targets/python/uploads.ts'
import type { Candidate } from '../../../src/proof/pypi/rule.ts'
import { forgeZip, tarMember, tarOf, type ForgedZip, type ForgedZipEntry } from '../../unit/formats/forge.ts'

/** A package that the index takes, and what may be wrong with it. */
export interface Package {
  kind: 'sdist' | 'wheel'
  file: string
  /** The top folder of an sdist, the `.dist-info` folder of a wheel. */
  folder: string
  /** Lines of metadata by field; an empty text leaves the field out. */
  fields: Record<string, string>
  description: string
  files: Record<string, Buffer | string>
  /** Of gzip; 0 leaves the content as it is. */
  level?: number
  /** Members of an sdist as they are, behind all others. */
  members?: Buffer[]
  entries?: Partial<ForgedZipEntry>
  zip?: ForgedZip
}

const fields = {
  'Metadata-Version': '2.4',
  Name: 'herald',
  Version: '1.4.0',
  Summary: 'Sends news',
  'Author-email': 'Ann <ann@herald.example>',
  Classifier: 'Programming Language :: Python :: 3',
  'License-Expression': 'MIT',
  'License-File': 'LICENSE',
  'Project-URL': 'Home, https://herald.example',
  'Requires-Python': '>=3.9',
  'Requires-Dist': 'packaging>=24',
  'Provides-Extra': 'all',
  'Description-Content-Type': 'text/markdown'
}
const shared = { fields, description: '# Herald\n' }

export const honest: Record<'sdist' | 'wheel', Package> = {
  sdist: {
    ...shared,
    kind: 'sdist',
    file: 'herald-1.4.0.tar.gz',
    folder: 'herald-1.4.0',
    files: { 'herald-1.4.0/LICENSE': 'MIT\n', 'herald-1.4.0/herald.py': 'NEWS = []\n' }
  },
  wheel: {
    ...shared,
    kind: 'wheel',
    file: 'herald-1.4.0-py3-none-any.whl',
    folder: 'herald-1.4.0.dist-info',
    files: {
      'herald.py': 'NEWS = []\n',
      'herald-1.4.0.dist-info/licenses/LICENSE': 'MIT\n',
      'herald-1.4.0.dist-info/entry_points.txt': '[console_scripts]\nherald = herald:main\n'
    }
  }
}

/** A package with other fields of metadata than its pattern. */
export function withFields(kind: 'sdist' | 'wheel', changes: Record<string, string>): Package {
  return { ...honest[kind], fields: { ...fields, ...changes } }
}

/** Writes a package, and reads it as prove does. */
export async function candidateOf(wanted: Package, room: string): Promise<Candidate> {
  const place = path.join(room, wanted.file)
  await writeFile(place, wanted.kind === 'sdist' ? sdistOf(wanted) : wheelOf(wanted))
  const distribution = await readDistribution(place, wanted.kind, wanted.file)
  return { distribution, upload: uploadOf(distribution) }
}

function metadataOf({ fields, description }: Package): string {
  const lines = Object.entries(fields).filter(([, value]) => value !== '')
  return `${lines.map(([name, value]) => `${name}: ${value}\n`).join('')}\n${description}`
}

function sdistOf(wanted: Package): Buffer {
  const all = { [`${wanted.folder}/PKG-INFO`]: metadataOf(wanted), ...wanted.files }
  const members = Object.entries(all).map(([name, content]) => tarMember(name, content))
  return gzipSync(tarOf(...members, ...(wanted.members ?? [])), { level: wanted.level ?? 6 })
}

function wheelOf(wanted: Package): Buffer {
  const all = {
    ...wanted.files,
    [`${wanted.folder}/METADATA`]: metadataOf(wanted),
    [`${wanted.folder}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
  }
  const lines = Object.entries(all).map(
    ([name, content]) =>
      `${name},sha256=${createHash('sha256').update(content).digest('base64url')},${Buffer.byteLength(content)}\n`
  )
  const record = `${wanted.folder}/RECORD`
  const entries = Object.entries({ ...all, [record]: `${lines.join('')}${record},,\n` }).map(
    ([name, content]): ForgedZipEntry => ({ name, content: Buffer.from(content), ...wanted.entries })
  )
  return forgeZip(entries, wanted.zip)
}

/** Content that makes the file of a wheel begin as a tar does, where it is the first entry under a name of one letter. */
export function tarLikeContent(): Buffer {
  const content = Buffer.alloc(600)
  const start = forgeZip([{ name: 'a', content }])
  const sum = start.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0)
  // The CRC of the content stands in the header, so the sum is looked for until it holds.
  for (let filler = 0; filler < 4096; filler += 1) {
    content.write(`${(sum + filler - 2048).toString(8).padStart(6, '0')}\0 `, 148 - 31, 'latin1')
    const made = forgeZip([{ name: 'a', content }]).subarray(0, 512)
    const right = made.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0)
    if (right === sum + filler - 2048) return content
  }
  throw new Error('no checksum holds')
}

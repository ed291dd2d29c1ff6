import { createHash } from 'node:crypto'
import { forgeZip, type ForgedZip, type ForgedZipEntry } from './forge.ts'

export const wheelFileName = 'demo-1.0-py3-none-any.whl'
const info = 'demo-1.0.dist-info'

export const wheelMetadata = 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n'

/**
 * A whole wheel around some files: its RECORD is right, `changes` are made to the first file's headers alone.
 */
export function forgeWheel(
  files: Readonly<Record<string, string>>,
  changes: Partial<ForgedZipEntry> = {},
  rules: ForgedZip = {}
): Buffer {
  const contents = {
    ...files,
    [`${info}/METADATA`]: wheelMetadata,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
  }
  const lines = Object.entries(contents).map(([name, content]) => {
    const hash = createHash('sha256').update(content).digest('base64url')
    return `${name},sha256=${hash},${Buffer.byteLength(content)}\n`
  })
  const record = `${lines.join('')}${info}/RECORD,,\n`
  const entries = Object.entries({ ...contents, [`${info}/RECORD`]: record }).map(
    ([name, content], index): ForgedZipEntry => ({
      name,
      content: Buffer.from(content),
      ...(index === 0 ? changes : {})
    })
  )
  return forgeZip(entries, rules)
}

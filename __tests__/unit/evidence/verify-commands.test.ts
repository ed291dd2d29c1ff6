import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { formatSums } from '../../../src/evidence/sums.ts'
import { verifyCommands } from '../../../src/evidence/verify-commands.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { artifact } from './documents.ts'

/** The lines of the block that are no comment. */
const commandsOf = (markdown: string): string[] =>
  (/^(`{3,})sh\n(.*?)\n\1$/ms.exec(markdown)?.[2] ?? '').split('\n').filter((line) => !line.startsWith('#'))
const shell = (command: string, folder: string): Promise<{ stdout: string }> =>
  promisify(execFile)('sh', ['-c', command], { cwd: folder })

const manifest = '{"schemaVersion":2}'
const hash = sha256OfBytes(manifest)
const digest = `sha256:${hash}`
const odd = "it's; touch x.oci.tar"
const files = [
  artifact({ name: 'herald-1.0.tar.gz', kind: 'sdist', sha256: sha256OfBytes('sdist') }),
  artifact({ name: odd, kind: 'image', image: { repository: 'acme/herald', digest } })
]

describe('the commands that anybody can copy', () => {
  let folder: string
  let commands: string[]

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tagproof-verify-'))
    await mkdir(path.join(folder, 'packages'))
    await mkdir(path.join(folder, 'blobs/sha256'), { recursive: true })
    await writeFile(path.join(folder, 'packages/herald-1.0.tar.gz'), 'sdist')
    await writeFile(path.join(folder, 'blobs/sha256', hash), manifest)
    await promisify(execFile)('tar', ['-cf', path.join('packages', odd), 'blobs'], { cwd: folder })
    await writeFile(path.join(folder, 'SHA256SUMS'), formatSums(files.slice(0, 1)))
    commands = commandsOf(verifyCommands("v1;touch 'y'", files))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('say that the files are those of the table, and fail for a file that was altered', async () => {
    const [sums = ''] = commands
    expect((await shell(sums, folder)).stdout).toBe('herald-1.0.tar.gz: OK\n')
    await writeFile(path.join(folder, 'packages/herald-1.0.tar.gz'), 'other')
    await expect(shell(sums, folder)).rejects.toThrow()
  })

  it('give the digest of an image, whatever its file is called', async () => {
    const image = commands.find((line) => line.startsWith('tar ')) ?? ''
    expect((await shell(image, folder)).stdout).toBe(`${hash}  -\n`)
  })

  it('hand an odd tag to the program as one word', async () => {
    const trace = commands.find((line) => line.includes('trace')) ?? ''
    const shown = trace.replace(/^tagproof trace packages\/\*/, "printf '<%s>'")
    expect((await shell(shown, folder)).stdout).toBe("<--tag><v1;touch 'y'>")
  })

  it('say nothing of a name that a terminal shows otherwise, nor let one end the block', () => {
    const shown = verifyCommands('v1```', [
      artifact({ kind: 'deb', name: 'a\u202eb.deb' }),
      artifact({ kind: 'deb', name: '```.deb' })
    ])
    expect(shown).not.toContain('\u202e')
    expect(shown).toContain('\n````sh\n')
    expect(shown.match(/^`{3,}/gm)).toEqual(['````', '````'])
    expect(shown).toContain('dpkg-deb --info')
  })
})

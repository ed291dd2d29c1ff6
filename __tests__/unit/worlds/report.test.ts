import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { tarEnd, tarHeader, tarPadding, type TarHeaderFields } from '../../../src/formats/tar/writer.ts'
import { parseStatus, takeReport, type WorldReport } from '../../../src/worlds/report.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-report-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Part = Partial<TarHeaderFields> & { path: string; text?: string }
const good: Part = { path: 'status', text: 'code 0\nfree 9 10\n' }

function* blocks(parts: readonly Part[]): Generator<Buffer> {
  for (const { text = '', ...fields } of parts) {
    yield tarHeader({ kind: 'file', mode: 0o600, size: text.length, mtime: 0, ...fields })
    yield Buffer.concat([Buffer.from(text), tarPadding(text.length)])
  }
  yield tarEnd
}

function take(parts: readonly Part[], bytes = 1000): Promise<WorldReport | undefined> {
  return takeReport(Readable.from(blocks(parts)), { outputs: folder, bytes, exportPrefix: 'tree/' })
}

describe('the report of a world', () => {
  it('brings files and folders, written as our own', async () => {
    const report = await take([
      good,
      { path: 'reads', text: 'tree/setup.py\0tree/a b\0elsewhere\0' },
      { path: 'out', kind: 'directory', mode: 0o700 },
      { path: 'out/dist', kind: 'directory', mode: 0o000 },
      { path: 'out/dist/x.whl', text: 'wheel' },
      { path: 'out/run', text: '#!', mode: 0o4777 }
    ])
    expect(report?.reads).toEqual(['a b', 'setup.py'])
    expect(report?.files).toEqual(['dist/x.whl', 'run'])
    expect(await readFile(path.join(folder, 'dist/x.whl'), 'utf8')).toBe('wheel')
    expect((await stat(path.join(folder, 'run'))).mode & 0o7777).toBe(0o755)
    expect((await stat(path.join(folder, 'dist/x.whl'))).mode & 0o7777).toBe(0o644)
  })

  it.each<[string, Part[], RegExp]>([
    [
      'a link',
      [{ path: 'out/x.whl', kind: 'symlink', linkTarget: '/etc/shadow' }],
      /a link to "\/etc\/shadow"/
    ],
    [
      'a hard link',
      [
        { path: 'out/a', text: 'x' },
        { path: 'out/b', kind: 'hardlink', linkTarget: 'out/a' }
      ],
      /a link to "out\/a"/
    ],
    ['a name with a line end', [{ path: 'out/a\nb', text: 'x' }], /name/],
    ['a name that leaves the folder', [{ path: 'out/../../x', text: 'x' }], /\.\./],
    ['a file beside the output', [{ path: 'elsewhere', text: 'x' }], /name/],
    ['more bytes than allowed', [{ path: 'out/x', text: 'x'.repeat(1001) }], /1001 bytes/]
  ])('refuses %s by name and leaves nothing', async (_, parts, found) => {
    await expect(take([good, ...parts])).rejects.toMatchObject({
      code: 'build-output',
      detail: { found: expect.stringMatching(found) }
    })
    expect(await readdir(folder)).toEqual([])
  })

  it('takes nothing from a build that failed', async () => {
    const report = await take([
      { path: 'status', text: 'code 3\nfree 9 10\n' },
      { path: 'out/x.whl', kind: 'symlink', linkTarget: '/etc/shadow' }
    ])
    expect(report).toMatchObject({ status: { code: 3 }, files: [] })
    expect(await readdir(folder)).toEqual([])
  })

  it('is missing where the world ended before it wrote one', async () => {
    const nothing = takeReport(Readable.from([]), {
      outputs: folder,
      bytes: 1,
      exportPrefix: 'tree/'
    })
    expect(await nothing).toBeUndefined()
  })

  it.each([
    ['code 0\nfree 5 10\n', { code: 0, killedForMemory: false, processesRefused: false, free: 0.5 }],
    [
      'code 137\nout-of-memory 2\nfree 0 10',
      { code: 137, killedForMemory: true, processesRefused: false, free: 0 }
    ],
    [
      'code 1\nprocesses-refused 7\nfree 0 0',
      { code: 1, killedForMemory: false, processesRefused: true, free: 1 }
    ],
    ['code 1\nout-of-memory \n', { code: 1, killedForMemory: false, processesRefused: false, free: 1 }]
  ])('reads the counters %j', (text, status) => {
    expect(parseStatus(text)).toEqual(status)
  })
})

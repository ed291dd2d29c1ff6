import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { directoryDestination } from '../../../src/destinations/directory.ts'
import { noJournal } from '../../../src/destinations/journal.ts'
import { runPublication } from '../../../src/destinations/publication.ts'
import type { ReleaseArtifact } from '../../../src/documents/release.ts'
import { hashFile, sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { provenArtifact } from '../../support/proven-artifact.ts'

const run = promisify(execFile)
/** pip without any setting of this machine: no other index, no cache. */
const plain = {
  PATH: process.env.PATH ?? '',
  PIP_CONFIG_FILE: '/dev/null',
  PIP_NO_CACHE_DIR: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  LC_ALL: 'C.UTF-8'
}
const wheel = 'tiny_bell-1.0-py3-none-any.whl'

describe('the directory destination', () => {
  let work: string
  let packages: string
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'tagproof-directory-'))
    packages = path.join(work, 'packages')
    await mkdir(packages)
    await run('python3', ['-c', makeWheel, path.join(packages, wheel)], { env: plain })
    await run('python3', ['-m', 'venv', path.join(work, 'venv')], { env: plain })
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  /** Publishes packages to a folder, as a release does. @returns what was found of each, before anything was written */
  async function publish(folder: string, names: readonly string[] = [wheel]): Promise<object[]> {
    const artifacts = await Promise.all(names.map((name) => artifact(path.join(packages, name))))
    return publishArtifacts(folder, artifacts)
  }
  async function publishArtifacts(folder: string, artifacts: readonly ReleaseArtifact[]): Promise<object[]> {
    const destination = directoryDestination({
      name: 'directory',
      address: 'simple',
      packages,
      artifacts,
      folder
    })
    const published = await runPublication({
      release: { tag: 'v1.0', version: '1.0', sha256: sha256OfBytes('release') },
      destinations: [destination],
      journal: noJournal(),
      log: silentLog
    })
    return published.artifacts.map(({ artifact: name, found, written }) => ({ name, found, written }))
  }
  async function pip(...args: string[]): Promise<string> {
    const python = path.join(work, 'venv/bin/python')
    await run(python, ['-m', 'pip', 'uninstall', '-y', 'tiny-bell'], { env: plain })
    await run(python, ['-m', 'pip', 'install', ...args, 'tiny.bell'], { env: plain })
    return (
      await run(python, ['-c', 'import tiny_bell; print(tiny_bell.ring)'], { env: plain })
    ).stdout.trim()
  }

  it('plain pip takes the wheel from it: as an index of files, through a web server, and by --find-links', async () => {
    const folder = path.join(work, 'simple')
    expect(await publish(folder)).toEqual([{ name: wheel, found: 'absent', written: 'sent' }])
    expect(await pip('--index-url', `file://${folder}`)).toBe('ding')
    expect(await pip('--no-index', '--find-links', path.join(folder, 'tiny-bell'))).toBe('ding')
    const server = createServer((incoming, answer) => {
      const file = path.join(folder, decodeURIComponent(incoming.url ?? '/'))
      readFile(file.endsWith('/') ? `${file}index.html` : file).then(
        (bytes) =>
          answer
            .setHeader('content-type', file.endsWith('/') ? 'text/html' : 'application/octet-stream')
            .end(bytes),
        () => answer.writeHead(404).end()
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      expect(await pip('--index-url', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).toBe(
        'ding'
      )
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })

  it('pip refuses a file that was changed afterwards', async () => {
    const folder = path.join(work, 'changed')
    await publish(folder)
    await writeFile(path.join(folder, 'tiny-bell', wheel), 'other bytes')
    await expect(pip('--index-url', `file://${folder}`)).rejects.toThrow(
      /HASHES? (FROM THE REQUIREMENTS FILE|DO NOT MATCH)|DO NOT MATCH THE HASHES|mismatch/i
    )
  })

  it('is safe to repeat: identical bytes count as done', async () => {
    const folder = path.join(work, 'twice')
    await publish(folder)
    const before = await tree(folder)
    expect(await publish(folder)).toEqual([{ name: wheel, found: 'identical', written: 'no' }])
    expect(await tree(folder)).toEqual(before)
  })

  it('stops before the first write when a file of that name has other bytes', async () => {
    const folder = path.join(work, 'different')
    await mkdir(path.join(folder, 'tiny-bell'), { recursive: true })
    await writeFile(path.join(folder, 'tiny-bell', wheel), 'released last year')
    const other = 'tiny_bell-1.0.tar.gz'
    await writeFile(path.join(packages, other), 'an sdist')
    const before = await tree(folder)
    await expect(publish(folder, [other, wheel])).rejects.toMatchObject({
      code: 'destination-different',
      message: `directory (simple) has another ${wheel}; nothing was written anywhere.`
    })
    expect(await tree(folder)).toEqual(before)
  })

  it('refuses a package that is not the one that was proven, and writes nothing', async () => {
    const folder = path.join(work, 'unproven')
    const good = await artifact(path.join(packages, wheel))
    const bad = { ...good, sha256: sha256OfBytes('another') }
    await expect(publishArtifacts(folder, [bad])).rejects.toMatchObject({ code: 'hash-mismatch' })
    await expect(readdir(folder)).rejects.toThrow('ENOENT')
  })

  it('gives out by the next run what a run that was cut off had left unlisted, and leaves no part behind', async () => {
    const folder = path.join(work, 'cut')
    await publish(folder)
    const whole = await tree(folder)
    await writeFile(path.join(folder, 'tiny-bell/index.json'), '{"files": [')
    expect(await publish(folder)).toEqual([{ name: wheel, found: 'absent', written: 'there' }])
    expect(await tree(folder)).toEqual(whole)
  })

  it('is refused a place that is a file, before anything is written', async () => {
    await writeFile(path.join(work, 'file'), '')
    await expect(publish(path.join(work, 'file/simple'))).rejects.toMatchObject({ code: 'usage' })
  })

  it('keeps other releases in its pages', async () => {
    const folder = path.join(work, 'kept')
    await mkdir(path.join(folder, 'tiny-bell'), { recursive: true })
    await writeFile(path.join(folder, 'tiny-bell', 'tiny_bell-0.9.tar.gz'), 'older')
    await publish(folder)
    const { versions } = JSON.parse(await readFile(path.join(folder, 'tiny-bell/index.json'), 'utf8')) as {
      versions: string[]
    }
    expect(versions.sort()).toEqual(['0.9', '1.0'])
  })
})

async function artifact(file: string): Promise<ReleaseArtifact> {
  const { sha256, size } = await hashFile(file)
  const name = path.basename(file)
  return provenArtifact({
    target: 'python',
    kind: name.endsWith('.whl') ? 'wheel' : 'sdist',
    name,
    version: '1.0',
    size,
    sha256
  })
}

async function tree(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile()
  )
  const lines = files.map(
    async (entry) => `${entry.name} ${(await hashFile(path.join(entry.parentPath, entry.name))).sha256}`
  )
  return (await Promise.all(lines)).sort()
}

const makeWheel = `
import sys, zipfile
info = 'tiny_bell-1.0.dist-info/'
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    archive.writestr('tiny_bell.py', 'ring = "ding"\\n')
    archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny-bell\\nVersion: 1.0\\n')
    archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    archive.writestr(info + 'RECORD', 'tiny_bell.py,,\\n' + info + 'METADATA,,\\n' + info + 'WHEEL,,\\n' + info + 'RECORD,,\\n')
`

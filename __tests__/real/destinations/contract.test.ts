import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { directoryDestination } from '../../../src/destinations/directory.ts'
import { folderPages } from '../../../src/destinations/folder-pages.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { destinationContract, type Place } from './contract.ts'
import type { TinyRelease } from '../support/pypi/tiny-release.ts'

destinationContract('a folder', folderPlace)

async function folderPlace(release: TinyRelease): Promise<Place> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-place-'))
  const project = path.join(folder, release.project)
  const tree = async (): Promise<Record<string, string>> => {
    const found: Record<string, string> = {}
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        found[entry.name] = sha256OfBytes(await readFile(path.join(entry.parentPath, entry.name)))
    return found
  }
  return {
    destination: () =>
      directoryDestination({
        name: 'folder',
        address: 'the folder',
        packages: release.folder,
        artifacts: release.artifacts,
        folder
      }),
    content: async () => {
      const page = await readFile(path.join(project, 'index.html'), 'utf8').catch(() => '')
      const listed = [...page.matchAll(/<a href="([^"#]+)#sha256=[0-9a-f]{64}">/g)].map(
        ([, name = '']) => name
      )
      const there = await tree()
      return Object.fromEntries(listed.map((name) => [name, there[name] ?? 'not there']))
    },
    writes: tree,
    sent: null,
    put: async (name, bytes) => {
      await mkdir(project, { recursive: true })
      await writeFile(path.join(project, name), bytes)
      await folderPages(folder).write(release.project)
    },
    corrupt: async (name) => {
      await writeFile(path.join(project, name), 'other bytes')
    },
    left: async () => Object.keys(await tree()).filter((name) => name.endsWith('.part')),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

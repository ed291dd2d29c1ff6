import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { World } from '../../../src/documents/identifiers.ts'
import type { ImageLock } from '../../../src/documents/lock.ts'
import { silentLog } from '../../../src/platform/log.ts'
import type { DockerfileRequest } from '../../../src/targets/image/dockerfile-inputs.ts'
import { clockLibraryPath } from '../../../src/worlds/clock.ts'
import { testCache, type TestRoot } from './root.ts'
import { exportOf } from './world.ts'

export interface DockerfileParts {
  world: World
  text: string
  /** Folder that is made, and receives the export and what is built. */
  place: string
  shared: TestRoot
  images: Record<string, ImageLock>
  blob: (digest: string) => string
  /** Further files of the tree. */
  files?: [string, string][]
  settings?: { platforms?: string[] }
}

/** A request to build a Dockerfile that lies at `docker/Dockerfile` of a tree. */
export async function dockerfileRequest(
  { world, text, place, shared, images, blob, files = [], settings = {} }: DockerfileParts,
  more: Partial<DockerfileRequest> = {}
): Promise<DockerfileRequest> {
  await mkdir(place)
  const exportTar = path.join(place, 'export.tar')
  await writeFile(exportTar, exportOf([...files, ['docker/Dockerfile', text]]))
  return {
    target: {
      kind: 'image',
      name: 'image',
      path: '.',
      root: 'python',
      image: {
        mode: 'dockerfile',
        repository: 'herald/app',
        dockerfile: 'docker/Dockerfile',
        stage: null,
        arguments: {},
        platforms: [],
        extras: [],
        requirements: [],
        ...settings
      }
    },
    world,
    tag: {
      name: 'v1',
      object: '0',
      kind: 'annotated',
      commit: '0',
      tree: '0',
      epoch: 1_600_000_000
    } as never,
    version: '1.0',
    exportTar,
    root: shared.root,
    rootLock: shared.lock,
    limits: { minutes: 2, 'memory-mib': 512, 'disk-mib': 256, processes: 256 },
    folder: path.join(place, 'out'),
    scrambled: 0,
    off: [],
    log: silentLog,
    wheel: null,
    locked: null,
    file: () => '',
    images,
    blob,
    debian: (entry) => shared.inputs.debian(entry),
    cache: testCache,
    clockLibrary: path.join(shared.root.path, clockLibraryPath),
    ...more
  }
}

/** Where the image of such a request lies. */
export function builtImage({ folder }: Pick<DockerfileRequest, 'folder'>): string {
  return path.join(folder, 'herald_app-1.0.oci.tar')
}

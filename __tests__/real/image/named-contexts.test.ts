import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { buildkit } from '../../../src/builders/buildkit/buildkit.ts'
import type { ImageBuilder } from '../../../src/builders/builder.ts'
import { findBuildkit } from '../../../src/builders/tool.ts'
import type { PythonLock, RootLock } from '../../../src/documents/lock.ts'
import type { TracedFile } from '../../../src/documents/trace.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { hashFile, sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext, trace } from '../../../src/stages/index.ts'
import { reinstalled } from '../../../src/stages/reinstall.ts'
import { buildDockerfile } from '../../../src/targets/image/dockerfile-build.ts'
import { rootHash } from '../../../src/worlds/root-maker.ts'
import { makeProject } from '../source/git-project.ts'
import { builtImage, dockerfileRequest } from '../support/dockerfile.ts'
import { contentOf, tinyFolder } from '../support/image.ts'
import { pythonRoot, type TestRoot } from '../support/root.ts'

const wheel = 'demo-1.0-py3-none-any.whl'
const dockerfile = `FROM tagproof-root
COPY --from=tagproof-wheels / /wheels/
RUN cat /wheels/${wheel} >/seen
USER 65534:65534
`

let work: string
let shared: TestRoot
let builder: ImageBuilder
let rootLock: RootLock
let root: { path: string; hash: ReturnType<typeof rootHash>; python: null }
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-named-contexts-'))
  shared = await pythonRoot()
  const found = await findBuildkit()
  if (found === undefined) throw new Error('no BuildKit')
  builder = buildkit(found)
  // A list of one package; the few files of the root lie in a folder, and are read and kept like those of any other.
  const packages = shared.lock.packages.filter(({ name }) => name === 'hostname')
  rootLock = { ...shared.lock, requested: ['hostname'], packages }
  await mkdir(path.join(cache(), 'inputs'), { recursive: true })
  for (const entry of packages)
    await copyFile(shared.inputs.debian(entry), path.join(cache(), 'inputs', entry.sha256))
  root = { path: path.join(work, 'root'), hash: rootHash(rootLock), python: null }
  await tinyFolder(shared.root.path, root.path)
})
afterAll(() => rm(work, { recursive: true, force: true }))

const cache = (): string => path.join(work, 'cache')

/** The image of a world; the input lies under its hash, as in the store. */
async function built(world: 'a' | 'b'): Promise<string> {
  const hash = sha256OfBytes('a wheel')
  const file = path.join(work, hash)
  await writeFile(file, 'a wheel')
  const entry = { name: 'demo', version: '1.0', file: wheel, size: 7, sha256: hash, because: ['demo'] }
  const locked: PythonLock = { interpreter: '3.11.2', requested: [], packages: [entry] }
  const parts = { world, text: dockerfile, place: path.join(work, world), shared, images: {}, blob: () => '' }
  const more = { root, rootLock, locked, file: () => file, cache: cache() }
  const request = await dockerfileRequest(parts, more)
  await buildDockerfile(request, builder)
  return builtImage(request)
}

/** What a trace says of the configuration of an image, by the lock in the tagged tree and what the cache holds. */
async function configOf(image: string): Promise<TracedFile['members'][number] | undefined> {
  const project = await makeProject({
    'docker/Dockerfile': dockerfile,
    '.github/tagproof.yml':
      'targets:\n  - kind: image\n    dockerfile: docker/Dockerfile\n    repository: herald/app\n',
    '.github/tagproof.lock': formatLock({ schema: 'tagproof/lock/1', roots: { image: rootLock }, python: {} })
  })
  try {
    await project.git('tag', '-a', '-m', 'One', 'v1.0')
    const out = path.join(work, 'out')
    const context = stageContext({ repository: project.folder, out, cache: cache(), log: silentLog })
    const { files } = await trace(context, [image], { tag: 'v1.0' })
    return files[0]?.members.find(({ member }) => member === 'config.json')
  } finally {
    await project.remove()
  }
}

test('tagproof-root and tagproof-wheels: the files of the root, and wheels under their own names', async () => {
  const [a, b] = [await built('a'), await built('b')]
  expect(await contentOf(a, '/seen')).toEqual(['a wheel'])
  expect(await hashFile(b)).toEqual(await hashFile(a))
  expect((await contentOf(a, 'usr/bin/dash')).length).toBe(1)

  // The configuration follows from that of the root's image, which the cache has.
  await reinstalled({ name: 'image', root, rootLock, cache: cache(), log: silentLog })
  expect((await configOf(a))?.origin).toBe('generator')
  await rm(path.join(cache(), 'images'), { recursive: true })
  expect((await configOf(a))?.origin).toBe('untraced')
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sha256 } from '../../../src/documents/identifiers.ts'
import {
  ociLayoutDestination,
  type LayoutArtifact,
  type OciLayoutRequest
} from '../../../src/destinations/oci-layout.ts'
import { mergeLayouts } from '../../../src/formats/oci/layout-writer.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { forgeImage, layerWith } from '../../unit/formats/forge-image.ts'
import { refusal } from '../../unit/formats/forge.ts'

let room: string
beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-oci-'))
})
afterAll(() => rm(room, { recursive: true, force: true }))

async function artifact(name: string, bytes: Buffer, tag: string): Promise<LayoutArtifact> {
  const file = path.join(room, name)
  await writeFile(file, bytes)
  return { name, sha256: (await hashFile(file)).sha256, repository: 'acme/herald', tag }
}

function request(folder: string, ...artifacts: LayoutArtifact[]): OciLayoutRequest {
  return { packages: room, folder: path.join(room, folder), artifacts }
}

async function tool(command: string, args: readonly string[]): Promise<string> {
  const env = { ...plainEnvironment, HOME: room, XDG_RUNTIME_DIR: room }
  const result = await run(command, args, { env, timeoutSeconds: 60 })
  const text = result.stdout.toString() + (result.code === 0 ? '' : result.stderr.toString())
  if (result.code !== 0) throw new Error(`${command} ${args.join(' ')}: ${text}`)
  return text
}

const older = forgeImage()
const newer = forgeImage({ layers: [layerWith('etc/one'), layerWith('etc/three')] })

describe('images in a folder', () => {
  it('keeps every version, each under its name, and a second run changes nothing', async () => {
    const one = request('twice', await artifact('one.oci.tar', older, '1.0'))
    const two = request('twice', await artifact('two.oci.tar', newer, '1.1'))
    expect((await ociLayoutDestination(one))[0]?.state).toBe('absent')
    expect((await ociLayoutDestination(two))[0]?.state).toBe('absent')
    const folder = path.join(one.folder, 'acme/herald')
    const before = await everything(folder)
    expect((await ociLayoutDestination(one))[0]?.state).toBe('identical')
    expect(await everything(folder)).toEqual(before)
    // Two versions share a layer: it is there once.
    expect(await readdir(path.join(folder, 'blobs/sha256'))).toHaveLength(7)
    expect(Object.keys(before).filter((name) => !name.startsWith('blobs'))).toEqual(['index.json', 'manifest.json', 'oci-layout']) // prettier-ignore
  })

  it('is what skopeo reads by name, in both forms', async () => {
    const wanted = request('read', await artifact('one.oci.tar', older, '1.0'), await artifact('two.oci.tar', newer, '1.1')) // prettier-ignore
    const receipts = await ociLayoutDestination(wanted)
    const folder = path.join(wanted.folder, 'acme/herald')
    for (const [at, tag] of ['1.0', '1.1'].entries()) {
      const told = JSON.parse(await tool('skopeo', ['inspect', `oci:${folder}:${tag}`])) as { Digest: string }
      expect(told.Digest).toBe(receipts[at]?.digest)
    }
    const tar = path.join(room, 'load.tar')
    await tool('tar', ['-cf', tar, '-C', folder, '.'])
    const config = await tool('skopeo', [
      'inspect',
      '--config',
      '--raw',
      `docker-archive:${tar}:acme/herald:1.1`
    ])
    const names = await readdir(path.join(folder, 'blobs/sha256'))
    expect(names).toContain((await hashFileOf(config)).sha256)
  })

  it('takes an image of several platforms as it is', async () => {
    const arm = forgeImage({ config: (config) => ({ ...config, architecture: 'arm64' }) })
    await writeFile(path.join(room, 'amd.oci.tar'), older)
    await writeFile(path.join(room, 'arm.oci.tar'), arm)
    const merged = ['arm.oci.tar', 'amd.oci.tar'].map((name) => path.join(room, name))
    await mergeLayouts(merged, path.join(room, 'merged.oci.tar'), 1_700_000_000)
    await mergeLayouts([...merged].reverse(), path.join(room, 'again.oci.tar'), 1_700_000_000)
    const bytes = await readFile(path.join(room, 'merged.oci.tar'))
    expect((await readFile(path.join(room, 'again.oci.tar'))).equals(bytes)).toBe(true)
    const wanted = request('several', await artifact('several.oci.tar', bytes, '2.0'))
    const [receipt] = await ociLayoutDestination(wanted)
    const folder = path.join(wanted.folder, 'acme/herald')
    const raw = await tool('skopeo', ['inspect', '--raw', `oci:${folder}:2.0`])
    expect((JSON.parse(raw) as { manifests: unknown[] }).manifests).toHaveLength(2)
    expect(`sha256:${(await hashFileOf(raw)).sha256}`).toBe(receipt?.digest)
    const copied = path.join(room, 'copied')
    await tool('skopeo', ['--insecure-policy', 'copy', '--all', '--preserve-digests', `oci:${folder}:2.0`, `oci:${copied}:x`]) // prettier-ignore
  })

  it('refuses another image under a name, before anything is written', async () => {
    const first = request('other', await artifact('one.oci.tar', older, '1.0'))
    await ociLayoutDestination(first)
    const before = await everything(first.folder)
    const second = request('other', await artifact('three.oci.tar', newer, '3.0'), await artifact('two.oci.tar', newer, '1.0')) // prettier-ignore
    const error = await refusal(ociLayoutDestination(second))
    expect(error.code).toBe('destination-different')
    expect(await everything(first.folder)).toEqual(before)
  })

  it('refuses a package that was not proven, and a blob that reads back differently', async () => {
    const honest = await artifact('one.oci.tar', older, '1.0')
    const wrong = request('wrong', { ...honest, sha256: sha256('0'.repeat(64)) })
    expect((await refusal(ociLayoutDestination(wrong))).code).toBe('hash-mismatch')
    const wanted = request('wrong', honest)
    await ociLayoutDestination(wanted)
    const blobs = path.join(wanted.folder, 'acme/herald/blobs/sha256')
    const [name = ''] = await readdir(blobs)
    await writeFile(path.join(blobs, name), 'evil')
    expect((await refusal(ociLayoutDestination(wanted))).code).toBe('hash-mismatch')
    await rm(path.join(blobs, name))
    expect((await ociLayoutDestination(wanted))[0]?.state).toBe('identical')
    expect(await readdir(blobs)).toContain(name)
  })

  it('refuses an index that it cannot read', async () => {
    const wanted = request('broken', await artifact('one.oci.tar', older, '1.0'))
    await mkdir(path.join(wanted.folder, 'acme/herald'), { recursive: true })
    await writeFile(path.join(wanted.folder, 'acme/herald/index.json'), '{"manifests":1}')
    expect((await refusal(ociLayoutDestination(wanted))).code).toBe('document-invalid')
  })
})

/** `docker load` takes the same archive; it needs a daemon, so `scripts/docker-load.mjs` tries it where there is one. */
describe('engines', () => {
  it('podman loads the folder', async () => {
    const tar = await loadable()
    const store = ['--root', path.join(room, 'store'), '--runroot', path.join(room, 'run'), '--storage-driver', 'vfs'] // prettier-ignore
    const policy = path.join(room, 'policy.json')
    await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}')
    try {
      const loaded = await asRoot('podman', [...store, 'load', '--signature-policy', policy, '-i', tar])
      expect(loaded).toMatch(/acme\/herald:1\.0[\s\S]*acme\/herald:1\.1/)
    } finally {
      // What root has made, root takes away; layers may be mounted.
      await asRoot('podman', [...store, 'rmi', '--all', '--force'])
      await asRoot('rm', ['-rf', path.join(room, 'store'), path.join(room, 'run')])
    }
  })
})

/** An engine without rights needs namespaces that machines often deny; sudo keeps no environment. */
function asRoot(command: string, args: readonly string[]): Promise<string> {
  const called = privileged('env', [`HOME=${room}`, `XDG_RUNTIME_DIR=${room}`, command, ...args])
  return tool(called.command, called.args)
}

async function loadable(): Promise<string> {
  const wanted = request('load', await artifact('one.oci.tar', older, '1.0'), await artifact('two.oci.tar', newer, '1.1')) // prettier-ignore
  await ociLayoutDestination(wanted)
  const tar = path.join(room, 'load.tar')
  await tool('tar', ['-cf', tar, '-C', path.join(wanted.folder, 'acme/herald'), '.'])
  return tar
}

async function hashFileOf(text: string): Promise<{ sha256: string }> {
  const file = path.join(room, 'text')
  await writeFile(file, text)
  return hashFile(file)
}

async function everything(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = path.join(entry.parentPath, entry.name)
    found[path.relative(folder, file)] = (await hashFile(file)).sha256
  }
  return Object.fromEntries(Object.entries(found).sort(([one], [other]) => (one < other ? -1 : 1)))
}

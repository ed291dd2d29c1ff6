import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { digestUnder } from '../../support/registry/by-hand.ts'
import { lookAtFiles, lookAtSuite } from './bucket-readers.ts'
import type { WholeRelease } from './parcel.ts'
import { sha256, share, type Look } from './looks.ts'

/**
 * Readers that share no line with `src`. Each throws where what it sees is neither of this release nor of the one before.
 */
export const readers: Record<'pypi' | 'directory' | 'registry' | 'apt' | 'files' | 'github', Look> = {
  pypi: async ({ index }, { python }) => {
    const simple = new URL('/simple/', index.origin)
    return { files: share(ofRelease(await filesOf(simple, python), python), python.files.length), name: null }
  },

  directory: async ({ folder }, { python }) => {
    const place = path.join(folder, python.project)
    const page = await readFile(path.join(place, 'index.html'), 'utf8').catch(() => '')
    const listed = [...page.matchAll(/>([^<>]+\.(?:whl|tar\.gz))</g)].map(([, name = '']) => name)
    for (const name of listed) {
      const expected = python.bytes.get(name)
      const found = await readFile(path.join(place, name))
      if (expected !== undefined && !found.equals(expected)) throw new Error(`${name} has other bytes`)
    }
    for (const name of await readdir(place).catch(() => []))
      if (/\.(whl|tar\.gz)$/.test(name) && !listed.includes(name) && python.bytes.get(name) === undefined)
        throw new Error(`${name} is none of ours`)
    return { files: share(ofRelease(listed, python), python.files.length), name: null }
  },

  registry: async ({ registry }, { images, parcel }, before) => {
    let there = 0
    let moved = 0
    for (const [at, { repository, tags, moving }] of images.images.entries()) {
      const own = `sha256:${images.files[at]?.sha256 ?? ''}`
      const digest = await digestUnder(registry.origin, repository, tags[0] ?? '')
      if (digest !== null && digest !== own)
        throw new Error(`${repository}:${parcel.version} is another image`)
      if (digest !== null) {
        await pull(registry.origin, repository, digest)
        there += 1
      }
      for (const { tag } of moving) {
        const found = await digestUnder(registry.origin, repository, tag)
        const earlier = before === null ? null : `sha256:${before.images.files[at]?.sha256 ?? ''}`
        if (found !== own && found !== earlier) throw new Error(`${repository}:${tag} is another image`)
        if (found !== null) await pull(registry.origin, repository, found)
        if (found === own) moved += 1
      }
    }
    return { files: share(there, images.images.length), name: moved > 0 ? 'this' : 'before' }
  },

  apt: lookAtSuite,
  files: lookAtFiles,

  github: async ({ github }, { parcel }, before) => {
    const base = `${github.origin}/api/v3/repos/octo/project/releases`
    const answer = await fetch(`${base}/tags/${parcel.tag}`)
    const latest = await fetch(`${base}/latest`)
    const { tag_name: newest } = (latest.status === 200 ? await latest.json() : {}) as { tag_name?: string }
    if (newest !== undefined && ![parcel.tag, before?.parcel.tag].includes(newest))
      throw new Error(`the latest release is ${newest}`)
    const name = newest === parcel.tag ? 'this' : 'before'
    if (answer.status === 404) return { files: 'none', name }
    const { assets } = (await answer.json()) as { assets: { name: string; browser_download_url: string }[] }
    for (const asset of assets) {
      const bytes = Buffer.from(await (await fetch(asset.browser_download_url)).arrayBuffer())
      const expected = parcel.files.find((file) => file.name === asset.name)
      if (sha256(bytes) !== expected?.sha256) throw new Error(`${asset.name} is not the file of the release`)
    }
    if (assets.length !== parcel.files.length)
      throw new Error(`a release is seen with ${assets.length} files`)
    return { files: 'all', name }
  }
}

/** Names that the index gives out; those of the release before were looked at when it was made. */
async function filesOf(simple: URL, python: WholeRelease['python']): Promise<string[]> {
  const accept = 'application/vnd.pypi.simple.v1+json'
  const page = await fetch(new URL(`${python.project}/`, simple), { headers: { accept } })
  if (page.status === 404) return []
  const { files } = (await page.json()) as { files: { filename: string; url: string }[] }
  for (const { filename, url } of files) {
    const expected = python.bytes.get(filename)
    if (expected === undefined) continue
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
    if (!bytes.equals(expected)) throw new Error(`${filename} is not the file that was published`)
  }
  return files.map(({ filename }) => filename)
}

/** Fetches an image whole: every document and blob below its digest, each with the bytes of its digest. */
async function pull(origin: string, repository: string, digest: string): Promise<void> {
  const manifest = /^application\/vnd\.(oci|docker)\..*(manifest|index)/
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json'
  const get = async (kind: string, of: string): Promise<Buffer> => {
    const answer = await fetch(`${origin}/v2/${repository}/${kind}/${of}`, { headers: { accept } })
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (answer.status !== 200 || `sha256:${sha256(bytes)}` !== of) throw new Error(`${of} cannot be pulled`)
    return bytes
  }
  const document = JSON.parse((await get('manifests', digest)).toString()) as Record<string, unknown>
  const below = [document.manifests, document.layers, document.config].flat() as (Descriptor | undefined)[]
  for (const one of below.filter((part) => part !== undefined))
    if (manifest.test(one.mediaType)) await pull(origin, repository, one.digest)
    else await get('blobs', one.digest)
}

interface Descriptor {
  mediaType: string
  digest: string
}

function ofRelease(names: readonly string[], { bytes }: WholeRelease['python']): number {
  return names.filter((name) => bytes.has(name)).length
}

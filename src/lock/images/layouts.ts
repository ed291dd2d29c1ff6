import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import { withoutDigest, type ImageReference } from '../../platform/registry/reference.ts'
import { readIndex } from '../../formats/oci/documents.ts'
import { largestJson } from '../../formats/oci/json.ts'

/** A folder of OCI layouts (image-spec, "Image Layout"): the folder itself is one, or those below it. */
export interface Layouts {
  /** Digest that a reference without one leads to; null if no layout names it. */
  resolve(reference: ImageReference): Promise<string | null>
  /** A small blob; null if no layout has it. Its hash is the caller's to check. */
  blob(digest: string, maximumBytes: number): Promise<Buffer | null>
  /** Files that should hold a blob. */
  files(digest: string): Promise<string[]>
}

/** As `skopeo copy … oci:layouts/library/debian:12` lays them out, no deeper. */
const deepest = 4
const mostLayouts = 500
/** The tag, or the whole name (image-spec, "Annotations"; containerd). */
const nameKeys = ['org.opencontainers.image.ref.name', 'io.containerd.image.name']

/** @throws TagproofError `config-invalid` if the folder is not there */
export async function openLayouts(folder: string): Promise<Layouts> {
  const root = path.resolve(folder)
  const status = await stat(root).catch(() => null)
  if (status?.isDirectory() !== true)
    throw new TagproofError('config-invalid', 'The folder of sources.layouts is not there.', {
      found: folder,
      fix: 'Make it, or remove sources.layouts from .github/tagproof.yml.'
    })
  const layouts = await findLayouts(root, 0)
  const at = (layout: string, digest: string): string =>
    path.join(layout, 'blobs/sha256', digest.slice('sha256:'.length))
  return {
    async resolve(reference) {
      for (const layout of layouts) {
        const own = path.relative(root, layout)
        const digest = await namedIn(layout, own, reference)
        if (digest !== null) return digest
      }
      return null
    },
    async blob(digest, maximumBytes) {
      for (const layout of layouts) {
        const file = at(layout, digest)
        const size = (await stat(file).catch(() => null))?.size
        if (size !== undefined && size <= maximumBytes) return readFile(file)
      }
      return null
    },
    files: (digest) => Promise.resolve(layouts.map((layout) => at(layout, digest)))
  }
}

async function findLayouts(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (entries.some((entry) => entry.name === 'index.json')) return [folder]
  if (depth >= deepest) return []
  const found: string[] = []
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1)))
    if (entry.isDirectory() && found.length < mostLayouts)
      found.push(...(await findLayouts(path.join(folder, entry.name), depth + 1)))
  return found
}

/**
 * A manifest or index of a layout bears the whole name, or the tag where the layout lies in a folder named like the
 * repository.
 */
async function namedIn(layout: string, own: string, reference: ImageReference): Promise<string | null> {
  const file = path.join(layout, 'index.json')
  const size = (await stat(file)).size
  if (size > largestJson) return null
  const entries = readIndex(await readFile(file), file)
  const whole = withoutDigest(reference)
  const names = new Set([whole, `${whole}:latest`].slice(0, reference.tag === null ? 2 : 1))
  const repository = [reference.host, reference.repository].filter((part) => part !== null).join('/')
  if ([repository, reference.repository].includes(own)) names.add(reference.tag ?? 'latest')
  const found = entries.find(({ annotations }) =>
    nameKeys.some((key) => annotations[key] !== undefined && names.has(annotations[key]))
  )
  return found === undefined ? null : `sha256:${found.sha256}`
}

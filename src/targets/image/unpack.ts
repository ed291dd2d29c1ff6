import { createWriteStream } from 'node:fs'
import { link, lstat, mkdir, realpath, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LayerTree } from '../../formats/oci/layer-tree.ts'
import { readLayer } from '../../formats/oci/layer.ts'
import { openImage, type PlatformImage } from '../../formats/oci/image.ts'
import { TagproofError } from '../../platform/errors.ts'
import { joinInside } from '../../platform/files.ts'

type Entry = Awaited<ReturnType<ReturnType<typeof readLayer>['next']>>['value']

/**
 * Writes the file system of an image into a folder, to look at it or to start it: regular files, folders and links,
 * all owned by the caller, without set-id bits. Devices and pipes are left out.
 *
 * @param platform such as `linux/amd64`; by default the only one
 * @throws TagproofError `archive-invalid`; `input-missing` for a platform that the image does not have
 */
export async function unpackImage(file: string, folder: string, platform?: string): Promise<PlatformImage> {
  const image = await openImage(file)
  try {
    const chosen = image.platforms.find(
      ({ platform: { os, architecture } }) => platform === undefined || platform === `${os}/${architecture}`
    )
    if (chosen === undefined)
      throw new TagproofError('input-missing', 'The image is not made for this platform.', {
        expected: platform ?? 'any',
        fix: 'Start it on a machine of one of its platforms.'
      })
    const tree = new LayerTree()
    await mkdir(folder, { recursive: true })
    const top = await realpath(folder)
    for (const [index, layer] of chosen.layers.entries()) {
      const diffId = chosen.configuration.diffIds[index] ?? layer.sha256
      const rules = { compression: layer.compression, diffId, tree, index }
      for await (const entry of readLayer(image.layout.content(layer), rules)) await place(entry, top)
    }
    return chosen
  } finally {
    await image.layout.close()
  }
}

const marker = '.wh.'

/** The reader lets no entry through that would go through a link; the folder is looked at once more all the same. */
async function place(entry: Exclude<Entry, void>, top: string): Promise<void> {
  if (entry.path === '.') return
  const target = joinInside(top, entry.path)
  const above = path.dirname(target)
  await mkdir(above, { recursive: true })
  if ((await realpath(above)) !== above)
    throw new TagproofError('path-refused', `${entry.path} would be written through a link.`)
  const name = path.basename(target)
  if (name === `${marker}${marker}.opq`) return emptied(above)
  if (name.startsWith(marker)) return gone(path.join(above, name.slice(marker.length)))
  if (entry.kind === 'directory') {
    const there = await lstat(target).catch(() => undefined)
    if (there?.isDirectory() === false) await gone(target)
    await mkdir(target, { recursive: true })
    return
  }
  await gone(target)
  if (entry.kind === 'symlink') await symlink(entry.linkTarget ?? '', target)
  else if (entry.kind === 'hardlink') await link(joinInside(top, entry.linkTarget ?? ''), target)
  else if (entry.kind === 'file')
    await pipeline(
      entry.content,
      createWriteStream(target, { flags: 'wx', mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755 })
    )
}

function gone(file: string): Promise<void> {
  return rm(file, { recursive: true, force: true })
}

async function emptied(folder: string): Promise<void> {
  await gone(folder)
  await mkdir(folder)
}

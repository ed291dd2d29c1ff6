import { createReadStream } from 'node:fs'
import path from 'node:path'
import type { InstalledFile } from '../../documents/target-settings.ts'
import { readTar, type TarEntry } from '../../formats/tar/reader.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { Base } from './assemble-base.ts'
import type { LayerFiles } from './layer-files.ts'

/**
 * Adds files of the export to the layer that is gathered, each where the configuration says, with the links of the base
 * followed.
 *
 * @param exportTar a tar with the prefix `tree/`
 * @returns the paths of the tree that were taken, sorted
 * @throws TagproofError `config-invalid` for a file that the tree does not have
 */
export async function gatherFiles(
  exportTar: string,
  wanted: readonly InstalledFile[],
  into: LayerFiles,
  base: Base
): Promise<string[]> {
  if (wanted.length === 0) return []
  const taken = new Set<string>()
  const used = new Set<InstalledFile>()
  for await (const entry of readTar(createReadStream(exportTar, { highWaterMark: 1 << 18 }), {
    twins: 'accept'
  })) {
    const name = entry.path.replace(/^tree\//, '')
    if (!entry.path.startsWith('tree/') || name === '.git' || name.startsWith('.git/')) continue
    const rules = wanted.filter(({ from }) => isIn(name, from))
    for (const rule of rules) used.add(rule)
    if (rules.length === 0 || entry.kind === 'directory') continue
    taken.add(name)
    await addTo(entry, name, rules, into, base)
  }
  const missing = wanted.find((rule) => !used.has(rule))
  if (missing !== undefined)
    throw new TagproofError('config-invalid', `The tree has no ${missing.from} to put into the image.`, {
      where: '.github/tagproof.yml',
      found: `from: ${missing.from}`,
      fix: 'Correct `files` of the target: paths are relative to the top of the tree.'
    })
  return [...taken].sort()
}

function isIn(name: string, from: string): boolean {
  return from === '.' || name === from || name.startsWith(`${from}/`)
}

/** One file of the tree may be wanted at several places; its bytes come once. */
async function addTo(
  entry: TarEntry,
  name: string,
  rules: readonly InstalledFile[],
  into: LayerFiles,
  base: Base
): Promise<void> {
  const content = rules.length === 1 ? entry.content : await gathered(entry.content)
  for (const { from, to, mode } of rules) {
    const below = from === '.' ? name : name.slice(from.length + 1)
    const place = await resolved(path.posix.join(to, below).slice(1), base)
    const bits = entry.kind === 'symlink' ? 0o777 : parseInt(mode ?? entry.mode.toString(8), 8)
    await into.add({ path: place, mode: bits, linkTarget: entry.linkTarget, owner: name }, content)
  }
}

async function gathered(content: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = []
  for await (const piece of content) all.push(Buffer.from(piece))
  return all
}

/** Where a file really goes: a folder above it may be a link in the base (`lib -> usr/lib`). */
export async function resolved(file: string, base: Base): Promise<string> {
  const parts = file.split('/')
  for (let count = parts.length - 1; count > 0; count -= 1) {
    const there = await base.find(parts.slice(0, count).join('/'))
    if (there?.folder != null) return [there.path, ...parts.slice(count)].filter(Boolean).join('/')
  }
  return file
}

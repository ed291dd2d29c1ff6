import { parseReference, pinned } from '../../platform/registry/reference.ts'
import { lockedImage } from '../../lock/images/locked-image.ts'
import type { Lock } from '../../documents/lock.ts'
import { unifiedDiff } from '../../evidence/unified-diff.ts'
import { readDockerfile } from './dockerfile.ts'
import {
  argumentsFor,
  platformsOf,
  referencesOf,
  type DockerfileRequest,
  type Reference
} from './references.ts'
import { readStages, type Stages } from './stages.ts'

/** Where a reference is written down, and what should stand there. */
interface Replacement {
  /** From 1; the text stands in this line or below, up to `until`. */
  line: number
  until: number
  from: string
  to: string
}

/** The line that pins a reference, as it should be written; null for one that is put together from arguments. */
export function pinnedLine(
  all: Stages,
  reference: Reference,
  digest: string
): { line: number; text: string } | null {
  const place = replacementFor(all, reference, digest)
  if (place === null) return null
  const instruction = instructionAt(all, place.line)
  if (instruction === null) return null
  const flags = instruction.flags
    .map(({ name, value }) => `--${name}${value === null ? '' : `=${value}`} `)
    .join('')
  const text = `${instruction.keyword} ${flags}${instruction.text.trim().split('\n')[0] ?? ''}`
  return { line: place.line, text: replaceWord(text, place.from, place.to) ?? `… ${place.to}` }
}

function instructionAt(
  all: Stages,
  line: number
): { keyword: string; text: string; flags: { name: string; value: string | null }[] } | null {
  const every = [
    ...[...all.declared.values()].map(({ instruction }) => instruction),
    ...all.stages.flatMap(({ from, instructions }) => [from, ...instructions])
  ]
  return every.find((one) => one.line <= line && line <= one.endLine) ?? null
}

function replacementFor(all: Stages, reference: Reference, digest: string): Replacement | null {
  const parsed = parseReference(reference.name)
  if (parsed === null) return null
  const to = pinned(parsed, digest)
  const { written, line } = reference
  if (written === reference.name) return { line, until: line, from: written, to }
  // FROM $BASE: its default is the place, if it is what the reference came to.
  const name = /^"?\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))"?$/.exec(written)
  const argument = all.declared.get(name?.[1] ?? name?.[2] ?? '')
  if (argument?.written?.replace(/^(["'])(.*)\1$/, '$2') !== reference.name) return null
  const { instruction } = argument
  return { line: instruction.line, until: instruction.endLine, from: reference.name, to }
}

/** Replaces a reference where it stands as a whole. */
function replaceWord(line: string, from: string, to: string): string | null {
  for (let at = line.indexOf(from); at >= 0; at = line.indexOf(from, at + 1)) {
    const before = line[at - 1] ?? ' '
    const after = line[at + from.length] ?? ' '
    if (/[\s="',]/.test(before) && /[\s"',\\`]/.test(after))
      return line.slice(0, at) + to + line.slice(at + from.length)
  }
  return null
}

/**
 * The change that pins each image of a Dockerfile by the digest that the lock names, as a unified diff; empty if nothing
 * is to be changed. Pure.
 *
 * @throws TagproofError `config-invalid` as {@link referencesOf}
 */
export function pinningDiff(request: DockerfileRequest, images: Lock['images']): string {
  const lines = request.text.split('\n')
  const changed = new Map<number, string>()
  for (const platform of platformsOf(request)) {
    const all = readStages(
      readDockerfile(request.text, request.path),
      request.path,
      argumentsFor(request, platform)
    )
    for (const reference of referencesOf({ ...request, platforms: [platform] })) {
      const locked = reference.kind === 'image' ? lockedImage(images, reference.name) : undefined
      if (locked === undefined || parseReference(reference.name)?.digest !== null) continue
      const place = replacementFor(all, reference, locked.digest)
      if (place !== null) apply(place, lines, changed)
    }
  }
  const pinnedText = lines.map((line, index) => changed.get(index) ?? line).join('\n')
  return unifiedDiff(request.path, request.text, pinnedText)
}

function apply(
  { line, until, from, to }: Replacement,
  lines: readonly string[],
  changed: Map<number, string>
): void {
  for (let index = line - 1; index < until; index += 1) {
    const text = replaceWord(changed.get(index) ?? lines[index] ?? '', from, to)
    if (text === null) continue
    changed.set(index, text)
    return
  }
}

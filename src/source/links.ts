import path from 'node:path'
import type { ScrambledFile, ScrambledLink } from '../documents/plan.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import { noiseText } from '../worlds/scramble.ts'
import type { Exported } from './export-entries.ts'
import type { ScrambleChoice } from './inputs.ts'
import { byPath } from './tree.ts'

const mostHops = 40

/**
 * Which links of the tree world b sees with another text. Links under tests and the like carry text that nobody
 * reads: one that leads to nothing gets letters of the same length; one that leads to a scrambled file leads to the
 * first of them, whichever it led to (a build that follows it finds noise either way); any other gets the shortest
 * spelling of the place that it leads to.
 */
export function scrambledLinks(
  exported: ReadonlyMap<string, Exported>,
  scrambled: readonly ScrambledFile[],
  choice: ScrambleChoice,
  seed: Sha256
): ScrambledLink[] {
  const noise = new Set(scrambled.map((file) => file.path))
  const [first] = [...noise].sort()
  const folders = foldersOf(exported.keys())
  const links: ScrambledLink[] = []
  for (const [place, { entry, linkTarget }] of exported) {
    if (linkTarget === null) continue
    if (choice.linkReason(place, Buffer.from(linkTarget)) === undefined) continue
    const leadsTo = resolve(place, linkTarget, exported, folders)
    const leadsInB = leadsTo !== null && noise.has(leadsTo) ? (first ?? leadsTo) : leadsTo
    const text =
      leadsInB === null
        ? noiseText(place, linkTarget, seed)
        : path.posix.relative(path.posix.dirname(place), leadsInB) || '.'
    if (text !== linkTarget)
      links.push({ path: place, blob: entry.id, original: linkTarget, scrambled: text, leadsTo, leadsInB })
  }
  return links.sort(byPath)
}

function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set(['.'])
  for (const place of paths)
    for (let cut = place.lastIndexOf('/'); cut > 0; cut = place.lastIndexOf('/', cut - 1)) {
      if (folders.has(place.slice(0, cut))) break
      folders.add(place.slice(0, cut))
    }
  return folders
}

/** The file or folder of the tree that a link leads to, other links on the way followed; null for anything else. */
function resolve(
  link: string,
  text: string,
  exported: ReadonlyMap<string, Exported>,
  folders: ReadonlySet<string>
): string | null {
  let hops = 0
  let done = path.posix.dirname(link)
  const rest = text.split('/')
  if (text.startsWith('/')) return null
  while (rest.length > 0) {
    const part = rest.shift() ?? ''
    if (part === '' || part === '.') continue
    if (part === '..' && done === '.') return null
    done = path.posix.join(done, part)
    const next = exported.get(done)?.linkTarget ?? null
    if (next !== null) {
      hops += 1
      if (hops > mostHops || next.startsWith('/')) return null
      rest.unshift(...next.split('/'))
      done = path.posix.dirname(done)
    } else if (rest.length > 0 && !folders.has(done)) return null
  }
  return exported.has(done) || folders.has(done) ? done : null
}

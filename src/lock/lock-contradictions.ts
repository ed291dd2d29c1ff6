import path from 'node:path'
import type { Lock, PythonLock, RootLock } from '../documents/lock.ts'
import { normalisedName } from './pip-report.ts'

export interface Contradiction {
  path: (string | number)[]
  message: string
}

/** What each field allows and the whole forbids. Pure; the first one is the one to report. */
export function contradictions(lock: Lock): Contradiction[] {
  const found: Contradiction[] = []
  for (const [name, root] of Object.entries(lock.roots))
    found.push(...inRoot(root, ['roots', name, 'packages']))
  for (const [name, python] of Object.entries(lock.python))
    found.push(...inPython(python, ['python', name, 'packages']))
  return [...found, ...sizesThatDiffer(lock)]
}

function inRoot(root: RootLock, at: (string | number)[]): Contradiction[] {
  const suites = root.indexes.map((index) => index.suite)
  const seen = new Set<string>()
  return root.packages.flatMap((entry, index): Contradiction[] => {
    const messages: string[] = []
    if (seen.has(entry.name)) messages.push(`${entry.name} is there twice.`)
    if (!suites.includes(entry.suite))
      messages.push(`${entry.name} comes from ${entry.suite}, which is not among the indexes.`)
    if (entry.architecture !== 'all' && entry.architecture !== root.architecture)
      messages.push(`${entry.name} is for ${entry.architecture}, the root for ${root.architecture}.`)
    if (!path.posix.basename(entry.file).startsWith(`${entry.name}_`) || !entry.file.endsWith('.deb'))
      messages.push(`${entry.file} is no file name of the package ${entry.name}.`)
    seen.add(entry.name)
    return messages.map((message) => ({ path: [...at, index, 'name'], message }))
  })
}

function inPython(python: PythonLock, at: (string | number)[]): Contradiction[] {
  const seen = new Set<string>()
  return python.packages.flatMap((entry, index): Contradiction[] => {
    const messages: string[] = []
    if (seen.has(entry.name)) messages.push(`${entry.name} is there twice.`)
    const isWheel = entry.file.endsWith('.whl')
    // Binary distribution format: name-version(-build)?-python-abi-platform.whl
    const parts = entry.file.split('-')
    if (!isWheel && !/\.(tar\.gz|zip)$/.test(entry.file))
      messages.push(`${entry.file} is neither wheel nor sdist.`)
    else if (
      isWheel
        ? normalisedName(parts[0] ?? '') !== entry.name || (parts.length !== 5 && parts.length !== 6)
        : !normalisedName(entry.file).startsWith(entry.name)
    )
      messages.push(`${entry.file} is no file name of the project ${entry.name}.`)
    seen.add(entry.name)
    return messages.map((message) => ({ path: [...at, index, 'name'], message }))
  })
}

interface Sized {
  name: string
  size: number
  sha256: string
}

/** One hash cannot have two sizes. */
function sizesThatDiffer(lock: Lock): Contradiction[] {
  const sizes = new Map<string, number>()
  const found: Contradiction[] = []
  const look = (part: string, locks: Readonly<Record<string, { packages: readonly Sized[] }>>): void => {
    for (const [name, { packages }] of Object.entries(locks))
      for (const [index, entry] of packages.entries()) {
        if ((sizes.get(entry.sha256) ?? entry.size) !== entry.size)
          found.push({
            path: [part, name, 'packages', index, 'size'],
            message: `one SHA-256 has two sizes (${entry.name}).`
          })
        sizes.set(entry.sha256, entry.size)
      }
  }
  look('roots', lock.roots)
  look('python', lock.python)
  return found
}

import path from 'node:path'
import {
  isWheel,
  type Lock,
  type PythonEnvironment,
  type PythonLock,
  type RootLock
} from '../documents/lock.ts'
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
    found.push(
      ...inEnvironment(python, ['python', name, 'packages']),
      ...Object.entries(python.sdists ?? {}).flatMap(([file, built]) =>
        inEnvironment(built, ['python', name, 'sdists', file, 'packages'])
      ),
      ...inSdists(python, ['python', name])
    )
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

function inEnvironment(python: PythonEnvironment, at: (string | number)[]): Contradiction[] {
  const seen = new Set<string>()
  return python.packages.flatMap((entry, index): Contradiction[] => {
    const messages: string[] = []
    if (seen.has(entry.name)) messages.push(`${entry.name} is there twice.`)
    // Binary distribution format: name-version(-build)?-python-abi-platform.whl
    const parts = entry.file.split('-')
    if (!isWheel(entry) && !entry.file.endsWith('.tar.gz'))
      messages.push(`${entry.file} is neither wheel nor sdist.`)
    else if (
      isWheel(entry)
        ? normalisedName(parts[0] ?? '') !== entry.name || (parts.length !== 5 && parts.length !== 6)
        : !normalisedName(entry.file).startsWith(entry.name)
    )
      messages.push(`${entry.file} is no file name of the project ${entry.name}.`)
    seen.add(entry.name)
    return messages.map((message) => ({ path: [...at, index, 'name'], message }))
  })
}

/** Each sdist says what it is built with, once; nothing else does; and none is needed to build itself. */
function inSdists(python: PythonLock, at: (string | number)[]): Contradiction[] {
  const sdists = python.sdists ?? {}
  const reached = new Set<string>()
  const found: Contradiction[] = []
  const visit = (environment: PythonEnvironment, place: (string | number)[], inside: string[]): void => {
    environment.packages.forEach((entry, index) => {
      const built = Object.hasOwn(sdists, entry.file) ? sdists[entry.file] : undefined
      const path = [...place, 'packages', index, 'name']
      if (isWheel(entry)) return
      if (built === undefined) found.push({ path, message: `nothing says what ${entry.file} is built with.` })
      else if (inside.includes(entry.file))
        found.push({ path, message: `${entry.file} is needed to build itself.` })
      else if (!reached.has(entry.file)) {
        reached.add(entry.file)
        visit(built, [...at, 'sdists', entry.file], [...inside, entry.file])
      }
    })
  }
  visit(python, at, [])
  for (const file of Object.keys(sdists))
    if (!reached.has(file))
      found.push({ path: [...at, 'sdists', file], message: `${file} is not among the packages.` })
  return found
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
  const look = (path: string[], { packages }: { packages: readonly Sized[] }): void => {
    for (const [index, entry] of packages.entries()) {
      if ((sizes.get(entry.sha256) ?? entry.size) !== entry.size)
        found.push({
          path: [...path, 'packages', index, 'size'],
          message: `one SHA-256 has two sizes (${entry.name}).`
        })
      sizes.set(entry.sha256, entry.size)
    }
  }
  for (const [name, root] of Object.entries(lock.roots)) look(['roots', name], root)
  for (const [name, python] of Object.entries(lock.python)) {
    look(['python', name], python)
    for (const [file, built] of Object.entries(python.sdists ?? {}))
      look(['python', name, 'sdists', file], built)
  }
  return found
}

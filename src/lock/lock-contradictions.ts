import path from 'node:path'
import {
  isWheel,
  type ImageLock,
  type Lock,
  type PythonEnvironment,
  type PythonLock,
  type RootLock
} from '../documents/lock.ts'
import { configTypes, isForeignLayer, layerCompression, manifestTypes } from '../formats/oci/media-types.ts'
import { parseReference } from '../platform/registry/reference.ts'
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
  for (const [reference, image] of Object.entries(lock.images ?? {}))
    found.push(...inImage(reference, image, ['images', reference]))
  return [...found, ...sizesThatDiffer(lock)]
}

/** A digest in a reference is what it leads to; a layer is one that can be fetched and read. */
function inImage(reference: string, image: ImageLock, at: (string | number)[]): Contradiction[] {
  const found: Contradiction[] = []
  const parsed = parseReference(reference)
  if (parsed === null) found.push({ path: at, message: `${reference} is no reference of an image.` })
  else if (parsed.digest !== null && parsed.digest !== image.digest)
    found.push({ path: [...at, 'digest'], message: `${reference} leads to another digest.` })
  const platforms = Object.entries(image.platforms)
  if (platforms.length === 0) found.push({ path: at, message: `${reference} has no platform.` })
  for (const [platform, { manifest, config, layers }] of platforms) {
    const here = [...at, 'platforms', platform]
    const wrong = (ok: boolean, place: (string | number)[], message: string): void => {
      if (!ok)
        found.push({
          path: [...here, ...place],
          message: `${message} of ${reference} has a wrong media type.`
        })
    }
    wrong(manifestTypes.includes(manifest.mediaType), ['manifest'], 'the manifest')
    wrong(configTypes.includes(config.mediaType), ['config'], 'the configuration')
    layers.forEach(({ mediaType }, index) =>
      wrong(
        layerCompression(mediaType) !== undefined && !isForeignLayer(mediaType),
        ['layers', index],
        `layer ${index + 1}`
      )
    )
  }
  return found
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
  for (const [reference, { platforms }] of Object.entries(lock.images ?? {}))
    for (const [platform, { manifest, config, layers }] of Object.entries(platforms))
      for (const { digest, size } of [manifest, config, ...layers]) {
        const hash = digest.slice('sha256:'.length)
        if ((sizes.get(hash) ?? size) !== size)
          found.push({
            path: ['images', reference, 'platforms', platform],
            message: `one SHA-256 has two sizes (${digest} of ${reference}).`
          })
        sizes.set(hash, size)
      }
  return found
}

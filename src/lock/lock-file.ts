import type { z } from 'zod'
import {
  lockSchema,
  type ImageLock,
  type Lock,
  type PythonEnvironment,
  type PythonLock,
  type RootLock
} from '../documents/lock.ts'
import type { GitLock } from '../documents/git-inputs.ts'
import { TagproofError } from '../platform/errors.ts'
import { contradictions } from './lock-contradictions.ts'
import { readLockText } from './lock-text.ts'

/**
 * Reads a lock. Nothing in it is trusted: syntax, version, every field and what the fields say together are checked.
 *
 * @param name file name for messages
 * @throws TagproofError `lock-invalid` with `name:line` of the first fault
 */
export function parseLock(text: string, name: string): Lock {
  const { value, line } = readLockText(text, name)
  const found = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined
  if (found !== lockSchema.shape.schema.value)
    throw new TagproofError('lock-invalid', `${name} is no lock of this version.`, {
      where: `${name}:${line(['schema'])}`,
      found: found === undefined ? 'no schema' : JSON.stringify(found).slice(0, 100),
      expected: lockSchema.shape.schema.value,
      fix: 'Make it again with tagproof lock.'
    })
  const result = lockSchema.safeParse(value)
  if (!result.success) throw fieldFault(result.error.issues[0], value, name, line)
  const fault = contradictions(result.data)[0]
  if (fault === undefined) return result.data
  throw new TagproofError('lock-invalid', `${name} contradicts itself: ${fault.message}`, {
    where: `${name}:${line(fault.path)}`,
    fix: 'A lock is made by tagproof lock, not by hand: make it again.'
  })
}

function fieldFault(
  issue: z.core.$ZodIssue | undefined,
  value: unknown,
  name: string,
  line: (path: readonly PropertyKey[]) => number
): TagproofError {
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])]
  const found = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value
  )
  return new TagproofError(
    'lock-invalid',
    `${name} has a field that cannot be right: ${path.map(String).join('.')}`,
    {
      where: `${name}:${line(path)}`,
      found: found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 200),
      expected: unknown === undefined ? (issue?.message ?? '') : 'no such key',
      fix: 'A lock is made by tagproof lock, not by hand: make it again.'
    }
  )
}

const introduction = `# What the builds of this repository need, with the SHA-256 of every file. Made by \`tagproof lock\`; commit it.
# Review it like code: a line is a package. Nothing that is not listed here reaches a build, and no file with other
# bytes is accepted, wherever it comes from. No address of a mirror or index is written down: each machine has its own.
`

/** The one form of a lock: sorted, one package a line, so that a diff shows packages. */
export function formatLock(lock: Lock): string {
  return [
    introduction,
    `schema: ${lock.schema}`,
    '',
    '# File systems that builds run in, by name; `indexes` are the signed lists that the packages were taken from.',
    ...section('roots', lock.roots, formatRoot),
    '',
    '# Build environments of Python targets, by target; `because` says who asks for a package,',
    '# `sdists` what an sdist among them is built with.',
    ...section('python', lock.python, formatPython),
    ...formatImages(lock.images),
    ...formatGit(lock.git),
    ''
  ].join('\n')
}

function section<Part>(
  name: string,
  parts: Readonly<Record<string, Part>>,
  format: (part: Part) => string[]
): string[] {
  const entries = Object.entries(parts).sort(([left], [right]) => compare(left, right))
  if (entries.length === 0) return [`${name}: {}`]
  return [
    `${name}:`,
    ...entries.flatMap(([key, part]) => [`  ${scalar(key)}:`, ...format(part).map((line) => `    ${line}`)])
  ]
}

function formatImages(images: Lock['images']): string[] {
  if (images === undefined) return []
  return [
    '',
    '# Base images, by their references: what each leads to, and its blobs by platform, layers from the bottom up.',
    ...section('images', images, formatImage)
  ]
}

function formatGit(git: Lock['git']): string[] {
  if (git === undefined) return []
  return [
    '',
    '# Files of other repositories, by the names of the configuration. `sha256` is of an archive with the commit, its',
    '# trees and files. Look at what changed between two commits there, as you do here.',
    ...section('git', git, formatGitInput)
  ]
}

function formatGitInput({ url, ref, path, commit, tree, files, size, sha256 }: GitLock): string[] {
  return Object.entries({ url, ref, path, commit, tree, files, size, sha256 }).map(
    ([key, value]) => `${key}: ${typeof value === 'number' ? String(value) : scalar(value)}`
  )
}

function formatImage({ digest, platforms }: ImageLock): string[] {
  return [
    `digest: ${scalar(digest)}`,
    ...section('platforms', platforms, ({ manifest, config, layers }) => [
      `manifest: ${flow(manifest)}`,
      `config: ${flow(config)}`,
      ...list('layers', layers.map(flow))
    ])
  ]
}

function formatRoot(root: RootLock): string[] {
  return [
    `suite: ${scalar(root.suite)}`,
    `architecture: ${scalar(root.architecture)}`,
    `components: ${flow(root.components)}`,
    ...list('indexes', root.indexes.map(flow)),
    ...list('requested', [...root.requested].sort(compare).map(scalar)),
    ...list('packages', [...root.packages].sort((left, right) => compare(left.name, right.name)).map(flow))
  ]
}

function formatPython(python: PythonLock): string[] {
  const sdists = python.sdists ?? {}
  return [
    `interpreter: ${scalar(python.interpreter)}`,
    ...formatEnvironment(python),
    ...(Object.keys(sdists).length === 0 ? [] : section('sdists', sdists, formatEnvironment))
  ]
}

function formatEnvironment(python: PythonEnvironment): string[] {
  return [
    ...list('requested', [...python.requested].sort(compare).map(scalar)),
    ...list('packages', [...python.packages].sort((left, right) => compare(left.name, right.name)).map(flow))
  ]
}

/** Fields in the order in which a reader wants them, whatever order an object has. */
const fieldOrder = [
  'name',
  'version',
  'architecture',
  'suite',
  'origin',
  'codename',
  'date',
  'file',
  'mediaType',
  'digest',
  'size',
  'sha256'
]

function byFieldOrder([left]: [string, unknown], [right]: [string, unknown]): number {
  const place = (key: string): number =>
    fieldOrder.includes(key) ? fieldOrder.indexOf(key) : fieldOrder.length
  return place(left) - place(right) || compare(left, right)
}

function list(name: string, items: readonly string[]): string[] {
  return items.length === 0 ? [`${name}: []`] : [`${name}:`, ...items.map((item) => `  - ${item}`)]
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .sort(byFieldOrder)
      .map(([key, item]) => `${key}: ${flow(item)}`)
      .join(', ')} }`
  return typeof value === 'number' ? String(value) : scalar(String(value))
}

/** Plain where every YAML reader takes it for this text, else in double quotes (whose escapes are JSON's). */
function scalar(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9._+~/-]*$/.test(text) || /^[0-9a-f]{64}$/.test(text)
  const special = /^(true|false|null|yes|no|on|off|y|n)$/i.test(text) || /^\d+(e\d+)?$/i.test(text)
  return plain && !special ? text : JSON.stringify(text)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

import type { Sha256 } from '../../documents/identifiers.ts'
import { TagproofError } from '../../platform/errors.ts'
import { globMatcher } from '../../source/glob.ts'
import type { DestinationFile } from '../destination.ts'
import { requireKey } from '../stores/key.ts'
import { fillTemplate, type NameValues } from '../templates.ts'

/** A file of the release, before it has its place in the store. */
export interface FlatFile extends DestinationFile {
  sha256: Sha256
  target: string
  /** Architecture of a deb; null for what has none. */
  arch: string | null
  /** Where it lies on this machine. */
  file: string
}

/** A file and its key, which never changes. */
export interface PlacedFile extends FlatFile {
  key: string
}

/** A name that moves, and the file that it is to be a copy of. */
export interface Alias {
  template: string
  key: string
  of: PlacedFile
}

export const sumsName = 'SHA256SUMS'
export const signatureEnding = '.asc'

export interface NamesRequest {
  /** Name of the destination, for messages. */
  destination: string
  values: NameValues
  files: readonly FlatFile[]
  /** Template of names that never change. */
  names: string
  /** By template: a target, or a pattern of file names. */
  aliases: Readonly<Record<string, string>>
  sums: boolean
}

export interface FlatNames {
  files: readonly PlacedFile[]
  aliases: readonly Alias[]
  /** Null where none are asked for. */
  sumsKey: string | null
}

/**
 * The names of all files in the store. Pure.
 *
 * @throws TagproofError `config-invalid` for two files of one name, an alias of none or of several; `path-refused`
 */
export function flatNames(request: NamesRequest): FlatNames {
  const { files, names, values, sums } = request
  const placed = files.map((file) => ({
    ...file,
    key: requireKey(fillTemplate(names, values, placeholders(file)))
  }))
  const sumsKey = sums ? requireKey(fillTemplate(sumsTemplate(names), values)) : null
  const aliases = Object.entries(request.aliases).flatMap(([template, wanted]) =>
    aliasesOf(template, wanted, placed, request)
  )
  const keys = [...placed, ...aliases]
    .map(({ key }) => key)
    .concat(sumsKey === null ? [] : [sumsKey, `${sumsKey}${signatureEnding}`])
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined)
    throw invalid(
      request,
      `Two files would have the name ${twice}.`,
      'a template with {file}, {target} or {arch}, and aliases with names of their own'
    )
  return { files: placed, aliases, sumsKey }
}

function placeholders({ name, target, arch }: FlatFile): Record<string, string> {
  return { file: name, target, ...(arch === null ? {} : { arch }) }
}

function aliasesOf(
  template: string,
  wanted: string,
  files: readonly PlacedFile[],
  request: NamesRequest
): Alias[] {
  const ofTarget = files.filter(({ target }) => target === wanted)
  const matches = globMatcher([wanted])
  const found = ofTarget.length > 0 ? ofTarget : files.filter(({ name }) => matches(name))
  const aliases = found.map((of) => {
    const { target, ...more } = placeholders(of)
    return {
      template,
      of,
      key: requireKey(fillTemplate(template, request.values, { target: target ?? '', ...more }))
    }
  })
  if (aliases.length > 0 && new Set(aliases.map(({ key }) => key)).size === aliases.length) return aliases
  throw invalid(
    request,
    `The alias ${template} is not the name of one file.`,
    `one file that ${wanted} means`,
    `${aliases.length === 0 ? 'none' : aliases.map(({ of }) => of.name).join(', ')} (of ${files.map(({ name }) => name).join(', ')})`
  )
}

/**
 * The template of the list of hashes: beside the files, under a name of its version. Where files of several targets or
 * architectures lie in folders of their own, it lies above them.
 */
export function sumsTemplate(names: string): string {
  const parts = names
    .split('/')
    .filter((part) => part.includes('{file}') || !/\{(target|arch)\}/.test(part))
    .map((part) => part.replace(/\{(target|arch)\}[-_.]?/g, ''))
  const template = parts.join('/')
  const isOfVersion = /\{(version|tag)\}/.test(template)
  if (template.includes('{file}'))
    return template.replace('{file}', isOfVersion ? sumsName : `${sumsName}-{version}`)
  const folder = names.includes('/') ? names.slice(0, names.lastIndexOf('/') + 1) : ''
  return `${/\{(target|arch)\}/.test(folder) ? '' : folder}${sumsName}-{version}`
}

function invalid(
  { destination }: NamesRequest,
  message: string,
  expected: string,
  found?: string
): TagproofError {
  return new TagproofError('config-invalid', message, {
    where: `destinations: ${destination}`,
    ...(found === undefined ? {} : { found }),
    expected,
    fix: 'Correct names or aliases of the destination in .github/tagproof.yml.'
  })
}

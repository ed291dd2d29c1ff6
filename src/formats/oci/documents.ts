import type { Sha256 } from '../../documents/identifiers.ts'
import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import { invalidArchive } from '../invalid.ts'
import { readDescriptor, readTexts, type Descriptor, type Fail, type Platform } from './descriptor.ts'
import { checkKeys, isObject, parseStrictJson, type JsonObject } from './json.ts'
import {
  configTypes,
  indexTypes,
  isForeignLayer,
  layerCompression,
  manifestTypes,
  type LayerCompression
} from './media-types.ts'

/** More layers than any engine stacks (Docker: 127), and more platforms than there are. */
const most = { layers: 512, platforms: 64 } as const

export interface LayerDescriptor extends Descriptor {
  compression: LayerCompression
}

export interface ImageManifest {
  config: Descriptor
  layers: LayerDescriptor[]
}

/** What of a configuration (image-spec, "Image Configuration") concerns the structure of the image. */
export interface ImageConfig {
  platform: Platform
  /** SHA-256 of each layer's uncompressed tar, from the bottom up. */
  diffIds: Sha256[]
  labels: Readonly<Record<string, string>>
  /** The whole document. */
  raw: JsonObject
}

/** What stands in an index: manifests, or further indexes. @throws TagproofError `archive-invalid` */
export function readIndex(bytes: Buffer, name: string): Descriptor[] {
  const fail = failing(name)
  const index = parseStrictJson(bytes, name)
  checkKeys(index, ['schemaVersion', 'mediaType', 'artifactType', 'manifests', 'subject', 'annotations'], {
    closed: true,
    fail
  })
  checkHead(index, indexTypes, fail)
  readTexts(index.annotations, 'the annotations of the index', fail)
  if (!Array.isArray(index.manifests)) return fail('the index has no manifests')
  if (index.manifests.length > most.platforms) fail(`the index has more than ${most.platforms} entries`)
  return index.manifests.map((entry: unknown, at) => readDescriptor(entry, `entry ${at} of the index`, fail))
}

/** @throws TagproofError `archive-invalid` */
export function readManifest(bytes: Buffer, name: string): ImageManifest {
  const fail = failing(name)
  const manifest = parseStrictJson(bytes, name)
  const keys = ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'subject', 'annotations']
  checkKeys(manifest, keys, { closed: true, fail })
  checkHead(manifest, manifestTypes, fail)
  readTexts(manifest.annotations, 'the annotations of the manifest', fail)
  const config = readDescriptor(manifest.config, 'the configuration', fail)
  if (!configTypes.includes(config.mediaType))
    fail(`the configuration has the media type ${shown(config.mediaType)}, which is none of an image`)
  if (!Array.isArray(manifest.layers)) return fail('the manifest has no layers')
  if (manifest.layers.length > most.layers) fail(`the manifest has more than ${most.layers} layers`)
  const layers = manifest.layers.map((entry: unknown, at): LayerDescriptor => {
    const layer = readDescriptor(entry, `layer ${at}`, fail)
    if (isForeignLayer(layer.mediaType)) fail(`layer ${at} is a foreign one, fetched from elsewhere`)
    const compression = layerCompression(layer.mediaType)
    if (compression === undefined)
      return fail(`layer ${at} has the unknown media type ${shown(layer.mediaType)}`)
    return { ...layer, compression }
  })
  return { config, layers }
}

const configKeys = [
  'created',
  'author',
  'architecture',
  'os',
  'os.version',
  'os.features',
  'variant',
  'config',
  'rootfs',
  'history'
]

/**
 * Reads a configuration, and compares it with its manifest: as many diff ids as layers, and as many steps of the history
 * that are not empty.
 *
 * @throws TagproofError `archive-invalid`
 */
export function readConfig(bytes: Buffer, layers: number, name: string): ImageConfig {
  const fail = failing(name)
  const config = parseStrictJson(bytes, name)
  checkKeys(config, configKeys, { closed: false, fail })
  const rootfs = config.rootfs
  if (!isObject(rootfs) || rootfs.type !== 'layers') return fail('the configuration has no rootfs of layers')
  checkKeys(rootfs, ['type', 'diff_ids'], { closed: true, fail })
  const ids = rootfs.diff_ids ?? []
  if (!Array.isArray(ids)) return fail('the configuration has no diff ids')
  const diffIds = ids.map((id: unknown) =>
    typeof id === 'string' && /^sha256:[0-9a-f]{64}$/.test(id)
      ? asSha256(id.slice('sha256:'.length))
      : fail('a diff id is no SHA-256 in lower-case hex')
  )
  if (diffIds.length !== layers)
    fail(`the configuration has ${diffIds.length} diff ids, and the manifest ${layers} layers`)
  checkHistory(config.history, layers, fail)
  return { platform: configPlatform(config, fail), diffIds, labels: labelsOf(config, fail), raw: config }
}

function checkHistory(value: unknown, layers: number, fail: Fail): void {
  const history = value ?? []
  if (!Array.isArray(history)) return fail('the history is no list')
  const steps = history.map((step: unknown) => {
    if (!isObject(step)) return fail('a step of the history is malformed')
    checkKeys(step, ['created', 'created_by', 'author', 'comment', 'empty_layer'], { closed: false, fail })
    const empty = step.empty_layer ?? false
    return typeof empty === 'boolean' ? empty : fail('empty_layer is neither true nor false')
  })
  const filled = steps.filter((empty) => !empty).length
  if (steps.length > 0 && filled !== layers)
    fail(`the history tells of ${filled} layers, and the manifest has ${layers}`)
}

function configPlatform(config: JsonObject, fail: Fail): Platform {
  const field = (key: string): string => {
    const value = config[key] ?? ''
    if (typeof value !== 'string' || (value !== '' && !/^[A-Za-z0-9._+-]{1,64}$/.test(value)))
      return fail(`the ${key} is malformed`)
    return value
  }
  const platform = { os: field('os'), architecture: field('architecture'), variant: field('variant') }
  if (platform.os === '' || platform.architecture === '') fail('the configuration names no platform')
  return platform
}

function labelsOf(config: JsonObject, fail: Fail): Record<string, string> {
  const run = config.config ?? {}
  if (!isObject(run)) return fail('what the configuration says of running is malformed')
  const keys = ['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels']
  checkKeys(run, [...keys, 'StopSignal', 'ArgsEscaped', 'OnBuild', 'Shell', 'Healthcheck'], {
    closed: false,
    fail
  })
  return readTexts(run.Labels, 'the labels', fail)
}

function checkHead(document: JsonObject, types: readonly string[], fail: Fail): void {
  if (document.schemaVersion !== 2) fail('the schema version is not 2')
  // What a tool cannot tell from the text alone, it may take for the other kind (GHSA-xmmx-7jpf-fx42).
  const { mediaType } = document
  if (mediaType !== undefined && (typeof mediaType !== 'string' || !types.includes(mediaType)))
    fail(`the document says it is ${shown(mediaType)}`)
  if (document.subject !== undefined)
    fail('the document has a subject: it is no image but says something of one')
  if (document.artifactType !== undefined) fail('the document is an artifact of another kind')
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 120)
}

function failing(name: string): Fail {
  return (problem) => {
    throw invalidArchive({ format: 'image', path: name }, problem)
  }
}

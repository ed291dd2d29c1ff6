import type { ImageConfig } from '../../../formats/oci/documents.ts'
import { isObject, type JsonObject } from '../../../formats/oci/json.ts'
import { expand } from '../../../targets/image/expansion.ts'
import { assignmentsOf } from '../../../targets/image/stages.ts'
import { quotedList } from '../metadata/judgement.ts'
import { jsonWords, wordsOf, type StatedImage } from './stated-image.ts'

/** What the instructions come to, in the form of a configuration (Dockerfile reference; image-spec, "config"). */
interface Stated {
  env: Map<string, string>
  labels: Map<string, string>
  single: Map<string, string>
  lists: Map<string, string[]>
  ports: Set<string>
  volumes: Set<string>
  /** What an engine asks again and again: `Healthcheck.Test`. */
  health: string[]
}

/** Keys of a configuration beside those that the reader itself checks. */
const settings = new Set([
  'Env',
  'Labels',
  'User',
  'WorkingDir',
  'Entrypoint',
  'Cmd',
  'ExposedPorts',
  'Volumes',
  'StopSignal',
  'Shell',
  'Healthcheck',
  'ArgsEscaped',
  'OnBuild'
])
const heads = new Set(['created', 'architecture', 'os', 'variant', 'config', 'rootfs', 'history', 'author'])

/** What of a configuration comes neither from the base nor from the Dockerfile, in words. */
export function dockerfileMistakes(
  config: ImageConfig,
  base: ImageConfig | undefined,
  image: StatedImage,
  epoch: number
): string[] {
  const own = objectOf(config.raw.config)
  const below = objectOf(base?.raw.config)
  const stated = evaluate(image, below)
  return [
    ...[...Object.keys(config.raw)]
      .filter((key) => !heads.has(key))
      .map((key) => `the key ${quotedList([key])} is not known`),
    ...[...Object.keys(own)]
      .filter((key) => !settings.has(key))
      .map((key) => `the setting ${quotedList([key])} is not known`),
    ...mapMistakes('the variable', pairs(own.Env), stated.env),
    ...mapMistakes('the label', new Map(Object.entries(textsOf(own.Labels))), stated.labels),
    ...singleMistakes(own, below, stated),
    ...listMistakes(own, below, stated),
    ...setMistakes('the port', own.ExposedPorts, below.ExposedPorts, stated.ports),
    ...setMistakes('the volume', own.Volumes, below.Volumes, stated.volumes),
    ...laterMistakes(own, stated, image),
    ...layerMistakes(config, base, image),
    ...historyMistakes(config, base, image, epoch)
  ]
}

function evaluate({ instructions, values, escape }: StatedImage, base: JsonObject): Stated {
  const env = pairs(base.Env)
  const stated: Stated = {
    env,
    labels: new Map(Object.entries(textsOf(base.Labels))),
    single: new Map(),
    lists: new Map(),
    ports: new Set(),
    volumes: new Set(),
    health: testOf(base)
  }
  const known = new Map([...values, ...env])
  let shell = Array.isArray(base.Shell) ? base.Shell.map(String) : ['/bin/sh', '-c']
  let directory = typeof base.WorkingDir === 'string' ? base.WorkingDir : '/'
  for (const { keyword, text } of instructions) {
    const value = text.trim()
    if (keyword === 'ARG' || keyword === 'ENV' || keyword === 'LABEL') {
      const before = new Map(known)
      for (const { name, written } of assignmentsOf({ text, keyword }, escape)) {
        const given = keyword === 'ARG' ? values.get(name) : undefined
        const result = given ?? (written === null ? undefined : expand(written, before, escape).text)
        const key = keyword === 'LABEL' ? expand(name, before, escape).text : name
        if (result === undefined) continue
        if (keyword === 'LABEL') stated.labels.set(key, result)
        else known.set(key, result)
        if (keyword === 'ENV') env.set(key, result)
      }
    } else if (keyword === 'USER' || keyword === 'STOPSIGNAL')
      stated.single.set(keyword === 'USER' ? 'User' : 'StopSignal', expand(value, known, escape).text)
    else if (keyword === 'WORKDIR') {
      const to = expand(value, known, escape).text
      directory = (to.startsWith('/') ? to : `${directory.replace(/\/$/, '')}/${to}`).replace(/(.)\/$/, '$1')
      stated.single.set('WorkingDir', directory)
    } else if (keyword === 'SHELL') {
      shell = jsonWords(value) ?? shell
      stated.lists.set('Shell', shell)
    } else if (keyword === 'ENTRYPOINT' || keyword === 'CMD') {
      stated.lists.set(keyword === 'CMD' ? 'Cmd' : 'Entrypoint', jsonWords(value) ?? [...shell, value])
      // A new entry point has no use for the arguments of the base's.
      if (keyword === 'ENTRYPOINT' && !stated.lists.has('Cmd')) stated.lists.set('Cmd', [])
    } else if (keyword === 'HEALTHCHECK') stated.health = healthOf(value)
    else if (keyword === 'EXPOSE')
      for (const port of wordsOf(value, known, escape))
        stated.ports.add(port.includes('/') ? port : `${port}/tcp`)
    else if (keyword === 'VOLUME')
      for (const volume of jsonWords(value) ?? wordsOf(value, known, escape)) stated.volumes.add(volume)
  }
  return stated
}

function mapMistakes(
  what: string,
  found: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>
): string[] {
  const wrong = [...found].flatMap(([name, value]) => {
    const right = expected.get(name)
    if (right === value) return []
    return [
      `${what} ${quotedList([`${name}=${value}`])} is ${right === undefined ? 'stated nowhere' : `stated as ${quotedList([right])}`}`
    ]
  })
  const missing = [...expected.keys()].filter((name) => !found.has(name))
  return [...wrong, ...(missing.length > 0 ? [`${what} ${quotedList(missing)} is missing`] : [])]
}

function singleMistakes(own: JsonObject, base: JsonObject, { single }: Stated): string[] {
  return ['User', 'WorkingDir', 'StopSignal'].flatMap((key) => {
    const expected = single.get(key) ?? base[key] ?? ''
    const found = own[key] ?? ''
    // Builders write `/` where nothing is stated.
    const same = found === expected || (key === 'WorkingDir' && found === '/' && expected === '')
    return same
      ? []
      : [
          `${key} is ${JSON.stringify(found).slice(0, 300)}, and ${JSON.stringify(expected).slice(0, 300)} is stated`
        ]
  })
}

function listMistakes(own: JsonObject, base: JsonObject, { lists }: Stated): string[] {
  const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
  return ['Entrypoint', 'Cmd', 'Shell'].flatMap((key) => {
    const expected = lists.get(key) ?? list(base[key])
    const found = list(own[key])
    return JSON.stringify(found) === JSON.stringify(expected)
      ? []
      : [
          `${key} is ${JSON.stringify(found).slice(0, 300)}, and ${JSON.stringify(expected).slice(0, 300)} is stated`
        ]
  })
}

function setMistakes(what: string, own: unknown, base: unknown, stated: ReadonlySet<string>): string[] {
  const allowed = new Set([...Object.keys(objectOf(base)), ...stated])
  const added = Object.keys(objectOf(own)).filter((key) => !allowed.has(key))
  return added.length === 0 ? [] : [`${what} ${quotedList(added)} is stated nowhere`]
}

/** `NONE`, or `CMD` and what follows it, with options before that. */
function healthOf(value: string): string[] {
  const [, keyword = '', text = ''] = /^(?:--\S+\s+)*(\w+)\s*([^]*)$/.exec(value) ?? []
  if (keyword.toUpperCase() === 'NONE') return ['NONE']
  const words = jsonWords(text)
  return words === null ? ['CMD-SHELL', text] : ['CMD', ...words]
}

function testOf(config: JsonObject): string[] {
  const { Test: test } = objectOf(config.Healthcheck)
  return Array.isArray(test) ? test.map(String) : []
}

/** Commands that run beside the start: again and again, or in images that are made from this one. OCI's own form has none. */
function laterMistakes(own: JsonObject, { health }: Stated, { triggers }: StatedImage): string[] {
  const test = testOf(own)
  const steps = Array.isArray(own.OnBuild) ? own.OnBuild.map(String) : []
  const same = (found: readonly string[], stated: readonly string[]): boolean =>
    found.length === 0 || JSON.stringify(found.map(plain)) === JSON.stringify(stated.map(plain))
  return [
    ...(same(test, health) ? [] : [`the health check ${quotedList(test)} is stated nowhere`]),
    ...(same(steps, triggers) ? [] : [`the step for later builds ${quotedList(steps)} is stated nowhere`])
  ]
}

const bringLayers: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR'])

/** BuildKit makes a layer of each instruction that can change files, buildah one of all of them. */
function layerMistakes(config: ImageConfig, base: ImageConfig | undefined, image: StatedImage): string[] {
  const own = config.diffIds.length - (base?.diffIds.length ?? 0)
  const most = image.instructions.filter(({ keyword }) => bringLayers.has(keyword)).length
  return own <= most ? [] : [`the image has ${own} layers above its base, and the Dockerfile makes ${most}`]
}

/** The steps of the base, then one for each instruction, as BuildKit and buildah write them. */
function historyMistakes(
  config: ImageConfig,
  base: ImageConfig | undefined,
  image: StatedImage,
  epoch: number
): string[] {
  const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : [])
  const steps = list(config.raw.history)
  const below = list(base?.raw.history)
  const kept = below.every((step, at) => isKept(step, objectOf(steps[at])))
  if (!kept) return ['the history does not begin with that of the base image']
  const words = new Set(image.instructions.map(({ keyword }) => keyword))
  const lines = image.instructions.map(({ text }) => plain(text))
  return steps.slice(below.length).flatMap((step) => {
    const by = typeof step.created_by === 'string' ? step.created_by : ''
    const [, keyword = ''] = /^(?:\/bin\/sh -c #\(nop\) +)?(?:\|\d+ [^\n]*? )?([A-Z]+)\b/.exec(by) ?? []
    const extra = Object.keys(step).filter(
      (key) => !['created', 'created_by', 'comment', 'empty_layer', 'author'].includes(key)
    )
    if (extra.length > 0) return [`a step of the history has ${quotedList(extra)}`]
    const time = typeof step.created === 'string' ? Date.parse(step.created) / 1000 : epoch
    if (time > epoch)
      return [`a step of the history was made at ${quotedList([String(step.created)])}, after the commit`]
    const shell = /^(?:RUN )?(?:\|\d+ .*? )?\/bin\/sh -c (?!#\(nop\))([^]*?)(?: # buildkit)?$/.exec(by)?.[1]
    if (shell !== undefined)
      return lines.some((line) => line.includes(plain(shell)) || plain(shell).includes(line))
        ? []
        : [`the history says ${quotedList([by])}, which is no RUN of the Dockerfile`]
    return words.has(keyword) ||
      (by === '' && step.empty_layer === true) ||
      (/^(COPY|ADD|WORKDIR)/.test(by) && words.has('WORKDIR'))
      ? []
      : [`the history says ${quotedList([by])}, which is no instruction of the Dockerfile`]
  })
}

/** BuildKit says of a step without a time that it was made when the image was. */
function isKept(before: JsonObject, after: JsonObject): boolean {
  const given = { ...after }
  if (before.created === undefined) delete given.created
  return JSON.stringify(sorted(before)) === JSON.stringify(sorted(given))
}

function sorted(step: JsonObject): [string, unknown][] {
  return Object.entries(step).sort(([one], [other]) => (one < other ? -1 : 1))
}

function plain(text: string): string {
  return text.replace(/\\\n/g, ' ').replace(/\s+/g, ' ').trim()
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(objectOf(value)).map(([key, text]) => [key, String(text)]))
}

function pairs(value: unknown): Map<string, string> {
  const lines: string[] = Array.isArray(value) ? value.map(String) : []
  return new Map(
    lines.map((line) => [line.slice(0, Math.max(line.indexOf('='), 0)), line.slice(line.indexOf('=') + 1)])
  )
}

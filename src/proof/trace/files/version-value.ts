import { parse, valid } from '@renovatebot/pep440'
import { parseMetadata } from '../../../formats/metadata.ts'
import type { TraceContext } from '../generator.ts'
import type { PythonValue } from './python-text.ts'

/**
 * The version that a version file may state: the tag's, normalised (PEP 440, "Normalization") or as it stands there.
 * A commit without a tag has none, and its version file has to agree with the artifact's own metadata.
 */
export async function versionsOf(context: TraceContext): Promise<string[]> {
  const stated = context.version ?? (await metadataVersion(context))
  return stated === undefined ? [] : [...new Set([normalised(stated), stated])]
}

export function normalised(version: string): string {
  const parsed = valid(version) === null ? null : parse(version)
  if (parsed === null) return version
  const { epoch, release, pre, post, dev, local } = parsed as Parts
  const text = (part: readonly (string | number)[] | null, prefix = ''): string =>
    part === null ? '' : prefix + part.join('')
  return (
    (epoch === 0 ? '' : `${epoch}!`) +
    release.join('.') +
    text(pre) +
    text(post === null ? null : ['post', post.at(-1) ?? 0], '.') +
    text(dev === null ? null : ['dev', dev.at(-1) ?? 0], '.') +
    (local === null ? '' : `+${local.join('.')}`)
  )
}

interface Parts {
  epoch: number
  release: number[]
  pre: (string | number)[] | null
  post: (string | number)[] | null
  dev: (string | number)[] | null
  local: (string | number)[] | null
}

/**
 * The tuple that setuptools-scm makes of a version. It left out pre- and post-releases until vcs-versioning 1.0, and
 * before 7.0 it split the text at its dots.
 */
export function versionTuples(version: string): PythonValue[] {
  const split = version.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  const parsed = valid(version) === null ? null : (parse(version) as Parts)
  if (parsed === null) return [[version], split]
  const { epoch, release, pre, post, dev, local } = parsed
  const late = [
    ...(dev === null ? [] : [`dev${dev.at(-1) ?? 0}`]),
    ...(local === null ? [] : [local.join('.')])
  ]
  const whole = [
    ...(epoch === 0 ? [] : [`${epoch}!`]),
    ...release,
    ...(pre === null ? [] : [pre.join('')]),
    ...(post === null ? [] : [`post${post.at(-1) ?? 0}`]),
    ...late
  ]
  const tuples = [whole, [...release, ...late], split]
  return tuples.filter((tuple, at) => tuples.findIndex((other) => other.join() === tuple.join()) === at)
}

/**
 * The commit as a version file may name it: `g` and the beginning of the tag's commit, or none, as where a build of
 * an unpacked sdist knows no git. A name in the text that is not the tag's commit is left out.
 */
export function commitNames({ tag }: TraceContext, text: string): (string | null)[] {
  const named = new Set([...text.matchAll(/'(g?[0-9a-f]{7,64})'/g)].map(([, name = '']) => name))
  return [null, ...[...named].filter((name) => tag.commit.startsWith(name.replace(/^g/, '')))]
}

async function metadataVersion(context: TraceContext): Promise<string | undefined> {
  const paths = [...context.members].flatMap(([path, { inner }]) =>
    (
      context.artifact.kind === 'sdist'
        ? /^[^/]+\/PKG-INFO$/.test(path)
        : /^[^/]+\.dist-info\/METADATA$/.test(inner)
    )
      ? [path]
      : []
  )
  const content = paths[0] === undefined ? undefined : await context.content(paths[0])
  if (content === undefined) return undefined
  try {
    return parseMetadata(content).version
  } catch {
    // The metadata has a finding of its own.
    return undefined
  }
}

import { readGzip } from '../../../formats/gzip.ts'
import { TagproofError } from '../../../platform/errors.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { projectConfiguration } from './project.ts'
import { lastPart, pathsNamed } from './tree-names.ts'
import { differs } from './verdicts.ts'
import { isPlacedAt } from './version-place.ts'
import { once, whole } from '../../../platform/pieces.ts'

/** `X.gz` in place of, or beside, the file `X` of the tag. */
export const gzipCopy: Generator = {
  name: 'gzip-copy',
  reason: 'The file of the tag without the `.gz`, compressed by the build: unpacked it is the same bytes.',
  matches: ({ inner, kind }) => kind === 'file' && inner.endsWith('.gz'),
  derive: deriveGzip
}

async function deriveGzip(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const path = await sourceOf(member, context)
  const original = path === undefined ? undefined : await context.tree.read(path)
  if (path === undefined || original === undefined || member.content === null) return undefined
  const inside = await unpacked(member.content, original.length, (name) => isOwnName(name, path))
  return inside?.equals(original) === true
    ? { traced: true, from: [path] }
    : differs(member, undefined, 'gzip')
}

/** What one strict gzip stream holds; undefined where it is none, or its header names another file. */
async function unpacked(
  content: Buffer,
  maximumSize: number,
  accepts: (name: string) => boolean
): Promise<Buffer | undefined> {
  const names: string[] = []
  try {
    const onHeader = ({ name }: { name: string }): number => names.push(name)
    const bytes = await whole(readGzip(once(content), { maximumSize, onHeader }))
    return names.every(accepts) ? bytes : undefined
  } catch (error) {
    if (error instanceof TagproofError) return undefined
    throw error
  }
}

function isOwnName(name: string, path: string): boolean {
  const own = lastPart(path)
  return name === '' || name === own || name === `${own}.gz` || name === path
}

async function sourceOf(member: TracedMember, context: TraceContext): Promise<string | undefined> {
  const project = await projectConfiguration(context)
  const target = { ...member, inner: member.inner.slice(0, -'.gz'.length) }
  return pathsNamed(context, lastPart(target.inner)).find((path) =>
    isPlacedAt(target, path.slice(context.folder.length), { context, project })
  )
}

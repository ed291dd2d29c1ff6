import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { readTar, type TarEntry } from '../formats/tar/reader.ts'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import { joinInside } from '../platform/files.ts'
import { whole } from '../platform/pieces.ts'

/** What the sandbox's kernel-side counters say after the run, read by root outside of it. */
export interface WorldStatus {
  code: number
  killedForMemory: boolean
  processesRefused: boolean
  /** Share of the world's file system that is still free, 0 to 1. */
  free: number
}

export interface WorldReport {
  status: WorldStatus
  /** Paths of exported files that were read, sorted. */
  reads: string[]
  /** Files written below the output folder, by their path in it. */
  files: string[]
}

export interface ReportRules {
  /** Folder on the host for the files of the output. */
  outputs: string
  /** Most bytes that the output may have. */
  bytes: number
  /** Prefix of the export's paths in the build folder. */
  exportPrefix: string
}

const mostReportBytes = 64 * 1024 * 1024
const mostFiles = 100_000

/**
 * Takes the stream of a finished world: its status, the list of files read, and the output folder. Regular files
 * and folders only are written, as our own user, below `outputs`; anything else is refused by name. The output of a
 * build that failed is not taken.
 *
 * @throws TagproofError `build-output`
 */
export async function takeReport(
  stream: AsyncIterable<Uint8Array>,
  rules: ReportRules
): Promise<WorldReport | undefined> {
  let status: WorldStatus | undefined
  let reads: string[] = []
  const files: string[] = []
  const made: string[] = []
  let bytes = 0
  try {
    for await (const entry of readTar(stream, { twins: 'accept' })) {
      if (entry.path === 'status') status = parseStatus(await textOf(entry))
      else if (entry.path === 'reads') reads = parseReads(await textOf(entry), rules.exportPrefix)
      else if (status?.code === 0 && entry.path !== 'out') {
        bytes += entry.size
        if (bytes > rules.bytes || files.length >= mostFiles) throw tooMuch(bytes, rules.bytes)
        const target = placeOf(entry, rules.outputs)
        made.push(target)
        await takeEntry(entry, target)
        if (entry.kind === 'file') files.push(path.relative(rules.outputs, target))
      }
    }
  } catch (error) {
    for (const target of made.reverse()) await rm(target, { recursive: true, force: true })
    // Without a status there was no report: the world ended before, and its exit status tells why.
    if (status !== undefined) throw asBuildOutput(error)
  }
  return status === undefined ? undefined : { status, reads, files }
}

/** Where an entry belongs on the host; refuses every kind and name but plain ones. */
function placeOf(entry: TarEntry, outputs: string): string {
  const name = entry.path.replace(/^out\//, '')
  // eslint-disable-next-line no-control-regex -- a file name that moves the cursor is no name of an artifact
  if (entry.path === name || /[\u0000-\u001f\u007f\\]/.test(name))
    throw badEntry(name, 'a name that is not usable')
  if (entry.kind === 'symlink' || entry.kind === 'hardlink')
    throw badEntry(name, `a link to ${JSON.stringify(entry.linkTarget)}`)
  return joinInside(outputs, name)
}

async function takeEntry(entry: TarEntry, target: string): Promise<void> {
  if (entry.kind === 'directory') {
    await mkdir(target, { recursive: true })
    return
  }
  await mkdir(path.dirname(target), { recursive: true })
  const mode = (entry.mode & 0o100) === 0 ? 0o644 : 0o755
  await pipeline(entry.content, createWriteStream(target, { flags: 'wx', mode }))
}

function badEntry(name: string, found: string): TagproofError {
  return new TagproofError(
    'build-output',
    `The build left ${JSON.stringify(name)}, which cannot be taken over.`,
    {
      found,
      expected: 'regular files and folders',
      fix: 'Let the build write a regular file there; nothing was followed and nothing is published.'
    }
  )
}

function tooMuch(bytes: number, allowed: number): TagproofError {
  return new TagproofError('build-output', 'The build left more output than it may.', {
    found: `at least ${bytes} bytes or ${mostFiles} files`,
    expected: `at most ${allowed} bytes (limits.disk-mib) and ${mostFiles} files`,
    fix: 'Raise limits.disk-mib if the artifacts are really that large.'
  })
}

function asBuildOutput(thrown: unknown): TagproofError {
  const error = asTagproofError(thrown)
  const ours = error.code === 'archive-invalid' || error.code === 'path-refused'
  if (!ours) return error
  return new TagproofError('build-output', 'The build left something that cannot be taken over.', {
    found: error.message,
    expected: 'regular files and folders with plain names',
    fix: 'Let the build write regular files only; nothing was followed and nothing is published.',
    cause: error
  })
}

async function textOf(entry: TarEntry): Promise<string> {
  if (entry.size > mostReportBytes) throw tooMuch(entry.size, mostReportBytes)
  return (await whole(entry.content)).toString('utf8')
}

/** Lines of `name value…`, as the enclosure writes them. */
export function parseStatus(text: string): WorldStatus {
  const fields = new Map(text.split('\n').map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1)]))
  const number = (name: string, at = 0): number => Number(fields.get(name)?.[at] ?? 0) || 0
  const blocks = number('free', 1)
  return {
    code: Number(fields.get('code')?.[0] ?? 255),
    killedForMemory: number('out-of-memory') > 0,
    processesRefused: number('processes-refused') > 0,
    free: blocks === 0 ? 1 : number('free') / blocks
  }
}

function parseReads(text: string, prefix: string): string[] {
  return text
    .split('\0')
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .sort()
}

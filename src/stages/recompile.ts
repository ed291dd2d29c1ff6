import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Limits } from '../documents/config.ts'
import { sha256, type Sha256 } from '../documents/identifiers.ts'
import { readArchive, type ArchiveKind } from '../formats/archive.ts'
import { TagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import type { InstalledRoot } from '../proof/trace/evidence.ts'
import { sourceOf } from '../proof/trace/dependencies/bytecode-header.ts'
import { installedPlace } from '../proof/trace/installed.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { runInWorld } from '../worlds/run.ts'
import recompileText from './recompile.py'

export interface RecompileRequest {
  file: string
  artifact: { name: string; kind: ArchiveKind }
  baseLayers: ReadonlySet<string>
  root: PreparedRoot
  /** What the root holds by itself need not be compiled again. */
  installed: InstalledRoot | null
  limits: Limits
  signal?: AbortSignal
}

interface Pair {
  /** Members of the artifact. */
  source: string
  bytecode: string
  /** Path of the source in the installed system, as bytecode names it. */
  path: string
  level: number
}

/** Bytecode and sources of one artifact that are compiled again: more are in none. */
const mostBytes = 1024 * 2 ** 20

/**
 * Compiles the sources beside an artifact's bytecode in the clean root, in a world that sees nothing of the project but
 * these files. Nothing is imported. By the member of each bytecode: the SHA-256 that it must have.
 *
 * @throws TagproofError `archive-invalid`; `sandbox-unavailable` if the compiler did not end well; as `runInWorld`
 */
export async function recompiled(request: RecompileRequest): Promise<ReadonlyMap<string, Sha256>> {
  const { root } = request
  const pairs = root.python === null ? [] : await pairsOf(request)
  if (pairs.length === 0 || root.python === null) return new Map()
  return withTemporaryFolder('tagproof-bytecode', async (work) => {
    const given = path.join(work, 'given')
    const outputs = path.join(work, 'out')
    await mkdir(given)
    await mkdir(outputs)
    await extract(request, pairs, given)
    await writeFile(path.join(given, 'recompile.py'), recompileText)
    await writeFile(
      path.join(given, 'pairs.json'),
      JSON.stringify(pairs.map(({ path: name, level }) => ({ path: `/${name}`, level })))
    )
    await chmod(work, 0o755)
    const place = '/opt/tagproof-bytecode'
    const result = await runInWorld({
      world: 'a',
      root,
      exportTar: null,
      binds: [{ source: given, destination: place }],
      command: [root.python ?? '', '-I', '-S', '-B', `${place}/recompile.py`, place],
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      limits: request.limits,
      network: 'none',
      outputs,
      ...(request.signal === undefined ? {} : { signal: request.signal })
    })
    if (result.code !== 0)
      throw new TagproofError(
        'sandbox-unavailable',
        'The bytecode could not be compiled again in the root.',
        {
          found: `status ${String(result.code)}`,
          output: result.output,
          fix: 'Leave bytecode out of the package, or raise the limits of the target.'
        }
      )
    return hashesIn(await readFile(path.join(outputs, 'hashes.json'), 'utf8'), pairs)
  })
}

/** A hash that could not be made is one that no member has. */
const none = '0'.repeat(64)

function hashesIn(text: string, pairs: readonly Pair[]): ReadonlyMap<string, Sha256> {
  const hashes = z
    .array(
      z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .nullable()
    )
    .length(pairs.length)
    .parse(JSON.parse(text))
  return new Map(pairs.map(({ bytecode }, at) => [bytecode, sha256(hashes[at] ?? none)]))
}

async function pairsOf({ file, artifact, baseLayers, installed }: RecompileRequest): Promise<Pair[]> {
  const places = new Map<string, string>()
  const wanted: { bytecode: string; path: string }[] = []
  const archive = await readArchive(file, artifact.kind, { baseLayers })
  for (const member of archive.members) {
    const place = member.kind === 'file' ? installedPlace(member.path, artifact.kind) : undefined
    if (place === undefined) continue
    places.set(place.path, member.path)
    if (!place.path.endsWith('.pyc')) continue
    if (installed?.files.get(place.path)?.sha256 !== member.sha256)
      wanted.push({ bytecode: member.path, path: place.path })
  }
  return wanted.flatMap(({ bytecode, path: place }) => {
    const name = sourceOf(place)
    const source = name === undefined ? undefined : places.get(name)
    if (name === undefined || source === undefined) return []
    return [{ source, bytecode, path: name, level: Number(/\.opt-([12])\.pyc$/.exec(place)?.[1] ?? '0') }]
  })
}

/** Writes each pair as `N.py` and `N.pyc`; a second pass over the archive holds one member at a time. */
async function extract(
  { file, artifact, baseLayers }: RecompileRequest,
  pairs: readonly Pair[],
  folder: string
): Promise<void> {
  const names = new Map<string, string[]>()
  const add = (member: string, name: string): unknown =>
    names.set(member, [...(names.get(member) ?? []), name])
  for (const [at, { source, bytecode }] of pairs.entries()) {
    add(source, `${at}.py`)
    add(bytecode, `${at}.pyc`)
  }
  const writes: Promise<void>[] = []
  let total = 0
  await readArchive(file, artifact.kind, {
    baseLayers,
    observe(member) {
      const targets = member.kind === 'file' ? names.get(member.path) : undefined
      if (targets === undefined) return undefined
      total += member.size * targets.length
      if (total > mostBytes)
        throw new TagproofError(
          'archive-invalid',
          'The artifact holds more bytecode than is compiled again.',
          {
            expected: 'at most 1 GiB of sources and bytecode',
            fix: 'Leave bytecode out of the package.'
          }
        )
      const pieces: Buffer[] = []
      return {
        update: (piece) => pieces.push(Buffer.from(piece)),
        end: () =>
          writes.push(...targets.map((name) => writeFile(path.join(folder, name), Buffer.concat(pieces))))
      }
    }
  })
  await Promise.all(writes)
}

import path from 'node:path'
import type { PlanTarget } from '../documents/plan.ts'
import type { Trace, TracedFile } from '../documents/trace.ts'
import { contentDigest, type ArchiveKind } from '../formats/archive.ts'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import { hashFile } from '../platform/files.ts'
import { generatorsWith } from '../proof/trace/generators.ts'
import { traceArtifact } from '../proof/trace/trace.ts'
import { versionFindings } from '../proof/versions.ts'
import { waive, type Waiver } from '../proof/waivers.ts'
import { invalidArchiveFinding } from '../proof/reproduce.ts'
import { openTracedTree } from '../source/traced-tree.ts'
import { versionOfTag } from '../source/version.ts'
import type { StageContext } from './context.ts'
import { openHead, openRelease, type SourceOptions } from './source.ts'
import { graftsSeenBy, seenOf } from './git-inputs.ts'
import { keptGrafts, lockedEvidence } from './trace-lock.ts'

/**
 * The origin of every member of packages, whoever built them, against the tree of a tag. Needs no lock and no build,
 * touches no network, and runs no project code. What a lock of the tree names and the cache holds is known besides.
 *
 * @throws TagproofError `usage` for a file that is no package, `input-missing` for one that is not there
 */
export async function trace(
  context: StageContext,
  files: readonly string[],
  options: SourceOptions
): Promise<Trace> {
  const kinds = files.map((file) => ({ file, kind: kindOf(file) }))
  const open = options.tag === undefined ? openHead : openRelease
  const source = await open(context, options)
  try {
    const { tag, config } = source
    const version = tag.kind === 'untagged' ? null : versionOfTag(tag.name, config.value.tag.pattern)
    const { git, grafts } = await keptGrafts(context, source)
    const generators = generatorsWith(config.value.generated)
    const traced: TracedFile[] = []
    for (const { file, kind } of kinds) {
      const progress = context.log.begin(`trace ${path.basename(file)}`)
      try {
        const target = onlyTarget(source.targets, kind)
        const evidence = await lockedEvidence(context, source, target)
        const folder = target?.path ?? '.'
        const seen = target === null ? [] : graftsSeenBy(target, grafts)
        const tree = await openTracedTree(source.repository, tag.tree, seen)
        const about = {
          tag,
          version,
          tree,
          git: target === null ? [] : seenOf(git, target),
          folder,
          target,
          generators
        }
        const result = await traceFile({ file, kind, ...about, ...(evidence === null ? {} : { evidence }) })
        progress.done(`${result.members.length} members`)
        traced.push(result)
      } catch (error) {
        progress.failed()
        throw error
      }
    }
    const waived = withWaivers(traced, config.value.waivers)
    const refused = waived.some(({ findings }) => findings.some(({ severity }) => severity === 'refuse'))
    return {
      schema: 'tagproof/trace/1',
      tag: { name: tag.name, commit: tag.commit, tree: tag.tree },
      version,
      verdict: refused ? 'refused' : 'traced',
      files: waived
    }
  } finally {
    await source.repository.close()
  }
}

type TraceFileRequest = Omit<Parameters<typeof traceArtifact>[0], 'artifact' | 'build'> & {
  kind: ArchiveKind
}

async function traceFile({ file, kind, ...request }: TraceFileRequest): Promise<TracedFile> {
  const name = path.basename(file)
  const { size, sha256 } = await hashFile(file).catch((cause: unknown) => {
    throw new TagproofError('input-missing', `The file ${file} cannot be read.`, {
      fix: 'Name the files to trace as they lie on this disk.',
      cause
    })
  })
  const common = { name, kind, size, sha256 }
  try {
    const { archive, origins, absent, findings } = await traceArtifact({
      ...request,
      file,
      artifact: { name, kind },
      build: null
    })
    const { version } = archive.metadata
    const versions = versionFindings({ stated: version, kind, name, version: request.version })
    return {
      ...common,
      contentDigest: contentDigest(archive.members),
      version,
      members: origins,
      absent,
      findings: [...versions, ...findings]
    }
  } catch (thrown) {
    const error = asTagproofError(thrown)
    if (error.code !== 'archive-invalid') throw error
    const findings = [invalidArchiveFinding(error, name)]
    return { ...common, contentDigest: null, version: null, members: [], absent: [], findings }
  }
}

const endings: readonly [ending: string, kind: ArchiveKind][] = [
  ['.whl', 'wheel'],
  ['.oci.tar', 'image'],
  ['.tar.gz', 'sdist'],
  ['.deb', 'deb']
]

function kindOf(file: string): ArchiveKind {
  const [, kind] = endings.find(([ending]) => file.endsWith(ending)) ?? []
  if (kind !== undefined) return kind
  throw new TagproofError('usage', `The file ${file} is none that this version can trace.`, {
    expected: 'an sdist (*.tar.gz), a wheel (*.whl), a Debian package (*.deb) or an image (*.oci.tar)',
    fix: 'Name packages only. An image in a registry becomes a file with skopeo copy docker://IMAGE oci-archive:IMAGE.oci.tar.'
  })
}

const targetKinds = { sdist: 'python', wheel: 'python', deb: 'deb', image: 'image' } as const

/** The target of a file, by its kind; null where the tree shows none of it: then the whole tree is the target. */
function onlyTarget(targets: readonly PlanTarget[], kind: ArchiveKind): PlanTarget | null {
  const fitting = targets.filter((target) => target.kind === targetKinds[kind])
  const [only] = fitting
  if (fitting.length <= 1 && (only !== undefined || targetKinds[kind] !== 'python')) return only ?? null
  throw new TagproofError(
    'usage',
    `The tree has ${fitting.length === 0 ? 'no target' : 'several targets'} for a file of kind ${kind}.`,
    {
      found: fitting.map((target) => target.name).join(', '),
      fix: 'Say with --target which of them the files belong to.'
    }
  )
}

/** A trace makes some of the findings of a release: it cannot tell which waivers are without use. */
function withWaivers(files: readonly TracedFile[], waivers: readonly Waiver[]): TracedFile[] {
  return files.map((file) => ({
    ...file,
    findings: waive(file.findings, waivers).findings
  }))
}

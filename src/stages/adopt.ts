import { stat, readdir, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../documents/build.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { UploadLists } from '../documents/uploads.ts'
import { normalizeName } from '../formats/metadata.ts'
import { parseWheelName } from '../formats/wheel.ts'
import { TagproofError } from '../platform/errors.ts'
import { joinInside } from '../platform/files.ts'
import { adoptedFinding, chooseAdopted, noSets, type AdoptedWheel } from '../proof/adopt.ts'
import { reproduce } from '../proof/reproduce.ts'
import { versionFindings } from '../proof/versions.ts'
import type { BuildEvidence } from '../proof/trace/generator.ts'
import type { Tracer } from './trace-builds.ts'
import { joinUploads, readUpload } from './uploads.ts'

export interface AdoptOptions {
  /** Folders of the sets: none, one or two. */
  adopt?: readonly string[]
  /** Nothing will be published: without a set, what other jobs build is told and left out. */
  withoutAdopted?: boolean
}

export interface Adopting {
  plan: Plan
  /** World a's build, for the names of what was built here. */
  build: Build
  tracer: Tracer
  /** Folder that what is shipped is written to. */
  staging: string
  /** What our own backend says of the metadata of a target. */
  metadata: (target: PlanTarget) => Promise<BuildEvidence['preparedMetadata']>
}

export interface Adoption {
  artifacts: ReleaseArtifact[]
  uploads: UploadLists
  findings: Finding[]
  trust: Pick<Proof['trust'], 'adopted'>
}

/**
 * Wheels that other jobs built, as part of a release: two sets are compared bit for bit in the form that is shipped, one
 * is taken where the configuration says so; each is traced as if it had been built here.
 *
 * @throws TagproofError `usage` for folders that cannot be sets, or where the configuration adopts nothing
 */
export async function adoptWheels(adopting: Adopting, options: AdoptOptions): Promise<Adoption> {
  const { plan, build } = adopting
  const folders = options.adopt ?? []
  const wanting = plan.targets.filter(({ adopt }) => adopt !== undefined)
  const nothing: Adoption = { artifacts: [], uploads: joinUploads([]), findings: [], trust: {} }
  if (folders.length > 0) await requireSets(folders, wanting.length)
  if (wanting.length === 0) return nothing
  if (folders.length === 0) {
    const findings = [noSets(options.withoutAdopted === true ? 'warn' : 'refuse')]
    return { ...nothing, findings, trust: { adopted: 'missing' } }
  }
  const sets = await Promise.all(folders.map(readSet))
  await requireApart(sets)
  const own = build.targets.flatMap(({ artifacts }) => artifacts.map(({ name }) => name))
  const { wheels, findings } = chooseAdopted({
    sets: sets.map((set) => [...set.keys()]),
    own,
    targets: wanting.map(({ name, adopt = [] }) => ({
      name,
      project: projectOf(build, name),
      entries: adopt
    }))
  })
  const made = await Promise.all(
    wheels.map((wheel) => {
      const files = sets.flatMap((set) => set.get(wheel.name) ?? [])
      return adoptWheel(adopting, wheel, files)
    })
  )
  const once = wheels.some((wheel) => wheel.sets === 1)
  return {
    artifacts: made.flatMap(({ artifact }) => artifact ?? []),
    uploads: joinUploads(made.flatMap(({ upload }) => upload ?? [])),
    findings: [...findings, ...made.flatMap((one) => one.findings)],
    trust: { adopted: once ? 'one-set' : 'two-sets' }
  }
}

async function adoptWheel(
  { plan, tracer, staging, metadata }: Adopting,
  wheel: AdoptedWheel,
  [a = '', b = a]: readonly string[]
): Promise<{ artifact: ReleaseArtifact | null; upload: UploadLists | null; findings: Finding[] }> {
  const { name, sets } = wheel
  const target = plan.targets.find((one) => one.name === wheel.target)
  if (target === undefined) throw new RangeError(`no target ${wheel.target}`)
  const shipped = joinInside(staging, name)
  const result = await reproduce({
    a,
    b,
    kind: 'wheel',
    name,
    epoch: plan.tag.epoch,
    scramble: [],
    original: (file) => Promise.reject(new RangeError(`no original of ${file}`)),
    shipped
  })
  const versions = versionFindings({ stated: result.stated, kind: 'wheel', name, version: plan.version })
  const traced =
    result.differing === null
      ? { findings: [], traced: null }
      : await tracer.trace({
          file: result.artifact === null ? a : shipped,
          artifact: { name, kind: 'wheel' },
          target,
          differing: result.differing,
          preparedMetadata: await metadata(target),
          adopted: sets
        })
  const indexed =
    result.artifact === null
      ? { upload: null, findings: [] }
      : await readUpload(shipped, {
          kind: 'wheel',
          name,
          sha256: result.artifact.sha256,
          indexed: plan.indexed?.includes(target.name) ?? false
        })
  const { artifact } = result
  return {
    upload: indexed.upload,
    artifact:
      artifact === null
        ? null
        : {
            target: target.name,
            ...artifact,
            built: { a: artifact.built.a, b: sets === 2 ? artifact.built.b : null },
            traced: traced.traced,
            adopted: { sets }
          },
    findings: [
      ...(artifact === null ? [] : [adoptedFinding(wheel)]),
      ...result.findings,
      ...versions,
      ...traced.findings,
      ...indexed.findings
    ]
  }
}

/** The project that a target's own wheel or sdist is of. */
function projectOf({ targets }: Build, name: string): string | null {
  const artifacts = targets.find((target) => target.name === name)?.artifacts ?? []
  const wheel = artifacts.find(({ kind }) => kind === 'wheel')
  if (wheel !== undefined) return normalizeName(parseWheelName(wheel.name).name)
  const sdist = artifacts.find(({ kind }) => kind === 'sdist')?.name
  return sdist === undefined ? null : normalizeName(sdist.replace(/-[^-]+$/, ''))
}

async function requireSets(folders: readonly string[], wanting: number): Promise<void> {
  if (wanting === 0)
    throw new TagproofError('usage', 'Wheels are given, and the configuration adopts none.', {
      found: `--adopt ${folders.join(' --adopt ')}`,
      fix: 'List them under adopt: of the python target in .github/tagproof.yml.'
    })
  const places = new Set(
    await Promise.all(
      folders.map((folder) =>
        realpath(folder).catch((cause: unknown) => {
          throw new TagproofError('input-missing', `The folder ${folder} of wheels to adopt is not there.`, {
            fix: 'Name the folder into which the artifacts of the job were downloaded.',
            cause
          })
        })
      )
    )
  )
  if (folders.length > 2 || places.size < folders.length)
    throw new TagproofError('usage', 'Wheels are adopted from one folder, or from two that differ.', {
      found: folders.join(', '),
      fix: 'Give one --adopt for each set: what one job of each platform built, and what a second job built again.'
    })
}

/**
 * Files of a set by name: in the folder itself, or one below it, as a download of several artifacts leaves them. Links
 * are not followed.
 *
 * @throws TagproofError `usage` for two files of one name
 */
async function readSet(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const entries = await readdir(folder, { withFileTypes: true })
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => readdir(path.join(folder, entry.name), { withFileTypes: true }))
  )
  for (const entry of [...entries.filter((one) => !one.isDirectory()), ...below.flat()]) {
    const file = path.join(entry.parentPath, entry.name)
    if (!entry.isFile() || files.has(entry.name))
      throw new TagproofError('usage', `${file} cannot be adopted.`, {
        found: entry.isFile() ? 'a second file of this name' : 'something that is no plain file',
        expected: 'wheels in the folder, or in folders of it',
        fix: 'Keep each set in a folder of its own, each wheel once.'
      })
    files.set(entry.name, file)
  }
  return files
}

/** A file that is in both sets by a link was built once. */
async function requireApart(sets: readonly ReadonlyMap<string, string>[]): Promise<void> {
  const [first, second] = sets
  if (first === undefined || second === undefined) return
  for (const [name, file] of first) {
    const other = second.get(name)
    if (other === undefined) continue
    const [a, b] = await Promise.all([stat(file), stat(other)])
    if (a.ino === b.ino && a.dev === b.dev)
      throw new TagproofError('usage', `${name} is one and the same file in both sets.`, {
        fix: 'Download what each of the two jobs built into a folder of its own.'
      })
  }
}

import path from 'node:path'
import type { Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { parseIni } from '../formats/ini.ts'
import { normalizeName } from '../formats/metadata.ts'
import { asTagproofError } from '../platform/errors.ts'
import { normalised } from '../proof/trace/files/version-value.ts'
import type { Repository } from '../source/repository.ts'
import { readTextOf } from '../source/tree-text.ts'
import type { TreeEntry } from '../source/tree.ts'
import { sameVersion } from '../source/version.ts'
import { changelogForTag, newestEntry } from './deb/debian/changelog.ts'
import { fieldText, parseControlFile } from './deb/debian/control-file.ts'
import { debianVersionAgrees } from './deb/debian/version.ts'
import { debFileName, debianVersion } from './deb/venv/version.ts'
import { artifactName } from './image/assemble.ts'
import { statedProject } from './python/requires.ts'

export interface ExpectedRequest {
  repository: Repository
  entries: readonly TreeEntry[]
  target: PlanTarget
  plan: Pick<Plan, 'tag' | 'version'>
  /** Root that the target is built in, where the lock has it. */
  root: Lock['roots'][string] | undefined
}

/** What is to come of a target: `*` in a name is what only the build tells. */
export interface Expected {
  kind: ReleaseArtifact['kind']
  name: string | null
  version: { stated: string; from: string; agrees: boolean } | { unknown: string }
}

/**
 * The artifacts that a target is to give, out of what its tree says in data: `pyproject.toml`, `setup.cfg`,
 * `debian/control`, the changelog, the configuration. Runs nothing. A file that cannot be read makes the rest unknown;
 * the build will say what is wrong with it.
 */
export async function expectedArtifacts(request: ExpectedRequest): Promise<Expected[]> {
  const { target } = request
  try {
    if (target.kind === 'python') return await expectedPython(request)
    if (target.kind === 'deb') return await expectedDebs(request)
    return expectedImage(request)
  } catch (error) {
    const unknown = asTagproofError(error).message
    const kinds = target.kind === 'python' ? (['sdist', 'wheel'] as const) : ([target.kind] as const)
    return kinds.map((kind) => ({ kind, name: null, version: { unknown } }))
  }
}

async function expectedPython(request: ExpectedRequest): Promise<Expected[]> {
  const { plan } = request
  const { name, version, from } = await pythonIdentity(request)
  const told: Expected['version'] =
    version === null
      ? { unknown: 'the build computes it, and prove compares it with the tag' }
      : { stated: version, from, agrees: plan.version === null || sameVersion(version, plan.version) }
  if (name === null || !/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name))
    return ['sdist', 'wheel'].map((kind) => ({ kind: kind as 'sdist' | 'wheel', name: null, version: told }))
  // Backends older than PEP 625 keep dashes and capitals, and normalise a version as PEP 440 says.
  const shown = version ?? plan.version
  const stem = `${normalizeName(name).replaceAll('-', '_')}-${shown === null ? '*' : normalised(shown)}`
  return [
    { kind: 'sdist', name: `${stem}.tar.gz`, version: told },
    { kind: 'wheel', name: `${stem}-*-*-*.whl`, version: told }
  ]
}

/** Name and version as `pyproject.toml` or, for projects of setuptools, `setup.cfg` states them. */
async function pythonIdentity({
  repository,
  entries,
  target
}: ExpectedRequest): Promise<{ name: string | null; version: string | null; from: string }> {
  const stated = await statedProject(repository, entries, target)
  if (stated !== null) return { ...stated, from: 'pyproject.toml' }
  const cfg = await readTextOf(repository, entries, path.posix.join(target.path, 'setup.cfg'))
  const metadata = cfg === null ? undefined : parseIni(cfg).get('metadata')
  const version = metadata?.get('version') ?? null
  return {
    name: metadata?.get('name') ?? null,
    // `attr:` and `file:` are read by the build.
    version: version === null || /^(attr|file):/.test(version) ? null : version,
    from: 'setup.cfg'
  }
}

async function expectedDebs(request: ExpectedRequest): Promise<Expected[]> {
  const { target, plan, root } = request
  if (target.deb?.mode === 'venv') {
    const { package: name, revision } = target.deb.venv
    if (plan.version === null)
      return [{ kind: 'deb', name: `${name}_*_*.deb`, version: { unknown: 'no tag, so the wheel says it' } }]
    const version = debianVersion(plan.version, revision)
    return [
      {
        kind: 'deb',
        name: debFileName(name, version, '*'),
        version: { stated: version, from: 'tag', agrees: true }
      }
    ]
  }
  const { repository, entries } = request
  const folder = target.path === '.' ? 'debian' : `${target.path}/debian`
  const controlPath = `${folder}/control`
  const control = (await readTextOf(repository, entries, controlPath)) ?? ''
  const changelog = (await readTextOf(repository, entries, `${folder}/changelog`)) ?? ''
  const made = target.deb?.changelog === 'tag' && plan.version !== null
  const entry = newestEntry(
    made
      ? changelogForTag(changelog, {
          control,
          controlPath,
          format: await readTextOf(repository, entries, `${folder}/source/format`),
          suite: root?.suite ?? 'unstable',
          tag: plan.tag.name,
          version: plan.version ?? '',
          suffix: target.deb?.suffix,
          epoch: plan.tag.epoch
        })
      : changelog
  )
  const version: Expected['version'] =
    entry === null
      ? { unknown: `${folder}/changelog has no entry that can be read` }
      : {
          stated: entry.version,
          from: made ? 'changelog for the tag' : `${folder}/changelog`,
          agrees: plan.version === null || debianVersionAgrees(entry.version, plan.version)
        }
  return parseControlFile(control, controlPath).binaries.map((binary) => {
    const all = fieldText(binary, 'Architecture') === 'all'
    const architecture = all ? 'all' : (root?.architecture ?? '*')
    return {
      kind: 'deb',
      name: debFileName(fieldText(binary, 'Package') ?? '*', entry?.version ?? '*', architecture),
      version
    }
  })
}

function expectedImage({ target, plan }: ExpectedRequest): Expected[] {
  const repository = target.image?.repository ?? target.name
  return [
    {
      kind: 'image',
      name: artifactName(repository, plan.version),
      version:
        plan.version === null
          ? { unknown: 'no tag' }
          : { stated: plan.version, from: 'tag; a label of the image is compared by prove', agrees: true }
    }
  ]
}

import path from 'node:path'
import type { DebianPackage, RootLock } from '../../documents/lock.ts'
import type { Archive } from '../../formats/archive.ts'
import type { DebControl } from '../../formats/control.ts'
import { readDebControl } from '../../formats/deb-control.ts'
import { asTagproofError, TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import { privileged } from '../../platform/privilege.ts'
import { plainEnvironment, run } from '../../platform/process.ts'
import { prepareRoot, type PreparedRoot } from '../../worlds/root.ts'
import { lockedDepends } from './locked-depends.ts'
import { missingPackages } from './missing-packages.ts'
import type { TryInstall, TryRequest } from '../try-request.ts'

/** More programs than this show nothing new. */
const mostCommands = 5

/**
 * Makes a root of the essential packages, these debs, and what they depend on out of the locked packages: what their
 * maintainer scripts do happens in the user namespace that roots are made in. All but the debs themselves is a root that
 * is kept: the same for every release with this lock and these dependencies.
 */
export const tryDebs: TryInstall = async (request, use) => {
  await withTemporaryFolder('tagproof-try-deb', async (cache) => {
    const own: OwnDeb[] = []
    for (const { artifact, file } of request.artifacts)
      own.push({ entry: entryOf(request, artifact), file, artifact, ...(await readDebControl(file)) })
    const lock: RootLock = {
      ...request.place.rootLock,
      packages: [
        ...request.place.rootLock.packages.filter(({ name }) =>
          own.every(({ entry }) => entry.name !== name)
        ),
        ...own.map(({ entry }) => entry)
      ]
    }
    const files = new Map(own.map(({ entry, file }) => [entry.sha256, file]))
    const inputs = {
      debian: (entry: DebianPackage) => files.get(entry.sha256) ?? request.inputs.debian(entry)
    }
    try {
      const root = await install(request, lock, inputs, own, cache).catch((error: unknown) => {
        throw notInstalled(request, error)
      })
      for (const { artifact, archive } of own)
        await use({
          artifact,
          place: `a clean root of ${lock.suite}, from locked packages alone`,
          root,
          binds: [],
          environment: {},
          commands: programsOf(archive)
        })
    } finally {
      // The root belongs to root.
      const { command, args } = privileged('rm', [
        '-rf',
        '--one-file-system',
        '--',
        path.join(cache, 'roots')
      ])
      await run(command, args, { env: plainEnvironment })
    }
  })
}

interface OwnDeb {
  entry: DebianPackage
  artifact: TryRequest['artifacts'][number]['artifact']
  file: string
  control: DebControl
  archive: Archive
}

async function install(
  { place, cache, target, inputs, log, signal }: TryRequest,
  lock: RootLock,
  withOwn: { debian(entry: DebianPackage): string },
  own: readonly OwnDeb[],
  folder: string
): Promise<PreparedRoot> {
  const common = { log, ...(signal === undefined ? {} : { signal }) }
  const names = own.map(({ entry }) => entry.name)
  const others = { ...place.rootLock, packages: lock.packages.filter(({ name }) => !names.includes(name)) }
  const only = lockedDepends(
    own.map(({ control }) => control),
    others.packages.map(({ name }) => name)
  )
  const base = await prepareRoot(`below ${target.name}`, others, inputs, { cache, only, ...common })
  return prepareRoot(`try ${target.name}`, lock, withOwn, { cache: folder, only: names, base, ...common })
}

function entryOf(request: TryRequest, artifact: TryRequest['artifacts'][number]['artifact']): DebianPackage {
  const [name = '', , rest = ''] = artifact.name.split('_')
  return {
    name,
    version: artifact.version,
    architecture: rest.replace(/\.deb$/, ''),
    suite: request.place.rootLock.suite,
    file: artifact.name,
    size: artifact.size,
    sha256: artifact.sha256
  }
}

function programsOf({ members }: Archive): string[][] {
  return members
    .filter(({ path: name, kind }) => kind !== 'directory' && /^(usr\/)?s?bin\/[^/]+$/.test(name))
    .slice(0, mostCommands)
    .map(({ path: name }) => [`/${name}`, '--help'])
}

function notInstalled({ target, artifacts }: TryRequest, thrown: unknown): TagproofError {
  const error = asTagproofError(thrown)
  if (error.code !== 'sandbox-unavailable') return error
  const own = artifacts.map(({ artifact }) => artifact.name.replace(/_.*$/, ''))
  const missing = missingPackages(error.detail.output ?? '', own)
  if (missing.length > 0)
    return new TagproofError(
      'build-failed',
      `The packages of ${target.name} cannot be installed: they depend on ${missing.join(', ')}, which the lock has not.`,
      {
        ...error.detail,
        fix: `Write \`packages: [${missing.join(', ')}]\` into the target ${target.name} of .github/tagproof.yml, lock again, and commit both.`,
        cause: error
      }
    )
  return new TagproofError('build-failed', `The packages of ${target.name} cannot be installed.`, {
    ...error.detail,
    fix: 'Where a package is missing that it depends on, add it to `packages` of the target and lock again; else see what its maintainer scripts did.',
    cause: error
  })
}

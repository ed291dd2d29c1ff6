import { chmod, copyFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { compare, satisfies, valid, validRange } from '@renovatebot/pep440'
import { isWheel, type PythonLock, type PythonPackage } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import {
  complainedOf,
  missingRequirement,
  normalisedName,
  requirementName,
  requirementSpecifier,
  type ResolvedFile
} from './pip-report.ts'
import type { OfferedFile } from './simple-index.ts'

/** Looks into sdists and builds them: their code runs in the sandbox alone, and there without a network. */
export interface SdistWorkshop {
  /** The interpreter of the root, `3.11`. */
  interpreter: string
  /** `build-system.requires` of the sdist. */
  stated(sdist: PythonPackage): Promise<string[]>
  /** What its backend asks for beyond that, by the name of the hook. */
  asked(sdist: PythonPackage, builtWith: PythonLock): Promise<Record<string, string[]>>
  /** Path of the wheel that it makes. */
  build(sdist: PythonPackage, builtWith: PythonLock): Promise<string>
}

/** An sdist that was taken because there is no wheel. */
export interface TakenSdist {
  sdist: PythonPackage
  builtWith: PythonLock
}

export interface SdistSupplyOptions {
  /** Normalised names of the projects that may be taken as an sdist. */
  allowed: readonly string[]
  workshop: SdistWorkshop
  /** Receives the wheels; pip is shown it as a find-links place. */
  folder: string
  offers(name: string): Promise<OfferedFile[]>
  /** Size and hash of an offered sdist. */
  locate(file: ResolvedFile): Promise<PythonPackage>
  /** Resolves what an sdist is built with: what it states, then what its backend asks for. */
  resolve(
    sdist: PythonPackage,
    stated: string[],
    previous: PythonLock | undefined,
    ask: (first: PythonLock) => Promise<Record<string, string[]>>
  ): Promise<PythonLock>
}

/** How a run of pip failed. */
export interface Complaint {
  output: string
  /** `name==version` lines that it was given. */
  constraints: readonly string[]
  /** All requirements of the resolution. */
  requirements: readonly string[]
  previous: PythonLock | undefined
}

export interface SdistSupply {
  /**
   * Puts wheels into the folder for what pip complains about, if that may be.
   *
   * @returns whether pip should try again
   * @throws TagproofError as the workshop and the index
   */
  answer(complaint: Complaint): Promise<boolean>
  /** What stands behind a wheel that pip took from the folder. */
  behind(file: ResolvedFile): TakenSdist | undefined
}

/**
 * Stands in where pip, which is told to take wheels alone, finds none: takes the sdist of a project that is allowed,
 * builds it, and offers pip the wheel. So pip alone decides what fits together, and never meets an sdist.
 */
export function sdistSupply(options: SdistSupplyOptions): SdistSupply {
  const { allowed, workshop, folder } = options
  const taken = new Map<string, TakenSdist>()
  const versions = new Map<string, string>()

  async function supply(name: string, specifier: string, previous: PythonLock | undefined): Promise<boolean> {
    const choice = chooseSdist(await options.offers(name), name, specifier, workshop.interpreter)
    if (choice === null || versions.get(name) === choice.version) return false
    const { file, url, sha256 } = choice.offered
    const place = { name, version: choice.version, url, file, sha256 }
    const sdist = await options.locate({ ...place, requested: true, direct: false, requires: [] })
    const stated = await workshop.stated(sdist)
    const builtWith = await options.resolve(sdist, stated, before(previous, sdist), (first) =>
      workshop.asked(sdist, first)
    )
    const wheel = await workshop.build(sdist, builtWith)
    const offered = path.join(folder, path.basename(wheel))
    await copyFile(wheel, offered)
    // Everybody may read it: the user inside the sandbox owns nothing of ours.
    await chmod(offered, 0o644)
    taken.set(pathToFileURL(offered).href, { sdist, builtWith })
    versions.set(name, choice.version)
    return true
  }

  return {
    behind: (file) => taken.get(file.url),
    async answer({ output, constraints, requirements, previous }) {
      const named = complainedOf(output)
      let supplied = false
      for (const { name, version, file } of previous?.packages ?? []) {
        const held = !isWheel({ file }) && constraints.includes(`${name}==${version}`)
        if (held && named.has(name) && allowed.includes(name) && !versions.has(name))
          supplied = (await supply(name, `==${version}`, previous)) || supplied
      }
      if (supplied) return true
      const missing = missingRequirement(output)
      const name = missing === null ? null : requirementName(missing)
      if (missing === null || name === null || !allowed.includes(name)) return false
      // As long as a constraint is there, that may be why pip finds nothing.
      if (constraints.some((constraint) => constraint.startsWith(`${name}==`))) return false
      return supply(name, joinedSpecifier(name, [missing, ...requirements]), previous)
    }
  }
}

/** Pip names one requirement; others on the same project hold too. Those with a marker may not apply here. */
function joinedSpecifier(name: string, [missing = '', ...others]: readonly string[]): string {
  const also = others.filter((other) => requirementName(other) === name && !other.includes(';'))
  const specifiers = [missing, ...also].map(requirementSpecifier).filter((specifier) => specifier !== '')
  return [...new Set(specifiers)].join(',')
}

/** The part of the previous lock that says what the same sdist was built with. */
function before(previous: PythonLock | undefined, sdist: PythonPackage): PythonLock | undefined {
  const built = previous?.sdists?.[sdist.file]
  return previous === undefined || built === undefined ? undefined : { ...previous, ...built }
}

export interface ChosenSdist {
  version: string
  offered: OfferedFile
}

/**
 * The newest sdist (PEP 625: `name-version.tar.gz`) that satisfies a specifier. As pip does it: pre-releases count
 * where nothing else fits or they are asked for, withdrawn ones (PEP 592) where one version is asked for, and none
 * that is for another Python. Pure.
 *
 * @param name normalised
 * @param interpreter `3.11`
 */
export function chooseSdist(
  offered: readonly OfferedFile[],
  name: string,
  specifier: string,
  interpreter: string
): ChosenSdist | null {
  const pinned = /^===?[^,*]+$/.test(specifier)
  const found = offered
    .flatMap((file): ChosenSdist[] => {
      const version = sdistVersion(file.file, name)
      const usable = (file.yanked !== true || pinned) && runsOn(file.requiresPython, interpreter)
      return version !== null && usable ? [{ version, offered: file }] : []
    })
    .sort((left, right) => compare(right.version, left.version))
  const fits = (prereleases?: boolean): ChosenSdist | undefined =>
    found.find(({ version }) =>
      satisfies(version, specifier, prereleases === undefined ? {} : { prereleases })
    )
  return fits() ?? fits(true) ?? null
}

/** The version in the file name of an sdist; older names keep the dashes of the project's. */
function sdistVersion(file: string, name: string): string | null {
  const stem = /^(.+)\.tar\.gz$/.exec(file)?.[1] ?? ''
  for (let dash = stem.indexOf('-'); dash >= 0; dash = stem.indexOf('-', dash + 1)) {
    const version = stem.slice(dash + 1)
    if (normalisedName(stem.slice(0, dash)) === name && valid(version) !== null) return version
  }
  return null
}

/** The patch release is not known here: pip, which knows it, has the last word. */
function runsOn(requiresPython: string | undefined, interpreter: string): boolean {
  if (requiresPython === undefined || !validRange(requiresPython)) return true
  return satisfies(`${interpreter}.99`, requiresPython)
}

/** @throws TagproofError `lock-unresolvable` for an sdist that needs itself to be built */
export function refuseCycle(beingBuilt: readonly string[], name: string): void {
  if (!beingBuilt.includes(name)) return
  throw new TagproofError('lock-unresolvable', `The sdist of ${name} needs ${name} to be built.`, {
    found: [...beingBuilt, name].join(' → '),
    fix: `Ask for a version of ${name} that has a wheel, or build one and put it where PIP_FIND_LINKS or the index finds it.`
  })
}

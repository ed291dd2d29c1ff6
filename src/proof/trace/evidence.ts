import type { Sha256 } from '../../documents/identifiers.ts'
import type { MemberOrigin } from '../../documents/origins.ts'

/** What is known of the things that a build was given, as pure data: whoever makes it reads the files. */
export interface TraceEvidence {
  /** The wheel of the same world, each of whose members has been traced by itself. */
  wheel: TracedWheel | null
  /** Locked dependencies. */
  wheels: readonly DependencyWheel[]
  /** Dependencies that the world builds from locked sdists. */
  sdists: readonly DependencySdist[]
  /** Locked Debian packages: what control.tar of each says. */
  packages: readonly DependencyPackage[]
  /** Roots that were made of locked packages alone. */
  roots: readonly InstalledRoot[]
  /** Base images: digests of their layers, and their configurations. */
  bases: readonly BaseImage[]
  /**
   * SHA-256 that compiling each member's own source gave in the clean root, by the member's path; null where nothing
   * was compiled.
   */
  bytecode: ReadonlyMap<string, Sha256> | null
}

/** A wheel and the origin of its members, by their path in it. */
export interface TracedWheel {
  file: string
  members: ReadonlyMap<string, Sha256>
  origins: ReadonlyMap<string, MemberOrigin>
}

/** A wheel of a dependency: what it holds, by its path in it. */
export interface DependencyWheel {
  file: string
  name: string
  version: string
  members: ReadonlyMap<string, Sha256>
}

/** A locked sdist and its files, whatever their paths: the wheel that a world made of it is not kept. */
export interface DependencySdist {
  file: string
  /** Normalised (PEP 503). */
  name: string
  version: string
  files: ReadonlySet<string>
}

/** A Debian package of the lock. Its own hash is in the lock, so what it says of its files is as good as they are. */
export interface DependencyPackage {
  name: string
  version: string
  architecture: string
  /** Files of control.tar by name. */
  control: ReadonlyMap<string, Buffer>
  /** MD5 in hex by installed path, as md5sums in control.tar has it: an attacker of the lock would have to meet one. */
  md5sums: ReadonlyMap<string, string>
}

/** What a root holds at a path. */
export interface InstalledFile {
  kind: 'file' | 'directory' | 'symlink'
  mode: number
  /** Numeric owner and group. */
  owner: string
  size: number
  /** Of the content; of the target's text for a link; null for a folder. */
  sha256: Sha256 | null
}

/** A root that was made from a list of locked packages, with nothing else (`src/worlds/root.ts`). */
export interface InstalledRoot {
  name: string
  /** Hash of the list. */
  hash: Sha256
  /** By path without leading `/`. */
  files: ReadonlyMap<string, InstalledFile>
  /** Texts that generators start from: snippets of maintainer scripts, by path. */
  texts: ReadonlyMap<string, string>
  /** Names of the packages, with version. */
  packages: ReadonlyMap<string, string>
}

/** A base image of the lock, one platform of it. */
export interface BaseImage {
  reference: string
  platform: string
  /** Of its manifest, `sha256:…`. */
  digest: string
  /** From the bottom up. */
  layers: readonly string[]
  /** The bytes of its configuration, whose digest is locked; null where they are not at hand. */
  config: Buffer | null
}

export const noEvidence: TraceEvidence = {
  wheel: null,
  wheels: [],
  sdists: [],
  packages: [],
  roots: [],
  bases: [],
  bytecode: null
}

/** All hashes that evidence explains: a member that has one need not be held for other generators. */
export function knownHashes(evidence: TraceEvidence): ReadonlySet<string> {
  const known = new Set<string>()
  for (const { files } of evidence.roots)
    for (const { sha256 } of files.values()) if (sha256 !== null) known.add(sha256)
  for (const { members } of [...evidence.wheels, ...(evidence.wheel === null ? [] : [evidence.wheel])])
    for (const sha256 of members.values()) known.add(sha256)
  return known
}

/** Whether a list of MD5 sums names the path. */
export function listsMd5(evidence: TraceEvidence, path: string): boolean {
  return evidence.packages.some(({ md5sums }) => md5sums.has(path))
}

import type { TagRef } from '../../documents/fields.ts'
import type { Sha256 } from '../../documents/identifiers.ts'
import type { Member, MemberKind } from '../../formats/member.ts'
import type { PlanTarget } from '../../documents/plan.ts'
import type { OriginName } from '../../documents/origins.ts'
import type { ArchiveKind } from '../../formats/archive.ts'
import type { TraceEvidence } from './evidence.ts'

/** A member as a trace sees it: folders are left out. */
export interface TracedMember {
  /** Path inside the artifact. */
  path: string
  /**
   * The path below the one top folder of an sdist, or below site-packages or dist-packages of a deb or layer; elsewhere
   * in a layer the path of the installed system; the same as `path` for a wheel.
   */
  inner: string
  kind: Exclude<MemberKind, 'directory'>
  mode: number
  size: number
  sha256: Sha256
  linkTarget: string | null
  /** The first bytes, at most 64 KiB, whatever the size. */
  head: Buffer
  /** The whole content, where it is no blob of the tag and not too large to hold; null otherwise. */
  content: Buffer | null
  /** MD5 of the content in hex, where something lists it (debs, files of locked Debian packages); null otherwise. */
  md5?: string | null
}

/** The tagged tree as a trace sees it. Paths are relative to the top of the repository. */
export interface TracedTree {
  /** Paths of all files and links, sorted by bytes. */
  readonly paths: readonly string[]
  has(path: string): boolean
  /** Content of a file (the target's text for a link), or undefined if there is none. Refuses more than 16 MiB. */
  read(path: string): Promise<Buffer | undefined>
  /** Paths of the files with exactly these bytes, by object name and SHA-256. */
  holding?(content: Buffer): Promise<readonly string[]>
}

/** What both worlds' builds confirm; a trace without a build has none of it. */
export interface BuildEvidence {
  /** The member's bytes are the same in both worlds (world b's with its original back). */
  reproduced(member: string): boolean
  /**
   * What the backend's own `prepare_metadata_for_build_wheel` gave in a run of its own, the same in both worlds: the
   * files of its `.dist-info` folder by name; null where the backend has no such hook.
   */
  preparedMetadata: ReadonlyMap<string, Buffer> | null
  /** Distributions of the locked build environment: name (normalised) to version. */
  environment: ReadonlyMap<string, string>
  /**
   * Other jobs built it, and in how many sets it was; left out for what both worlds built. Of two, `reproduced` says
   * whether they agree; of one it says nothing.
   */
  adopted?: 1 | 2
}

export interface TraceContext {
  artifact: { name: string; kind: ArchiveKind }
  /** What was built, as the plan says it; null where that is not known. */
  target?: PlanTarget | null
  tag: TagRef
  /** Version of the release as the tag says it; null for an untagged commit. */
  version: string | null
  /** Folder of the target in the tree: empty for its top, otherwise with a slash at its end. */
  folder: string
  tree: TracedTree
  members: ReadonlyMap<string, TracedMember>
  /** Member by its inner path. */
  member(inner: string): TracedMember | undefined
  /** Content of a member, also where it is a blob of the tag; undefined if there is none or it is too large. */
  content(path: string): Promise<Buffer | undefined>
  build: BuildEvidence | null
  /** What is known of locked dependencies; a trace without a lock has none of it. */
  evidence?: TraceEvidence
  /** All members with their headers, folders too, in the order of the archive. */
  all?: readonly Member[]
  /** The file of the tree that a reader would take for the member, whatever its bytes. */
  own?(path: string): string | null
}

export type Verdict =
  /** The bytes follow from data that is traced. */
  | {
      traced: true
      origin?: Exclude<OriginName, 'untraced'>
      from: readonly string[]
      reason?: string
      rule?: string
    }
  /** The generator is the right one and the bytes are not what it gives: always a finding. */
  | { traced: false; code: string; message: string; cause: string | null; fix: string | null }

/**
 * A known generator of members: one small rule with its reason. A file name alone never suffices: `derive` looks at
 * the bytes.
 */
export interface Generator {
  /** Name in `origins/*.jsonl` and documentation, such as `wheel-record`. */
  name: string
  /** What makes such files and why they are no blobs: one sentence. */
  reason: string
  /** Whether the member may be its output, by path and kind alone. */
  matches(member: TracedMember, context: TraceContext): boolean
  /** Undefined where the bytes show that this is none of its outputs after all: the next rule is asked. */
  derive(member: TracedMember, context: TraceContext): Promise<Verdict | undefined>
}

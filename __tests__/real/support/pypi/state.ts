import { clean } from '@renovatebot/pep440'

/** Registered with a project: who may publish from where, without a secret. */
export interface Publisher {
  owner: string
  repository: string
  ownerId: string
  /** File name below `.github/workflows/`. */
  workflow: string
  /** Empty: any environment, or none. */
  environment: string
}

export interface Project {
  /** As first written; the key in the state is the normalised name. */
  name: string
  status: 'active' | 'archived' | 'quarantined' | 'deprecated'
  owners: string[]
  publishers: Publisher[]
  /** By version without its last zeros. */
  releases: Map<string, { version: string; created: number }>
  /** Bytes. */
  fileLimit: number
}

export interface StoredFile {
  name: string
  project: string
  version: string
  filetype: 'sdist' | 'bdist_wheel'
  fields: readonly [string, string][]
  bytes: Buffer
  md5: string
  sha256: string
  blake2b256: string
  metadata: Buffer | null
  uploaded: number
  provenance: object | null
  /** Reads of each page for which it is not shown yet. */
  hidden: { simple: number; json: number; provenance: number }
}

export type Token =
  | { kind: 'user'; user: string; projects: 'all' | readonly string[] }
  | {
      kind: 'publisher'
      publisher: Publisher
      projects: readonly string[]
      notBefore: number
      expires: number
    }

/** What the index says of a file in place of the truth. */
export interface Lie {
  sha256?: string
  bytes?: Buffer
  metadata?: Buffer
}

export interface IndexState {
  projects: Map<string, Project>
  /** Every file that is there, by name. */
  files: Map<string, StoredFile>
  /** Names that once were there: burned for ever. */
  deleted: Set<string>
  tokens: Map<string, Token>
  burned: Set<string>
  pending: (Publisher & { project: string })[]
  usedIdentifiers: Set<string>
  /** Times at which projects were made, in milliseconds. */
  created: number[]
  lies: Map<string, Lie>
  /** Everything that was written, in order: `project NAME`, `file NAME`. */
  writes: string[]
  serial: number
  /** Milliseconds. */
  now: () => number
}

export function emptyState(now: () => number): IndexState {
  return {
    projects: new Map(),
    files: new Map(),
    deleted: new Set(),
    tokens: new Map(),
    burned: new Set(),
    pending: [],
    usedIdentifiers: new Set(),
    created: [],
    lies: new Map(),
    writes: [],
    serial: 1,
    now
  }
}

export const mebibyte = 1 << 20
const defaultFileLimit = 100 * mebibyte

export function addProject(
  state: IndexState,
  name: string,
  more: Partial<Omit<Project, 'name'>> = {}
): Project {
  const project: Project = {
    name,
    status: 'active',
    owners: ['maintainer'],
    publishers: [],
    releases: new Map(),
    fileLimit: defaultFileLimit,
    ...more
  }
  state.projects.set(normalise(name), project)
  return project
}

/** PEP 503. */
export function normalise(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/** Names that look alike are equal in this: separators gone, 0 is o, 1 and i are l. */
function looks(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '').replaceAll('0', 'o').replace(/[1i]/g, 'l')
}

/** A project that a new name would be mistaken for, or null. */
export function similarProject(state: IndexState, name: string): string | null {
  const like = [...state.projects.values()].find((project) => looks(project.name) === looks(name))
  return like?.name ?? null
}

/** Two versions are the same release when they agree in this; null: no version (PEP 440). */
export function releaseKey(version: string): string | null {
  const normal = clean(version)
  return normal === null
    ? null
    : normal.replace(/^((?:\d+!)?\d+(?:\.\d+)*?)(?:\.0)+(?=$|[^.\d]|\.[a-z])/, '$1')
}

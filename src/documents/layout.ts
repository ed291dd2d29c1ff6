import path from 'node:path'
import type { World } from './identifiers.ts'

/** Where things lie below `--out`; a contract with scripts. */
export interface OutLayout {
  folder: string
  plan: string
  /** The plan as a page for people, the step summary of `plan`. */
  planSummary: string
  lock: string
  exports: string
  /** Build environments while builds go on. */
  environments: string
  build: (world: World) => string
  /** Member lists of the builds that a release is compared with, and their logs. */
  complete: string
  /** What changed since the last release. */
  brief: string
  proof: string
  /** What a package index is told of each sdist and wheel. */
  uploads: string
  try: string
  /** One `<artifact>.jsonl` for each artifact. */
  origins: string
  release: string
  sums: string
  summary: string
  packages: string
  local: string
  /** What a publication did, as a page for people: the step summary of `publish`. */
  publishSummary: string
  /** The journal of a publication. */
  receipt: string
}

export function outLayout(out: string): OutLayout {
  const folder = path.resolve(out)
  const inside = (name: string): string => path.join(folder, name)
  return {
    folder,
    plan: inside('plan.json'),
    planSummary: inside('plan.md'),
    lock: inside('tagproof.lock'),
    exports: inside('exports'),
    environments: inside('environments'),
    build: (world) => inside(`build-${world}`),
    complete: inside('complete'),
    brief: inside('brief.json'),
    proof: inside('proof.json'),
    uploads: inside('uploads.json'),
    try: inside('try.json'),
    origins: inside('origins'),
    release: inside('release.json'),
    sums: inside('SHA256SUMS'),
    summary: inside('summary.md'),
    packages: inside('packages'),
    local: inside('local'),
    publishSummary: inside('publish.md'),
    receipt: inside('receipt.json')
  }
}

/** Where config and lock lie in the tagged tree. */
export const configPath = '.github/tagproof.yml'
export const lockPath = '.github/tagproof.lock'

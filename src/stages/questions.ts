import type { BuiltTarget, Perturbation } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import type { PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import type { ArchiveKind } from '../formats/archive.ts'
import { asTagproofError } from '../platform/errors.ts'
import { joinInside } from '../platform/files.ts'
import { culpritKey, differingMembers } from '../proof/attribution.ts'
import { artifactPairs } from '../proof/made-of.ts'
import type { Ground } from './base-images.ts'
import type { BuildRoom } from './build-target.ts'
import type { Variant } from '../source/export-variant.ts'
import { openTracedTree } from '../source/traced-tree.ts'
import type { Repository } from '../source/repository.ts'
import { perturbationVariant } from './perturb.ts'
import { originalsOf } from './prove-variants.ts'
import { strippedTimes } from './stripped-times.ts'
import { withTrial, type Trial, type Tried } from './trial.ts'

/** Under which conditions of world b a target is built once more. */
export interface Question {
  off: readonly VariationName[]
  /** Scrambled files that are left as they are. */
  originals?: readonly string[]
  /** The other scrambled files are those of a perturbation. */
  perturbation?: Perturbation['name']
}

/** Enough for one variation and one file out of thousands, twice. */
const mostBuilds = 40

class TooManyBuilds extends Error {}

interface Answer {
  /** Keys of members that differ from world a. */
  members: ReadonlySet<string>
  /** Artifacts that were not made, or cannot be read: each of their members differs. */
  artifacts: ReadonlySet<string>
}

/** An artifact of world a. */
export interface CalmArtifact {
  name: string
  kind: ArchiveKind
  file: string
}

/** What world a has made, and what is known of it. */
export interface CalmWorld {
  /** Of the target that is asked about. */
  artifacts: readonly CalmArtifact[]
  /** All targets: an image holds the hash of the wheel in it. */
  targets: readonly BuiltTarget[]
  ground: Ground
}

/** Builds a target again and again, each time under other conditions, and tells which members differ from world a. */
export class Questions {
  private readonly answers = new Map<string, Answer>()
  private readonly room: BuildRoom
  private readonly target: PlanTarget
  private readonly calm: CalmWorld
  private readonly repository: Repository

  /** @param repository where originals are read */
  constructor(room: BuildRoom, target: PlanTarget, calm: CalmWorld, repository: Repository) {
    this.room = room
    this.target = target
    this.calm = calm
    this.repository = repository
  }

  /** Whether a member differs then; the same question is built for once only. */
  async differs(question: Question, of: Pick<Finding, 'artifact' | 'member'>): Promise<boolean> {
    const { members, artifacts } = await this.ask(question)
    return artifacts.has(of.artifact ?? '') || members.has(culpritKey(of))
  }

  /** Whether the target can be built then. */
  async fails(question: Question): Promise<boolean> {
    const { artifacts } = await this.ask(question)
    return this.calm.artifacts.every(({ name }) => artifacts.has(name))
  }

  /** Undefined where it would take more builds than are allowed. */
  async within<T>(find: () => Promise<T>): Promise<T | undefined> {
    try {
      return await find()
    } catch (thrown) {
      if (thrown instanceof TooManyBuilds) return undefined
      throw thrown
    }
  }

  private async ask(question: Question): Promise<Answer> {
    const { off, originals = [], perturbation } = question
    const key = JSON.stringify([[...off].sort(), [...originals].sort(), perturbation ?? ''])
    const known = this.answers.get(key)
    if (known !== undefined) return known
    if (this.answers.size >= mostBuilds) throw new TooManyBuilds()
    const left = new Set(originals)
    const { plan } = this.room
    const variant: Variant = {
      ...(left.size === 0 ? {} : { original: (path) => left.has(path) }),
      ...(perturbation === undefined ? {} : perturbationVariant(perturbation, plan, plan.scramble.tier))
    }
    const trial: Trial = {
      target: this.target,
      off,
      title: this.titleOf(question),
      ...(Object.keys(variant).length === 0 ? {} : { variant })
    }
    const answer = await withTrial(this.room, trial, (tried) =>
      this.compare(tried, variant.seed ?? plan.scramble.seed)
    )
    this.answers.set(key, answer)
    return answer
  }

  private async compare({ built, parts, given, folder }: Tried, seed: Sha256): Promise<Answer> {
    const { scrambled } = given
    const { links } = this.room.plan.scramble
    const tree = await openTracedTree(this.repository, this.room.plan.tag.tree)
    const times = await strippedTimes(tree, this.room.plan, this.target.name)
    const original = originalsOf(scrambled, this.repository)
    const { targets, ground } = this.calm
    const { baseLayers } = ground
    const madeOf = artifactPairs(targets, [...parts, built])
    const members = new Set<string>()
    const artifacts = new Set<string>()
    for (const { name, kind, file } of this.calm.artifacts) {
      const made = built.artifacts.some((artifact) => artifact.name === name)
      const found = made
        ? await differing({
            a: file,
            b: joinInside(folder, name),
            kind,
            scramble: scrambled,
            links,
            seed,
            original,
            strippedTimes: times,
            madeOf,
            ...(baseLayers === undefined ? {} : { baseLayers })
          })
        : null
      if (found === null) artifacts.add(name)
      for (const member of found ?? []) members.add(culpritKey({ artifact: name, member }))
    }
    return { members, artifacts }
  }

  private titleOf({ off, originals = [] }: Question): string {
    const left = off.length > 3 ? `${off.length} variations` : off.join(', ')
    const whole = originals.length === 0 ? '' : `${originals.length} files scrambled`
    const without = [left, whole].filter((part) => part !== '').join(' and ')
    const how = without === '' ? '' : ` without ${without}`
    return `attribute ${this.answers.size + 1}: build ${this.target.name} in world b${how}`
  }
}

/** Null for an artifact that cannot be read. */
async function differing(request: Parameters<typeof differingMembers>[0]): Promise<string[] | null> {
  try {
    return await differingMembers(request)
  } catch (thrown) {
    const error = asTagproofError(thrown)
    if (error.code === 'archive-invalid') return null
    throw error
  }
}

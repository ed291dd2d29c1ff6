import { lockedImage } from '../../../lock/images/locked-image.ts'
import { parseReference } from '../../../platform/registry/reference.ts'
import type { Dockerfile } from '../dockerfile.ts'
import { pinnedLine } from '../pinning.ts'
import { contextNames, type Reference } from '../references.ts'
import type { Stages } from '../stages.ts'
import { shown, type Fault, type LockedImages } from './rule.ts'

/** References to images: whether the lock has them, and whether the Dockerfile pins them itself. */
export function baseFaults(
  all: Stages,
  references: readonly Reference[],
  images: LockedImages | undefined
): Fault[] {
  return references.filter(({ kind }) => kind === 'image').flatMap((one) => baseFault(all, one, images) ?? [])
}

function baseFault(all: Stages, reference: Reference, images: LockedImages | undefined): Fault | null {
  const { name, line } = reference
  const digest = parseReference(name)?.digest ?? null
  const locked = lockedImage(images, name)
  if (locked === undefined)
    return {
      code: 'dockerfile-unlocked',
      severity: 'refuse',
      line,
      says: `takes the image ${name}, which the lock does not name${digest === null ? '' : ' with this digest'}.`,
      cause: 'It was added or changed after the lock was made.',
      fix: 'Run tagproof lock, and commit what it writes.'
    }
  if (digest !== null) return null
  const change = pinnedLine(all, reference, locked.digest)
  return {
    code: 'dockerfile-tag',
    severity: 'note',
    line,
    says: `takes ${name} by its tag; the lock pins it to ${locked.digest}.`,
    cause:
      'Tags move. This build takes what the lock names; a build without Tagproof takes what the tag says that day.',
    fix:
      change === null
        ? `The name is put together from arguments: write ${name.split('@')[0] ?? name}@${locked.digest} in full to pin it for everybody.`
        : `Line ${change.line}: ${change.text}`
  }
}

/** Builds for another platform than the wanted one. */
export function platformFaults({ stages }: Stages, needed: ReadonlySet<number>, platform: string): Fault[] {
  return stages.flatMap((stage): Fault[] => {
    const wanted = stage.platform?.text
    if (!needed.has(stage.index) || wanted === undefined || wanted === platform) return []
    return [
      {
        code: 'dockerfile-platform',
        severity: 'warn',
        line: stage.from.line,
        says: `takes a base for ${shown(wanted)} where the image is for ${platform}.`,
        cause: 'Its programs run only under emulation, which no build of a release does silently.',
        fix: 'Remove --platform, or write --platform=$TARGETPLATFORM; list the platforms under `platforms:` of the target.'
      }
    ]
  })
}

/** A stage with the name of a context would never be built: the context takes its place. */
export function shadowFaults({ stages }: Stages): Fault[] {
  return stages
    .filter(({ name }) => name !== null && (contextNames as readonly string[]).includes(name))
    .map(({ name, from }) => ({
      code: 'dockerfile-shadow',
      severity: 'refuse',
      line: from.line,
      says: `calls a stage ${name ?? ''}, which is the name of a context of Tagproof.`,
      cause: 'The context takes the place of the stage, so the stage is not built.',
      fix: 'Give the stage another name.'
    }))
}

/** The program that reads the Dockerfile is an image too, where `# syntax=` names one. */
export function syntaxFaults({ syntax }: Dockerfile): Fault[] {
  if (syntax === null || /^docker\/dockerfile(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/.test(syntax.value))
    return []
  const digest = /@sha256:[0-9a-f]{64}$/.test(syntax.value)
  return [
    {
      code: 'dockerfile-syntax',
      severity: digest ? 'warn' : 'refuse',
      line: syntax.line,
      says: `has the file read by ${shown(syntax.value) || 'nothing'}, a program from a registry.`,
      cause: digest
        ? 'The pinned BuildKit reads the file with its own frontend, which may understand it differently.'
        : 'Such a program decides what the whole build does, and a tag lets it change.',
      fix: 'Remove the line: the pinned BuildKit has its own frontend, which knows all that is released of the syntax.'
    }
  ]
}

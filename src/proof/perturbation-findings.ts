import type { BuildFailure, Perturbation } from '../documents/build.ts'
import type { ScrambledFile } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { listScrambled, scrambledReads } from './build-failure.ts'
import { escaped } from './content.ts'

/** A perturbation that could not be built: what it would have shown is not known. */
export function perturbationFailure(
  name: Perturbation['name'],
  target: string,
  failure: BuildFailure,
  files: readonly ScrambledFile[]
): Finding {
  const read = scrambledReads(failure.reads, files, failure.output)
  const what = read.length === 0 ? '' : ` It had read these: ${listScrambled(read)}.`
  const said = escaped(failure.found ?? failure.message)
  const pairs = name === 'pairs'
  return {
    check: 'uninfluenced',
    code: pairs ? 'pair-untested' : 'perturbation-fails',
    severity: 'refuse',
    artifact: null,
    member: null,
    message: pairs
      ? `${target} does not build with other content in the files of declared pairs, so that these pairs touch nothing else is not tested: ${said}`
      : `${target} builds with the files as world b sees them, and not with other noise (${name}): ${said}`,
    cause: pairs
      ? `The generator cannot read scrambled files, even where their format is kept.${what}`
      : `A build that follows no opaque file cannot tell one noise from another.${what}`,
    fix: pairs
      ? 'Let the generator run on any valid content; or waive the finding with a reason (check: uninfluenced, code: pair-untested).'
      : 'Keep the files out of the build, declare a pair under `generated:`, or declare them under `inputs:` with a reason.',
    waiver: null
  }
}

/** A perturbation whose artifact has another name. */
export function perturbationMissing(name: Perturbation['name'], artifact: string): Finding {
  return {
    check: 'uninfluenced',
    code: 'artifact-missing',
    severity: 'refuse',
    artifact,
    member: null,
    message: `It was not made where scrambled files hold other noise (${name}).`,
    cause: 'The name of the artifact follows the content of an opaque file.',
    fix: 'The version and the name must come from the tag and from readable files alone.',
    waiver: null
  }
}

/** How much is known once all builds with other noise agree: what chance is left to a leak. */
export function perturbationNote(
  perturbations: readonly Perturbation[],
  findings: readonly Finding[]
): Finding[] {
  const seeds = perturbations.filter(({ name }) => name !== 'pairs').length + 1
  if (seeds < 2 || findings.length > 0) return []
  return [
    {
      check: 'uninfluenced',
      code: 'perturbed',
      severity: 'note',
      artifact: null,
      member: null,
      message: `${seeds} builds saw scrambled files, each with other noise, and made the same. A leak of b bits of an opaque file would pass with a chance of 2^(-${seeds} × b): one bit with 1 in ${2 ** seeds}, one byte with 1 in ${2 ** (8 * seeds)}.`,
      cause: null,
      fix: null,
      waiver: null
    }
  ]
}

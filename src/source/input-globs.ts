import type { DeclaredInput } from '../documents/config.ts'
import { TagproofError } from '../platform/errors.ts'
import { globMatcher } from './glob.ts'
import type { Decision } from './inputs.ts'
import type { TreeEntry } from './tree.ts'

/** Of so few opaque files a glob may spare more than half. */
const fewOpaque = 10
const fewTests = 3

/** @throws TagproofError `config-invalid` for an input glob that fits no file: it would spare nothing. */
export function checkInputGlobs(entries: readonly TreeEntry[], inputs: readonly DeclaredInput[]): void {
  for (const [at, { path }] of inputs.entries()) {
    const matches = globMatcher([path])
    if (entries.some((entry) => matches(entry.path))) continue
    throw new TagproofError('config-invalid', `The input ${JSON.stringify(path)} fits no file of the tree.`, {
      where: `.github/tagproof.yml: inputs[${at}].path`,
      fix: 'Correct the glob, or remove it.'
    })
  }
}

/**
 * An input is a file that the build reads, so whoever declares most of what nobody can read has not looked which.
 *
 * @param opaque every opaque file of the tree, declared or not
 * @throws TagproofError `config-invalid` for a glob that spares more than half of all opaque files, or all tests
 */
export function checkInputBreadth(
  opaque: readonly { path: string; decision: Decision }[],
  inputs: readonly DeclaredInput[]
): void {
  const tests = opaque.filter(({ decision }) => decision.reason === 'tests')
  for (const [at, { path }] of inputs.entries()) {
    const matches = globMatcher([path])
    const fits = ({ path: file }: { path: string }): boolean => file !== path && matches(file)
    const spared = opaque.filter(fits).length
    if (opaque.length > fewOpaque && spared * 2 > opaque.length)
      throw tooBroad(at, path, `${spared} of ${opaque.length} opaque files`)
    if (tests.length >= fewTests && tests.every(fits))
      throw tooBroad(at, path, `all ${tests.length} files under tests`)
  }
}

function tooBroad(at: number, path: string, found: string): TagproofError {
  return new TagproofError('config-invalid', `The input ${JSON.stringify(path)} is too broad.`, {
    where: `.github/tagproof.yml: inputs[${at}].path`,
    found: `it spares ${found}`,
    expected: 'the files that the build reads, and no others',
    fix: 'Name them one by one, or by a narrower glob; tagproof explain names the file that a build read.'
  })
}

import type { PlanTarget } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { parseExpectedFiles, unknownSections, type ExpectedFiles } from '../proof/expected-files.ts'
import type { Repository } from '../source/repository.ts'
import type { TreeEntry } from '../source/tree.ts'

/** More is no list of files. */
const largestList = 16 * 1024 * 1024

/** The list of expected files in the tagged tree. @throws TagproofError `config-invalid` */
export async function readExpectedFiles(
  repository: Repository,
  entries: readonly TreeEntry[],
  file: string
): Promise<ExpectedFiles> {
  const entry = entries.find((candidate) => candidate.path === file && candidate.mode !== '120000')
  if (entry === undefined || entry.size > largestList)
    throw new TagproofError('config-invalid', `The list of expected files cannot be used.`, {
      where: `expected-files: ${file}`,
      found: entry === undefined ? 'no such file in the tagged tree' : `${entry.size} bytes`,
      fix: 'Write the list with tagproof rehearse --write-expected FILE, and commit it.'
    })
  const { data } = await repository.readObject(entry.id, 'blob')
  return parseExpectedFiles(data.toString('utf8'), file)
}

/**
 * Reads the list before anything is built: a list that cannot be read, or that has sections for nothing, must not be
 * found out at the end.
 *
 * @throws TagproofError `config-invalid`
 */
export async function checkExpectedFiles(
  repository: Repository,
  entries: readonly TreeEntry[],
  targets: readonly PlanTarget[],
  file: string
): Promise<void> {
  const [unknown] = unknownSections(await readExpectedFiles(repository, entries, file), targets, [
    'sdist',
    'wheel'
  ])
  if (unknown === undefined) return
  throw new TagproofError('config-invalid', `A section of ${file} is about no artifact of this release.`, {
    where: file,
    found: `[${unknown}]`,
    expected: targets.length === 1 ? '[sdist] and [wheel]' : '[TARGET sdist] and [TARGET wheel]',
    fix: 'Correct the title, or remove the section.'
  })
}

import path from 'node:path'
import type { PythonLock } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import { normalisedName, requirementName } from './pip-report.ts'
import { parseRequirementsText, type IncludedFile, type RequirementLine } from './requirements-text.ts'

/** What is asked for at run time, from all files. */
export interface RunTimeRequirements {
  /** By the file of the tree that asks. */
  asked: Record<string, string[]>
  /** Requirements that hold for what is chosen, and choose nothing. */
  constraints: string[]
  /** Lines with hashes, and where any has some, all lines: then each locked file must be among those of its project. */
  hashed: RequirementLine[]
}

/** Text of a file of the tree; null where there is none. */
export type ReadTree = (file: string) => Promise<string | null>

const largestFile = 1024 * 1024
const deepest = 10

/**
 * Reads requirements files of the tree, and what they take in.
 *
 * @param files paths in the tree
 * @throws TagproofError `config-invalid` with file and line, for a file that is missing, lies outside of the tree or
 *   takes itself in, and as {@link parseRequirementsText}
 */
export async function readRequirements(
  files: readonly string[],
  read: ReadTree
): Promise<RunTimeRequirements> {
  const asked = new Map<string, Set<string>>()
  const constraints = new Set<string>()
  const lines: RequirementLine[] = []

  async function take(file: string, kind: IncludedFile['kind'], above: readonly string[], where: string) {
    if (above.includes(file) || above.length >= deepest)
      throw unusable(where, [...above, file].join(' → '), 'files that take in others, never themselves')
    const text = await read(file)
    if (text === null) throw unusable(where, `no file ${file} in the tagged tree`, 'a file of the tree')
    if (text.length > largestFile) throw unusable(where, `${text.length} characters`, 'at most a megabyte')
    const parsed = parseRequirementsText(text, file)
    for (const line of parsed.requirements) {
      lines.push(line)
      if (kind === 'constraints') constraints.add(line.requirement)
      else asked.set(file, (asked.get(file) ?? new Set()).add(line.requirement))
    }
    for (const included of parsed.includes) {
      const target = insideTree(file, included)
      await take(target, kind === 'constraints' ? kind : included.kind, [...above, file], included.where)
    }
  }

  for (const file of files) await take(file, 'requirements', [], 'requirements')
  return {
    asked: Object.fromEntries([...asked].map(([file, list]) => [file, [...list]])),
    constraints: [...constraints],
    hashed: lines.some((line) => line.sha256.length > 0) ? lines : []
  }
}

/**
 * Checks a lock against the hashes of the requirements files, as pip's hash mode does: where one line has hashes, each
 * locked file must be one that its line allows.
 *
 * @throws TagproofError `hash-mismatch` for a file with another hash, `lock-unresolvable` for one that no line covers
 */
export function checkHashes(lock: PythonLock, hashed: readonly RequirementLine[]): void {
  if (hashed.length === 0) return
  const allowed = new Map<string, RequirementLine[]>()
  for (const line of hashed) {
    const name = requirementName(line.requirement) ?? ''
    allowed.set(name, [...(allowed.get(name) ?? []), line])
  }
  for (const { name, version, file, sha256 } of lock.packages) {
    const lines = (allowed.get(normalisedName(name)) ?? []).filter((line) => line.sha256.length > 0)
    if (lines.length === 0)
      throw new TagproofError('lock-unresolvable', `The requirements have hashes, but none for ${name}.`, {
        found: `${name} ${version}, which others ask for`,
        expected: 'hashes for every package, as pip demands it too',
        fix: `Add ${name}==${version} --hash=sha256:${sha256}, or make the file again with pip-compile --generate-hashes.`
      })
    if (lines.some((line) => line.sha256.includes(sha256))) continue
    throw new TagproofError('hash-mismatch', `${file} is not what the requirements file says.`, {
      where: lines.map((line) => line.where).join(', '),
      found: `sha256:${sha256}`,
      expected: `one of the ${lines.flatMap((line) => line.sha256).length} hashes that stand there`,
      fix: 'If the hash of this file was left out there (a wheel for another interpreter, an sdist alone), make the file again with pip-compile --generate-hashes; if not, the index serves something else than it did.'
    })
  }
}

function insideTree(file: string, { path: name, where }: IncludedFile): string {
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), name))
  if (target.startsWith('../') || target === '..' || target === '.')
    throw unusable(where, name, 'a file inside the tree')
  return target
}

function unusable(where: string, found: string, expected: string): TagproofError {
  return new TagproofError('config-invalid', 'A requirements file cannot be used.', {
    where,
    found,
    expected,
    fix: 'Correct the path; it is relative to the file that names it, and in the configuration to the top of the tree.'
  })
}

import type { PlannedGit } from '../../documents/git-inputs.ts'
import type { MemberOrigin } from '../../documents/origins.ts'

/** A git input, as far as origins tell of it. */
export type GitOrigin = Pick<PlannedGit, 'name' | 'path' | 'commit'>

/** The input that a path of the tree belongs to; undefined for a file of the tag. */
export function gitOf<Input extends Pick<PlannedGit, 'name'>>(
  path: string,
  git: readonly Input[]
): Input | undefined {
  return git.find(({ name }) => path.startsWith(`${name}/`))
}

/**
 * Tells what comes from a git input as what it is: a locked dependency, named by its own repository, and no file of the
 * tag. What a generator made of such a file stays the generator's. Pure.
 */
export function withGitOrigin(origin: MemberOrigin, git: readonly GitOrigin[]): MemberOrigin {
  const inputs = origin.from.flatMap((path) => gitOf(path, git) ?? [])
  const [first] = inputs
  if (first === undefined) return origin
  const from = origin.from.map((path) => {
    const input = gitOf(path, git)
    return input === undefined ? path : originText(path, input)
  })
  const ofTree = origin.origin === 'blob' || origin.origin === 'link' || origin.origin === 'moved'
  if (!ofTree) return { ...origin, from }
  return {
    ...origin,
    origin: 'dependency',
    from,
    rule: 'git-input',
    reason: `a file of the git input ${first.name} at its locked commit ${first.commit}`
  }
}

/** `git input NAME: PATH`, the path being that in its own repository. */
function originText(path: string, { name, path: folder }: GitOrigin): string {
  const inner = path.slice(name.length + 1)
  return `git input ${name}: ${folder === '.' ? inner : `${folder}/${inner}`}`
}

import { isStartupFile } from '../code.ts'
import type { Generator } from '../generator.ts'
import { installPath } from '../placement.ts'

/** Asked after the rules for the `.pth` files that are known: what is left is refused by name. */
export const unknownStartupFile: Generator = {
  name: 'startup-file',
  reason:
    'Python runs .pth files and sitecustomize at each start; only those of known generators are accepted.',
  matches: (member, { artifact }) => artifact.kind !== 'sdist' && isStartupFile(installPath(member.inner)),
  derive: (member) =>
    Promise.resolve({
      traced: false,
      code: 'pth-file',
      message: `${member.inner} runs at each start of Python once the package is installed, and no known generator makes it.`,
      cause: 'The build writes it, or it was added by hand.',
      fix: 'Leave it out; or, where it is meant, commit it and add a waiver with a reason (check traced, codes pth-file and pth-blob).'
    })
}

import type { Generator } from '../generator.ts'

/** Bytecode runs in place of the source beside it, and nobody reads it. */
export const bytecode: Generator = {
  name: 'bytecode',
  reason:
    'Python writes bytecode when it imports a module; packages hold none of it, for it would run unread.',
  matches: ({ inner, kind }, { artifact }) =>
    (artifact.kind === 'sdist' || artifact.kind === 'wheel') &&
    kind !== 'symlink' &&
    (/\.py[co]$/i.test(inner) || /(^|\/)__pycache__\//.test(inner)),
  derive: (member) =>
    Promise.resolve({
      traced: false,
      code: 'bytecode-refused',
      message: `${member.inner} is bytecode: Python may run it instead of the source that a reviewer reads.`,
      cause: 'Something imports or compiles modules in the source tree during the build.',
      fix: 'Build with PYTHONDONTWRITEBYTECODE=1, or leave __pycache__ out of the package (global-exclude *.py[co] in MANIFEST.in).'
    })
}

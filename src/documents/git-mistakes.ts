import type { Config } from './config.ts'
import { nearest, type Mistake } from './config-mistakes.ts'

/** What the schema of the configuration cannot say of `git:`: names that have to agree with one another. Pure. */
export function gitMistakes({ git, targets = [] }: Pick<Config, 'git' | 'targets'>): Mistake[] {
  const names = git.map(({ name }) => name)
  const twice = names.flatMap((name, index): Mistake[] =>
    names.indexOf(name) === index
      ? []
      : [
          {
            path: ['git', index, 'name'],
            part: 'value',
            message: `Two git inputs are called ${name}.`,
            found: `a second ${name}`,
            expected: 'a name of its own for each',
            fix: 'Give one of them another name: it is the folder that a build sees.'
          }
        ]
  )
  const unknown = targets.flatMap((target, index) =>
    (target.git ?? []).flatMap((name, at): Mistake[] => {
      if (names.includes(name)) return []
      const near = nearest(name, names)
      return [
        {
          path: ['targets', index, 'git', at],
          part: 'value',
          message: `There is no git input ${name}.`,
          found: name,
          expected: names.length === 0 ? 'a name under git:, which is empty' : `one of ${names.join(', ')}`,
          fix: near === undefined ? 'Describe it under git:.' : `Did you mean ${near}?`
        }
      ]
    })
  )
  return [...twice, ...unknown]
}

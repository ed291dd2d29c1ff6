import { z } from 'zod'
import { TagproofError } from '../../../platform/errors.ts'
import { lastLines } from '../../../platform/process.ts'
import type { WorldResult } from '../../../worlds/run.ts'
import type { BuildRequest } from '../../build-request.ts'
import { driverError } from '../../python/failures.ts'

/** What assemble.py says in its last line. */
const failureField = z.object({
  kind: z.enum(['setting', 'requires', 'libraries', 'tool', 'driver']),
  message: z.string(),
  where: z.string().optional(),
  requirement: z.string().optional()
})

const mark = 'tagproof-driver: '
const shownLines = 20

/** The error for a package that could not be put together. */
export function assembleError(request: BuildRequest, world: WorldResult): TagproofError {
  const failure = readFailure(world.output)
  if (world.contained !== null || failure === undefined) return driverError(request, world)
  const said = world.output.split('\n').filter((line) => !line.startsWith(mark))
  const output = lastLines(said.join('\n'), shownLines)
  const who = `The package of ${request.target.name} in world ${request.world}`
  switch (failure.kind) {
    case 'setting':
      return new TagproofError('build-failed', `${who} cannot be put together: ${failure.message}.`, {
        ...(failure.where === undefined ? {} : { where: failure.where }),
        found: failure.message,
        fix: 'Correct it under `venv` of the target in .github/tagproof.yml, or in the tree.'
      })
    case 'requires':
      return new TagproofError(
        'lock-incomplete',
        `The lock lacks what the wheel of ${request.target.name} needs.`,
        {
          found: failure.message,
          fix: 'Add it to the requirements file (or to `dependencies` of the project), run tagproof lock, and commit both.'
        }
      )
    case 'libraries':
      return new TagproofError('build-failed', `${who} uses shared libraries that the root does not have.`, {
        found: missingLibraries(world.output).join(', ') || 'see the output',
        expected: 'each library in a package of the root, or beside the object that needs it',
        output,
        fix: 'Name the Debian packages of these libraries under `packages` of the target, then run tagproof lock.'
      })
    case 'tool':
    case 'driver':
      return new TagproofError('build-failed', `${who} cannot be put together: ${failure.message}.`, {
        output
      })
  }
}

/** Names of libraries as dpkg-shlibdeps complains of them. */
export function missingLibraries(output: string): string[] {
  const named = [
    ...output.matchAll(/(?:cannot find library|no dependency information found for) (\S+)/g)
  ].map(([, name = '']) => name)
  return [...new Set(named)]
}

function readFailure(output: string): z.output<typeof failureField> | undefined {
  const line = output.split('\n').findLast((text) => text.startsWith(mark))
  try {
    return line === undefined ? undefined : failureField.parse(JSON.parse(line.slice(mark.length)))
  } catch {
    return undefined
  }
}

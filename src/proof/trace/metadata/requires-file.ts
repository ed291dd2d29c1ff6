import { normalizeName } from '../../../formats/metadata.ts'
import type { Generator } from '../generator.ts'
import { confirm, preparedDifference, verdictOf } from './confirmation.ts'
import { memberLines } from './member-text.ts'
import { readComparedMetadata, type ComparedMetadata } from './metadata-text.ts'
import { projectStatement } from './read-statement.ts'
import { judgeExtras, judgeRequirements, unwrittenRequirements } from './requirement-fields.ts'

/** requires.txt of `.egg-info`: setuptools' own form of the requirements. */
export const requiresFile: Generator = {
  name: 'egg-requires',
  reason:
    'setuptools writes requires.txt from the same requirements as Requires-Dist; they are compared as those are.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind === 'sdist' && kind === 'file' && /(^|\/)[^/]+\.egg-info\/requires\.txt$/.test(inner),
  async derive(member, context) {
    const lines = await memberLines(member, context)
    if (lines === undefined) return undefined
    const { requirements, extras } = requirementsOf(lines)
    const statement = await projectStatement(context)
    const judged = [judgeRequirements(requirements, statement), judgeExtras(extras, statement)]
    const from = [...new Set(judged.flatMap((each) => each.from))].map((path) => context.folder + path)
    const wrong = judged.find((each) => each.kind === 'undeclared' || each.kind === 'differs')
    if (wrong?.kind === 'undeclared' || wrong?.kind === 'differs')
      return {
        traced: false,
        code: wrong.kind === 'undeclared' ? 'metadata-undeclared' : 'metadata-differs',
        message: `${member.inner}: ${wrong.found} ${wrong.kind === 'undeclared' ? 'is stated nowhere' : `is there, and the project says ${wrong.expected}`}.`,
        cause: 'Code of the build changes the requirements.',
        fix: `State the requirement in ${statement.from[0] ?? 'pyproject.toml'}, or find what changes it.`
      }
    if (judged.every((each) => each.kind === 'derived')) return { traced: true, from }
    const found: ComparedMetadata = {
      fields: new Map([['requires-dist', requirements]]),
      description: '',
      metadataVersion: ''
    }
    const confirmation = confirm(member, context, ['requirements'], (prepared) => {
      const metadata = readComparedMetadata(prepared.get('METADATA') ?? Buffer.alloc(0), 'METADATA')
      return 'invalid' in metadata ? metadata.invalid : preparedDifference(['Requires-Dist'], found, metadata)
    })
    const verdict = verdictOf(confirmation, from)
    if (context.build !== null) return verdict
    return (await unwrittenRequirements(member, requirements, context)) ?? verdict
  }
}

/** Sections are `[extra]`, `[extra:marker]` or `[:marker]`; the lines in them become requirements with that marker. */
export function requirementsOf(lines: readonly string[]): { requirements: string[]; extras: string[] } {
  const requirements: string[] = []
  const extras = new Set<string>()
  let conditions: string[] = []
  for (const line of lines) {
    const section = /^\[(.*)\]$/.exec(line)?.[1]
    if (section === undefined) {
      const cut = line.indexOf(';')
      const own = cut < 0 ? [] : [line.slice(cut + 1)]
      const all = [...own, ...conditions].map((condition) => `(${condition})`)
      const plain = cut < 0 ? line : line.slice(0, cut)
      requirements.push(all.length === 0 ? plain : `${plain} ; ${all.join(' and ')}`)
      continue
    }
    const cut = section.indexOf(':')
    const extra = normalizeName((cut < 0 ? section : section.slice(0, cut)).trim())
    const marker = cut < 0 ? '' : section.slice(cut + 1).trim()
    if (extra !== '') extras.add(extra)
    conditions = [...(marker === '' ? [] : [marker]), ...(extra === '' ? [] : [`extra == "${extra}"`])]
  }
  return { requirements, extras: [...extras] }
}

import type { Listed } from './list.ts'
import type { Result } from './results.ts'

/** What a person says about an outcome that is not `proven`: whether it is what should have come out, and why. */
export interface Judgement {
  right: boolean
  why: string
}

export type Judgements = Readonly<Record<string, Judgement | undefined>>

type Group = 'proven' | 'other language' | 'rightly refused' | 'wrongly refused' | 'not judged' | 'not run'

const groups: readonly { group: Group; meaning: string }[] = [
  { group: 'proven', meaning: 'both worlds made the same bytes, every member has an origin, no influence' },
  {
    group: 'rightly refused',
    meaning: 'the project does what a release must not do, or needs what no configuration can guess'
  },
  { group: 'wrongly refused', meaning: 'an honest project: a fault of Tagproof' },
  {
    group: 'other language',
    meaning: 'needs crates or npm packages: told before anything is fetched (`lock-language`)'
  },
  { group: 'not judged', meaning: 'nobody has looked yet' },
  { group: 'not run', meaning: 'no result' }
]

/** The page about the corpus. Pure. */
export function corpusReport(
  list: readonly Listed[],
  results: ReadonlyMap<string, Result>,
  judgements: Judgements
): string {
  const rows = list.map((listed) => {
    const result = results.get(listed.name)
    return { listed, result, group: groupOf(result, judgements[listed.name]) }
  })
  const count = (group: Group): number => rows.filter((row) => row.group === group).length
  const proven = count('proven')
  const possible = rows.length - count('other language')
  const whole = rows.flatMap(({ result }) => (result === undefined ? [] : [result.seconds.whole ?? 0]))
  const members = rows.reduce((sum, { result }) => sum + (result?.members?.all ?? 0), 0)
  const counted = groups.filter(({ group }) => count(group) > 0)
  return [
    introduction,
    '## Figures',
    '',
    `**${proven} of ${possible}** projects that need only Python and Debian packages are proven (${percent(proven, possible)}), with ${members} members in all artifacts that came to a verdict. The middle project took ${middle(whole).toFixed(0)} seconds on a shared machine with two cores, lock and build included.`,
    '',
    ...markdownTable(
      ['outcome', 'projects', 'meaning'],
      counted.map(({ group, meaning }) => [group, String(count(group)), meaning])
    ),
    '',
    '## What was not proven, and why',
    '',
    ...markdownTable(
      ['project', 'what Tagproof says', 'judged', 'why'],
      rows
        .filter(({ group }) => group !== 'proven')
        .map(({ listed, result, group }) => [
          listed.name,
          saying(result),
          group,
          judgements[listed.name]?.why ?? (group === 'other language' ? (result?.error?.message ?? '') : '')
        ])
    ),
    '',
    '## All projects',
    '',
    ...markdownTable(
      ['sdist', 'backend', 'outcome', 'members', 'seconds', 'left out of the repository'],
      rows.map(({ listed, result, group }) => [
        listed.file,
        result?.backend ?? '',
        group,
        result?.members === undefined || result.members === null ? '' : String(result.members.all),
        result === undefined ? '' : (result.seconds.whole ?? 0).toFixed(0),
        Object.entries(result?.left ?? {})
          .map(([rule, files]) => `${rule} (${files})`)
          .join(', ')
      ])
    ),
    ''
  ].join('\n')
}

const introduction = `# A hundred projects, with no configuration

Each sdist of \`bench/corpus.tsv\` (drawn by seed from about 430 well-known projects of the Python index, none replaced) was made
into a repository with one commit and one tag: its files, but for what is generated (\`PKG-INFO\`, version files, what
Cython made, and the like) and what the project's own \`.gitignore\` leaves out. Then \`tagproof rehearse\` was run on the
tag: locked, built in both worlds, compared and traced. No project has a configuration.

Such a repository is poorer than the real one: an sdist often lacks tests and tools. What is missing in the sdist and needed by
the build counts against the project here, and would not in its own repository.

To run it again, in parts and outside the test run (needs the Python index; it goes on where it was stopped):

\`\`\`
npm run corpus -- --part 1/10          # lock, build and prove every tenth project
npm run corpus -- --stage prove --again   # prove again what is built
npm run corpus -- --report                # this page, from the results
\`\`\`

This page is written by \`scripts/corpus.mjs\`; the judgements are in \`bench/corpus-judged.json\`.
`

export function groupOf(result: Result | undefined, judgement: Judgement | undefined): Group {
  if (result === undefined) return 'not run'
  if (result.outcome === 'proven') return 'proven'
  if (result.error?.code === 'lock-language') return 'other language'
  if (judgement === undefined) return 'not judged'
  return judgement.right ? 'rightly refused' : 'wrongly refused'
}

function saying(result: Result | undefined): string {
  if (result === undefined) return ''
  if (result.error !== null) return `\`${result.error.code}\``
  return Object.entries(result.refusals)
    .map(([code, members]) => `\`${code}\` (${members})`)
    .join(', ')
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(0)} %`
}

function middle(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

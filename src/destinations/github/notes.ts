import { TagproofError } from '../../platform/errors.ts'

/** Characters of the text of a release (REST API, answers 422 beyond them). */
export const mostNotes = 125_000

/** A line that nobody sees: it tells our drafts from those of others. */
export function markerOf({ tag, commit }: { tag: string; commit: string }): string {
  return `<!-- tagproof: ${tag} of ${commit} -->`
}

export interface NotesFacts {
  tag: string
  commit: string
  /** `owner/name`. */
  repository: string
  files: readonly { name: string; sha256: string; evidence: boolean }[]
  /** The asset of each file, by its name. */
  assets: ReadonlyMap<string, string>
}

/** So many hashes stand in the text; SHA256SUMS has them all. */
const mostRows = 100

/**
 * The text of a release: that of the project where it has one, else what the files are and how to check them; always with
 * the marker. Pure.
 *
 * @param own text of the project; null where it has none
 * @throws TagproofError `upload-refused` for one that is too long
 */
export function releaseNotes(own: string | null, facts: NotesFacts): string {
  const text = `${(own ?? usualNotes(facts)).trimEnd()}\n\n${markerOf(facts)}\n`
  if (text.length <= mostNotes) return text
  throw new TagproofError('upload-refused', 'The notes of the release are too long for GitHub.', {
    found: `${text.length} characters`,
    expected: `at most ${mostNotes}`,
    fix: 'Shorten the file that notes: names, and link to the rest.'
  })
}

function usualNotes({ tag, commit, repository, files, assets }: NotesFacts): string {
  const given = files.filter(({ evidence }) => !evidence)
  const named = ({ name }: { name: string }): string => assets.get(name) ?? name
  const renamed = files.filter((file) => named(file) !== file.name)
  const lines = [
    `Files of ${code(tag)}, built from commit ${code(commit)}.`,
    '| File | SHA-256 |',
    '|---|---|',
    ...given.slice(0, mostRows).map((file) => `| ${code(named(file))} | ${code(file.sha256)} |`),
    ...(given.length > mostRows ? [`| and ${given.length - mostRows} more | in SHA256SUMS |`] : [])
  ]
  const parts = [
    lines[0] ?? '',
    lines.slice(1).join('\n'),
    'To check them:',
    [
      '```sh',
      ...commands(
        tag,
        repository,
        renamed.map((file) => [named(file), file.name])
      ),
      '```'
    ].join('\n')
  ]
  return parts.join('\n\n')
}

/** For a shell; a name that would have to be quoted has no command. */
function commands(tag: string, repository: string, renamed: readonly (readonly string[])[]): string[] {
  if (!isPlain(tag)) return ['sha256sum --check --ignore-missing --strict SHA256SUMS']
  return [
    `gh release download ${tag} --repo ${repository} --dir release && cd release`,
    ...renamed
      .filter((pair) => pair.every(isPlain))
      .map(([from, to]) => `mv ${from ?? ''} ${to ?? ''} # GitHub renames it`),
    'sha256sum --check --ignore-missing --strict SHA256SUMS',
    `# in a clone of the project: where each member of each file comes from`,
    `npx tagproof trace FILE --tag ${tag}`
  ]
}

function isPlain(text: string): boolean {
  return /^[A-Za-z0-9_./:=@%+,~-]+$/.test(text)
}

/** Nothing in it is markup. */
function code(text: string): string {
  return /[`|\p{Cc}]/u.test(text) ? JSON.stringify(text).replace(/[`|]/g, '?') : `\`${text}\``
}

import { readFileSync } from 'node:fs'
import path from 'node:path'

const pages = ['docs/action.md', 'docs/migration.md']
/** Stands before a workflow that is shown for what is wrong with it. */
const before = '<!-- before -->'

/** The workflows that the documentation recommends: `NAME of PAGE`, and the text with a commit where the reader puts one. */
export function workflowsOfDocs(root: string): [string, string][] {
  return pages.flatMap((page) =>
    blocksOf(root, page)
      .filter(({ shown }) => !shown)
      .map(({ text }): [string, string] => [
        `${/^name: (.*)$/m.exec(text)?.[1] ?? ''} of ${page}`,
        text.replaceAll(/OWNER\/tagproof@COMMIT #.*/g, `o/tagproof@${'0'.repeat(40)} # v0.0.0`)
      ])
  )
}

/** The workflow that docs/migration.md leads away from. */
export function workflowBefore(root: string): string {
  const [block] = blocksOf(root, 'docs/migration.md').filter(({ shown }) => shown)
  if (block === undefined) throw new Error('docs/migration.md shows no workflow from before')
  return block.text
}

function blocksOf(root: string, page: string): { text: string; shown: boolean }[] {
  const content = readFileSync(path.join(root, page), 'utf8')
  return [...content.matchAll(/```yaml\n(name: .*?)```/gs)].map((block) => ({
    text: block[1] ?? '',
    shown: content.slice(0, block.index).trimEnd().endsWith(before)
  }))
}

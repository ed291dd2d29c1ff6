import { jsonWords } from '../dockerfile.ts'
import { ignores } from '../ignore-file.ts'
import { expand, splitWords, type Expanded } from '../expansion.ts'
import { shown, type Fault, type Sight } from './rule.ts'

/** COPY of the whole context into a stage whose files are in the image. */
export function wholeContextFaults({ instruction, values, all, inImage, ignoreFile }: Sight): Fault[] {
  const { keyword, flags, text, line } = instruction
  if (!['COPY', 'ADD'].includes(keyword) || !inImage || flags.some(({ name }) => name === 'from')) return []
  const head = text.split('\n')[0] ?? ''
  const words = jsonWords(head) ?? splitWords(head, all.escape)
  const whole = words.slice(0, -1).find((word) => isWhole(expand(word, values, all.escape)))
  if (whole === undefined) return []
  const narrow = `Name what the image needs, such as COPY src /src; or list what it does not need in .dockerignore.`
  if (ignores(ignoreFile ?? '', '.git'))
    return [
      {
        code: 'dockerfile-copy-all',
        severity: 'note',
        line,
        says: `copies ${shown(whole)}: each file of the context that .dockerignore does not name goes into the image.`,
        cause:
          'A file that is added to the tree for tests or documents is then shipped without anybody’s notice.',
        fix: narrow
      }
    ]
  return [
    {
      code: 'dockerfile-copy-all',
      severity: 'warn',
      line,
      says: `copies ${shown(whole)}: the whole context, .git among it.`,
      cause:
        'The image then holds the database of git, which no proof traces and which differs from clone to clone.',
      fix: `Write .git into .dockerignore. ${narrow}`
    }
  ]
}

/** The context, its top, or each name in it. A variable without a value is no name at all. */
function isWhole({ text, missing }: Expanded): boolean {
  return missing.length === 0 && /^(\.|\.?\/\.?|(\.?\/)?\*)$/.test(text)
}

import { TagproofError } from '../platform/errors.ts'
import { quotedName } from './tag-name.ts'

const longestPart = 255
const longestPath = 4096

interface PartRule {
  broken: (part: string) => boolean
  says: string
}

const rules: readonly PartRule[] = [
  { broken: (part) => part === '' || part === '.' || part === '..', says: 'leaves its folder' },
  { broken: (part) => part.toLowerCase() === '.git', says: 'would lie in the .git folder' },
  {
    broken: (part) => part.includes('/') || part.includes('\\'),
    says: 'holds a slash or backslash in one part'
  },
  // eslint-disable-next-line no-control-regex
  { broken: (part) => /[\0-\x1f\x7f]/.test(part), says: 'holds a control character' },
  {
    broken: (part) => Buffer.byteLength(part) > longestPart,
    says: `has a part longer than ${longestPart} bytes`
  }
]

/**
 * One name of a tree as text, and the path it makes. What cannot be a file everywhere, or would be another file
 * than it looks, is refused by name.
 *
 * @throws TagproofError `path-refused`
 */
export function treePath(folder: string, name: Buffer): string {
  const part = name.toString('utf8')
  const path = folder === '' ? part : `${folder}/${part}`
  if (!Buffer.from(part, 'utf8').equals(name)) throw refused(path, 'is not UTF-8')
  const broken = rules.find((rule) => rule.broken(part))
  if (broken !== undefined) throw refused(path, broken.says)
  if (Buffer.byteLength(path) > longestPath) throw refused(path, `is longer than ${longestPath} bytes`)
  return path
}

function refused(path: string, says: string): TagproofError {
  return new TagproofError('path-refused', `The tree holds ${quotedName(path)}, which ${says}.`, {
    fix: 'Rename it in the repository, and tag a commit without it.'
  })
}

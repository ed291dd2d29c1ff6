import { TagproofError } from '../platform/errors.ts'

interface NameRule {
  broken: (name: string) => boolean
  says: string
}

/** Rules of git-check-ref-format(1), and three of ours: no option, no invisible character, no full ref name. */
const rules: readonly NameRule[] = [
  { broken: (name) => name === '', says: 'it is empty' },
  { broken: (name) => Buffer.byteLength(name) > 250, says: 'it is longer than 250 bytes' },
  { broken: (name) => name.startsWith('-'), says: 'it begins with a dash, like an option' },
  // eslint-disable-next-line no-control-regex
  { broken: (name) => /[\0-\x1f\x7f]/.test(name), says: 'it holds a control character' },
  {
    broken: (name) => /[\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(name),
    says: 'it holds an invisible or direction-changing character'
  },
  { broken: (name) => /[\s~^:?*[\\]/u.test(name), says: 'it holds a blank or one of ~ ^ : ? * [ \\' },
  { broken: (name) => name.includes('..') || name.includes('@{'), says: 'it holds .. or @{' },
  { broken: (name) => name === '@', says: 'it is a lone @' },
  {
    broken: (name) => name.split('/').some((part) => part === '' || part.startsWith('.')),
    says: 'a part of it is empty or begins with a dot'
  },
  {
    broken: (name) => name.split('/').some((part) => part.endsWith('.lock') || part.endsWith('.')),
    says: 'a part of it ends in a dot or in .lock'
  },
  { broken: (name) => name.startsWith('refs/'), says: 'it is the full name of a ref' }
]

/**
 * Refuses tag names that git would not make, or that a reader or a program could take for something else.
 *
 * @throws TagproofError `tag-name`
 */
export function checkTagName(name: string): void {
  const broken = rules.find((rule) => rule.broken(name))
  if (broken === undefined) return
  throw new TagproofError('tag-name', `The tag name ${quotedName(name)} cannot be used: ${broken.says}.`, {
    expected: 'a name as in v1.2.3, project-1.2.3 or release/1.2',
    fix: name.startsWith('refs/tags/')
      ? `Leave refs/tags/ out: --tag ${name.slice('refs/tags/'.length)}`
      : 'Name the tag as git tag --list shows it, or make a tag with a plainer name.'
  })
}

/** A name for messages: quoted, and no character of it acts on a terminal. */
export function quotedName(name: string): string {
  return JSON.stringify(name.slice(0, 260)).replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  )
}

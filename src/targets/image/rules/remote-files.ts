import { expand, splitWords } from '../expansion.ts'
import { jsonWords } from '../dockerfile.ts'
import { shown, type Fault, type Sight } from './rule.ts'

/** ADD of something that is not in the tree. */
export function remoteFaults({ instruction, values, all }: Sight): Fault[] {
  if (instruction.keyword !== 'ADD') return []
  const { text, flags, line } = instruction
  const head = text.split('\n')[0] ?? ''
  const words = jsonWords(head) ?? splitWords(head, all.escape)
  const checksum = flags.find((flag) => flag.name === 'checksum')?.value ?? null
  return words.slice(0, -1).flatMap((word): Fault[] => {
    const source = expand(word, values, all.escape)
    if (source.missing.length > 0 && word.startsWith('$')) return [unknownSource(word, source.missing, line)]
    if (isGit(source.text)) return [gitFault(source.text, line)]
    if (!/^(https?|ftp):/i.test(source.text)) return []
    return [urlFault(source.text, checksum, line)]
  })
}

const offline =
  'The build has no network, so the step fails: put the file into the tree, or into a Debian package or requirement of the lock.'

/** Git URLs as BuildKit knows them: a scheme of git, or an URL that ends with .git. */
function isGit(source: string): boolean {
  return /^(git:\/\/|ssh:\/\/|git@)/i.test(source) || /^https?:\/\/[^#?]*\.git([#?]|$)/i.test(source)
}

function gitFault(source: string, line: number): Fault {
  const commit =
    /#([0-9a-f]{40}|[0-9a-f]{64})(:|$)/.test(source) ||
    /[?&]checksum=([0-9a-f]{40}|[0-9a-f]{64})(&|$)/.test(source)
  return {
    code: 'dockerfile-remote-add',
    severity: commit ? 'warn' : 'refuse',
    line,
    says: `adds a git repository${commit ? '' : ' by a name that can move'}: ${shown(withoutUser(source))}`,
    cause: commit ? offline : 'A branch, a tag and a short commit can lead to other files tomorrow.',
    fix: 'Make it a submodule of this repository, and COPY it: its commit is then part of the tag.'
  }
}

function urlFault(source: string, checksum: string | null, line: number): Fault {
  const fixed = checksum !== null && /^sha256:[0-9a-f]{64}$/.test(checksum)
  return {
    code: 'dockerfile-remote-add',
    severity: fixed ? 'warn' : 'refuse',
    line,
    says: `adds a file of a server${fixed ? '' : ' without its checksum'}: ${shown(withoutUser(source))}`,
    cause: fixed ? offline : 'The server decides what goes into the image, each time anew.',
    fix: 'Commit the file and write COPY, or take what it holds from a package that the lock names.'
  }
}

function unknownSource(word: string, missing: readonly string[], line: number): Fault {
  return {
    code: 'dockerfile-unresolved',
    severity: 'refuse',
    line,
    says: `adds ${shown(word)}, and ${missing.join(', ')} has no value that is known here.`,
    cause: 'It may be the address of a server.',
    fix: 'Write COPY, which takes files of the tree alone; or give the ARG a default.'
  }
}

/** Names and passwords have no business in a message. */
function withoutUser(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1').replace(/\?.*$/, '')
}

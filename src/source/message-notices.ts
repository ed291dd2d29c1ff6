import type { Notice } from '../documents/plan.ts'
import { contentReason, isBinary } from './opaque.ts'

/**
 * The armour of a signature by OpenPGP, SSH or X.509, as git keeps it: at the end of a tag, or in a header of a commit,
 * whose first line stands behind the header's name and the others behind a blank.
 */
const armourBegins =
  /^(?:gpgsig(?:-sha256)? | )?-----BEGIN (PGP SIGNATURE|SSH SIGNATURE|SIGNED MESSAGE|PGP MESSAGE)-----$/
/** RSA of 4096 bits takes 0.9 KB, a certificate chain with a log entry 6 KB. */
const largestSignature = 16 * 1024
/** A merge of more is no merge of people; each parent is 20 bytes that need not mean anything. */
const mostParents = 16

/**
 * Whether a commit or tag, which a build can read in its thin git folder, carries what people do not read: encoded
 * text outside its signature, bytes that are no text, a signature of a size that none has, parents by the hundred.
 *
 * @param path how the notice names it, such as `commit`
 */
export function messageNotices(path: string, data: Buffer): Notice[] {
  const notice = (found: string): Notice => ({
    code: 'encoded-message',
    severity: 'refuse',
    path,
    line: null,
    column: null,
    found,
    count: 1
  })
  // Old commits are in Latin-1; NUL and its like are in none.
  const text = data.toString(isBinary(data) ? 'latin1' : 'utf8')
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x08\x0e-\x1f]/.test(text)) return [notice('control characters')]
  const { rest, signed } = withoutSignatures(text.split('\n'))
  if (signed > largestSignature) return [notice(`signatures of ${signed} bytes`)]
  const parents = (text.split('\n\n', 1)[0] ?? '').match(/^parent /gm)?.length ?? 0
  if (parents > mostParents) return [notice(`${parents} parents`)]
  const reason = contentReason('message', Buffer.from(rest))
  return reason === undefined ? [] : [notice(`${reason} text`)]
}

/** The text without its signatures, and how many characters those have. Armour without an end is text. */
function withoutSignatures(lines: readonly string[]): { rest: string; signed: number } {
  const rest: string[] = []
  let signed = 0
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const kind = armourBegins.exec(line)?.[1]
    const end = kind === undefined ? -1 : endOf(lines, at, `-----END ${kind}-----`)
    if (end < 0) rest.push(line)
    else {
      signed += lines.slice(at, end + 1).join('\n').length
      at = end
    }
  }
  return { rest: rest.join('\n'), signed }
}

/** Armour has no other line that begins with a dash. */
function endOf(lines: readonly string[], begin: number, wanted: string): number {
  for (let at = begin + 1; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').replace(/^ /, '')
    if (line === wanted) return at
    if (line.startsWith('-')) return -1
  }
  return -1
}

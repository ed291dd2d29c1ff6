import { armor, readArmor } from './armor.ts'
import { OpenPgpProblem } from './bytes.ts'
import { makeSignature, signatureType, type SigningKey } from './signature.ts'

const begin = '-----BEGIN PGP SIGNED MESSAGE-----'
const beginSignature = '-----BEGIN PGP SIGNATURE-----'

/** What a signature of a text covers: lines end in CR LF, white space at their ends is left out, and so is the last end. */
export function signedText(text: string): Buffer {
  const lines = text.replace(/\n$/, '').split('\n')
  return Buffer.from(lines.map((line) => line.replace(/[ \t\r]+$/, '')).join('\r\n'))
}

/** The text with its signature around it (RFC 4880, 7). @throws RangeError for a text that would need escaping */
export async function clearsign(key: SigningKey, text: string, date: number): Promise<string> {
  if (!text.endsWith('\n') || /[ \t\r]$|^-/m.test(text))
    throw new RangeError('a text cannot be signed as it is')
  const packets = await makeSignature(key, signatureType.text, [signedText(text)], date)
  return `${begin}\nHash: SHA512\n\n${text}${armor('SIGNATURE', packets)}`
}

/**
 * Takes a signed text apart, strictly: nothing before it, nothing after it, no header but `Hash`. White space at the ends of
 * lines is not signed, so it is not in the text.
 *
 * @throws OpenPgpProblem
 */
export function readCleartext(message: string): { text: string; signatures: Buffer } {
  const lines = message
    .replace(/\n+$/, '')
    .split('\n')
    .map((line) => line.replace(/[ \t\r]+$/, ''))
  if (lines[0] !== begin) throw new OpenPgpProblem('it is no signed text')
  const empty = lines.indexOf('')
  const end = lines.indexOf(beginSignature)
  if (empty < 0 || end < empty) throw new OpenPgpProblem('its signature is missing')
  if (lines.slice(1, empty).some((line) => !/^Hash: [A-Za-z0-9, -]+$/.test(line)))
    throw new OpenPgpProblem('it has a header that is not signed')
  const body = lines.slice(empty + 1, end).map((line) => {
    if (line.startsWith('-') && !line.startsWith('- '))
      throw new OpenPgpProblem('a line of it is not escaped')
    return line.startsWith('- ') ? line.slice(2) : line
  })
  const blocks = readArmor('SIGNATURE', lines.slice(end).join('\n'))
  if (blocks.length !== 1) throw new OpenPgpProblem('it has more than one block of signatures')
  return { text: `${body.join('\n')}\n`, signatures: blocks[0] ?? Buffer.alloc(0) }
}

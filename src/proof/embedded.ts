/** A text file that world b saw scrambled, with both contents. */
export interface EmbeddedText {
  path: string
  original: string
  scrambled: string
}

/** How a text gets into metadata: whole, and at most changed as every text there is. */
interface EmbeddedForm {
  name: string
  of: (text: string) => string
}

/**
 * Backends read a text with universal newlines, and some strip it; old metadata indents the lines of a description
 * (core metadata specification, "Description"; distutils `rfc822_escape`).
 */
const forms: readonly EmbeddedForm[] = [
  { name: 'whole', of: (text) => text },
  { name: 'stripped', of: (text) => text.trim() },
  { name: 'indented', of: (text) => indented(text, '        ') },
  { name: 'indented and stripped', of: (text) => indented(text.trim(), '        ') },
  { name: 'folded', of: (text) => indented(text, '       |') }
]

/** A shorter text may stand in another by chance. */
const shortestText = 24

/**
 * World b's text with every scrambled file that stands in it as a whole replaced by its original, as a readme that
 * takes in a changelog below `docs/` does: a verbatim copy of a file, and nothing else of it. What
 * the build took from a file but did not copy whole stays as it is, and differs from world a's.
 *
 * @returns the text, and the files whose originals are in it now; undefined where none stood in it
 */
export function withEmbeddedOriginals(
  text: string,
  files: readonly EmbeddedText[]
): { text: string; put: string[] } | undefined {
  let result = text
  const put: string[] = []
  for (const file of [...files].sort((one, other) => other.scrambled.length - one.scrambled.length)) {
    const scrambled = universalNewlines(file.scrambled)
    const original = universalNewlines(file.original)
    if (scrambled.trim().length < shortestText) continue
    for (const { of } of forms) {
      const sought = of(scrambled)
      if (!result.includes(sought)) continue
      result = result.split(sought).join(of(original))
      put.push(file.path)
      break
    }
  }
  return put.length === 0 ? undefined : { text: result, put }
}

function universalNewlines(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function indented(text: string, by: string): string {
  return text.split('\n').join(`\n${by}`)
}

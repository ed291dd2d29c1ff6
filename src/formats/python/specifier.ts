/** Parts of a version (PEP 440, appendix B), as `packaging` reads them inside a specifier. */
const release = 'v?(?:[0-9]+!)?[0-9]+(?:\\.[0-9]+)'
const preRelease = '(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?'
const postRelease = '(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?'
const development = '(?:[-_.]?dev[-_.]?[0-9]*)?'
const local = '(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?'

/** One clause, such as `>=3.8`: its operator decides what the version may be (PEP 440, "Version specifiers"). */
export const clausePattern = [
  '===\\s*[^\\s;)]*',
  `(?:==(?!=)|!=)\\s*${release}*(?:\\.\\*|${preRelease}${postRelease}${development}${local})`,
  `~=\\s*${release}+${preRelease}${postRelease}${development}`,
  `(?:<=|>=|<|>)\\s*${release}*${preRelease}${postRelease}${development}`
]
  .map((one) => `(?:${one})`)
  .join('|')

const clause = new RegExp(`^(?:${clausePattern})$`, 'i')

/**
 * The first clause of a specifier set that is none (PEP 440); null where all are. An empty set holds for every version,
 * and empty clauses between commas are passed over.
 */
export function badClause(text: string): string | null {
  const clauses = text.split(',').map((one) => one.trim())
  return clauses.find((one) => one !== '' && !clause.test(one)) ?? null
}

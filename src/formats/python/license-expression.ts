import { licenseExceptionLines, licenseLines } from './licenses-data.ts'

const licenses = wordsOf(licenseLines)
const exceptions = wordsOf(licenseExceptionLines)

function wordsOf(lines: string): ReadonlySet<string> {
  return new Set(lines.toLowerCase().trim().split(/\s+/))
}

/** Brackets are followed in depth; no licence of people is as long. */
const longestExpression = 2000
const reserved = new Set(['and', 'or', 'with', '(', ')'])

/**
 * What is wrong with an SPDX licence expression; null for a valid one (PEP 639; SPDX specification, annex B; identifiers
 * compared without case, and `LicenseRef-…` of one's own).
 */
export function licenseExpressionProblem(expression: string): string | null {
  if (expression.length > longestExpression) return `it is longer than ${longestExpression} characters`
  const words = expression.toLowerCase().replace(/[()]/g, ' $& ').split(/\s+/).filter(Boolean)
  let at = 0

  function term(): string | null {
    const word = words[at]
    at += 1
    if (word === '(') return group()
    if (word === undefined || reserved.has(word)) return `a licence is missing before ${shown(word)}`
    const problem = licenseProblem(word)
    if (problem !== null || words[at] !== 'with') return problem
    const exception = words[at + 1]
    at += 2
    if (exception === undefined || reserved.has(exception)) return 'no exception stands behind WITH'
    return exceptions.has(exception) ? null : `${shown(exception)} is no exception of the SPDX list`
  }

  function group(): string | null {
    const problem = terms()
    if (problem !== null) return problem
    at += 1
    return words[at - 1] === ')' ? null : 'a bracket is not closed'
  }

  function terms(): string | null {
    for (;;) {
      const problem = term()
      if (problem !== null) return problem
      if (words[at] !== 'and' && words[at] !== 'or') return null
      at += 1
    }
  }

  if (words.length === 0) return 'it is empty'
  return terms() ?? (at === words.length ? null : `AND or OR is missing before ${shown(words[at])}`)
}

function licenseProblem(word: string): string | null {
  const reference = /^licenseref-(.*)$/.exec(word)?.[1]
  if (reference !== undefined)
    return /^[a-z0-9.-]+$/.test(reference) ? null : `${shown(word)} is no usable LicenseRef`
  return licenses.has(word.replace(/\+$/, '')) ? null : `${shown(word)} is not on the SPDX list`
}

function shown(word: string | undefined): string {
  return word === undefined ? 'the end' : JSON.stringify(word)
}

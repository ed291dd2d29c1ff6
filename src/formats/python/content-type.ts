export type DescriptionType = 'text/plain' | 'text/x-rst' | 'text/markdown'
const types: readonly string[] = ['text/plain', 'text/x-rst', 'text/markdown']

/**
 * The media type of a description, and what is wrong with its statement (core metadata, "Description-Content-Type": three
 * types, UTF-8 alone, and for Markdown the variants GFM and CommonMark).
 */
export function descriptionType(value: string): { type: DescriptionType } | { problem: string } {
  const [type = '', ...parameters] = splitQuoted(value)
  const found = type.trim().toLowerCase()
  if (!types.includes(found)) return { problem: `the type is none of ${types.join(', ')}` }
  for (const parameter of parameters) {
    const [, name, quoted, plain] =
      /^\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";=]+))\s*$/.exec(parameter) ?? []
    const stated = quoted?.replace(/\\(.)/g, '$1') ?? plain
    if (name === undefined || stated === undefined)
      return { problem: `${JSON.stringify(parameter.trim())} is no parameter of the form name=value` }
    const problem = parameterProblem(found, name.toLowerCase(), stated)
    if (problem !== null) return { problem }
  }
  return { type: found as DescriptionType }
}

function parameterProblem(type: string, name: string, value: string): string | null {
  if (name === 'charset' && value !== 'UTF-8') return 'the only charset is UTF-8, in capital letters'
  if (name === 'variant' && type === 'text/markdown' && value !== 'GFM' && value !== 'CommonMark')
    return 'the variants of Markdown are GFM and CommonMark'
  return null
}

/** Parts between semicolons that stand in no quotes. */
function splitQuoted(value: string): string[] {
  return value.match(/(?:"(?:[^"\\]|\\.)*"?|[^;"])+/g) ?? []
}

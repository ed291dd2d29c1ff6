import type { Flag, Instruction } from './dockerfile.ts'

/** `--mount` of a RUN. */
export interface Mount {
  /** In lower case; `bind` where it does not say. */
  type: string
  from: string | null
  line: number
}

/** The mounts of a RUN (Dockerfile reference, "RUN --mount"). */
export function mountsOf(instruction: Instruction): Mount[] {
  return instruction.keyword === 'RUN'
    ? instruction.flags.filter((flag) => flag.name === 'mount').map(readMount)
    : []
}

function readMount({ value, line }: Flag): Mount {
  const fields = new Map(
    commaSeparated(value ?? '').map((field): [string, string] => {
      const at = field.indexOf('=')
      return at < 0
        ? [field.trim().toLowerCase(), '']
        : [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)]
    })
  )
  return { type: (fields.get('type') ?? 'bind').toLowerCase(), from: fields.get('from') ?? null, line }
}

/** One record of RFC 4180, as Go's reader takes it: a field in quotes may hold commas. */
export function commaSeparated(text: string): string[] {
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (quoted && character === '"' && text[at + 1] === '"') field += text[++at] ?? ''
    else if (character === '"' && (quoted || field === '')) quoted = !quoted
    else if (character === ',' && !quoted) {
      fields.push(field)
      field = ''
    } else field += character
  }
  return [...fields, field]
}

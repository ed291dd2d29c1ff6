import { printable } from '../../platform/printable.ts'

/** An answer to an upload, as far as it is read. */
export interface UploadAnswer {
  status: number
  statusText: string
  contentType: string
  /** Its beginning. */
  body: string
  /** Whether the body came whole. */
  whole: boolean
}

/**
 * What an answer to an upload means.
 *
 * - `done`: the server has the file
 * - `ask`: it may have it: its hash decides
 * - `exists`: it has one of that name, or these bytes under another: its hash decides, and nothing is sent again
 * - `login`: it does not take these credentials
 * - `moved`: it sends us elsewhere, where no file goes
 * - `refused`: it will not take this file
 */
export type Judgement = 'done' | 'ask' | 'exists' | 'login' | 'moved' | 'refused'

export function judgeAnswer(answer: UploadAnswer): Judgement {
  const { status } = answer
  if (status >= 200 && status < 300) return answer.whole ? 'done' : 'ask'
  if (status >= 300 && status < 400) return 'moved'
  if (status === 401 || status === 403 || status === 407) return 'login'
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'ask'
  if (status === 409 || /already exist/i.test(`${answer.statusText}\n${answer.body}`)) return 'exists'
  return 'refused'
}

const longestWords = 600

/**
 * What the server said, for people: JSON fields first (PyPI says it in `code` when JSON is asked for, others in `message` or, as
 * RFC 9457 has it, in `detail`), else the text behind the status, else the text of the page. Bounded, printable, without secrets.
 */
export function serverWords(answer: UploadAnswer, secrets: readonly string[] = []): string {
  const said = jsonWords(answer.body) ?? [answer.statusText, pageText(answer)]
  const kept: string[] = []
  for (const text of said.map(tidy))
    if (text !== '' && !kept.some((other) => other.includes(text))) kept.push(text)
  const words = withoutSecrets(kept.join(': '), secrets)
  const bounded = words.length > longestWords ? `${words.slice(0, longestWords)}…` : words
  return bounded === '' ? `status ${answer.status}` : `${answer.status}: ${bounded}`
}

function jsonWords(body: string): string[] | null {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { code, message, detail, title, error, errors } = value as Record<string, unknown>
  const listed = (Array.isArray(errors) ? errors : []).flatMap((entry: unknown) => {
    const fields = (entry ?? {}) as Record<string, unknown>
    return [fields.code, fields.description]
  })
  const words = [code, message, detail, error, ...listed].filter((text) => typeof text === 'string')
  if (words.length === 0) return typeof title === 'string' ? [title] : null
  return words.map((text) => text.replace(/^\d{3} /, ''))
}

function pageText({ contentType, body }: UploadAnswer): string {
  if (!contentType.includes('html')) return body
  const text = body.replace(/<(script|style|title)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
  return text.replace(/&(amp|lt|gt|quot|#0?39);/g, (whole, name: string) => entities[name] ?? whole)
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#039': "'"
}

function tidy(text: string): string {
  return printable(text.replace(/\s+/g, ' '))
}

/** A server may show what it was sent. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((kept, secret) => kept.replaceAll(secret, '***'), text)
}

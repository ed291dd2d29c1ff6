import { STATUS_CODES } from 'node:http'

/** An answer that is no success. The message stands in the status line, as the index has it. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Record<string, string>
  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/** A page that was made, or the answer of a refusal. */
export interface Page {
  status: number
  /** Text after the status; the usual one where it is left out. */
  reason?: string
  headers: Record<string, string>
  body: Buffer
}

export function jsonPage(value: unknown, status = 200, type = 'application/json'): Page {
  return { status, headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(value)) }
}

/** JSON `{message, code, title}` for those who ask for it: the useful text is in `code`. Plain text for others. */
export function refusalPage({ status, message, headers }: Refusal, accept: string): Page {
  const title = STATUS_CODES[status] ?? 'Error'
  const reason = message.replace(/[^\x20-\x7e]/g, '?')
  const line = `${status} ${message}`
  const explained = `The server could not comply with the request.\n\n${message}\n`
  if (accept.includes('application/json'))
    return { ...jsonPage({ message: explained, code: line, title }, status), reason, ...extra(headers) }
  const type = accept.includes('text/html') ? 'text/html' : 'text/plain'
  const text = type === 'text/html' ? `<h1>${escape(line)}</h1>` : `${line}\n\n${explained}`
  return { status, reason, headers: { 'content-type': type, ...headers }, body: Buffer.from(text) }
}

function extra(headers: Record<string, string>): { headers: Record<string, string> } {
  return { headers: { 'content-type': 'application/json', ...headers } }
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

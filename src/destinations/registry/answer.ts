import type { IncomingHttpHeaders } from 'node:http'
import { printable } from '../../platform/printable.ts'

/** An answer to a write, as far as it is read. */
export interface RegistryAnswer {
  status: number
  headers: IncomingHttpHeaders
  /** Where the answer came from in the end. */
  url: URL
  /** Codes of the specification that the body names, in upper case; none where it names none. */
  codes: readonly string[]
  /** What the registry said, for people. */
  words: string
}

const longestWords = 500

/**
 * What a refusal says: `{"errors": [{"code", "message", "detail"}]}` (distribution specification 1.1, "Error Codes"), or
 * whatever text it has. Bounded and printable. Pure.
 */
export function readRefusal(status: number, body: string): Pick<RegistryAnswer, 'codes' | 'words'> {
  const errors = listOf(body)
  const codes = errors.flatMap(({ code }) => (typeof code === 'string' ? [code.toUpperCase()] : []))
  const said = errors.map(({ code, message, detail }) =>
    [code, message, detailOf(detail)].filter((text) => typeof text === 'string' && text !== '').join(': ')
  )
  const text = said.length > 0 ? said.join('; ') : body.replace(/<[^>]*>/g, ' ')
  const tidy = printable(text.replace(/\s+/g, ' '))
  const bounded = tidy.length > longestWords ? `${tidy.slice(0, longestWords)}…` : tidy
  return { codes, words: bounded === '' ? `status ${status}` : `${status}: ${bounded}` }
}

function listOf(body: string): { code?: unknown; message?: unknown; detail?: unknown }[] {
  try {
    const value = JSON.parse(body) as { errors?: unknown } | null
    const list: unknown[] = Array.isArray(value?.errors) ? value.errors : []
    return list.filter((entry) => typeof entry === 'object' && entry !== null)
  } catch {
    return []
  }
}

function detailOf(detail: unknown): string {
  if (detail === undefined || detail === null) return ''
  return typeof detail === 'string' ? detail : JSON.stringify(detail)
}

/** Answers after which a write is tried again: whoever answers so may have stored it, or will later. */
export function mayPass({ status, codes }: Pick<RegistryAnswer, 'status' | 'codes'>): boolean {
  return (
    status === 408 || status === 425 || status === 429 || status >= 500 || codes.includes('TOOMANYREQUESTS')
  )
}

import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { z } from 'zod'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { isPassingStatus, parseUrl, showUrl } from '../../platform/http-rules.ts'
import { printable } from '../../platform/printable.ts'
import { readAnswer, refusalField } from './documents.ts'
import { limitSeconds } from './limits.ts'

export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the repository, such as `/releases`; or a whole address. */
  path: string | URL
  json?: object
  /** The bytes of a file; sent once for each call. */
  file?: { open: () => Readable; size: number; type: string }
}

export interface ApiAnswer {
  /** 0 where none came, or one that says that somebody on the way gave up: what was asked for may have been done. */
  status: number
  headers: IncomingHttpHeaders
  body: unknown
  /** What the server says, for people. */
  words: string
  url: URL
}

/** The REST API for one repository, with one token. */
export interface GithubApi {
  /** `owner/name`. */
  readonly repository: string
  /** Address of the API, without a slash at its end. */
  readonly base: string
  /** Asks once, but waits for limits: what they turn away was not done. Every answer is one. */
  send(request: ApiRequest): Promise<ApiAnswer>
  /**
   * Asks until there is an answer; only for what may be asked twice.
   *
   * @param accept statuses besides 2xx that the caller understands
   * @throws TagproofError `index-answer`, `network`, `login-refused`
   */
  call(request: ApiRequest, accept?: readonly number[]): Promise<ApiAnswer>
  /** All pages of a list. */
  list<T>(path: string, item: z.ZodType<T>): Promise<T[]>
  /** Headers for the bytes of an asset. */
  bytesHeaders(): Record<string, string>
}

export interface ApiOptions {
  /** Base, without a slash at its end: `https://api.github.com`. */
  api: string
  repository: string
  /** Null where none was given. */
  token: string | null
  /** How a token is handed over here, for messages. */
  tokenName: string
  http: HttpClient
  /** Milliseconds since 1970. */
  now: () => number
  signal?: AbortSignal
}

const largestAnswer = 64 * 2 ** 20
/** So many times the server may be silent for longer, while it stores a file. */
const filePatience = 10
/** Nobody waits longer for a limit than this: the job has an end. */
const longestLimitSeconds = 300
const mostPages = 200

export function githubApi(options: ApiOptions): GithubApi {
  const { api, repository, http, now, signal } = options
  const token = options.token ?? ''
  const base = `${api}/repos/${repository.split('/').map(encodeURIComponent).join('/')}`
  const signalled = signal === undefined ? {} : { signal }
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28'
  }

  async function once({ method = 'GET', path, json, file }: ApiRequest): Promise<ApiAnswer> {
    if (token === '') throw noToken(options)
    const url = typeof path === 'string' ? new URL(`${base}${path}`) : path
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
    try {
      const answer = await http.read({
        url,
        method,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(file === undefined ? {} : { 'content-type': file.type, 'content-length': String(file.size) })
        },
        ...(body === undefined ? {} : { body }),
        ...(file === undefined ? {} : { body: file.open, patience: filePatience }),
        accept: 'any',
        attempts: 1,
        maximumBytes: largestAnswer,
        ...signalled
      })
      const text = answer.body.toString('utf8')
      const read = parsed(text)
      const passing = isPassingStatus(answer.status) && answer.status !== 429
      return {
        status: passing ? 0 : answer.status,
        headers: answer.headers,
        body: read,
        words: wordsOf(answer.status, read, text, token),
        url
      }
    } catch (error) {
      if (!(error instanceof TagproofError) || error.code !== 'network') throw error
      return { status: 0, headers: {}, body: null, words: error.detail.found ?? error.message, url }
    }
  }

  async function send(request: ApiRequest): Promise<ApiAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(request)
      const wait = limitSeconds({ ...answer, message: answer.words }, now())
      if (wait === null) return answer
      if (attempt >= http.attempts || wait > longestLimitSeconds) throw limited(answer, wait, now())
      // The client waits a minute at most at a time.
      for (let left = wait; left >= 0; left -= 60)
        await http.pause(attempt, String(Math.min(Math.max(left, 0), 60)), signal)
    }
  }

  async function call(request: ApiRequest, accept: readonly number[] = []): Promise<ApiAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(request)
      const { status } = answer
      if ((status >= 200 && status < 300) || accept.includes(status)) return answer
      if (status === 401) throw badToken(answer)
      if (status >= 300 && status < 400) throw moved(answer, repository)
      if (status !== 0) throw unexpected(answer)
      if (attempt >= http.attempts) throw silent(answer, attempt)
      await http.pause(attempt, undefined, signal)
    }
  }

  async function list<T>(path: string, item: z.ZodType<T>): Promise<T[]> {
    const found: T[] = []
    let page: string | URL = `${path}${path.includes('?') ? '&' : '?'}per_page=100`
    for (let pages = 0; pages < mostPages; pages += 1) {
      const { body, headers: said, url } = await call({ path: page })
      found.push(...readAnswer(item.array(), body, url))
      const next = /<([^>]*)>\s*;[^,]*\brel="next"/.exec(said.link?.toString() ?? '')?.[1]
      const address = next === undefined ? null : parseUrl(next, url)
      // The token goes nowhere else.
      if (address?.origin !== url.origin) return found
      page = address
    }
    return found
  }

  return {
    repository,
    base: api,
    send,
    call,
    list,
    bytesHeaders: () => ({ ...headers, accept: 'application/octet-stream' })
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown)
  } catch {
    return null
  }
}

function wordsOf(status: number, body: unknown, text: string, token: string): string {
  const refusal = refusalField.safeParse(body)
  const said = refusal.success
    ? [
        refusal.data.message,
        ...(refusal.data.errors ?? []).map((error) =>
          typeof error === 'string'
            ? error
            : [error.resource, error.field, error.code, error.message]
                .filter((part) => part !== undefined)
                .join(' ')
        )
      ].join('; ')
    : body === null
      ? text.replace(/<[^>]*>/g, ' ')
      : ''
  const words = printable(said.replace(/\s+/g, ' ').trim()).replaceAll(token, '***').slice(0, 600)
  return words === '' ? `status ${status}` : `${status}: ${words}`
}

function noToken({ repository, tokenName }: ApiOptions): TagproofError {
  return new TagproofError('login-refused', `There is no token for the repository ${repository}.`, {
    found: `nothing in ${tokenName.replace(/^The /, 'the ')}`,
    expected: 'a token that may write contents',
    fix: 'In the job that publishes: permissions: contents: write, and github-token: ${{ github.token }} for its step.'
  })
}

function limited({ url, words }: ApiAnswer, wait: number, now: number): TagproofError {
  const until = new Date(now + wait * 1000).toISOString().slice(11, 16)
  return new TagproofError('index-answer', `${showUrl(url)} takes no more requests for now.`, {
    found: words,
    fix: `Run the same job again after ${until} UTC: what is there already is not sent again.`
  })
}

function badToken({ url, words }: ApiAnswer): TagproofError {
  return new TagproofError('login-refused', `${showUrl(url)} does not take this token.`, {
    found: words,
    fix: 'Hand over github-token: ${{ github.token }}, or a fine-grained token of the repository that has not expired.'
  })
}

function moved({ url, headers }: ApiAnswer, repository: string): TagproofError {
  return new TagproofError('config-invalid', `The repository ${repository} has another name by now.`, {
    found: `${showUrl(url)} redirects to ${showUrl(headers.location ?? 'nowhere')}`,
    fix: 'Name it as it is called now with repository: of the destination.'
  })
}

function unexpected({ url, status, words }: ApiAnswer): TagproofError {
  return new TagproofError('index-answer', `${showUrl(url)} answered ${status}.`, {
    found: words,
    fix: 'Do what the server says, and run the same job again.'
  })
}

function silent({ url, words }: ApiAnswer, attempts: number): TagproofError {
  return new TagproofError('network', `${showUrl(url)} cannot be reached.`, {
    found: `${words} (${attempts} attempts)`,
    fix: 'Run the same job again later: what is there already is not sent again.'
  })
}

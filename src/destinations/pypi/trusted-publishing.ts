import { TagproofError } from '../../platform/errors.ts'
import { claimsOf } from '../../platform/github-identity.ts'
import type { HttpClient } from '../../platform/http.ts'
import { isPassingStatus, showUrl } from '../../platform/http-rules.ts'
import { serverWords } from './answer.ts'
import { beginningOf } from '../../platform/http-beginning.ts'
import type { ExchangeEndpoints } from './exchange-endpoints.ts'
import { mintRefused, readRefusal } from './mint-refusal.ts'
import type { IndexService } from './services.ts'

export interface ExchangeContext {
  service: IndexService
  /** For messages: the projects of the release. */
  projects: readonly string[]
  http: HttpClient
  /** A new identity token for an audience, masked already. */
  identityToken: (audience: string) => Promise<string>
  /** Milliseconds since 1970. */
  now: () => number
  onSecret: (value: string) => void
  signal?: AbortSignal
}

export interface MintedToken {
  token: string
  /** By our clock, in milliseconds since 1970. */
  endsAt: number
}

const largestAnswer = 1 << 16
/** A publisher of hundreds of projects takes the index its time. */
const patience = 2
/** PEP 807: what counts where the index does not say it. */
const usualSeconds = 900

/**
 * Exchanges an identity token of this run for one of the index. Each attempt takes a new identity token: they count once.
 *
 * @throws TagproofError `login-refused` with what to register, `index-answer`, `network`
 */
export async function mintToken(
  endpoints: ExchangeEndpoints,
  audience: string,
  context: ExchangeContext
): Promise<MintedToken> {
  const { service, http, signal } = context
  for (let attempt = 1; ; attempt += 1) {
    const identity = await context.identityToken(audience)
    const again = attempt < http.attempts
    const answer = await ask(endpoints, identity, context).catch((error: unknown) => {
      if (error instanceof TagproofError && error.code === 'network' && again) return null
      throw error
    })
    if (answer !== null) {
      const { status, body } = answer
      if (status >= 200 && status < 300) return minted(body, answer.date, endpoints, context)
      const words = serverWords(answer, [identity])
      const { code } = readRefusal(body)
      if (!(again && (isPassingStatus(status) || (code === 'invalid-reuse-token' && attempt === 1)))) {
        if (status === 422 || code !== '')
          throw mintRefused(service, context.projects, { code, words }, claimsOf(identity))
        throw new TagproofError('login-refused', `${service.name} gives this run no token.`, {
          found: words,
          fix: 'Run the job again later; if it stays, use a token of the index.'
        })
      }
    }
    await http.pause(attempt, answer?.retryAfter, signal)
  }
}

async function ask(endpoints: ExchangeEndpoints, identity: string, { http, signal }: ExchangeContext) {
  const { features } = endpoints
  const body = Buffer.from(JSON.stringify({ token: identity, ...(features.length > 0 ? { features } : {}) }))
  const answer = await http.open({
    url: endpoints.mint,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body,
    accept: 'any',
    attempts: 1,
    patience,
    ...(signal === undefined ? {} : { signal })
  })
  const { text, whole } = await beginningOf(answer.stream, largestAnswer)
  if (!whole && answer.status < 300)
    throw new TagproofError('network', `${showUrl(endpoints.mint)} broke off.`, { fix: 'Run the job again.' })
  return {
    status: answer.status,
    statusText: answer.statusText,
    contentType: answer.headers['content-type'] ?? '',
    body: text,
    whole,
    retryAfter: answer.headers['retry-after'],
    date: Date.parse(answer.headers.date ?? '')
  }
}

/** The end of a token is told by the server's clock: what counts is how long that is from its own now. */
function minted(
  body: string,
  date: number,
  { mint }: ExchangeEndpoints,
  { now, onSecret }: ExchangeContext
): MintedToken {
  let fields: { token?: unknown; expires?: unknown } = {}
  try {
    fields = (JSON.parse(body) ?? {}) as typeof fields
  } catch {
    // Told below.
  }
  const { token, expires } = fields
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,20000}$/.test(token))
    throw new TagproofError('index-answer', `${showUrl(mint)} answered with no token.`, {
      expected: 'a JSON object with token',
      fix: 'Run the job again; nothing was sent.'
    })
  onSecret(token)
  const theirs = Number.isNaN(date) ? now() : date
  const lasts = typeof expires === 'number' ? expires * 1000 - theirs : usualSeconds * 1000
  return { token, endsAt: now() + lasts }
}

/**
 * Ends a token before its time. Indexes that cannot do it let it end by itself.
 *
 * @returns whether the index said that it did
 */
export async function burnToken(
  endpoints: ExchangeEndpoints,
  token: string,
  http: HttpClient
): Promise<boolean> {
  try {
    const answer = await http.open({
      url: endpoints.burn,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify({ token })),
      accept: 'any',
      attempts: 2
    })
    answer.stream.destroy()
    return answer.status >= 200 && answer.status < 300
  } catch {
    return false
  }
}

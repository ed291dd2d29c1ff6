import type { Log } from '../../platform/log.ts'
import { audienceOf } from './exchange-audience.ts'
import { findEndpoints, type ExchangeEndpoints } from './exchange-endpoints.ts'
import type { Login } from './login.ts'
import { burnToken, mintToken, type ExchangeContext, type MintedToken } from './trusted-publishing.ts'

/** A token with less than this left is replaced before it is used: a large file takes its time. */
const leastMilliseconds = 5 * 60_000

/**
 * Tokens that the index mints for this run (trusted publishing). One is minted when it is first needed, replaced before it
 * ends, and burned when it is no longer needed.
 */
export function trustedLogin(context: ExchangeContext & { log: Log }): Login {
  const { http, now, onSecret, service, log, signal } = context
  let place: Promise<{ endpoints: ExchangeEndpoints; audience: string }> | null = null
  let current: MintedToken | null = null
  const seen: string[] = []

  const exchange = (): Promise<{ endpoints: ExchangeEndpoints; audience: string }> =>
    (place ??= findEndpoints(service, http, signal).then(async (endpoints) => ({
      endpoints,
      audience: await audienceOf(endpoints, context)
    })))

  async function release(): Promise<void> {
    if (current === null) return
    const { token, endsAt } = current
    current = null
    const { endpoints } = await exchange()
    if (!(await burnToken(endpoints, token, http))) {
      const minutes = Math.max(0, Math.ceil((endsAt - now()) / 60_000))
      log.info(`${service.name} did not end the token of this run; it ends by itself in ${minutes} minutes.`)
    }
  }

  return {
    async authorization() {
      const { endpoints, audience } = await exchange()
      if (current !== null && current.endsAt - now() < leastMilliseconds) await release()
      if (current === null) {
        const minted = await mintToken(endpoints, audience, context)
        current = minted
      }
      const encoded = Buffer.from(`__token__:${current.token}`).toString('base64')
      onSecret(encoded)
      seen.push(current.token, encoded)
      if (endpoints.singleUse) current = null
      return `Basic ${encoded}`
    },
    async reach() {
      await context.identityToken((await exchange()).audience)
    },
    async renew() {
      await release()
      return true
    },
    release,
    secrets: () => seen,
    close: () => release().catch(() => undefined)
  }
}

import { requireSameHost } from '../../lock/simple-index.ts'
import { TagproofError } from '../../platform/errors.ts'
import { showUrl, isLoopback } from '../../platform/http-rules.ts'
import type { ExchangeEndpoints } from './exchange-endpoints.ts'
import type { IndexService } from './services.ts'
import type { ExchangeContext } from './trusted-publishing.ts'

const largestAnswer = 1 << 16

/**
 * The audience that identity tokens for an index must have.
 *
 * @throws TagproofError `login-refused` for an index without trusted publishing, or one that wants to be taken for another
 */
export async function audienceOf(endpoints: ExchangeEndpoints, context: ExchangeContext): Promise<string> {
  const { service, http, signal } = context
  const { status, body, url } = await http.read({
    url: endpoints.audience,
    headers: { accept: 'application/json' },
    accept: [401, 403, 404, 405, 410],
    maximumBytes: largestAnswer,
    ...(signal === undefined ? {} : { signal })
  })
  requireSameHost(endpoints.audience, url)
  if (status >= 400)
    throw new TagproofError('login-refused', `${service.name} offers no trusted publishing.`, {
      found: `${showUrl(endpoints.audience)} answered ${status}`,
      fix:
        status === 403
          ? 'It has switched it off at this time: run the job again later, or use a token.'
          : 'Make a token of the index and store it as a secret of the environment: input pypi-token.'
    })
  const audience = audienceIn(body.toString('utf8'), endpoints.audience)
  requireOwnAudience(audience, service)
  return audience
}

function audienceIn(text: string, url: URL): string {
  try {
    const { audience } = JSON.parse(text) as { audience?: unknown }
    if (typeof audience === 'string' && /^[\x21-\x7e]{1,200}$/.test(audience)) return audience
  } catch {
    // Told below.
  }
  throw new TagproofError('index-answer', `${showUrl(url)} names no audience.`, {
    expected: 'a JSON object with audience',
    fix: 'Check the address of the index, or use a token.'
  })
}

/** Audiences of services that would take an identity token for what it is worth to them. */
const foreignAudiences =
  /^(pypi|testpypi|sigstore|sts\.amazonaws\.com|api:\/\/.*|npm:.*|rubygems\.org|crates\.io|https?:\/\/.*)$/i

/**
 * An identity token opens whatever its audience names. An index that could choose any would be handed the key of another one.
 */
function requireOwnAudience(audience: string, service: IndexService): void {
  const { kind, uploadUrl, name } = service
  if (isLoopback(uploadUrl)) return
  const own =
    kind === 'other' ? !foreignAudiences.test(audience) || namesHost(audience, uploadUrl) : audience === kind
  if (own) return
  throw new TagproofError('login-refused', `${name} asks for an identity token of another service.`, {
    found: `audience ${audience}`,
    expected: kind === 'other' ? 'an audience of its own, such as its host name' : `audience ${kind}`,
    fix: 'Use a token for this index: with such an identity token it could act for you elsewhere.'
  })
}

function namesHost(audience: string, { hostname }: URL): boolean {
  return URL.canParse(audience) && new URL(audience).hostname === hostname
}

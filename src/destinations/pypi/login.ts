import { TagproofError } from '../../platform/errors.ts'
import { knownServices, type IndexService } from './services.ts'

/** How uploads are paid for: a token that was handed in, or ones that the index mints for this run. */
export interface Login {
  /** Value of `Authorization` for the next upload; minted or minted anew where that is due. */
  authorization(): Promise<string>
  /** As far as it goes without a token being minted. @throws TagproofError */
  reach(): Promise<void>
  /** After a refusal: makes the next one come with another token. @returns false where there is none */
  renew(): Promise<boolean>
  /** Ends a token that was minted; the next one is minted when it is needed. */
  release(): Promise<void>
  /** What no message may show. */
  secrets(): readonly string[]
  /** Ends what was minted. Does not throw. */
  close(): Promise<void>
}

/**
 * A token that was handed in. Indexes other than PyPI may know `user:password` instead of tokens.
 *
 * @throws TagproofError `login-refused` for what cannot be a token of this index, without showing it
 */
export function tokenLogin(token: string, service: IndexService, onSecret: (value: string) => void): Login {
  onSecret(token)
  requireToken(token, service)
  const pair = service.kind === 'other' && token.includes(':') ? token : `__token__:${token}`
  const encoded = Buffer.from(pair).toString('base64')
  onSecret(encoded)
  return {
    authorization: () => Promise.resolve(`Basic ${encoded}`),
    reach: () => Promise.resolve(),
    renew: () => Promise.resolve(false),
    release: () => Promise.resolve(),
    secrets: () => [encoded, token],
    close: () => Promise.resolve()
  }
}

function requireToken(token: string, service: IndexService): void {
  const fix =
    `Make a token for just this project in the settings of ${service.name}, and store it as a secret of the ` +
    'environment; or register a trusted publisher, which needs none.'
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new TagproofError('login-refused', `The token for ${service.name} cannot be one.`, {
      found: token === '' ? 'nothing' : 'white space or other characters that no token has',
      fix: 'Store the token without spaces and line ends around it.'
    })
  if (service.kind === 'other') return
  if (!token.startsWith('pypi-'))
    throw new TagproofError('login-refused', `${service.name} takes API tokens alone, no passwords.`, {
      expected: 'a token that begins with pypi-',
      fix
    })
  const place = locationOf(token)
  const owner = Object.values(knownServices).find(({ simpleUrl }) => simpleUrl.host === place)
  if (owner !== undefined && owner.kind !== service.kind)
    throw new TagproofError('login-refused', `The token is one of ${owner.name}, not of ${service.name}.`, {
      fix
    })
}

/** The public part of a token (a macaroon, version 2): the index that made it. Null for what does not show one. */
export function locationOf(token: string): string | null {
  const bytes = Buffer.from(token.slice('pypi-'.length), 'base64url')
  const [version, field, length = 0] = bytes
  if (version !== 2 || field !== 1 || length > 100 || bytes.length < 3 + length) return null
  return bytes.subarray(3, 3 + length).toString('latin1')
}

import type http from 'node:http'

export interface FakeLoginOptions {
  /** None by default. */
  login?: 'basic' | 'bearer' | 'opaque'
  /** What the user may do, by repository; all of it by default. */
  rights?: Readonly<Record<string, readonly string[]>>
  /** So many requests after which a token has ended. */
  tokenLasts?: number
  /** Tokens for several scopes at once are refused. */
  oneScope?: boolean
}

/** `herald` with the password `secret`, or the refresh token `refresh-me`. */
const pair = `Basic ${Buffer.from('herald:secret').toString('base64')}`

interface Token {
  access: Map<string, string[]>
  left: number
}

/** The login of the fake: Basic, or Bearer with tokens that say what they are for, or do not. */
export class FakeLogin {
  /** Scopes of each token that was given. */
  readonly given: string[][] = []
  /** Paths that came with a login. */
  private readonly tokens = new Map<string, Token>()
  private readonly options: FakeLoginOptions
  private readonly origin: string

  constructor(options: FakeLoginOptions, origin: string) {
    this.options = options
    this.origin = origin
  }

  /** No token is good any more. */
  endAll(): void {
    this.tokens.clear()
  }

  /** Whether a request may go on; refused ones are answered. */
  admit(request: http.IncomingMessage, response: http.ServerResponse, url: URL): boolean {
    const { login } = this.options
    if (login === undefined) return true
    const header = request.headers.authorization ?? ''
    const [, repository = ''] = /^\/v2\/(.+?)\/(?:blobs|manifests|referrers)\//.exec(url.pathname) ?? []
    const wanted = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push'
    if (login === 'basic') {
      if (header !== pair) return this.challenge(response, 'Basic realm="fake"')
      if (this.rightsOf(repository).includes(wanted)) return true
      response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"not yours"}]}')
      return false
    }
    const token = this.tokens.get(header.replace(/^Bearer /, ''))
    const scope = `repository:${repository}:pull${wanted === 'push' ? ',push' : ''}`
    const challenge = `Bearer realm="${this.origin}/token",service="fake",scope="${scope}"`
    if (token === undefined || token.left <= 0) return this.challenge(response, challenge)
    token.left -= 1
    if (token.access.get(repository)?.includes(wanted) === true) {
      // A mount reads from another repository.
      const from = url.searchParams.get('from')
      if (from === null || token.access.get(from)?.includes('pull') === true) return true
    }
    return this.challenge(response, `${challenge},error="insufficient_scope"`)
  }

  private challenge(response: http.ServerResponse, header: string): false {
    response.writeHead(401, { 'www-authenticate': header, 'content-type': 'application/json' })
    response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
    return false
  }

  private rightsOf(repository: string): readonly string[] {
    return this.options.rights === undefined ? ['pull', 'push'] : (this.options.rights[repository] ?? [])
  }

  async give(request: http.IncomingMessage, response: http.ServerResponse, url: URL): Promise<void> {
    const form = new URLSearchParams(request.method === 'POST' ? await textOf(request) : url.searchParams)
    const known =
      request.headers.authorization === pair ||
      (form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === 'refresh-me')
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '))
    if (!known || (this.options.oneScope === true && scopes.length > 1))
      return void response.writeHead(401).end('{"errors":[]}')
    const access = new Map<string, string[]>()
    for (const scope of scopes) {
      const [, name = '', actions = ''] = scope.split(':')
      access.set(
        name,
        actions.split(',').filter((action) => this.rightsOf(name).includes(action))
      )
    }
    this.given.push(scopes)
    const claims = [...access].map(([name, actions]) => ({ type: 'repository', name, actions }))
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const number = this.given.length
    const token =
      this.options.login === 'opaque'
        ? `opaque${number}`
        : `${part({ alg: 'none' })}.${part({ access: claims, jti: number })}.sig`
    this.tokens.set(token, { access, left: this.options.tokenLasts ?? Infinity })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }))
  }
}

async function textOf(request: http.IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString()
  return text
}

/**
 * What a bearer token says that it is good for in a repository: its `access` claim (distribution, "Token Authentication
 * Implementation"). It is read to refuse early, and not trusted: the registry judges it.
 *
 * @param authorization value of the header
 * @returns null for a token that says nothing about it
 */
export function grantedActions(
  authorization: string | undefined,
  repository: string
): readonly string[] | null {
  const payload = /^Bearer [\w-]+\.([\w-]+)\.[\w-]*$/.exec(authorization ?? '')?.[1]
  if (payload === undefined) return null
  let claims: { access?: unknown } | null
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as typeof claims
  } catch {
    return null
  }
  if (!Array.isArray(claims?.access)) return null
  return claims.access.flatMap((entry: unknown) => {
    const { type, name, actions } = (entry ?? {}) as Record<string, unknown>
    return type === 'repository' && name === repository && Array.isArray(actions)
      ? actions.filter((action) => typeof action === 'string')
      : []
  })
}

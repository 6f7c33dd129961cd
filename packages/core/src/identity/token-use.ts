/**
 * Is this token of the kind that the issuer is trusted for, and is it a person's where it should be one?
 * RFC 9068 tells access tokens by `typ`. Who is older than that tells them in other ways, one per dialect.
 */
import type { Dialect, Issuer } from '../config/shape.ts'
import type { JsonObject } from '../json.ts'

/** The dialect that the config names, else the one that the URL is known to speak. */
export const dialectOf = (issuer: Pick<Issuer, 'dialect' | 'url'>): Dialect =>
  issuer.dialect ?? urls.find(([url]) => url.test(issuer.url))?.[1] ?? 'rfc9068'

const urls: readonly (readonly [RegExp, Dialect])[] = [
  [/^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//, 'cognito'],
  [/^https:\/\/[^/]+\.okta(preview|-emea)?\.com(\/|$)/, 'okta'],
  [/^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\//, 'entra'],
]

export function tokenUseFault(issuer: Issuer, typ: string | undefined, claims: JsonObject): string | undefined {
  const media = typ?.toLowerCase().replace(/^application\/at\+jwt$/, 'at+jwt')
  if (media !== undefined && media !== 'jwt' && media !== 'at+jwt') return `typ ${typ?.slice(0, 40)} is not admitted`
  const dialect = dialectOf(issuer)
  if (dialect === 'rfc9068') {
    // RFC 9068 §2.1. Nothing marks a token that is neither.
    if (issuer.tokenUse === 'access' && media !== 'at+jwt') return 'not marked as an access token (typ at+jwt)'
    if (issuer.tokenUse === 'id' && media === 'at+jwt') return 'an access token where an ID token is demanded'
    return undefined
  }
  const use = useOf(dialect, claims)
  if (use === undefined) return 'the claims are neither those of an ID token nor of an access token'
  if (use === 'id' && media === 'at+jwt') return 'the claims are those of an ID token, typ is at+jwt'
  if (issuer.tokenUse !== 'any' && issuer.tokenUse !== use) return `an ${use} token where an ${issuer.tokenUse} token is demanded`
  return use === 'access' && issuer.kind === 'human' && isApplications(dialect, claims)
    ? 'a token of an application, not of a person'
    : undefined
}

function useOf(dialect: Exclude<Dialect, 'rfc9068'>, claims: JsonObject): 'id' | 'access' | undefined {
  const ofLogin = ['nonce', 'at_hash', 'c_hash'].some((name) => name in claims)
  switch (dialect) {
    // Amazon Cognito Developer Guide, "Using the ID token", "Using the access token".
    case 'cognito':
      return claims.token_use === 'id' || claims.token_use === 'access' ? claims.token_use : undefined
    // Okta, "OpenID Connect & OAuth 2.0 API": only access tokens name the client in `cid`.
    case 'okta':
      return 'cid' in claims ? (ofLogin ? undefined : 'access') : 'scp' in claims ? undefined : 'id'
    // Microsoft identity platform, "Access token claims reference", "ID token claims reference": `azp` (v1: `appid`) is of
    // access tokens only, what ties a token to a sign-in of ID tokens only.
    case 'entra':
      return 'azp' in claims || 'appid' in claims ? (ofLogin ? undefined : 'access') : 'scp' in claims ? undefined : 'id'
  }
}

/** An access token that an application got for itself (client credentials): no person stands behind it. */
function isApplications(dialect: Exclude<Dialect, 'rfc9068'>, claims: JsonObject): boolean {
  switch (dialect) {
    case 'cognito':
      return claims.username === undefined
    case 'okta':
      return claims.uid === undefined
    case 'entra':
      return claims.idtyp === 'app' || claims.scp === undefined
  }
}

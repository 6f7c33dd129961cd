/**
 * Checks that a token is of the kind that the config expects from its issuer, and that it belongs to a person where it must.
 * RFC 9068 marks access tokens with `typ`. Older issuers mark them in other ways, one per dialect.
 */
import { partitions } from '@stint/iam/partition'
import type { Dialect, Issuer } from '../config/shape.ts'
import type { JsonObject } from '../json.ts'

/** The dialect that the config names, otherwise the known dialect of the URL. */
export const dialectOf = (issuer: Pick<Issuer, 'dialect' | 'url'>): Dialect =>
  issuer.dialect ?? urls.find(([url]) => url.test(issuer.url))?.[1] ?? 'rfc9068'

const urls: readonly (readonly [RegExp, Dialect])[] = [
  [
    new RegExp(`^https://cognito-idp\\.[a-z0-9-]+\\.(${partitions.map(({ dnsSuffix }) => dnsSuffix.replaceAll('.', '\\.')).join('|')})/`),
    'cognito',
  ],
  [/^https:\/\/[^/]+\.okta(preview|-emea)?\.com(\/|$)/, 'okta'],
  [/^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\//, 'entra'],
  [/\/realms\/[^/]+$/, 'keycloak'],
  [/^https:\/\/[^/]+\.auth0\.com\/$/, 'auth0'],
]

export function tokenUseFault(issuer: Issuer, typ: string | undefined, claims: JsonObject): string | undefined {
  const media = typ?.toLowerCase().replace(/^application\/at\+jwt$/, 'at+jwt')
  if (media !== undefined && media !== 'jwt' && media !== 'at+jwt') return `typ ${typ?.slice(0, 40)} is not allowed`
  // OpenID Connect Back-Channel Logout 1.0 §2.4: `typ` is only recommended there, `events` is required.
  if (claims.events !== undefined) return 'a logout token (events)'
  const dialect = dialectOf(issuer)
  if (dialect === 'rfc9068') {
    // RFC 9068 §2.1. A token of neither kind has no marker.
    if (issuer.tokenUse === 'access' && media !== 'at+jwt') return 'not marked as an access token (typ at+jwt)'
    if (issuer.tokenUse === 'id' && media === 'at+jwt') return 'an access token where an ID token is required'
    return undefined
  }
  const use = useOf(dialect, claims)
  if (use === undefined) return 'the claims are those of neither an ID token nor an access token'
  if (use === 'id' && media === 'at+jwt') return 'the claims are those of an ID token, typ is at+jwt'
  if (issuer.tokenUse !== 'any' && issuer.tokenUse !== use) return `an ${use} token where an ${issuer.tokenUse} token is required`
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
    // Keycloak Server Administration Guide: `typ` also knows Refresh, Offline and Logout.
    case 'keycloak':
      return claims.typ === 'ID' ? 'id' : claims.typ === 'Bearer' ? 'access' : undefined
    // Auth0 Docs, "Access Token Profiles": only access tokens name the client, in `azp` or `client_id`.
    case 'auth0':
      return 'azp' in claims || 'client_id' in claims ? (ofLogin ? undefined : 'access') : 'scope' in claims ? undefined : 'id'
    // Microsoft identity platform, "Access token claims reference", "ID token claims reference": only access tokens have `azp`
    // (v1: `appid`), and only ID tokens have the claims that tie a token to a sign-in.
    case 'entra':
      return 'azp' in claims || 'appid' in claims ? (ofLogin ? undefined : 'access') : 'scp' in claims ? undefined : 'id'
  }
}

/** Whether an application obtained the access token for itself (client credentials), without a person. */
function isApplications(dialect: Exclude<Dialect, 'rfc9068'>, claims: JsonObject): boolean {
  switch (dialect) {
    case 'cognito':
      return claims.username === undefined
    case 'okta':
      return claims.uid === undefined
    // Keycloak, "Using a service account": its mappers add the client's host.
    case 'keycloak':
      return 'clientHost' in claims || /^service-account-/.test(String(claims.preferred_username))
    case 'auth0':
      return claims.gty === 'client-credentials' || /@clients$/.test(String(claims.sub))
    case 'entra':
      return claims.idtyp === 'app' || claims.scp === undefined
  }
}

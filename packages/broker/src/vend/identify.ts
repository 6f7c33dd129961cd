/**
 * From a presented token to a verified caller. A token from an untrusted issuer causes no write and no fetch. The reason why a token was
 * refused goes to the log. The caller learns it only if the signature is valid: a forger learns that the token was refused, and no more.
 */
import type { Issuer } from '@stint/core/config/shape'
import { type Caller, toCaller } from '@stint/core/identity/caller'
import { refuseOwnSession } from '@stint/core/identity/own-session'
import { checkClaims, checkHeader, forged, parseToken, type TokenRefusal, unfit } from '@stint/core/identity/token'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import type { Broker } from '../ports/broker.ts'

/** A token, and its declared use where the protocol states one. */
export type PresentedToken = { readonly token: string; readonly use?: 'id' | 'access' }

/** Why a caller is not identified. */
type IdentityRefusal = TokenRefusal | 'token-missing' | 'issuer-keys-unavailable'

export async function identify(
  broker: Pick<Broker, 'rules' | 'keys'>,
  shown: Done<PresentedToken> | Refused<'token-missing' | 'token-invalid'>,
  now: Instant,
): Promise<Done<Caller> | Refused<IdentityRefusal>> {
  if (shown.outcome === 'refused') return shown
  const token = parseToken(shown.value.token)
  if (token.outcome === 'refused') return token

  const [id, trusted] = issuerOf(broker.rules.issuers, token.value.unverifiedIssuer)
  if (!trusted) return forged('unknown issuer')
  const { use = trusted.tokenUse } = shown.value
  const issuer = { ...trusted, tokenUse: use }
  const headerFault = checkHeader(issuer, token.value)
  if (headerFault) return headerFault

  const signature = await broker.keys.check(issuer, token.value)
  if (signature.outcome === 'unknown') {
    return refused('issuer-keys-unavailable', `The keys of issuer '${id}' are unavailable.`, { operator: signature.cause })
  }
  if (signature.outcome === 'forged') return forged(signature.why)

  if (trusted.tokenUse !== 'any' && trusted.tokenUse !== use)
    return unfit(
      `it was presented as an ${use} token, and this issuer is configured for ${trusted.tokenUse} tokens only`,
      `Send its ${trusted.tokenUse} token.`,
    )
  const claims = checkClaims(issuer, token.value, now)
  if (claims.outcome === 'refused') return claims
  return refuseOwnSession(broker.rules, claims.value) ?? toCaller(id, issuer, token.value, claims.value)
}

/** The values of the Authorization header, RFC 6750 §2.1. Two headers are refused, because two parties could each read a different one. */
export function bearerOf(values: readonly string[]): Done<PresentedToken> | Refused<'token-missing' | 'token-invalid'> {
  if (values.length > 1) return forged('two Authorization headers')
  const [, scheme = '', token = ''] = /^([A-Za-z]+) +(\S+)$/.exec(values[0] ?? '') ?? []
  if (scheme.toLowerCase() !== 'bearer') return refused('token-missing', 'The Authorization header with a bearer token is missing.')
  return done({ token })
}

/** Exact match, code point by code point: no trimming, no case folding, no tolerance for a trailing slash. */
function issuerOf(issuers: { readonly [id: string]: Issuer }, url: string): [string, Issuer | undefined] {
  return Object.entries(issuers).find(([, issuer]) => issuer.url === url) ?? ['', undefined]
}

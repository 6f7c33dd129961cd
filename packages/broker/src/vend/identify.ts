/**
 * From a token that was shown to a verified caller. Nothing is written and nothing is fetched for a token whose issuer
 * is not one of ours; why a token was refused goes to the log, the caller learns only that it was.
 */
import type { Issuer } from '@stint/core/config/shape'
import { type Caller, toCaller } from '@stint/core/identity/caller'
import { refuseOwnSession } from '@stint/core/identity/own-session'
import { checkClaims, checkHeader, forged, parseToken } from '@stint/core/identity/token'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import type { Broker } from '../ports/broker.ts'

/** A token, and what it was called where a protocol says so. */
export type Shown = { readonly token: string; readonly use?: 'id' | 'access' }

export async function identify(
  broker: Pick<Broker, 'rules' | 'keys'>,
  shown: Done<Shown> | Refused,
  now: Instant,
): Promise<Done<Caller> | Refused> {
  if (shown.outcome === 'refused') return shown
  const token = parseToken(shown.value.token)
  if (token.outcome === 'refused') return token

  const [id, trusted] = issuerOf(broker.rules.issuers, token.value.unverifiedIssuer)
  if (!trusted) return forged('unknown issuer')
  const { use = trusted.tokenUse } = shown.value
  if (trusted.tokenUse !== 'any' && trusted.tokenUse !== use) return forged(`shown as an ${use} token, which its issuer is not trusted for`)
  const issuer = { ...trusted, tokenUse: use }
  const headerFault = checkHeader(issuer, token.value)
  if (headerFault) return headerFault

  const signature = await broker.keys.check(issuer, token.value)
  if (signature.outcome === 'unknown') {
    return refused('issuer-keys-unavailable', `The keys of issuer '${id}' are unavailable.`, { operator: signature.cause })
  }
  if (signature.outcome === 'forged') return forged(signature.why)

  const claims = checkClaims(issuer, token.value, now)
  if (claims.outcome === 'refused') return claims
  return refuseOwnSession(broker.rules, claims.value) ?? toCaller(id, issuer, token.value, claims.value)
}

/** The values of the Authorization header, RFC 6750 §2.1. Two headers are refused: two parties could each look at another one. */
export function bearerOf(values: readonly string[]): Done<Shown> | Refused {
  if (values.length > 1) return forged('two Authorization headers')
  const [, scheme = '', token = ''] = /^([A-Za-z]+) +(\S+)$/.exec(values[0] ?? '') ?? []
  if (scheme.toLowerCase() !== 'bearer') return refused('token-missing', 'The call has no bearer token.')
  return done({ token })
}

/** Exact match, code point by code point: no trimming, no case folding, no trailing slash forgiven. */
function issuerOf(issuers: { readonly [id: string]: Issuer }, url: string): [string, Issuer | undefined] {
  return Object.entries(issuers).find(([, issuer]) => issuer.url === url) ?? ['', undefined]
}

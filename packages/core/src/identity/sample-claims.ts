/** Claims of tokens that Stint makes itself: for access tests, and for the sandbox, which plays the issuers of a config. */
import { claimPath } from '../config/matcher.ts'
import type { ClaimRef, Dialect, Issuer } from '../config/shape.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { dialectOf } from './token-use.ts'

export type Claims = { [claim: string]: Json }

/** Adds what every token of the issuer has besides its caller: the markers of its kind, the pinned tenant, and an identity. */
export function fillClaims(into: Claims, issuer: Issuer, identity: string, given: JsonObject = {}): void {
  for (const [claim, value] of Object.entries(marksOf(issuer))) into[claim] ??= value
  for (const [ref, value] of Object.entries(issuer.tenant ?? {})) putClaim(into, ref, value, given)
  if (issuer.identityClaim !== undefined) putClaim(into, issuer.identityClaim, identity, given)
}

/** The claims by which `tokenUseFault` knows the kind of a token, and that a person obtained it. */
function marksOf(issuer: Issuer): JsonObject {
  const access = issuer.tokenUse === 'access'
  const marks: { readonly [dialect in Dialect]: JsonObject } = {
    rfc9068: {},
    cognito: access ? { token_use: 'access', username: 'test', client_id: issuer.audiences[0] ?? '' } : { token_use: 'id' },
    okta: access ? { cid: 'test', uid: 'test' } : {},
    entra: access ? { azp: 'test', scp: 'test' } : {},
    keycloak: { typ: access ? 'Bearer' : 'ID' },
    auth0: access ? { azp: 'test' } : {},
  }
  return marks[dialectOf(issuer)]
}

/** Sets a claim by its reference. An object that the caller already sets is kept as it is. */
export function putClaim(into: Claims, ref: ClaimRef, value: Json, given: JsonObject = {}): void {
  const names = claimPath(ref)
  if (given[names[0] as string] !== undefined) return
  let outer = into
  for (const name of names.slice(0, -1)) {
    const inner: Claims = isObject(outer[name]) ? { ...outer[name] } : {}
    outer[name] = inner
    outer = inner
  }
  outer[names.at(-1) as string] ??= value
}

/**
 * Checks of a JWT before and after its signature is verified. `parseToken` parses untrusted input and refuses what no honest
 * issuer creates, before any key is fetched. `checkClaims` checks what Stint requires in addition to a valid signature.
 *
 * aws-jwt-verify alone accepts a missing `exp` or `sub`, an `iat` in the future, any `crit`, any `typ` and a trailing `=`.
 * Each is refused here and has a row in `token.test.ts`. Sources: RFC 7515, RFC 7519, RFC 8725, RFC 9068.
 */

import { findClaim, matchesClaim } from '../config/matcher.ts'
import type { Algorithm, Issuer } from '../config/shape.ts'
import { defined } from '../defined.ts'
import { durationSeconds } from '../duration.ts'
import { type Instant, seconds } from '../instant.ts'
import { isObject, type Json, type JsonObject, parseForeignJson } from '../json.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'
import { isSubject } from './subject.ts'
import { dialectOf, tokenUseFault } from './token-use.ts'

/** Longest token, in bytes. In a header API Gateway accepts at most 10,240 bytes, all headers together; `POST /token` takes the rest. */
export const MAX_TOKEN_BYTES = 16_384
/** Longest token whose signature is verified. Above MAX_TOKEN_BYTES, only to say that it is too long. */
const MAX_VERIFIED_BYTES = 2 * MAX_TOKEN_BYTES
/** How far apart the clocks of issuer and broker can be. */
export const CLOCK_GRACE_SECONDS = 10

/** A parsed token whose signature has not been verified. */
export type UnverifiedToken = {
  readonly raw: string
  readonly signingInput: string
  readonly header: { readonly alg: string; readonly kid?: string; readonly typ?: string }
  readonly unverifiedClaims: JsonObject
  readonly unverifiedIssuer: string
}

/** Why a token is refused. */
export type TokenRefusal = 'token-invalid' | 'token-expired'

/** The caller learns only that the token is invalid. The exact cause goes to the operator's log. */
const invalid = (operator: string): Refused<'token-invalid'> =>
  refused('token-invalid', 'The token is malformed, forged, or not meant for this broker.', { operator })

export function parseToken(raw: string): Done<UnverifiedToken> | Refused<'token-invalid'> {
  if (raw.length > MAX_VERIFIED_BYTES) return invalid('token is too long')
  const segments = raw.split('.')
  if (segments.length !== 3 || segments.some((segment) => segment === '')) return invalid('token does not have three segments')
  const [headerBytes, payloadBytes, signature] = segments.map(decodeBase64Url)
  if (!headerBytes || !payloadBytes || !signature) return invalid('token is not strict base64url')

  const header = parseForeignJson(headerBytes)
  if (!header.ok || !isObject(header.value)) return invalid(`token header: ${header.ok ? 'not an object' : header.fault}`)
  const { alg, kid, typ } = header.value
  if (typeof alg !== 'string') return invalid('token header has no alg')
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256)) return invalid('token header has an invalid kid')
  if (typ !== undefined && typeof typ !== 'string') return invalid('token header has an invalid typ')
  // Stint implements no extension, so it refuses every critical one (RFC 7515 §4.1.11), including b64 (RFC 7797).
  if ('crit' in header.value || 'b64' in header.value) return invalid('token header has a critical extension')

  const payload = parseForeignJson(payloadBytes)
  if (!payload.ok || !isObject(payload.value)) return invalid(`token payload: ${payload.ok ? 'not an object' : payload.fault}`)
  if (typeof payload.value.iss !== 'string') return invalid('token has no iss')
  return done({
    raw,
    signingInput: raw.slice(0, raw.lastIndexOf('.')),
    header: { alg, ...defined({ kid, typ }) },
    unverifiedClaims: payload.value,
    unverifiedIssuer: payload.value.iss,
  })
}

/** RFC 4648 §5 without padding. Other spellings that decode to the same bytes are refused. */
function decodeBase64Url(segment: string): Uint8Array | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.toString('base64url') === segment ? bytes : undefined
}

/** The checks of the header that need no signature: a key ID, and an algorithm that the issuer uses. */
export function checkHeader(issuer: Issuer, token: UnverifiedToken): Refused<'token-invalid'> | undefined {
  if (!issuer.algorithms.includes(token.header.alg as Algorithm))
    return invalid(`algorithm ${token.header.alg.slice(0, 40)} is not allowed`)
  if (token.header.kid === undefined) return invalid('token header has no kid')
  return undefined
}

/** The refusal of a token with an invalid signature or an unknown key. */
export const forged = (why: string): Refused<'token-invalid'> => invalid(why)

/** What is wrong with a claim, and what to do about it. */
type Fault = readonly [what: string, next: string]

/**
 * The refusal of a token whose signature is valid. Its holder could read its claims anyway, so they learn the reason. Of the config it
 * names only what a client needs to get a better token: audiences and limits, never the pinned tenant.
 */
export const unfit = (what: string, next: string): Refused<'token-invalid'> =>
  refused('token-invalid', `Your issuer signed this token, but this broker does not accept it: ${what}.`, {
    operator: what,
    evidence: { next },
  })

/**
 * Checks the claims of a token whose signature is valid. `token-expired` comes last and only here, so that a forged token
 * that has also expired is refused as forged.
 */
export function checkClaims(issuer: Issuer, token: UnverifiedToken, now: Instant): Done<JsonObject> | Refused<TokenRefusal> {
  const claims = token.unverifiedClaims
  const fault =
    sizeFault(token) ??
    useFault(issuer, token, claims) ??
    audienceFault(issuer, claims) ??
    subjectFault(claims) ??
    timeFault(issuer, claims, now) ??
    tenantFault(issuer, claims)
  if (fault) return unfit(...fault)
  const late = now - seconds(claims.exp as number)
  if (late >= seconds(CLOCK_GRACE_SECONDS)) return refused('token-expired', `The token expired ${inSeconds(late)} ago.`)
  return done(claims)
}

const inSeconds = (milliseconds: number): string => `${Math.ceil(milliseconds / 1000)} s`

/** A claim's value in a message: on one line, and short. */
export const shownClaim = (value: unknown): string => {
  const text = value === undefined ? 'missing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}

function sizeFault({ raw }: UnverifiedToken): Fault | undefined {
  if (raw.length <= MAX_TOKEN_BYTES) return undefined
  return [`it has ${raw.length} bytes. The limit is ${MAX_TOKEN_BYTES}`, 'Put fewer claims or groups in it.']
}

function useFault(issuer: Issuer, { header }: UnverifiedToken, claims: JsonObject): Fault | undefined {
  const fault = tokenUseFault(issuer, header.typ, claims)
  return fault === undefined
    ? undefined
    : [fault, `Send the ${issuer.tokenUse === 'any' ? 'ID or access' : issuer.tokenUse} token of your issuer.`]
}

function audienceFault(issuer: Issuer, claims: JsonObject): Fault | undefined {
  // Cognito access tokens have no aud. Their client_id names the client they were issued to.
  const name = dialectOf(issuer) === 'cognito' && claims.token_use === 'access' && claims.aud === undefined ? 'client_id' : 'aud'
  const audiences = [claims[name]].flat()
  const next = `Request the audience ${issuer.audiences.map(shownClaim).join(' or ')}.`
  if (!audiences.every((value) => typeof value === 'string')) return [`${name} is not a string or a list of strings`, next]
  return audiences.some((value) => issuer.audiences.includes(value as string))
    ? undefined
    : [`${name} is ${shownClaim(claims[name])}, which is not an audience of this broker`, next]
}

function subjectFault(claims: JsonObject): Fault | undefined {
  if (isSubject(claims.sub)) return undefined
  const what = '1 to 2,048 characters, and no control characters'
  const fault = claims.sub === undefined ? 'sub is missing' : `sub must have ${what}, not ${shownClaim(claims.sub)}`
  return [fault, 'Configure your issuer to send such a sub.']
}

const CLOCK_NEXT = "Correct your issuer's clock, or have operators raise clockSkew."

function timeFault(issuer: Issuer, claims: JsonObject, now: Instant): Fault | undefined {
  const skew = issuer.clockSkew === undefined ? CLOCK_GRACE_SECONDS : durationSeconds(issuer.clockSkew)
  for (const name of ['exp', 'iat', 'nbf']) {
    const value = claims[name]
    if (!isNumericDate(value)) {
      if (name !== 'nbf' || value !== undefined)
        return [
          `${name} ${value === undefined ? 'is missing' : `must be a number of seconds since 1970, not ${shownClaim(value)}`}`,
          'Configure your issuer to send seconds since 1970.',
        ]
    } else if (name !== 'exp' && seconds(value) > now + seconds(skew))
      return [`${name} is ${inSeconds(seconds(value) - now)} ahead of the broker's clock. The limit is ${skew} s`, CLOCK_NEXT]
  }
  const life = (claims.exp as number) - (claims.iat as number)
  if (life <= 0) return ['exp is not after iat', CLOCK_NEXT]
  const most = maxTokenLifeSeconds(issuer)
  if (life <= most) return undefined
  return [
    `its lifetime is too long: exp - iat is ${life} s. The limit is ${most} s`,
    'Shorten its life, or have operators raise maxTokenLife.',
  ]
}

export const maxTokenLifeSeconds = (issuer: Issuer): number =>
  durationSeconds(issuer.maxTokenLife ?? (issuer.kind === 'human' ? '24h' : '1h'))

/** RFC 7519 §2: seconds since the epoch, fractions allowed. A date after the year 9999 is taken for a mistake. */
const isNumericDate = (value: Json | undefined): value is number => typeof value === 'number' && value > 0 && value < 253_402_300_800

function tenantFault(issuer: Issuer, claims: JsonObject): Fault | undefined {
  for (const [ref, wanted] of Object.entries(issuer.tenant ?? {})) {
    const claim = findClaim(claims, ref)
    if (!matchesClaim(wanted, claim))
      return [`${ref} is not the pinned tenant, but ${shownClaim(claim)}`, "Use a token of this broker's organization."]
  }
  return undefined
}

/**
 * IDs. A request's ID is random and ordered by time, or derived if repeated calls must get the same request. The two kinds
 * use different alphabets (upper and lower case). A session's ID begins with its request's ID, so it also names its item.
 */
import { crockford, digestFields, toCrockford } from './digest.ts'
import type { Caller, CallerRef } from './identity/caller.ts'
import type { Instant } from './instant.ts'
import { canonicalJson } from './json.ts'

declare const brand: unique symbol
export type RequestId = string & { readonly [brand]: 'request' }
export type SessionId = string & { readonly [brand]: 'session' }

/** A source of random bytes. */
export type RandomBytes = (count: number) => Uint8Array

/** `req_` + ULID (48 bits of milliseconds, 80 random bits), upper case. */
export function newRequestId(now: Instant, random: RandomBytes): RequestId {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(now) << 16n)
  bytes.set(random(10), 6)
  // The 26 characters of a ULID hold 130 bits; the two extra bits are at the front.
  return `req_${toCrockford(shiftRight2(bytes), 26).toUpperCase()}` as RequestId
}

function shiftRight2(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(17)
  bytes.forEach((byte, index) => {
    out[index] = (out[index] ?? 0) | (byte >> 2)
    out[index + 1] = (byte & 3) << 6
  })
  return out
}

/** When a random request ID was created; undefined for a derived ID, whose letters are lower case, and for any other string. */
export function requestIdTime(id: string): Instant | undefined {
  if (!/^req_[0-9A-HJKMNP-TV-Z]{26}$/.test(id) || !/[A-Z]/.test(id)) return undefined
  let time = 0
  for (const character of id.slice(4, 14).toLowerCase()) time = time * 32 + crockford.indexOf(character)
  return time
}

/** Single-use tokens: the same token with the same profile gets the same request. */
export const onceRequestId = (caller: Caller, profile: string): RequestId =>
  derived('once/v1', [caller.issuer, caller.subject, caller.token.audience, caller.token.once, profile])

/** With a request named by the caller, a single-use token names the session instead. */
export const onceSessionId = (request: RequestId, caller: Caller): SessionId =>
  `${request}.${digestFields('once/v1', [caller.issuer, caller.subject, caller.token.audience, caller.token.once, request]).slice(0, 8)}` as SessionId

/** With a request named by the caller, an Idempotency-Key names the session. */
export const idempotentSessionId = (request: RequestId, caller: Pick<Caller, 'issuer' | 'subject'>, key: string): SessionId =>
  `${request}.${digestFields('idem/v1', [caller.issuer, caller.subject, key, request]).slice(0, 8)}` as SessionId

/** An Idempotency-Key, scoped by its caller. */
export const idempotentRequestId = (caller: Pick<Caller, 'issuer' | 'subject'>, key: string): RequestId =>
  derived('idem/v1', [caller.issuer, caller.subject, key])

/** Two calls that ask for the same within a bucket of time get one request. */
export const askedRequestId = (
  caller: Pick<Caller, 'issuer' | 'subject'>,
  profile: string,
  what: string,
  bucketSeconds: number,
  now: Instant,
): RequestId => derived('ask/v1', [caller.issuer, caller.subject, profile, what, String(Math.floor(now / 1000 / bucketSeconds))])

/**
 * The container-credentials endpoint: SDKs repeat calls, and repeated calls within a bucket of time share a request. `overflow`: which of
 * the requests that take over when the first one, 0, is full.
 */
export const bucketRequestId = (
  caller: CallerRef,
  profile: string,
  parameters: unknown,
  bucketSeconds: number,
  now: Instant,
  overflow: number,
): RequestId =>
  derived('bucket/v2', [
    caller.issuer,
    caller.subject,
    profile,
    canonicalJson(parameters),
    String(Math.floor(now / 1000 / bucketSeconds)),
    String(overflow),
  ])

const derived = (domain: string, fields: readonly string[]): RequestId => `req_${digestFields(domain, fields)}` as RequestId

export const newSessionId = (request: RequestId, random: RandomBytes): SessionId => `${request}.${toCrockford(random(5), 8)}` as SessionId

export const parseRequestId = (text: string): RequestId | undefined =>
  /^req_([0-9A-HJKMNP-TV-Z]{26}|[0-9a-hjkmnp-tv-z]{26})$/.test(text) ? (text as RequestId) : undefined

export function parseSessionId(
  text: string,
): { readonly session: SessionId; readonly request: RequestId; readonly suffix: string } | undefined {
  const [head = '', suffix = '', ...rest] = text.split('.')
  const request = parseRequestId(head)
  if (!request || rest.length > 0 || !/^[0-9a-hjkmnp-tv-z]{8}$/.test(suffix)) return undefined
  return { session: text as SessionId, request, suffix }
}

/** The ID of a freeze: `frz_` and a digest of its scope. */
export const parseFreezeId = (text: string): `frz_${string}` | undefined => digestId('frz', text)

/** The ID of anything with a journal: a request, a freeze, a person's links, a fact of the system. */
export const parseJournalId = (text: string): string | undefined =>
  parseRequestId(text) ?? parseFreezeId(text) ?? digestId('lnk', text) ?? digestId('sys', text)

const digestId = <Kind extends string>(kind: Kind, text: string): `${Kind}_${string}` | undefined =>
  text.startsWith(`${kind}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(kind.length + 1)) ? (text as `${Kind}_${string}`) : undefined

/** The part of a session ID after its request's ID. */
export const sessionSuffix = (session: SessionId): string => session.slice(session.indexOf('.') + 1)

/** 128 random bits in hex, for attempts and traces. */
export const hex128 = (random: RandomBytes): string => Buffer.from(random(16)).toString('hex')

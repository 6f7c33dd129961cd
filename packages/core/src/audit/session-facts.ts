/**
 * Checks the events of a session against its request, against the intent before them, and against the forms that AWS uses.
 * Names: AWS STS API Reference, AssumeRole; AWS IAM User Guide, "IAM identifiers".
 */

import { MAX_CREDENTIALS_SECONDS, MAX_SESSION_SECONDS } from '../config/shape.ts'
import { defined } from '../defined.ts'
import type { CallerRef } from '../identity/caller.ts'
import { roleSessionName } from '../identity/name.ts'
import { parseSessionId, type SessionId } from '../ids.ts'
import { type Instant, instantOf, seconds, wholeSecond } from '../instant.ts'
import { canonicalJson } from '../json.ts'
import { ABANDONED_AFTER_SECONDS } from '../request/session.ts'
import { MIN_DURATION_SECONDS } from '../scope/terms.ts'
import { callerHash, MAX_EVENT_BYTES } from './event.ts'
import type { RequestFacts } from './request-facts.ts'
import type { ReadEvent } from './schema.ts'

/** A session between its intent and its closing event. */
export type OpenSession = {
  readonly at: Instant
  readonly name: string
  readonly role: string
  readonly expiresAt: Instant
  /** The same, or earlier if an approver shortened it. */
  readonly end: Instant
  /** How long each set of credentials lasts, in seconds, if the session can be renewed. */
  readonly renew?: number
  /** A response of AWS did not match the request and was dropped. */
  dropped: boolean
}

/** What all sessions of one request have in common. */
export type Shared = { readonly role: string; readonly sourceIdentity: string | undefined }

/** An event carries the time at which its call began. The call may reserve later: when it is sent again, but not after the timeout of vend. */
const MAX_CALL_SECONDS = 10
/** Maximum number of AssumeRole sends for one session. */
export const MAX_SENDS = 2
/** The longest character of a name, in bytes of its JSON. A name is cut before the first character that does not fit. */
const LONGEST_CHARACTER = 12

export const sharedOf = (event: ReadEvent): Shared => ({
  role: event.role as string,
  sourceIdentity: event.sourceIdentity as string | undefined,
})

/** `windowExpiresAt`: of a request that people approved. A session that is renewed ends with the window. */
export function openedSession(event: ReadEvent, facts: RequestFacts | undefined, windowExpiresAt: Instant): OpenSession {
  const [at, expiresAt, renew] = [instantOf(event.at), instantOf(event.expiresAt), event.renew as number | undefined]
  const allowed = wholeSecond(at) + seconds(facts?.limits.duration ?? Number.POSITIVE_INFINITY)
  const window = renew === undefined || facts?.window === undefined ? Number.POSITIVE_INFINITY : wholeSecond(windowExpiresAt)
  const end = Math.min(expiresAt, allowed, window)
  return { at, name: event.sessionName as string, role: event.role as string, expiresAt, end, ...defined({ renew }), dropped: false }
}

/** `facts` is absent if the request is unknown. */
export function reservedFaults(event: ReadEvent, shared: Shared, facts: RequestFacts | undefined): readonly string[] {
  const faults: string[] = []
  const [at, duration] = [instantOf(event.at), event.duration as number]
  if (facts && event.v !== 1) {
    if (!isFor(event, facts)) faults.push('reserved for a caller other than the requester')
    if (event.terms !== facts.terms) faults.push('reserved on terms other than those of the request')
  }
  if (facts && at + seconds(MAX_CALL_SECONDS) < facts.windowStartsAt) faults.push('reserved before its window began')
  if (!isSameRole(event.role as string, shared.role)) faults.push('reserved for another role than the session before it')
  if (event.sourceIdentity !== shared.sourceIdentity) faults.push('reserved with another source identity than the session before it')
  if (!isNameOf(event)) faults.push('reserved under a session name that is not its own')
  const longest = event.renew === undefined ? MAX_CREDENTIALS_SECONDS : MAX_SESSION_SECONDS
  if (duration > longest) faults.push(`reserved for more than ${longest} s`)
  if (event.renew !== undefined && ((event.renew as number) < MIN_DURATION_SECONDS || (event.renew as number) > MAX_CREDENTIALS_SECONDS))
    faults.push('reserved with credentials that no config can have')
  if (duration < MIN_DURATION_SECONDS) faults.push(`reserved for less than ${MIN_DURATION_SECONDS} s`)
  // If the caller chose no duration, this is the profile's default, and an approver's limit ends the session earlier.
  if (facts && event.durationAsked === true && duration > facts.limits.duration) faults.push('reserved for longer than its limits allow')
  if (instantOf(event.expiresAt) !== wholeSecond(at) + seconds(duration))
    faults.push('reserved with an end that is not start plus duration')
  return faults
}

export function isFor(event: ReadEvent, { issuer, subject }: RequestFacts): boolean {
  if (event.callerHash !== undefined) return event.callerHash === callerHash({ issuer, subject })
  const caller = event.caller as CallerRef
  return caller.issuer === issuer && caller.subject === subject
}

/** A session's name is the readable part of its caller's name, and its ID. */
function isNameOf(event: ReadEvent): boolean {
  const [name, session] = [event.sessionName as string, event.session as SessionId]
  if (!parseSessionId(session) || !name.endsWith(`-${session}`)) return false
  const head = name.slice(0, -session.length - 1)
  // AWS accepts most names as they are.
  if ((event.caller as CallerRef | undefined)?.name === head && /^[\w+,.@-]{1,24}$/.test(head)) return true
  if (!/^[\w+=,.@-]{0,24}$/.test(head)) return false
  if (event.caller === undefined) return true
  const expected = roleSessionName((event.caller as CallerRef).name, session)
  if (name === expected) return true
  // In a full event the caller's name was cut.
  const isFull = Buffer.byteLength(canonicalJson(event)) > MAX_EVENT_BYTES - LONGEST_CHARACTER
  return isFull && head.startsWith(expected.slice(0, -session.length - 1))
}

type RoleParts = { readonly partition: string; readonly account: string; readonly name: string }
function rolePartsOf(arn: string): RoleParts | undefined {
  const [, partition, account, name] = /^arn:([a-z-]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? []
  return partition && account && name ? { partition, account, name } : undefined
}

/** If an event had no room for its role's path, the rest must be equal. */
export function isSameRole(one: string, other: string): boolean {
  if (one === other) return true
  if (!one.includes(':role/…/') && !other.includes(':role/…/')) return false
  return canonicalJson(rolePartsOf(one) ?? one) === canonicalJson(rolePartsOf(other) ?? other)
}

export function issuedFaults(event: ReadEvent, open: OpenSession): readonly string[] {
  const faults: string[] = [...attemptFaults(event, open, 'issued')]
  // The call that dropped a response has ended, and no other call can record for its reservation.
  if (open.dropped) faults.push('issued after its answer was dropped')
  const [at, expiration, sends] = [instantOf(event.at), instantOf(event.expiration), event.sends as number]
  if (expiration > open.expiresAt) faults.push('issued beyond the reserved end')
  else if (expiration > open.end) faults.push('issued for longer than its limits allow')
  else if (open.renew !== undefined && expiration > wholeSecond(open.at) + seconds(open.renew))
    faults.push('issued for longer than one set of credentials lasts')
  if (at >= open.expiresAt) faults.push('issued after its end')
  else if (expiration <= at) faults.push('issued with credentials that had already expired')
  if (!/^ASIA[A-Z0-9]{12,124}$/.test(event.accessKeyId as string)) faults.push('issued with an access key ID that is not that of a session')
  const role = rolePartsOf(open.role)
  if (event.assumedRoleArn !== (role && `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${open.name}`))
    faults.push('issued with an ARN that does not match its role and session name')
  const id = event.assumedRoleId as string
  if (!/^[A-Z0-9]{4,128}:/.test(id) || id.slice(id.indexOf(':') + 1) !== open.name) faults.push('issued with a role ID of another session')
  if (sends < 1) faults.push('issued although AssumeRole was not sent')
  if ((event.packedPolicySize as number) > 100) faults.push('issued with a policy that exceeds the AWS limit')
  return faults
}

/** The faults of an event that closes a session without credentials. */
export function closedFaults(event: ReadEvent, open: OpenSession): readonly string[] {
  if (event.type === 'session.failed')
    return [...(open.dropped ? ['failed after its answer was dropped'] : []), ...attemptFaults(event, open, 'failed')]
  return tooSoon(event, open)
}

export const tooSoon = (event: ReadEvent, open: Pick<OpenSession, 'at'>): readonly string[] =>
  instantOf(event.at) < open.at + seconds(ABANDONED_AFTER_SECONDS)
    ? [`abandoned less than ${ABANDONED_AFTER_SECONDS} s after it was reserved`]
    : []

/** The faults of a dropped response. Its session stays open. */
export function droppedFaults(event: ReadEvent, open: OpenSession): readonly string[] {
  return [
    ...attemptFaults(event, open, 'dropped'),
    ...((event.sends as number) < 1 ? ['dropped although AssumeRole was not sent'] : []),
    ...(open.dropped ? ['dropped twice'] : []),
  ]
}

/** One call of one function reserves and closes, with one clock and long before the reservation counts as abandoned. */
export function attemptFaults(event: ReadEvent, open: Pick<OpenSession, 'at'>, what: string): readonly string[] {
  const after = instantOf(event.at) - open.at
  const sends = event.sends as number
  return [
    ...(after < 0 ? [`${what} before it was reserved`] : []),
    ...(after > seconds(ABANDONED_AFTER_SECONDS) ? [`${what} more than ${ABANDONED_AFTER_SECONDS} s after it was reserved`] : []),
    ...(sends > MAX_SENDS ? [`${what} after ${sends} sends of AssumeRole; the maximum is ${MAX_SENDS}`] : []),
  ]
}

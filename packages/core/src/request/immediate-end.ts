/**
 * Ending sessions at once: which sessions of a role are denied, and the one policy of the role that denies them. The policy is always made
 * anew from what is stored, never changed, because IAM replaces a policy as a whole and does not say what it replaced.
 * Sources: AWS IAM API Reference, PutRolePolicy; IAM User Guide, "Disabling permissions for temporary security credentials" and "IAM and
 * AWS STS quotas" (10,240 characters for all inline policies of a role together, white space not counted).
 */
import { MAX_CREDENTIALS_SECONDS } from '../config/shape.ts'
import { type RequestId, type SessionId, sessionSuffix } from '../ids.ts'
import { type Instant, seconds, toIsoSeconds, wholeSecond } from '../instant.ts'
import { LATER_SECONDS } from '../sts-limits.ts'
import { identityProofUntil, type Session } from './session.ts'

/** The inline policy of a target's role that denies its ended sessions. Nothing else writes a policy of this name. */
export const END_POLICY_NAME = 'stint-end'
/** The session name of the revoker that writes it, as CloudTrail of the target's account shows it. */
export const END_SESSION_NAME = 'stint-end'

/**
 * How far an end is. `requested`: it is written down, and AWS was not asked yet. `written`: AWS accepted the policy. `read-back`: AWS
 * returned the policy with this session in it. `full`: the policy has no room, so the credentials work until they expire. AWS applies
 * changes of IAM with a delay, usually of seconds, at times of minutes, so no state says that every request is denied already.
 */
export type ImmediateEndState = 'requested' | 'written' | 'read-back' | 'full'

const SOON = 'They usually stop working within seconds, but it can take minutes.'
/** What each state means for the credentials of the session, in words for its caller. */
export const immediateEndWords: { readonly [state in ImmediateEndState]: string } = {
  requested: 'Stint is adding the session to the policy that denies its credentials.',
  written: `AWS accepted the policy that denies its credentials. ${SOON}`,
  'read-back': `AWS has the policy that denies its credentials. ${SOON}`,
  full: 'The policy of its role is full, so its credentials work until they expire.',
}

/** A session of a role that was ended and whose credentials still work. */
export type EndedSession = {
  /** The last 8 characters of its ID, in which its session name ends. */
  readonly suffix: string
  readonly request: RequestId
  /** When the newest of its credentials were issued. */
  readonly issuedAt: Instant
  /** When AWS itself refuses them. */
  readonly until: Instant
  readonly notedAt: Instant
  /** Undefined if no policy had it yet. */
  readonly state?: Exclude<ImmediateEndState, 'requested'>
  /** What its row is called, if another session of the role has the suffix for a name. */
  readonly row?: string
}

/** Callers can choose a suffix by their Idempotency-Key, so two sessions of a role can have the same one. */
export const sessionOf = ({ request, suffix }: Pick<EndedSession, 'request' | 'suffix'>): SessionId => `${request}.${suffix}` as SessionId

/** The name of the row of a session whose suffix another session of the role has, too. */
export const rowBeside = ({ request, suffix }: Pick<EndedSession, 'request' | 'suffix'>): string => `${suffix}.${request}`

/** All credentials of the role that were issued before this instant are denied. `until`: when the last of them has expired. */
export type EarlierSessions = { readonly before: Instant; readonly until: Instant }

/** With as many ended sessions, a further end is refused, unless the caller says what should happen. */
export const MAX_DENIED_SESSIONS = 600
/** As many fit in the policy: ends that met below the limit above get in, too. The policy then has 8,700 characters at most. */
export const MOST_IN_POLICY = 640

/** What to keep of an ended session; undefined if no credentials of it work any more, or none were issued. */
export function endedSession(
  session: Pick<Session, 'id' | 'requestId' | 'state' | 'issued' | 'renewed'>,
  now: Instant,
): EndedSession | undefined {
  const until = identityProofUntil(session)
  if (session.state !== 'ended' || !session.issued || until === undefined || until <= now) return undefined
  return {
    suffix: sessionSuffix(session.id),
    request: session.requestId,
    issuedAt: Math.max(session.issued.at, session.renewed?.at ?? 0),
    until,
    notedAt: now,
  }
}

export const earlierSessions = (before: Instant): EarlierSessions => ({
  before: wholeSecond(before),
  until: before + seconds(MAX_CREDENTIALS_SECONDS + LATER_SECONDS),
})

/** The policy; undefined if there is nothing to deny, or no room. The sessions that it denies, and those for which it has no room. */
export type EndPolicy = { readonly document?: string; readonly denied: readonly EndedSession[]; readonly left: readonly EndedSession[] }

/**
 * Sessions that a policy already denies come first, then the oldest ends: nothing that was denied is let in again. `isFull`: other policies
 * of the role take the room, so only sessions that are denied already are listed.
 */
export function endPolicy(ended: readonly EndedSession[], earlier: EarlierSessions | undefined, now: Instant, isFull = false): EndPolicy {
  const before = earlier && earlier.until > now ? earlier.before : undefined
  const live = ended.filter(({ until }) => until > now)
  // By Stint's clock, so those that were issued shortly before are listed as well.
  const isCovered = ({ issuedAt }: EndedSession) => before !== undefined && issuedAt < before - seconds(LATER_SECONDS)
  const listed = live.filter((session) => !isCovered(session)).sort(inOrder)
  const room = isFull ? listed.filter(isDenied).length : MOST_IN_POLICY
  const [denied, left] = [listed.slice(0, room), listed.slice(room)]
  if (denied.length === 0 && before === undefined) return { denied, left }
  const statements = [
    ...(denied.length > 0
      ? [deny('StintEndedSessions', { StringLike: { 'aws:userid': [...new Set(denied.map(({ suffix }) => `*.${suffix}`))].sort() } })]
      : []),
    ...(before === undefined ? [] : [deny('StintEarlierSessions', { DateLessThan: { 'aws:TokenIssueTime': toIsoSeconds(before) } })]),
  ]
  return {
    document: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    denied: [...denied, ...live.filter(isCovered)],
    left,
  }
}

const deny = (Sid: string, Condition: object) => ({ Sid, Effect: 'Deny', Action: '*', Resource: '*', Condition })

const isDenied = ({ state }: EndedSession): boolean => state === 'written' || state === 'read-back'
const inOrder = (a: EndedSession, b: EndedSession): number =>
  Number(isDenied(b)) - Number(isDenied(a)) || a.notedAt - b.notedAt || (a.suffix < b.suffix ? -1 : 1)

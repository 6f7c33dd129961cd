/**
 * Requests that ended sessions lose their access at once, for targets with `revocation`. What is wanted is written down before the ledger
 * ends a session, so that the sweeper finds every end that was not carried out, wherever a call stopped. The ledger alone says which
 * sessions have ended: what was written down about one that has not is dropped (./carry-out.ts).
 */
import { endsAtOnce } from '@stint/core/config/revoker'
import type { Rules } from '@stint/core/config/shape'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { type ImmediateEndState, MAX_DENIED_SESSIONS } from '@stint/core/request/immediate-end'
import { type AccessRequest, canHaveMoreSessions } from '@stint/core/request/request'
import { canEnd, identityProofUntil, type Session } from '@stint/core/request/session'
import type { EndNotes, EndQueue, RolePlace } from '../ports/immediate-ends.ts'
import type { Log } from '../ports/runtime.ts'

/** Absent on a broker whose config has no target with `revocation`. */
export type ImmediateEnds = { readonly notes: EndNotes; readonly queue: EndQueue }
type Parts = { readonly rules: Pick<Rules, 'targets'>; readonly log: Log; readonly immediate?: ImmediateEnds }

/**
 * What to do if the policy of the role has no room for another session: deny all credentials that the role issued before, or let those of the
 * session work until they expire.
 */
export type EveryEarlier = 'end' | 'keep'

/** `wake`: sends the message that starts the work. To be called when the ledger has ended the session. */
type Requested = { readonly state?: ImmediateEndState; readonly wake?: () => Promise<void>; readonly everyEarlierSession?: true }

/** Undefined if the deployed config does not end sessions of this role at once. */
const rolePlace = (
  rules: Parts['rules'],
  { target, roleArn }: Pick<Session | AccessRequest, 'target' | 'roleArn'>,
): RolePlace | undefined => (endsAtOnce(rules, { target, roleArn }) ? { target, roleArn } : undefined)

/** Before one session is ended, or when the end of one is repeated. */
export async function requestEnd(
  parts: Parts,
  session: Session,
  now: Instant,
  everyEarlier: EveryEarlier | undefined,
): Promise<Done<Requested> | Refused<'end-policy-full'> | Unknown> {
  const place = rolePlace(parts.rules, session)
  if (!parts.immediate || !place || !canBeDenied(session, now)) return done({})
  const { notes } = parts.immediate
  const known = session.state === 'ended' ? await notes.stateOf(place.roleArn, session.id) : done(undefined)
  if (known.outcome === 'unknown') return known
  if (known.value && (known.value !== 'full' || everyEarlier !== 'end')) return done({ state: known.value })
  const count = await notes.count(place.roleArn, MAX_DENIED_SESSIONS, now)
  if (count.outcome === 'unknown') return count
  const isFull = known.value === 'full' || count.value >= MAX_DENIED_SESSIONS
  if (isFull && everyEarlier === 'keep') return done({})
  if (isFull && everyEarlier === undefined)
    return refused(
      'end-policy-full',
      `The policy of the role has room for ${MAX_DENIED_SESSIONS} ended sessions, and has them. Nothing was changed. This session can be ended at once only together with every earlier session of the role.`,
    )
  const wish = isFull ? { everyEarlier: now, last: session.id } : {}
  const noted = await notes.note({ ...place, request: session.requestId, at: now, ...wish })
  if (noted.outcome === 'unknown') return noted
  // Beside the event of the end: repeating the end of a session has no event.
  if (isFull) parts.log({ event: 'every-earlier-session', role: place.roleArn, session: session.id })
  // Without credentials that work, there is nothing to deny, unless the session gets some before it ends.
  const state = hasCredentials(session, now) ? { state: 'requested' as const } : {}
  return done({ ...state, wake: () => wake(parts, place), ...(isFull ? { everyEarlierSession: true as const } : {}) })
}

/**
 * Before a request is revoked. A revocation is never refused: if the policy has no room, the credentials of its sessions work until they
 * expire. Undefined if there is nothing to end at once.
 */
export async function requestEnds(parts: Parts, request: AccessRequest, now: Instant): Promise<Done<Pick<Requested, 'wake'>> | Unknown> {
  const place = rolePlace(parts.rules, request)
  // The revocation does not depend on the version that was read, so a session can be issued before it is written.
  const hasWork = canHaveMoreSessions(request) || request.sessions.some((session) => canBeDenied(session, now))
  if (!parts.immediate || !place || !hasWork) return done({})
  const noted = await parts.immediate.notes.note({ ...place, request: request.id, at: now })
  return noted.outcome === 'unknown' ? noted : done({ wake: () => wake(parts, place) })
}

/** How far the end of a session is; undefined if it is not ended at once. */
export async function immediateEndOf(
  { rules, immediate }: Pick<Parts, 'rules' | 'immediate'>,
  session: Session,
  now: Instant,
): Promise<Done<ImmediateEndState | undefined> | Unknown> {
  const place = rolePlace(rules, session)
  if (!immediate || !place || session.state !== 'ended' || !hasCredentials(session, now)) return done(undefined)
  return immediate.notes.stateOf(place.roleArn, session.id)
}

const hasCredentials = (session: Session, now: Instant): boolean => (identityProofUntil(session) ?? 0) > now
/**
 * Whether there is something to deny, or can be: a session can be issued or renewed before its end is written. One that is over by itself
 * has nothing to end, although its credentials can prove an identity for a while.
 */
const canBeDenied = (session: Session, now: Instant): boolean =>
  session.state === 'ended' ? hasCredentials(session, now) : canEnd(session, now)

/** A lost message does not fail the call: the sweeper sends another one. */
async function wake({ immediate, log }: Parts, place: RolePlace): Promise<void> {
  const woken = await immediate?.queue.wake(place)
  if (woken?.outcome === 'unknown') log({ level: 'error', event: 'end-not-queued', role: place.roleArn, cause: woken.cause })
}

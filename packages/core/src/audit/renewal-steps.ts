/**
 * The rules of renewals and of ended sessions: every further set of credentials follows its intent, belongs to a session that can be
 * renewed and has not ended, and is that session's in every respect.
 */
import { type Instant, instantOf, seconds, wholeSecond } from '../instant.ts'
import { MAX_OPEN_RENEWALS, MAX_SETS } from '../request/session.ts'
import { type Journal, none, when } from './journal-state.ts'
import type { ReadEvent } from './schema.ts'
import { attemptFaults, isFor, type OpenSession, tooSoon } from './session-facts.ts'

/** A session that can be renewed, until it is ended and all of its renewals are closed. */
export type RenewableSession = {
  readonly name: string
  readonly assumedRoleId: string
  readonly end: Instant
  /** In seconds. */
  readonly renew: number
  /** The renewals without an outcome, by their set. */
  readonly open: Map<string, { readonly at: Instant; readonly expiresAt: Instant }>
  readonly sets: Set<string>
  ended: boolean
}

/** The end of a set of credentials that is reserved at this time. */
const endOfSet = (at: Instant, renew: number, end: Instant): Instant => Math.min(wholeSecond(at) + seconds(renew), end)

export function renewable(event: ReadEvent, open: OpenSession): RenewableSession | undefined {
  if (open.renew === undefined) return undefined
  const { name, end, renew } = open
  return { name, assumedRoleId: event.assumedRoleId as string, end, renew, open: new Map(), sets: new Set(), ended: false }
}

export function renewalReserved(journal: Journal, event: ReadEvent): readonly string[] {
  const session = sessionOf(journal, event)
  if (!journal.sessions || !session) return unknownSession(journal, event)
  const [set, at, expiresAt] = [event.set as string, instantOf(event.at), instantOf(event.expiresAt)]
  const isRepeated = session.sets.has(set)
  session.sets.add(set)
  session.open.set(set, { at, expiresAt })
  journal.sessions.renewals++
  const { facts } = journal
  return [
    ...when(isRepeated, 'renewed twice under one name'),
    ...when(session.ended, 'renewed after it was ended'),
    ...when(at >= session.end, 'renewed after its end'),
    ...when(expiresAt !== endOfSet(at, session.renew, session.end), 'renewed with an end other than that of its time'),
    ...when(session.open.size > MAX_OPEN_RENEWALS, `renewed more than ${MAX_OPEN_RENEWALS} times at once`),
    ...when(journal.sessions.renewals > MAX_SETS, `renewed more than ${MAX_SETS} times`),
    ...when(facts !== undefined && !isFor(event, facts), 'renewed for a caller other than the requester'),
    ...when(facts !== undefined && event.terms !== facts.terms, 'renewed on terms other than those of the request'),
  ]
}

/** A renewal is closed once, and only after its intent. */
export function renewalClosed(journal: Journal, event: ReadEvent): readonly string[] {
  const session = sessionOf(journal, event)
  if (!session) return unknownSession(journal, event)
  const set = event.set as string
  const open = session.open.get(set)
  if (!open) return when(!journal.blind || session.sets.has(set), `${event.type} without an open intent before it`)
  session.open.delete(set)
  if (event.type === 'session.renewal-abandoned') return tooSoon(event, open)
  if (event.type === 'session.renewal-failed') return attemptFaults(event, open, 'renewal failed')
  journal.liveUntil = Math.max(journal.liveUntil, instantOf(event.expiration))
  return renewedFaults(event, open, session)
}

function renewedFaults(
  event: ReadEvent,
  open: { readonly at: Instant; readonly expiresAt: Instant },
  { assumedRoleId, ended }: RenewableSession,
): readonly string[] {
  const [at, expiration, sends] = [instantOf(event.at), instantOf(event.expiration), event.sends as number]
  return [
    ...attemptFaults(event, open, 'renewed'),
    ...when(ended, 'renewed after it was ended'),
    ...when(expiration > open.expiresAt, 'renewed beyond the reserved end'),
    ...when(at >= open.expiresAt, 'renewed after the end of the credentials'),
    ...when(expiration <= at, 'renewed with credentials that had already expired'),
    ...when(event.assumedRoleId !== assumedRoleId, 'renewed with a role ID other than that of the session'),
    ...when(!/^ASIA[A-Z0-9]{12,124}$/.test(event.accessKeyId as string), 'renewed with an access key ID that is not that of a session'),
    ...when(sends < 1, 'renewed although AssumeRole was not sent'),
  ]
}

/** Ends a session that was issued, or that is reserved: then its use returns. */
export function sessionEnded(journal: Journal, event: ReadEvent): readonly string[] {
  const id = event.session as string
  if (!id.startsWith(`${event.request}.`)) return ['ended a session of another request']
  const { sessions } = journal
  // A journal without a use left forgets its sessions, but not that there was one.
  if (!sessions) return when(!journal.blind && journal.liveUntil === 0, 'ended without a session')
  const before = sessions.closed.get(id)
  sessions.closed.set(id, 'ended')
  if (sessions.open.delete(id)) {
    sessions.failed++
    journal.usesLeft++
    return when(event.credentialsExpireBy !== undefined, 'ended with credentials that were never issued')
  }
  const session = sessions.renewable.get(id)
  if (session) session.ended = true
  return [
    ...when(before === undefined && !journal.blind, 'ended without a session'),
    ...when(before === 'failed', 'ended after it had failed'),
    ...when(before === 'ended', 'ended twice'),
  ]
}

const sessionOf = ({ sessions }: Journal, event: ReadEvent): RenewableSession | undefined =>
  sessions?.renewable.get(event.session as string)
const unknownSession = ({ blind }: Journal, { type }: ReadEvent): readonly string[] =>
  blind ? none : [`${type} without a session that can be renewed`]

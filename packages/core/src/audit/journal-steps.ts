/** The rules of single events of a journal. Each takes the event into the journal and returns the rules that it breaks. */
import { CODE_SECONDS, LINK_DAYS } from '../identity/link.ts'
import { days, instantOf, seconds } from '../instant.ts'
import { missing } from '../request/approval.ts'
import type { GivenApproval } from '../request/request.ts'
import { SPARE_ATTEMPTS } from '../request/session.ts'
import { idOf, isHuman, type Journal, none, when } from './journal-state.ts'
import { renewable } from './renewal-steps.ts'
import { approvalFaults, approvedFaults } from './request-facts.ts'
import type { ReadEvent } from './schema.ts'
import { closedFaults, droppedFaults, issuedFaults, openedSession, reservedFaults, sharedOf } from './session-facts.ts'

export function approvalGiven(journal: Journal, event: ReadEvent): readonly string[] {
  const { waiting, facts } = journal
  if (!waiting) return none
  const [person, rules] = [idOf(event.by), event.rules as readonly number[]]
  const barred =
    person === journal.caller
      ? 'approved by its own requester'
      : !isHuman(event.by)
        ? 'approved by a workload'
        : waiting.approvals.some((other) => other.person === person) && 'approved twice by one person'
  waiting.approvedAt = instantOf(event.at)
  if (!barred) waiting.approvals.push({ person: person as GivenApproval['person'], rules })
  const isOpen = (rule: number) => rule >= 0 && rule < waiting.needs.length
  return [
    ...(barred ? [barred] : none),
    ...when(rules.length === 0 || !rules.every(isOpen), 'approved under a rule that the request does not have'),
    ...channelFault(event),
    ...(facts ? approvalFaults(facts, event) : none),
  ]
}

export function approved(journal: Journal, event: ReadEvent): readonly string[] {
  journal.usesLeft = event.uses as number
  journal.attemptsLeft = (journal.facts?.uses ?? journal.usesLeft) + SPARE_ATTEMPTS
  journal.expiresAt = instantOf(event.expiresAt)
  journal.granted = true
  if (journal.blind) return none
  const unagreed = !event.unattended
    ? 'approved without the approvals that it needs'
    : instantOf(event.at) < (journal.waiting?.unattendedAt ?? 0) && 'approved unattended before its delay had passed'
  // The last approval and the resulting approved event are a single write.
  const isLate = !event.unattended && journal.waiting !== undefined && journal.waiting.approvedAt !== instantOf(event.at)
  return [
    ...(unagreed && !quorum(journal) ? [unagreed] : when(isLate, 'approved at a time other than that of its last approval')),
    ...(journal.facts ? approvedFaults(journal.facts, event) : none),
  ]
}

/** Slack signs for its users. Every other channel knows the IP address of its caller. */
const channelFault = ({ type, channel, source }: ReadEvent): readonly string[] =>
  when((channel === 'slack') !== String(source).startsWith('slack:'), `${type} over ${channel} with the source of another channel`)

export const quorum = ({ waiting }: Journal): boolean =>
  waiting !== undefined &&
  waiting.needs.length > 0 &&
  missing({ rules: waiting.needs.map((count) => ({ count })) }, waiting.approvals).every((count) => count === 0)

export function reviewed(journal: Journal, event: ReadEvent): readonly string[] {
  const { blind, granted, reviewed: before } = journal
  journal.reviewed = true
  if (blind) return none
  return [
    ...when(idOf(event.by) === journal.caller, 'reviewed by its own requester'),
    ...when(!isHuman(event.by), 'reviewed by a workload'),
    ...when(!granted, 'reviewed although access was never approved'),
    ...when(before, 'reviewed twice'),
  ]
}

export function live(journal: Journal, event: ReadEvent): readonly string[] {
  const at = instantOf(event.at)
  const renewable = [...(journal.sessions?.renewable.values() ?? [])]
  if ((journal.sessions?.open.size ?? 0) > 0 || renewable.some(({ open }) => open.size > 0)) return [`${event.type} with a session open`]
  const liveUntil = Math.max(journal.liveUntil, ...renewable.map(({ ended, end }) => (ended ? 0 : end)))
  return [
    ...when(!journal.blind && journal.stage === 'approved' && at < journal.expiresAt, `${event.type} while it could be used`),
    ...when(journal.stage !== 'retired' && at < liveUntil, `${event.type} while its credentials were still valid`),
  ]
}

export function reserved(journal: Journal, event: ReadEvent): readonly string[] {
  const session = event.session as string
  if (!session.startsWith(`${event.request}.`)) return ['reserved for a session of another request']
  journal.sessions ??= { open: new Map(), closed: new Map(), shared: sharedOf(event), failed: 0, renewals: 0, renewable: new Map() }
  const { open, closed: before, shared } = journal.sessions
  if (open.has(session) || before.has(session)) return ['reserved twice']
  const isTooMany = !journal.blind && journal.attemptsLeft <= 0
  const facts = journal.blind ? undefined : journal.facts
  open.set(session, openedSession(event, facts, journal.expiresAt))
  const faults = [...when(isTooMany, `reserved after ${journal.sessions.failed} failed attempts`), ...reservedFaults(event, shared, facts)]
  if (journal.blind) return faults
  journal.attemptsLeft--
  journal.usesLeft--
  if (journal.usesLeft < 0) return ['reserved without a use left', ...faults]
  return instantOf(event.at) >= journal.expiresAt ? ['reserved after its window', ...faults] : faults
}

/** The session stays open, because it is not known whether it exists. The sweeper closes it. */
export function dropped(journal: Journal, event: ReadEvent): readonly string[] {
  const session = event.session as string
  const open = journal.sessions?.open.get(session)
  if (open) {
    const faults = droppedFaults(event, open)
    open.dropped = true
    return faults
  }
  return when(!journal.blind || journal.sessions?.closed.has(session) === true, `${event.type} without an open intent before it`)
}

/** A session is closed once, and only after its intent. A failed or abandoned session returns its use. */
export function closed(journal: Journal, event: ReadEvent): readonly string[] {
  const session = event.session as string
  const open = journal.sessions?.open.get(session)
  if (!journal.sessions || !open)
    return when(!journal.blind || journal.sessions?.closed.has(session) === true, `${event.type} without an open intent before it`)
  journal.sessions.open.delete(session)
  journal.sessions.closed.set(session, event.type === 'session.issued' ? 'issued' : 'failed')
  if (event.type === 'session.issued') {
    const session = renewable(event, open)
    if (session) journal.sessions.renewable.set(event.session as string, session)
    // A session that can be renewed can also be ended, and then lives as long as its credentials.
    journal.liveUntil = Math.max(journal.liveUntil, session ? instantOf(event.expiration) : open.end)
    return issuedFaults(event, open)
  }
  journal.usesLeft++
  journal.sessions.failed++
  return closedFaults(event, open)
}

export function linked(journal: Journal, event: ReadEvent): readonly string[] {
  const [slack, at] = [event.slack as string, instantOf(event.at)]
  const { blind, slack: typed, typedAt, linked: before } = journal
  if (event.type === 'link.pending') {
    journal.slack = slack
    journal.typedAt = at
    return none
  }
  if (event.type === 'link.ended') return when(!blind && before !== slack, 'unlinked from a Slack user who was not linked')
  journal.slack = ''
  journal.linked = slack
  // A Slack user must have entered the code, unless the link was made by the verified email address.
  const byCode = event.email !== true && !blind
  return [
    ...when(byCode && typed !== slack, 'linked to a Slack user who did not enter the code'),
    ...when(
      byCode && typed === slack && at >= typedAt + seconds(CODE_SECONDS),
      `linked more than ${CODE_SECONDS} s after the code was entered`,
    ),
    ...when(instantOf(event.expiresAt) !== at + days(LINK_DAYS), `linked for other than ${LINK_DAYS} days`),
  ]
}

export function frozen(journal: Journal, event: ReadEvent): readonly string[] {
  const { releaseAskedBy: first } = journal
  journal.releaseAskedBy = event.type === 'freeze.release-asked' ? idOf(event.by) : ''
  return [
    ...when(event.type === 'freeze.released' && (first === '' || first === idOf(event.by)), 'released without two people'),
    ...when(event.by !== undefined && !isHuman(event.by), `${event.type} by a workload`),
    ...when(event.expiresAt !== undefined && instantOf(event.expiresAt) <= instantOf(event.at), 'set with an end before its start'),
  ]
}

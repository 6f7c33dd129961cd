/**
 * The rules of a journal, checked from the log: every credential follows its intent and its approval, no use is taken twice,
 * nothing follows an end, and every session matches its request. Only the events are needed, so anyone with the log can check
 * that Stint followed the rules.
 *
 * A journal is stepped through event by event, in order. Of an erased event only the type is known, and rules that need its
 * content are not checked.
 */

import { freezeIdOf } from '../access/freeze.ts'
import { type LinkId, linkId } from '../identity/link.ts'
import { instantOf, seconds } from '../instant.ts'
import { SPARE_ATTEMPTS } from '../request/session.ts'
import { NO_CONFIG } from './event.ts'
import { from, idOf, isHuman, type Journal, none, ORDER_TOLERANCE_SECONDS, type PersonRef, to, when } from './journal-state.ts'
import { approvalGiven, approved, closed, dropped, frozen, linked, live, reserved, reviewed } from './journal-steps.ts'
import { renewalClosed, renewalReserved, sessionEnded } from './renewal-steps.ts'
import { askedFaults, askedOf, createdOf, grantFaults, idFault, receivedOf } from './request-facts.ts'
import type { EventType, ReadEvent } from './schema.ts'
import { textsOf, textTaken } from './text-facts.ts'

export { CLOCK_TOLERANCE_SECONDS, type Journal, type JournalStage, newJournal, stages } from './journal-state.ts'

/**
 * Takes the next event of a journal and returns the rules that it breaks. `event` is absent if it was erased. Rules that span
 * journals are checked in `across.ts`, before the step.
 */
export function step(journal: Journal, type: EventType, event: ReadEvent | undefined): readonly string[] {
  // In any stage: the erasure was recorded, so the missing events were not removed silently.
  if (type === 'request.erased' && event) journal.erasureRecorded = true
  const misdated = event ? timeFaults(journal, event) : none
  if (!from[type].includes(journal.stage)) {
    const ended =
      ['retired', 'erased'].includes(journal.stage) || (['over', 'ended'].includes(journal.stage) && type.startsWith('session.'))
    return [...misdated, ended ? `${type} after the end` : `${type} where the journal is ${journal.stage}`]
  }
  if (!event) journal.blind = true
  const faults = event ? judge(journal, event) : none
  if (event) journal.seen = true
  journal.stage = to[type] ?? journal.stage
  release(journal)
  return [...misdated, ...faults]
}

/** Drops what the journal no longer needs. */
function release(journal: Journal): void {
  if (journal.stage !== 'pending') journal.waiting = undefined
  if (journal.stage === 'erased' || journal.stage === 'unlinked') journal.linked = ''
  const over = journal.stage !== 'pending' && journal.stage !== 'approved'
  if (over) journal.facts = undefined
  if (over) forgetRenewable(journal)
  if (journal.sessions && (journal.sessions.open.size > 0 || journal.sessions.renewable.size > 0)) return
  // Without a use left and without an open session, every further session breaks a rule, whatever its ID. After an erasure the uses are unknown.
  if (!journal.blind && (journal.usesLeft <= 0 || over)) journal.sessions = undefined
  if (journal.stage === 'approved' && journal.usesLeft <= 0) journal.facts = undefined
}

/** Nothing is renewed any more, so only the renewals without an outcome matter. */
function forgetRenewable({ sessions }: Journal): void {
  for (const [id, { open }] of sessions?.renewable ?? []) if (open.size === 0) sessions?.renewable.delete(id)
}

/** Operators write these events with commands, without a config and by the clock of their own machine, which proves nothing about other events. */
const writtenByHand: readonly EventType[] = ['request.erased', 'request.restored', 'freeze.set']
export const isByHand = ({ type, config }: Pick<ReadEvent, 'type' | 'config'>): boolean =>
  config === NO_CONFIG && writtenByHand.includes(type)

function timeFaults(journal: Journal, event: ReadEvent): readonly string[] {
  if (isByHand(event)) return none
  const [at, latest] = [instantOf(event.at), journal.latest]
  journal.latest = Math.max(at, latest)
  return when(at < latest - seconds(ORDER_TOLERANCE_SECONDS), `dated ${Math.ceil((latest - at) / 1000)} s before an event that precedes it`)
}

/** The faults of an event that is possible in this stage. */
function judge(journal: Journal, event: ReadEvent): readonly string[] {
  const { facts, texts } = journal
  const faults: string[] = []
  // A write can be in the log in part. If the table loses the rest of it, restoring ends the request.
  const isExcused = journal.blind || event.type === 'request.restored'
  if (facts?.awaitsReceived && event.type !== 'request.received') {
    facts.awaitsReceived = false
    if (!isExcused) faults.push('asked without the request.received event that belongs to it')
  }
  if (texts && event.type !== 'request.text' && event.type !== 'request.received') {
    journal.texts = undefined
    if (!isExcused) faults.push(`${event.type} before the request.text events that belong to the event before it`)
  }
  return [...faults, ...judged(journal, event)]
}

function judged(journal: Journal, event: ReadEvent): readonly string[] {
  const at = instantOf(event.at)
  const { facts, blind } = journal
  journal.texts = textsOf(event) ?? journal.texts
  switch (event.type) {
    case 'request.created':
      journal.caller = idOf(event.caller)
      journal.usesLeft = event.uses as number
      journal.attemptsLeft = journal.usesLeft + SPARE_ATTEMPTS
      journal.expiresAt = instantOf(event.expiresAt)
      journal.facts = createdOf(event)
      return [...grantFaults(event), ...idFault(event)]
    case 'request.refused':
    case 'request.refusals-capped':
      return idFault(event)
    case 'request.asked':
      journal.caller = idOf(event.caller)
      journal.facts = askedOf(event)
      journal.waiting = {
        needs: event.needs as readonly number[],
        unattendedAt: event.unattendedAt === undefined ? Number.POSITIVE_INFINITY : instantOf(event.unattendedAt),
        approvals: [],
        approvedAt: 0,
      }
      return [...when((journal.facts.expiresAt ?? Number.POSITIVE_INFINITY) <= at, 'expired before it was asked'), ...askedFaults(event)]
    case 'request.received':
      return facts && !blind ? receivedOf(facts, event) : none
    case 'request.text':
      return textTaken(journal, event)
    case 'request.justified':
      return when(!blind && idOf(event.by) !== journal.caller, 'justified by a caller other than its requester')
    case 'approval.given':
      return blind ? none : approvalGiven(journal, event)
    case 'request.approved':
      return approved(journal, event)
    case 'request.expired':
      return when(!blind && at < (facts?.expiresAt ?? 0), 'expired before its time')
    case 'request.reviewed':
      return reviewed(journal, event)
    case 'request.cancelled':
      return when(!blind && idOf(event.by) !== journal.caller, 'cancelled by a caller other than its requester')
    case 'request.denied':
      return [
        ...when(!blind && idOf(event.by) === journal.caller, 'denied by its own requester'),
        ...when(!isHuman(event.by), 'denied by a workload'),
      ]
    case 'request.revoked':
      return [
        ...when(!blind && !isHuman(event.by) && idOf(event.by) !== journal.caller, 'revoked by a workload that did not ask for it'),
        ...when(
          !blind && journal.stage === 'ended' && at >= Math.max(journal.liveUntil, journal.expiresAt),
          'revoked after its window and its sessions had ended',
        ),
      ]
    case 'request.ended':
      return when(!blind && at < journal.expiresAt, 'ended before its window was over')
    case 'request.erased':
      return journal.erased && journal.seen ? ['erased in part: only some of the events before it are gone'] : live(journal, event)
    case 'request.restored':
      journal.sessions = undefined
      journal.liveUntil = 0
      return none
    case 'request.retired':
      return live(journal, event)
    case 'session.reserved':
      return reserved(journal, event)
    case 'session.issued':
    case 'session.failed':
    case 'session.abandoned':
      return closed(journal, event)
    case 'session.answer-dropped':
      return dropped(journal, event)
    case 'session.renewal-reserved':
      return renewalReserved(journal, event)
    case 'session.renewed':
    case 'session.renewal-failed':
    case 'session.renewal-abandoned':
      return renewalClosed(journal, event)
    case 'session.ended':
      return sessionEnded(journal, event)
    case 'link.pending':
    case 'link.made':
    case 'link.ended':
      return [
        ...when(linkId(event.by as PersonRef) !== (event.request as LinkId), 'a link of another person than that of this journal'),
        ...linked(journal, event),
      ]
    case 'freeze.set':
    case 'freeze.release-asked':
    case 'freeze.released':
    case 'freeze.deploy-released':
      return [
        ...when(freezeIdOf(event.scope as string) !== event.request, 'a freeze of another scope than that of this journal'),
        ...frozen(journal, event),
      ]
    case 'config.seen':
      return when(event.config === NO_CONFIG, 'no config')
    default:
      return none
  }
}

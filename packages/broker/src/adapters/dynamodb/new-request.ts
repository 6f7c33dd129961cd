/**
 * Creates a pending request with one conditional write. If it already exists, it is returned instead.
 */

import { type AuditEvent, type JournalEntry, journalEntry } from '@stint/core/audit/event'
import { textEvents } from '@stint/core/audit/event-texts'
import { defined } from '@stint/core/defined'
import { durationSeconds } from '@stint/core/duration'
import { callerRef } from '@stint/core/identity/caller'
import { hex128 } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import { done, refused } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import type { Ledger, NewRequest } from '../../ports/ledger.ts'
import { provenanceOf, requestFacts } from './event-facts.ts'
import { indexKeysOf } from './index-keys.ts'
import { ROOM_BYTES } from './item-room.ts'
import { type Item, toRequest } from './items.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { callerKey, dayKey, requestKey, shardOf, timeKey } from './table.ts'

export function asks(settings: LedgerSettings, { create }: Sender): Pick<Ledger, 'ask'> {
  return {
    async ask(ask) {
      const events = eventsOf(ask, settings.build).map((event) => journalEntry(event, settings))
      const item = newItem(ask, events)
      const keys = indexKeysOf(requestOf(item), ask.approval)
      const made = await create(requestKey(ask.request), { ...item, ...keys, attempt: hex128(settings.random) })
      if (made.outcome === 'unknown') return made
      if (made.outcome === 'done') {
        return done({ request: requestOf(made.value), found: false })
      }
      const { item: there } = made
      if (!there || there.callerKey !== callerKey(ask.caller))
        return refused('request-unknown', 'Request not found, or not visible to you.')
      const request = toRequest(there)
      // Restored from the log: only the log knows what it was for.
      if (!request) return refused('request-ended', `The request is ${there.state}.`, { evidence: { state: there.state } })
      if (ask.fingerprint !== undefined && there.fingerprint !== ask.fingerprint)
        return refused('idempotency-mismatch', 'This Idempotency-Key was already used with different content. Use a new key.')
      return done({ request, found: true })
    },
  }
}

/** A new item has terms, unlike a refusal. */
function requestOf(item: Omit<Item, 'pk' | 'sessions'>): AccessRequest {
  const request = toRequest({ pk: requestKey(item.id), sessions: {}, ...item })
  if (!request) throw new TypeError('a new request must have terms')
  return request
}

function eventsOf(ask: NewRequest, build: string): readonly AuditEvent[] {
  const [asked, received] = askedAndReceived(ask, build)
  return [asked, received, ...textEvents(asked, ask.caller.fullSubject)]
}

/** Two events, because the details do not fit into one. */
const askedAndReceived = (ask: NewRequest, build: string): readonly [AuditEvent, AuditEvent] => [
  {
    type: 'request.asked',
    ...requestFacts(ask),
    needs: ask.approval.rules.map(({ count }) => count),
    ...unattendedAt(ask),
    uses: ask.scope.terms.uses,
    window: ask.scope.terms.window,
    expiresAt: pendingExpiry(ask),
  },
  {
    type: 'request.received',
    request: ask.request,
    at: ask.call.now,
    build,
    ...provenanceOf(ask),
    ...(ask.limits ? { limits: ask.limits } : {}),
    ...defined({ startsAt: ask.startsAt, ticket: ask.scope.ticket, extends: ask.extends }),
  },
]

const pendingExpiry = ({ call, approval }: Pick<NewRequest, 'call' | 'approval'>) =>
  call.now + seconds(durationSeconds(approval.expiresAfter))

const unattendedAt = ({ call, approval: { breakGlass } }: Pick<NewRequest, 'call' | 'approval'>) =>
  typeof breakGlass === 'object' ? { unattendedAt: call.now + seconds(durationSeconds(breakGlass.delay)) } : {}

/** An approval, and its event. */
const APPROVAL_BYTES = 2000
/** A long subject is stored whole, and again in events of its parts. */
const SUBJECT_COPIES = 2.7

/** The room of the item for reservations (./item-room.ts). */
export function askedRoom({ caller, approval, scope }: Pick<NewRequest, 'caller' | 'approval' | 'scope'>): number {
  const approvals = approval.rules.reduce((sum, { count }) => sum + count, 0)
  const subject = Buffer.byteLength(JSON.stringify(caller.fullSubject ?? ''))
  const terms = Buffer.byteLength(canonicalJson(scope.terms))
  return ROOM_BYTES - terms - Math.ceil(SUBJECT_COPIES * subject) - approvals * APPROVAL_BYTES
}

function newItem(
  { request, call, caller, person, triggeredBy, scope, approval, startsAt, limits, fingerprint, extends: extended }: NewRequest,
  events: readonly JournalEntry[],
) {
  const { breakGlass } = approval
  return defined({
    id: request,
    version: 1,
    state: 'pending' as const,
    createdAt: call.now,
    caller: callerRef(caller),
    fullSubject: caller.fullSubject,
    person,
    triggeredBy,
    profile: scope.terms.profile,
    target: scope.targetId,
    roleArn: scope.terms.role,
    terms: canonicalJson(scope.terms),
    termsHash: scope.termsHash,
    justification: scope.justification,
    ticket: scope.ticket,
    extends: extended,
    breakGlass: breakGlass !== undefined,
    expiresAt: pendingExpiry({ call, approval }),
    ...unattendedAt({ call, approval }),
    startsAt,
    fingerprint,
    approvals: [],
    limits: limits ?? {},
    attempts: 0,
    room: askedRoom({ caller, approval, scope }),
    callerKey: callerKey(caller),
    dayKey: dayKey(call.now, shardOf(request)),
    at: timeKey(call.now, request),
    events,
  })
}

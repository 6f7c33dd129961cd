/**
 * Reserve: the write before AssumeRole. One conditional UpdateItem checks that the request still allows a session, takes one use and appends the intent.
 * It also creates the request, if the profile needs no approval.
 */

import { type AuditEvent, journalEntry, longJustification } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { callerRef } from '@stint/core/identity/caller'
import { sessionSuffix } from '@stint/core/ids'
import { type Instant, seconds, wholeSecond } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { MAX_EVENTS, MAX_USES, SPARE_ATTEMPTS } from '@stint/core/request/session'
import type { Intent, Reservation, ReserveRefusal } from '../../ports/ledger.ts'
import { provenanceOf, requestFacts } from './event-facts.ts'
import { ROOM_BYTES, sessionRoom } from './item-room.ts'
import { countOpen, type Item, type StoredSession } from './items.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { callerKey, dayKey, openKey, requestKey, sessionAttribute, shardOf, timeKey } from './table.ts'

export function reserving(settings: LedgerSettings, { update }: Sender) {
  const { epoch = 0, clock } = settings

  return async function reserve(intent: Intent): Promise<Done<Reservation> | Refused<ReserveRefusal> | Unknown> {
    const { request, session, attempt, call, expiresAt, tokenIssuedAt } = intent
    // A restored table no longer knows which of the older single-use tokens were used.
    if (tokenIssuedAt !== undefined && tokenIssuedAt <= epoch)
      return refused('token-used', 'The token was issued before this table was restored.')
    const values = await reserveValues(intent, settings)
    const { fullSubject } = intent.caller
    // The image must show that the request is still approved: the limits of the session come from it.
    const isThisAttempt = (item: Item) => {
      const stored = item.sessions[sessionSuffix(session)]
      return stored?.attempt === attempt && stored.state === 'reserved' && isGranted(item, intent)
    }
    const written = await update(
      requestKey(request),
      {
        ConditionExpression: `attribute_not_exists(#session) AND ${intent.named ? stillGood : `(attribute_not_exists(pk) OR (${stillGood} AND ${sameFingerprint}))`}`,
        UpdateExpression: fullSubject === undefined ? reserveUpdate : `${reserveUpdate}, ${setIfAbsent('fullSubject', ':fullSubject')}`,
        ExpressionAttributeNames: {
          '#session': sessionAttribute(session),
          '#state': 'state',
          '#at': 'at',
          '#limits': 'limits',
          '#duration': 'duration',
        },
      },
      // Take the time at each send: the window may have closed while the call waited or was retried.
      () => ({ ...values, ':now': Math.max(clock(), call.now) }),
      isThisAttempt,
    )
    const toReservation = (item: Item): Reservation => {
      const { renew, approval } = intent.scope.terms
      const start = wholeSecond(call.now)
      const end = Math.min(
        expiresAt,
        start + seconds(item.limits?.duration ?? Number.POSITIVE_INFINITY),
        // What people approved ends with its window. A session of one set of credentials was always allowed to outlast it.
        renew && approval ? wholeSecond(item.windowExpiresAt as Instant) : expiresAt,
      )
      const credentialsExpireAt = renew ? Math.min(end, start + seconds(renew)) : end
      return { request, session, attempt, expiresAt: end, credentialsExpireAt, alone: countOpen(item) === 1 }
    }
    if (written.outcome === 'unknown') return written
    if (written.outcome === 'done') return done(toReservation(written.value))
    const { item } = written
    if (item && isThisAttempt(item)) return done(toReservation(item))
    // Loaded on first use: most calls are not refused.
    const { reasonToRefuse } = await import('./reserve-refusal.ts')
    return reasonToRefuse(item, intent, epoch, Math.max(clock(), call.now))
  }
}

/** The values of the write, except for the time of each send. */
async function reserveValues(intent: Intent, settings: LedgerSettings) {
  const { request, attempt, caller, scope, call, expiresAt, sessionName } = intent
  const entry = (event: AuditEvent) => journalEntry(event, settings)
  const { fullSubject } = caller
  const { termsHash, targetId, duration, durationAsked } = scope
  const { profile, role, uses, sourceIdentity } = scope.terms
  const terms = canonicalJson(scope.terms)
  const created = createdEvent(intent)
  const reserved = entry(reservedEvent(intent, settings.build))
  const session = {
    ...{ attempt, state: 'reserved', reservedAt: call.now, duration, expiresAt, sessionName, sourceIdentity },
    fingerprint: intent.named ? intent.fingerprint : undefined,
    ...renewing(intent),
  }
  return {
    ':approved': 'approved',
    ':zero': 0,
    ':one': 1,
    ':createdAt': call.now,
    ':epoch': settings.epoch ?? 0,
    ':termsHash': termsHash,
    ':maxAttempts': Math.min(uses, MAX_USES) + SPARE_ATTEMPTS,
    ':maxEvents': MAX_EVENTS,
    // A requested duration above the approver's limit is refused. If the caller requested none, `toReservation` shortens the session.
    ':duration': durationAsked ? duration : 0,
    // DynamoDB refuses a value that no expression uses. A named request has no fingerprint condition, so the update always sets it.
    ':fingerprint': intent.fingerprint ?? '-',
    ':id': request,
    ':caller': callerRef(caller),
    ':person': intent.person,
    ':profile': profile,
    ':target': targetId,
    ':roleArn': role,
    ':terms': terms,
    ':uses': uses,
    ':windowExpiresAt': intent.windowExpiresAt,
    ':callerKey': callerKey(caller),
    ':dayKey': dayKey(call.now, shardOf(request)),
    ':at': timeKey(call.now, request),
    ':openKey': openKey(shardOf(request)),
    ':openSession': intent.session,
    ':created': [created, ...(await textsOf(created, fullSubject))].map(entry),
    ...defined({ ':fullSubject': fullSubject }),
    ':reserved': [reserved],
    ':session': session,
    ':room': ROOM_BYTES - Buffer.byteLength(terms),
    ':takes': sessionRoom(reserved, session, role),
  }
}

/** What renewals need: the tags as sent, the job of the workload, and places for their writes. */
const renewing = ({ scope: { terms, passingTags }, job }: Intent): Partial<StoredSession> =>
  terms.renew ? { renew: terms.renew, tags: passingTags, ...defined({ job }), renewed: { count: 0 }, open: {} } : {}

/** Loaded on first use: most events have room for everything. */
async function textsOf(created: AuditEvent, fullSubject: string | undefined): Promise<readonly AuditEvent[]> {
  if (fullSubject === undefined && longJustification(created) === undefined) return []
  const { textEvents } = await import('@stint/core/audit/event-texts')
  return textEvents(created, fullSubject)
}

/** Whether the image shows the named request, approved, and with the limits that were approved. */
function isGranted({ state, callerKey: owner, termsHash, usesLeft, limits }: Item, { caller, scope, named }: Intent): boolean {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  const limited = limits === undefined ? !named : typeof limits === 'object' && Object.values(limits).every(isCount)
  return state === 'approved' && owner === callerKey(caller) && termsHash === scope.termsHash && isCount(usesLeft) && limited
}

const createdEvent = (intent: Intent): AuditEvent => ({
  type: 'request.created',
  ...requestFacts(intent),
  ...defined({ ticket: intent.scope.ticket }),
  uses: intent.scope.terms.uses,
  expiresAt: intent.windowExpiresAt,
})

function reservedEvent(intent: Intent, build: string): AuditEvent {
  const { request, session, call, caller, sessionName, expiresAt, scope } = intent
  const { role, sourceIdentity, renew } = scope.terms
  return {
    ...{ type: 'session.reserved', request, session, at: call.now, caller: callerRef(caller), terms: scope.termsHash },
    ...{ sessionName, role, duration: scope.duration, expiresAt, build },
    ...defined({ sourceIdentity, renew, durationAsked: scope.durationAsked || undefined }),
    ...provenanceOf(intent),
  }
}

/** An Idempotency-Key belongs to one call's content. Every request created here has a fingerprint, even if it is empty. */
const sameFingerprint = 'fingerprint = :fingerprint'

/** What must hold for an existing request. TTL plays no part, because DynamoDB deletes late. */
const stillGood = [
  '#state = :approved',
  'callerKey = :callerKey', // Knowing the ID is not enough: the request must be the caller's.
  'windowExpiresAt > :now',
  '(attribute_not_exists(windowStartsAt) OR windowStartsAt <= :now)',
  'usesLeft > :zero',
  'termsHash = :termsHash', // The session must have the approved terms.
  '(attribute_not_exists(#limits.#duration) OR #limits.#duration >= :duration)',
  'createdAt > :epoch', // Grants from before a restore are void.
  'attempts < :maxAttempts', // A definite failure returns its use; this limits the retries.
  // Leave room in the journal and in the item for withdrawals. Items of older builds have no `room`.
  'size(events) < :maxEvents',
  '(attribute_not_exists(room) OR room >= :takes)',
].join(' AND ')

const setIfAbsent = (attribute: string, value: string) => `${attribute} = if_not_exists(${attribute}, ${value})`

const reserveUpdate = `SET ${[
  ...[
    'id',
    'createdAt',
    'caller',
    'person',
    'profile',
    'target',
    'roleArn',
    'terms',
    'termsHash',
    'windowExpiresAt',
    'fingerprint',
    'callerKey',
    'dayKey',
  ].map((name) => setIfAbsent(name, `:${name}`)),
  setIfAbsent('#state', ':approved'),
  setIfAbsent('#at', ':at'),
  'version = if_not_exists(version, :zero) + :one',
  'usesLeft = if_not_exists(usesLeft, :uses) - :one',
  'attempts = if_not_exists(attempts, :zero) + :one',
  'room = if_not_exists(room, :room) - :takes',
  'events = list_append(if_not_exists(events, :created), :reserved)',
  'openKey = :openKey',
  // The oldest reservation decides when the sweeper looks: later ones must not hide it.
  'openAt = if_not_exists(openAt, :at)',
  'openSession = :openSession',
  '#session = :session',
].join(', ')}`

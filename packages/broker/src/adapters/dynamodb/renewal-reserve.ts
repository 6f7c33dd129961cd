/** Reserves a renewal: the write before AssumeRole. It checks that the session still holds, and appends the intent. No use is taken. */
import { type AuditEvent, type JournalEntry, journalEntry } from '@stint/core/audit/event'
import { callerRef } from '@stint/core/identity/caller'
import { type SessionId, sessionSuffix } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { MAX_EVENTS, MAX_OPEN_RENEWALS, MAX_RENEWALS_A_MINUTE, maxRenewals, unknownSession } from '@stint/core/request/session'
import type { Renewal, RenewalReservation, RenewRefusal } from '../../ports/ledger.ts'
import { provenanceOf } from './event-facts.ts'
import { ROOM_BYTES } from './item-room.ts'
import { countOpen, type Item } from './items.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { callerKey, openKey, requestKey, sessionAttribute, shardOf, timeKey } from './table.ts'

const MINUTE_MS = 60_000
/** How often the write is sent again because another renewal was reserved in the meantime. */
const MAX_ROUNDS = 12

export function reservingRenewals(settings: LedgerSettings, { update }: Sender) {
  const { clock, epoch = 0 } = settings

  return async function reserveRenewal(renewal: Renewal): Promise<Done<RenewalReservation> | Refused<RenewRefusal> | Unknown> {
    const { call, request, session, attempt, set, caller, expiresAt } = renewal
    const suffix = sessionSuffix(session)
    const values = reserveValues(renewal, settings)
    const isThisAttempt = (item: Item) =>
      item.sessions[suffix]?.open?.[attempt]?.set === set && item.state === 'approved' && item.callerKey === callerKey(caller)
    const toReservation = (item: Item): RenewalReservation => ({
      ...{ request, session, attempt, set, expiresAt },
      alone: countOpen(item) === 1,
      newest: item.sessions[suffix]?.renewed?.expiration ?? 0,
    })
    // Each reservation changes the number of renewals. So a write that arrives again, however late, does nothing, and what was read of the
    // session still holds.
    let seen: Seen = renewal.seen
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (round > 0) await settings.sleep(5 * round * (0.5 + (settings.random(1)[0] ?? 0) / 256))
      const count = countedIn(seen, Math.floor(call.now / MINUTE_MS))
      if (count.minuteCount > MAX_RENEWALS_A_MINUTE) return tooManyAMinute(call.now)
      const written = await update(
        requestKey(request),
        {
          ConditionExpression: `${canBeRenewed} AND ${seen.renewals === 0 ? 'attribute_not_exists(renewals)' : 'renewals = :seen'}`,
          UpdateExpression: reserveUpdate,
          ExpressionAttributeNames: {
            ...{ '#session': sessionAttribute(session), '#state': 'state', '#open': 'open', '#attempt': attempt },
            ...{ '#minute': 'minute', '#count': 'minuteCount' },
          },
        },
        () => ({
          ...values,
          ':now': Math.max(clock(), call.now),
          ':minute': count.minute,
          ':count': count.minuteCount,
          ':renewals': seen.renewals + 1,
          ...(seen.renewals === 0 ? {} : { ':seen': seen.renewals }),
        }),
        isThisAttempt,
      )
      if (written.outcome === 'unknown') return written
      if (written.outcome === 'done') return done(toReservation(written.value))
      const { item } = written
      if (item && isThisAttempt(item)) return done(toReservation(item))
      const reason = reasonToRefuse(item, renewal, values[':takes'], epoch, Math.max(clock(), call.now))
      if (reason) return reason
      seen = seenIn(item, suffix)
    }
    return { outcome: 'unknown', cause: 'ledger: the session kept changing during the call' }
  }
}

/** The salt of the event, the outcome, and the entry among the open renewals. */
const OUTCOME_BYTES = 850
/** What a renewal takes of the room of the item (./item-room.ts), with its outcome. */
export const renewalRoom = ({ event }: JournalEntry): number => Buffer.byteLength(event) + OUTCOME_BYTES

type Seen = Renewal['seen']
export const seenIn = (item: Item | undefined, suffix: string): Seen => {
  const { minute = 0, minuteCount = 0 } = item?.sessions[suffix] ?? {}
  return { renewals: item?.renewals ?? 0, minute, minuteCount }
}

/** The count of this minute with one more renewal. Another broker's clock can be ahead. */
const countedIn = ({ minute, minuteCount }: Seen, now: number): Pick<Seen, 'minute' | 'minuteCount'> =>
  minute < now ? { minute: now, minuteCount: 1 } : { minute, minuteCount: minuteCount + 1 }

/** The values of the write, except for the time of each send. */
function reserveValues(renewal: Renewal, settings: LedgerSettings) {
  const { call, request, session, attempt, set, caller, terms, expiresAt, uses } = renewal
  const { epoch = 0, build } = settings
  const event: AuditEvent = {
    ...{ type: 'session.renewal-reserved', request, session, set, at: call.now, caller: callerRef(caller), terms, expiresAt, build },
    ...provenanceOf(renewal),
  }
  const entry = journalEntry(event, settings)
  return {
    ':approved': 'approved',
    ':issued': 'issued',
    ':callerKey': callerKey(caller),
    ':terms': terms,
    ':epoch': epoch,
    ':mostOpen': MAX_OPEN_RENEWALS,
    ':mostRenewals': maxRenewals(uses),
    ':events': [entry],
    ':takes': renewalRoom(entry),
    ':maxEvents': MAX_EVENTS,
    ':room': ROOM_BYTES,
    ':one': 1,
    ':open': { set, at: call.now, expiresAt },
    ':openKey': openKey(shardOf(request)),
    ':openAt': timeKey(call.now, request),
    ':opened': openedBy(session, attempt),
  }
}

const reserveUpdate = `SET ${[
  'events = list_append(events, :events)',
  'version = version + :one',
  'renewals = :renewals',
  'room = if_not_exists(room, :room) - :takes',
  '#session.#minute = :minute',
  '#session.#count = :count',
  '#session.#open.#attempt = :open',
  'openKey = :openKey',
  // The oldest open call decides when the sweeper looks: later ones must not hide it.
  'openAt = if_not_exists(openAt, :openAt)',
  'openSession = :opened',
].join(', ')}`

/** What the index of open calls remembers of the last one. */
export const openedBy = (session: SessionId, attempt: string): string => `${session}/${attempt.slice(0, 8)}`

/** What must hold at each renewal, besides the count of its minute. */
const canBeRenewed = [
  '#state = :approved', // Revoking the request ends its sessions.
  'callerKey = :callerKey',
  '#session.#state = :issued',
  '#session.expiresAt > :now',
  'termsHash = :terms',
  'createdAt > :epoch', // Grants from before a restore are void.
  'size(#session.#open) < :mostOpen',
  '(attribute_not_exists(renewals) OR renewals < :mostRenewals)',
  // Leave room in the journal and in the item for withdrawals.
  'size(events) < :maxEvents',
  '(attribute_not_exists(room) OR room >= :takes)',
].join(' AND ')

/** Why a session cannot be renewed, from the item that failed the condition. Undefined if only the number of renewals has changed. */
function reasonToRefuse(
  item: Item | undefined,
  { caller, session, terms, uses }: Renewal,
  takes: number,
  epoch: Instant,
  now: Instant,
): Refused<RenewRefusal> | undefined {
  const found = item?.sessions[sessionSuffix(session)]
  if (!item || !found || item.callerKey !== callerKey(caller)) return unknownSession
  if (item.state !== 'approved' || found.state !== 'issued' || found.expiresAt <= now || item.createdAt <= epoch)
    return refused('session-ended', 'The session has ended.')
  if (found.open === undefined || found.renewed === undefined)
    return refused('not-renewable', 'The credentials of this session cannot be renewed.')
  if (item.termsHash !== terms)
    return refused('terms-changed', 'The terms have changed since the session began.', { evidence: { approved: item.terms } })
  if (Object.keys(found.open).length >= MAX_OPEN_RENEWALS)
    return tooMany(`${MAX_OPEN_RENEWALS} renewals of this session are in progress.`, 5)
  if ((item.renewals ?? 0) >= maxRenewals(uses) || (item.events?.length ?? 0) >= MAX_EVENTS || (item.room ?? takes) < takes)
    return refused('renewals-exhausted', 'The request has reached its maximum number of renewals.')
  return undefined
}

const tooManyAMinute = (now: Instant): Refused<'rate-limited'> =>
  tooMany(`The session was renewed ${MAX_RENEWALS_A_MINUTE} times within a minute.`, 60 - (Math.floor(now / 1000) % 60))

const tooMany = (detail: string, retryAfter: number): Refused<'rate-limited'> =>
  refused('rate-limited', detail, {
    evidence: { retryAfter, next: `Use the credentials that you have. If you need others, try again in ${retryAfter} seconds.` },
  })

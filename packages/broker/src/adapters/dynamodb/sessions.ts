/**
 * The writes of the vend path: reserve (./reserve.ts), record, and what becomes of a reservation that fails. Each is one conditional UpdateItem of the
 * request's item that changes the state and appends the event. The image in the response must show this call's attempt in the new state. If a
 * condition fails and the item shows it, the response to an earlier send of this very write was lost: the write is done.
 */

import { type AuditEvent, brief, journalEntry } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { sessionSuffix } from '@stint/core/ids'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import { type SessionAct, sessionTransitions } from '@stint/core/request/session'
import type { Ledger, Reservation } from '../../ports/ledger.ts'
import type { Item, StoredSession } from './items.ts'
import { reserving } from './reserve.ts'
import { type Blocked, type LedgerSettings, type Sender, type Values, valuesNow } from './sender.ts'
import { requestKey, sessionAttribute } from './table.ts'

type SessionWrites = Pick<Ledger, 'reserve' | 'record' | 'drop' | 'fail'>

export function sessionWrites(settings: LedgerSettings, sender: Sender): SessionWrites {
  const { clock } = settings
  const { follow, close } = reservationWrites(settings, sender)

  return {
    reserve: reserving(settings, sender),

    async record(reservation, assumed, now) {
      const { credentials, assumedRoleArn, assumedRoleId, awsRequestId, packedPolicySize, sends } = assumed
      const { request, session, expiresAt, credentialsExpireAt } = reservation
      const expiration = Math.min(credentials.expiration, credentialsExpireAt)
      const facts = { accessKeyId: credentials.accessKeyId, assumedRoleArn, assumedRoleId, awsRequestId, packedPolicySize, sends }
      const written = await close('record', reservation, {
        event: { type: 'session.issued', request, session, at: now, expiration, ...facts },
        // Whatever the delay since the reservation: nothing is issued after its expiration, nor after the request's window has closed.
        condition: ' AND #state = :approved AND :credentialsExpireAt > :now AND windowExpiresAt > :now',
        set: '#session.issued = :facts, #session.expiresAt = :expiresAt',
        values: () => ({
          ':approved': 'approved',
          ':now': Math.max(clock(), now),
          ':expiresAt': expiresAt,
          ':credentialsExpireAt': credentialsExpireAt,
          ':facts': { at: now, expiration, ...facts },
        }),
        shows: ({ issued }, item) => item.state === 'approved' && issued?.accessKeyId === credentials.accessKeyId,
      })
      if (written.outcome === 'unknown') return written
      if (written.outcome === 'done') return done(true)
      return refused(
        'revoked-in-flight',
        'The request was withdrawn, or its window or the session ended, during the call to AWS. The credentials were dropped.',
      )
    },

    async drop(reservation, { reason, awsRequestId, sends }, now) {
      const { request, session } = reservation
      const written = await follow('drop', reservation, {
        event: {
          type: 'session.answer-dropped',
          request,
          session,
          at: now,
          reason: brief(reason, 240),
          sends,
          ...defined({ awsRequestId }),
        },
        condition: ' AND attribute_not_exists(#session.#dropped)',
        set: '#session.#dropped = :yes',
        names: { '#dropped': 'dropped' },
        values: { ':yes': true },
        shows: ({ dropped }) => dropped === true,
      })
      if (written.outcome === 'unknown') return written
      return written.outcome === 'done' ? done(true) : { outcome: 'unknown', cause: 'another call has closed the reservation' }
    },

    async fail(reservation, failure, now) {
      const { code, reason, awsRequestId, sends } = failure
      const { request, session } = reservation
      const written = await close('fail', reservation, {
        event: {
          type: 'session.failed',
          request,
          session,
          at: now,
          code,
          reason: brief(reason, 240),
          sends,
          ...defined({ awsRequestId }),
        },
        set: '#session.failure = :code, usesLeft = usesLeft + :one',
        values: { ':code': code },
      })
      if (written.outcome === 'unknown') return written
      return written.outcome === 'done' ? done(true) : { outcome: 'unknown', cause: 'another call has closed the reservation' }
    },
  }
}

/** Writes on a reservation that was made. */
export function reservationWrites(settings: LedgerSettings, { update }: Sender) {
  /**
   * One more write on a reservation. `shows`: what the session looks like once the write took effect, besides its new state. Together with the attempt, it
   * tells a lost write of this call from another call's.
   */
  async function follow(
    act: SessionAct,
    reservation: Pick<Reservation, 'request' | 'session' | 'attempt'>,
    to: {
      readonly event: AuditEvent
      readonly condition?: string
      readonly set: string
      readonly remove?: string
      readonly names?: Record<string, string>
      readonly values: Values
      readonly shows?: (session: StoredSession, item: Item) => boolean
    },
  ): Promise<Done<Item> | Blocked | Unknown> {
    const { request, session, attempt } = reservation
    const becomes = sessionTransitions.reserved[act]
    const isDone = (item: Item) => {
      const stored = item.sessions[sessionSuffix(session)]
      return stored?.attempt === attempt && stored.state === becomes && (to.shows?.(stored, item) ?? true)
    }
    const events = [journalEntry(to.event, settings)]
    const written = await update(
      requestKey(request),
      {
        ConditionExpression: `#session.#state = :reserved AND #session.attempt = :attempt${to.condition ?? ''}`,
        UpdateExpression: `SET events = list_append(events, :events), version = version + :one, #session.#state = :becomes, ${to.set}${to.remove ?? ''}`,
        ExpressionAttributeNames: { '#session': sessionAttribute(session), '#state': 'state', ...to.names },
      },
      () => ({
        ':reserved': 'reserved',
        ':becomes': becomes,
        ':attempt': attempt,
        ':one': 1,
        ':events': events,
        ...valuesNow(to.values),
      }),
      isDone,
    )
    return written.outcome === 'blocked' && written.item && isDone(written.item) ? done(written.item) : written
  }

  /** One of the writes that close a reservation. */
  async function close(
    act: SessionAct,
    reservation: Pick<Reservation, 'request' | 'session' | 'attempt' | 'alone'>,
    to: Parameters<typeof follow>[2],
    alone = reservation.alone,
  ): Promise<Done<Item> | Blocked | Unknown> {
    const { session } = reservation
    // The item leaves the index of open reservations only with its last one; the sweeper clears leftovers.
    const written = await follow(
      act,
      reservation,
      alone
        ? {
            ...to,
            condition: `${to.condition ?? ''} AND openSession = :session`,
            remove: ' REMOVE openKey, openAt, openSession',
            values: () => ({ ...valuesNow(to.values), ':session': session }),
          }
        : to,
    )
    // Another reservation came after this one, so the index entry is not ours to remove: write again, without removing it.
    if (alone && written.outcome === 'blocked' && written.item && written.item.openSession !== session)
      return close(act, reservation, to, false)
    return written
  }

  return { follow, close }
}

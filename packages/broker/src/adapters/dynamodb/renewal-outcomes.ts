/** The outcomes of a renewal: recorded, failed, or abandoned by the sweeper. Each write removes it from the open ones. */
import { type AuditEvent, brief, type JournalEntry, journalEntry } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { type RequestId, type SessionId, sessionSuffix } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { Ledger, RenewalReservation } from '../../ports/ledger.ts'
import { hasEntry, type Item, type OpenRenewal, type StoredSession } from './items.ts'
import { openedBy } from './renewal-reserve.ts'
import { type Blocked, type LedgerSettings, type Sender, type Values, valuesNow } from './sender.ts'
import { requestKey, sessionAttribute } from './table.ts'

type RenewalOutcomes = Pick<Ledger, 'recordRenewal' | 'failRenewal'> & {
  /** Closes a renewal that was never recorded. */
  readonly abandonRenewal: (
    id: RequestId,
    suffix: string,
    attempt: string,
    renewal: OpenRenewal,
    now: Instant,
  ) => Promise<Done<boolean> | Unknown>
}

/** How often a record is sent again because another renewal was recorded in the meantime. */
const MAX_ROUNDS = 5

export function renewalOutcomes(settings: LedgerSettings, sender: Sender): RenewalOutcomes {
  const { clock } = settings
  const close = closing(sender)
  return {
    async recordRenewal(reservation, assumed, now) {
      const { request, session, set, attempt, expiresAt } = reservation
      const { credentials, assumedRoleId, awsRequestId, sends } = assumed
      const { accessKeyId } = credentials
      const expiration = Math.min(credentials.expiration, expiresAt)
      const event: AuditEvent = {
        ...{ type: 'session.renewed', request, session, set, at: now, expiration },
        ...{ accessKeyId, assumedRoleId, awsRequestId, sends },
      }
      const entry = journalEntry(event, settings)
      const write = (isNewest: boolean) =>
        close(reservation, {
          entry,
          condition: ` AND #state = :approved AND #session.#state = :issued AND :expiresAt > :now AND ${isNewest ? '(attribute_not_exists(#session.#renewed.#expiration) OR #session.#renewed.#expiration <= :expiration)' : '#session.#renewed.#expiration > :expiration'}`,
          set: `, #session.#renewed.#count = #session.#renewed.#count + :one, #session.#renewed.#recorded = :attempt${isNewest ? ', #session.#renewed.#at = :at, #session.#renewed.#accessKeyId = :accessKeyId, #session.#renewed.#expiration = :expiration' : ''}`,
          names: {
            ...{ '#state': 'state', '#renewed': 'renewed', '#expiration': 'expiration', '#count': 'count', '#recorded': 'attempt' },
            ...(isNewest ? { '#at': 'at', '#accessKeyId': 'accessKeyId' } : {}),
          },
          values: () => ({
            ':approved': 'approved',
            ':issued': 'issued',
            ':now': Math.max(clock(), now),
            ':expiresAt': expiresAt,
            ':expiration': expiration,
            ':attempt': attempt,
            ...(isNewest ? { ':at': now, ':accessKeyId': accessKeyId } : {}),
          }),
          shows: ({ state }, item) => item.state === 'approved' && state === 'issued',
        })
      // Another renewal, reserved later, may have been recorded before this one. Its credentials stay the newest.
      let isNewest = reservation.newest <= expiration
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const written = await write(isNewest)
        if (written.outcome === 'unknown') return written
        if (written.outcome === 'done') return done(true)
        const found = written.item?.sessions[sessionSuffix(session)]
        const isNewestNow = (found?.renewed?.expiration ?? 0) <= expiration
        if (found?.open?.[attempt] === undefined || isNewestNow === isNewest) break
        isNewest = isNewestNow
      }
      return refused(
        'revoked-in-flight',
        'The session was ended, or its request was revoked, during the call to AWS. The credentials were dropped.',
      )
    },

    async failRenewal(reservation, { code, reason, awsRequestId, sends }, now) {
      const { request, session, set } = reservation
      const event: AuditEvent = {
        ...{ type: 'session.renewal-failed', request, session, set, at: now, code, reason: brief(reason, 240), sends },
        ...defined({ awsRequestId }),
      }
      const written = await close(reservation, { entry: journalEntry(event, settings) })
      if (written.outcome === 'unknown') return written
      return written.outcome === 'done' ? done(true) : { outcome: 'unknown', cause: 'another write has closed the renewal' }
    },

    async abandonRenewal(id, suffix, attempt, { set }, now) {
      const session = `${id}.${suffix}` as SessionId
      const written = await close(
        { request: id, session, attempt, alone: false },
        {
          entry: journalEntry({ type: 'session.renewal-abandoned', request: id, session, set, at: now }, settings),
        },
      )
      return written.outcome === 'unknown' ? written : done(written.outcome === 'done')
    },
  }
}

function closing({ update }: Sender) {
  /** One write, recognized by its event. `shows`: what must still hold for it to count if its response was lost. */
  return async function close(
    { request, session, attempt, alone }: Pick<RenewalReservation, 'request' | 'session' | 'attempt' | 'alone'>,
    to: {
      readonly entry: JournalEntry
      readonly condition?: string
      readonly set?: string
      readonly names?: Record<string, string>
      readonly values?: Values
      readonly shows?: (session: StoredSession, item: Item) => boolean
    },
  ): Promise<Done<Item> | Blocked | Unknown> {
    const isDone = (item: Item) => {
      const found = item.sessions[sessionSuffix(session)]
      return found !== undefined && hasEntry(item, to.entry) && (to.shows?.(found, item) ?? true)
    }
    const written = await update(
      requestKey(request),
      {
        ConditionExpression: `attribute_exists(#session.#open.#attempt)${to.condition ?? ''}${alone ? ' AND openSession = :opened' : ''}`,
        UpdateExpression: `SET events = list_append(events, :events), version = version + :one${to.set ?? ''} REMOVE #session.#open.#attempt${alone ? ', openKey, openAt, openSession' : ''}`,
        ExpressionAttributeNames: { '#session': sessionAttribute(session), '#open': 'open', '#attempt': attempt, ...to.names },
      },
      () => ({
        ':events': [to.entry],
        ':one': 1,
        ...(alone ? { ':opened': openedBy(session, attempt) } : {}),
        ...valuesNow(to.values ?? {}),
      }),
      isDone,
    )
    if (written.outcome !== 'blocked' || !written.item) return written
    // An earlier send of this write took effect, and its response was lost.
    if (isDone(written.item)) return done(written.item)
    const isOpen = written.item.sessions[sessionSuffix(session)]?.open?.[attempt] !== undefined
    // Another call of AWS came after this one, so the index entry is not ours to remove: write again, without removing it.
    if (alone && isOpen && written.item.openSession !== openedBy(session, attempt))
      return close({ request, session, attempt, alone: false }, to)
    return written
  }
}

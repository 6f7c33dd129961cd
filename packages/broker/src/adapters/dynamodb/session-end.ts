/** Ends a session before its time: one conditional write. It is not renewed again; if it was only reserved, nothing is issued. */
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { hex128, type RequestId, sessionSuffix } from '@stint/core/ids'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { canEnd, credentialsExpireAt, type Session } from '@stint/core/request/session'
import type { Ledger } from '../../ports/ledger.ts'
import { type Item, toRequest } from './items.ts'
import type { reading } from './request-reader.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { requestKey, sessionAttribute } from './table.ts'

/** How often the write is repeated because the session changed in the meantime. */
const MAX_ROUNDS = 5

export function sessionEnd(
  settings: LedgerSettings,
  { update }: Sender,
  { stored }: Pick<ReturnType<typeof reading>, 'stored'>,
): Pick<Ledger, 'endSession'> {
  return {
    async endSession(id, { endedBy, by, channel, origin, everyEarlierSession }, now) {
      const request = id.slice(0, id.indexOf('.')) as RequestId
      const suffix = sessionSuffix(id)
      const attempt = hex128(settings.random)
      const isDone = (item: Item) => item.sessions[suffix]?.endAttempt === attempt
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const found = await stored(request)
        if (found.outcome === 'unknown') return found
        const session = found.value?.request?.sessions.find((one) => one.id === id)
        const state = found.value?.request?.state
        // Revoking the request ends its sessions, and is written down by itself: what is only reserved is not issued any more.
        if (!session || !canEnd(session, now) || (state !== 'approved' && state !== 'ended')) return done(session)
        const newest = found.value?.item.sessions[suffix]?.renewed?.attempt
        const event: AuditEvent = {
          ...{ type: 'session.ended', request, session: id, at: now, endedBy },
          ...defined({ by, channel, credentialsExpireBy: credentialsExpireAt(session), everyEarlierSession }),
          ...origin,
        }
        const events = [journalEntry(event, settings)]
        const isReserved = session.state === 'reserved'
        const written = await update(
          requestKey(request),
          {
            // The event names the end of the newest credentials, so there must be no newer ones.
            ConditionExpression: `#session.#state = :seen AND #state IN (:approved, :windowEnded) AND ${newest === undefined ? 'attribute_not_exists(#session.#renewed.#newest)' : '#session.#renewed.#newest = :newest'}`,
            UpdateExpression: `SET events = list_append(events, :events), version = version + :one, #session.#state = :ended, #session.#endedBy = :endedBy, #session.#endedAt = :at, #session.#endAttempt = :attempt${isReserved ? ', usesLeft = usesLeft + :one' : ''}`,
            ExpressionAttributeNames: {
              ...{ '#session': sessionAttribute(id), '#state': 'state' },
              ...{ '#endedBy': 'endedBy', '#endedAt': 'endedAt', '#endAttempt': 'endAttempt' },
              ...{ '#renewed': 'renewed', '#newest': 'attempt' },
            },
          },
          {
            ...{ ':seen': session.state, ':approved': 'approved', ':windowEnded': 'ended', ':ended': 'ended' },
            ...{ ':events': events, ':one': 1, ':endedBy': endedBy, ':at': now, ':attempt': attempt },
            ...(newest === undefined ? {} : { ':newest': newest }),
          },
          isDone,
        )
        if (written.outcome === 'unknown') return written
        if (written.outcome === 'done' || (written.item && isDone(written.item)))
          return ended(written.outcome === 'done' ? written.value : written.item, id)
      }
      return { outcome: 'unknown', cause: 'ledger: the session kept changing during the call' }
    },
  }
}

const ended = (item: Item | undefined, id: string): Done<Session | undefined> | Unknown =>
  done(item && toRequest(item)?.sessions.find((one) => one.id === id))

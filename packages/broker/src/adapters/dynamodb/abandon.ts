/** Abandons reservations that were never recorded, so that their uses return. */
import { hex128, type RequestId, type SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { countOpen, type StoredSession } from './items.ts'
import type { renewals as renewalWrites } from './renewals.ts'
import type { reading as singles } from './request-reader.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { reservationWrites } from './sessions.ts'
import { requestKey } from './table.ts'

export function abandoning(
  settings: LedgerSettings,
  sender: Sender,
  reading: Pick<ReturnType<typeof singles>, 'readItem'>,
  renewals: Pick<ReturnType<typeof renewalWrites>, 'abandonRenewal'>,
) {
  const { close } = reservationWrites(settings, sender)

  /** Abandons every reservation and every renewal of one request that is old enough, and returns how many. */
  async function abandonIn(id: RequestId, before: Instant, now: Instant): Promise<Done<number> | Unknown> {
    const item = await reading.readItem(id)
    if (item.outcome === 'unknown') return item
    let given = 0
    for (const [suffix, session] of Object.entries(item.value?.sessions ?? {})) {
      for (const [attempt, renewal] of Object.entries(session.open ?? {})) {
        if (renewal.at >= before) continue
        const abandoned = await renewals.abandonRenewal(id, suffix, attempt, renewal, now)
        if (abandoned.outcome === 'unknown') return abandoned
        if (abandoned.value) given++
      }
      if (session.state !== 'reserved' || session.reservedAt >= before) continue
      const abandoned = await abandonOne(id, suffix, session, now)
      if (abandoned.outcome === 'unknown') return abandoned
      if (abandoned.value) given++
    }
    const cleared = await clearOpen(id)
    return cleared.outcome === 'unknown' ? cleared : done(given)
  }

  /** Returns the use of a reservation that was never recorded. */
  async function abandonOne(id: RequestId, suffix: string, { attempt }: StoredSession, now: Instant): Promise<Done<boolean> | Unknown> {
    const session = `${id}.${suffix}` as SessionId
    const sweep = hex128(settings.random)
    const written = await close(
      'abandon',
      { request: id, session, attempt, alone: false },
      {
        event: { type: 'session.abandoned', request: id, session, at: now },
        set: '#session.abandonedBy = :sweep, usesLeft = usesLeft + :one',
        values: { ':sweep': sweep },
        // Two sweepers can meet, and only one of them abandons the reservation.
        shows: ({ abandonedBy }) => abandonedBy === sweep,
      },
    )
    return written.outcome === 'unknown' ? written : done(written.outcome === 'done')
  }

  /** Removes the item from the index of open reservations if it has none left and none was added meanwhile. */
  async function clearOpen(id: RequestId): Promise<Done<true> | Unknown> {
    const item = await reading.readItem(id)
    if (item.outcome === 'unknown') return item
    if (!item.value?.openSession || countOpen(item.value) > 0) return done(true)
    const cleared = await sender.update(
      requestKey(id),
      { ConditionExpression: 'openSession = :session AND version = :seen', UpdateExpression: 'REMOVE openKey, openAt, openSession' },
      { ':session': item.value.openSession, ':seen': item.value.version },
      ({ openSession }) => openSession === undefined,
    )
    return cleared.outcome === 'unknown' ? cleared : done(true)
  }

  return { abandonIn }
}

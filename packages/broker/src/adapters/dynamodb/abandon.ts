/** Abandons reservations that were never recorded, oldest first, so that their uses return. */
import type { RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import { openSessions } from './items.ts'
import type { lists } from './request-lists.ts'
import type { reading as singles } from './request-reader.ts'
import type { Sender } from './sender.ts'
import type { sessionWrites } from './sessions.ts'
import { indexes, openKey, requestKey, SHARDS, timeKey } from './table.ts'

export function abandoning(
  sender: Sender,
  reading: ReturnType<typeof singles> & Pick<ReturnType<typeof lists>, 'oldest'>,
  sessions: ReturnType<typeof sessionWrites>,
): Pick<Ledger, 'abandon'> {
  /** Abandons every reservation of one request that is old enough, and returns how many. */
  async function abandonIn(id: RequestId, before: Instant, now: Instant): Promise<Done<number> | Unknown> {
    const item = await reading.readItem(id)
    if (item.outcome === 'unknown') return item
    let given = 0
    for (const [suffix, session] of Object.entries(item.value?.sessions ?? {})) {
      if (session.state !== 'reserved' || session.reservedAt >= before) continue
      const abandoned = await sessions.abandonOne(id, suffix, session, now)
      if (abandoned.outcome === 'unknown') return abandoned
      if (abandoned.value) given++
    }
    const cleared = await clearOpen(id)
    return cleared.outcome === 'unknown' ? cleared : done(given)
  }

  /** Removes the item from the index of open reservations if it has none left and none was added meanwhile. */
  async function clearOpen(id: RequestId): Promise<Done<true> | Unknown> {
    const item = await reading.readItem(id)
    if (item.outcome === 'unknown') return item
    if (!item.value?.openSession || openSessions(item.value).length > 0) return done(true)
    const cleared = await sender.update(
      requestKey(id),
      { ConditionExpression: 'openSession = :session AND version = :seen', UpdateExpression: 'REMOVE openKey, openAt, openSession' },
      { ':session': item.value.openSession, ':seen': item.value.version },
      ({ openSession }) => openSession === undefined,
    )
    return cleared.outcome === 'unknown' ? cleared : done(true)
  }

  return {
    async abandon(before, now, limit) {
      let given = 0
      const faults: string[] = []
      for (let shard = 0; shard < SHARDS; shard++) {
        const ids = await reading.oldest(indexes.open, openKey(shard), timeKey(before, '' as RequestId), limit)
        if (ids.outcome === 'unknown') {
          faults.push(ids.cause)
          continue
        }
        for (const id of ids.value) {
          // An item that cannot be read or written must not hold up the others.
          const abandoned = await abandonIn(id, before, now)
          if (abandoned.outcome === 'done') given += abandoned.value
          else faults.push(abandoned.cause)
        }
      }
      const [first] = faults
      return first === undefined ? done({ given }) : done({ given, fault: `${faults.length} not abandoned: ${first}` })
    },
  }
}

/**
 * Requests change by one conditional write at a time, upon exactly the version that was decided on; and what time has done
 * is written down.
 */
import { type AuditEvent, type Circumstances, journalEntry } from '@stint/core/audit/event'
import type { Instant } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { RequestId } from '@stint/core/request/ids'
import { type Change, passTime } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import type { Ledger } from '../../ports.ts'
import { type Item, openSessions, toRequest } from './items.ts'
import type { lists } from './lists.ts'
import type { Blocked, DynamoSettings, Sender } from './send.ts'
import type { sessionWrites } from './sessions.ts'
import { indexes, openKey, requestKey, SHARDS, timeKey, workKey } from './table.ts'

/** Times a decision begins anew because the request changed under it. */
const MAX_ROUNDS = 12

type RequestChanges = Pick<Ledger, 'change' | 'passTime' | 'abandon'>

export function changes(
  settings: DynamoSettings,
  sender: Sender,
  reading: ReturnType<typeof lists>,
  sessions: ReturnType<typeof sessionWrites>,
): RequestChanges {
  const { random } = settings
  const entry = (event: AuditEvent) => journalEntry(event, settings)

  /** Writes a change upon exactly the version it was decided on. */
  function write(request: AccessRequest, change: Change, now: Instant, came?: Circumstances): Promise<Done<Item> | Blocked | Unknown> {
    const set: Record<string, unknown> = { ...change.set, state: change.state }
    const names = Object.keys(set)
    const work = workAfter(request, change)
    return sender.update(
      requestKey(request.id),
      {
        ConditionExpression: 'version = :seen',
        UpdateExpression: `SET version = :next, events = list_append(events, :events)${names.map((name) => `, #${name} = :${name}`).join('')}${work ? ', workKey = :work' : ' REMOVE workKey'}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      },
      {
        ':seen': request.version,
        ':next': request.version + 1,
        ':events': change.events.map((event) => entry({ ...event, request: request.id, at: now, ...(event.by ? came : {}) } as AuditEvent)),
        ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
        ...(work ? { ':work': work } : {}),
      },
    )
  }

  return {
    async change(id, now, decide, came) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (round > 0) await settings.sleep(5 * round * (0.5 + (random(1)[0] ?? 0) / 256))
        const found = await reading.request(id)
        if (found.outcome === 'unknown') return found
        if (!found.value) return refused('request-unknown', 'There is no such request for you.')
        const decided = decide(found.value)
        if (decided.outcome === 'refused') return decided
        if (decided.value === 'unchanged') return done(found.value)
        const written = await write(found.value, decided.value, now, came)
        if (written.outcome === 'unknown') return written
        if (written.outcome === 'done') return done(toRequest(written.value) ?? found.value)
        // Somebody was faster, or an answer of our own was lost: what stands there now is judged anew.
      }
      return { outcome: 'unknown', cause: 'the request changed too often meanwhile' }
    },

    async passTime(request, approval, now) {
      const change = passTime(request, approval, now)
      if (!change) return done(false)
      // Upon the version that was read: whoever was faster leaves it to the next run.
      const written = await write(request, change, now)
      return written.outcome === 'unknown' ? written : done(written.outcome === 'done')
    },

    async abandon(before, now, limit) {
      let given = 0
      for (let shard = 0; shard < SHARDS; shard++) {
        const ids = await reading.oldest(indexes.open, openKey(shard), timeKey(before, '' as RequestId), limit)
        if (ids.outcome === 'unknown') return ids
        for (const id of ids.value) {
          const item = await reading.readItem(id)
          if (item.outcome === 'unknown') return item
          if (!item.value) continue
          for (const [suffix, session] of Object.entries(item.value.sessions)) {
            if (session.state !== 'reserved' || session.reservedAt >= before) continue
            const abandoned = await sessions.abandonOne(id, suffix, session, now)
            if (abandoned.outcome === 'unknown') return abandoned
            if (abandoned.value) given++
          }
          const cleared = await clearOpen(id)
          if (cleared.outcome === 'unknown') return cleared
        }
      }
      return done(given)
    },
  }

  /** Takes the item out of the index of open reservations if it has none left, and nothing came meanwhile. */
  async function clearOpen(id: RequestId): Promise<Done<true> | Unknown> {
    const item = await reading.readItem(id)
    if (item.outcome === 'unknown') return item
    if (!item.value?.openSession || openSessions(item.value).length > 0) return done(true)
    const cleared = await sender.update(
      requestKey(id),
      { ConditionExpression: 'openSession = :session AND version = :seen', UpdateExpression: 'REMOVE openKey, openAt, openSession' },
      { ':session': item.value.openSession, ':seen': item.value.version },
    )
    return cleared.outcome === 'unknown' ? cleared : done(true)
  }
}

/** Where the request stands on somebody's list after the change. Break-glass stays there until it is reviewed. */
function workAfter(request: AccessRequest, { state, set }: Change): string | undefined {
  if (state === 'pending') return workKey('pending', request.profile)
  const granted = set.windowStart ?? request.windowStart
  const unreviewed = request.breakGlass && granted !== undefined && (set.review ?? request.review) === undefined
  if (state === 'approved') return workKey('approved', request.profile)
  return unreviewed ? workKey('review', request.profile) : undefined
}

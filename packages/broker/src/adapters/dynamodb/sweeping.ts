/**
 * What the sweeper does to requests: it abandons reservations that were never recorded, makes the changes of time that are due, and
 * corrects what is due at another time than the config says. Two sweepers at once do nothing twice, because each write is conditional.
 * One that is stopped in the middle leaves nothing behind that the next run would not find again in the indexes.
 */
import { defined } from '@stint/core/defined'
import type { RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Ledger, SweepOptions } from '../../ports/ledger.ts'
import type { abandoning } from './abandon.ts'
import { walkDue, workPartitions } from './config-walk.ts'
import type { passingTime } from './passing-time.ts'
import type { IndexEntry, lists } from './request-lists.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { type SweepState, sweepState, type Walk } from './sweep-state.ts'
import { dueKey, indexes, openKey, shards, timeKey, workKey } from './table.ts'
import { PAGE, type Places, workThrough } from './work-through.ts'

type Parts = Pick<ReturnType<typeof lists>, 'entries'> & ReturnType<typeof abandoning> & ReturnType<typeof passingTime>

/** Requests of one page of a walk that are read at once. */
const WALK_AT_ONCE = 16

/**
 * Events are dated when they are written: a run can last a minute. They are not dated before its beginning, although the clock can be set
 * back meanwhile: a reservation is abandoned when it is old enough, and not before.
 */
export function sweeping(
  settings: LedgerSettings,
  sender: Sender,
  { entries, abandonIn, passTime, correctIndexKeys }: Parts,
): Pick<Ledger, 'sweep'> {
  const { clock, configHash } = settings
  const state = sweepState(settings, sender)

  const passOne = async (id: RequestId, now: Instant): Promise<Done<number> | Unknown> => {
    const passed = await passTime(id, now)
    return passed.outcome === 'unknown' ? passed : done(passed.value ? 1 : 0)
  }

  function abandon(places: Places, now: Instant, { abandonedBefore, until }: SweepOptions) {
    return workThrough({
      shards: shards.map(openKey),
      places,
      page: (key, after) => entries(indexes.open, key, { after, before: timeKey(abandonedBefore, '' as RequestId), limit: PAGE }),
      work: (id) => abandonIn(id, abandonedBefore, Math.max(clock(), now)),
      isOver: () => clock() >= until.abandon,
    })
  }

  function pass(places: Places, now: Instant, { until }: SweepOptions) {
    return workThrough({
      shards: shards.map(dueKey),
      places,
      page: (key, after) => entries(indexes.due, key, { after, before: timeKey(now + 1, '' as RequestId), limit: PAGE }),
      work: (id) => passOne(id, Math.max(clock(), now)),
      isOver: () => clock() >= until.pass,
    })
  }

  /** Continues the walk as far as the time reaches. A request that fails is left to the next walk. */
  async function correct(last: Walk, { profiles, until }: SweepOptions) {
    const partitions = workPartitions(last, profiles)
    const { partition: lastPartition, after: lastAfter, ...walk } = last
    let [at, after] = [Math.max(0, partitions.indexOf(lastPartition ?? '')), lastAfter]
    const faults: string[] = []
    const isOver = () => clock() >= until.correct
    const stopped = () => ({ walk: { ...walk, ...defined({ partition: partitions[at], after }) }, faults })

    while (at < partitions.length) {
      if (isOver()) return stopped()
      // Most partitions are empty, so several are looked at together.
      const together = partitions.slice(at, after === undefined ? at + WALK_AT_ONCE : at + 1)
      const pages = await Promise.all(together.map((partition) => entries(indexes.work, partition, { after, limit: PAGE })))
      for (const page of pages) {
        if (page.outcome === 'unknown') return { ...stopped(), faults: [...faults, page.cause] }
        for (let next = 0; next < page.value.length; next += WALK_AT_ONCE) {
          if (isOver()) return stopped()
          const some = page.value.slice(next, next + WALK_AT_ONCE)
          for (const corrected of await Promise.all(some.map(({ id }) => correctIndexKeys(id))))
            if (corrected.outcome === 'unknown') faults.push(corrected.cause)
          after = some.at(-1)?.at
        }
        if (page.value.length === PAGE) break
        after = undefined
        at++
      }
    }
    return { walk: { ...walk, isDone: true }, faults }
  }

  /** Counted by keys: break-glass requests from their approval until they are reviewed. */
  async function unreviewed(faults: string[]): Promise<number> {
    const counts = await Promise.all(
      shards.map(async (shard) => {
        let count = 0
        for (let after: string | undefined; ; ) {
          const page: Done<readonly IndexEntry[]> | Unknown = await entries(indexes.work, workKey('review', shard), {
            after,
            limit: COUNTED_PAGE,
          })
          if (page.outcome === 'unknown') {
            faults.push(page.cause)
            return count
          }
          count += page.value.length
          if (page.value.length < COUNTED_PAGE) return count
          after = page.value.at(-1)?.at
        }
      }),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  return {
    async sweep(now, options) {
      const faults: string[] = []
      const remembered = await state.read()
      if (remembered.outcome === 'unknown') faults.push(remembered.cause)
      const seen: SweepState = remembered.outcome === 'done' ? remembered.value : { revision: 0, places: {} }
      const abandoned = await abandon(seen.places, now, options)
      const passed = await pass(seen.places, now, options)
      faults.push(...abandoned.faults, ...passed.faults)
      const due = walkDue(seen.walk, configHash, now)
      const corrected = due && (await correct(due, options))
      faults.push(...(corrected?.faults ?? []))
      const next = { places: { ...abandoned.places, ...passed.places }, ...defined({ walk: corrected?.walk ?? seen.walk }) }
      const hasChanged = due !== undefined || JSON.stringify(next.places) !== JSON.stringify(seen.places)
      if (remembered.outcome === 'done' && hasChanged) {
        const written = await state.write(seen, next)
        if (written.outcome === 'unknown') faults.push(written.cause)
      }
      return { abandoned: abandoned.count, changed: passed.count, unreviewed: await unreviewed(faults), faults }
    },
  }
}

/** Keys have about 200 bytes, and a page of DynamoDB 1 MB. */
const COUNTED_PAGE = 1000

/**
 * Goes over the items of the story table by age, in the order of their time, from where an earlier run stopped. Reads the keys-only index
 * `byDay`: from the day on which the last run stopped, and never from the beginning.
 */
import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { days, type Instant, toDay, toIso } from '@stint/core/instant'
import type { Family, Pass, Progress, Walk } from '../../ports/progress.ts'
import { COUNTED, pageIn } from './answer-checks.ts'
import { logSender } from './log-sender.ts'
import { refusedPartition } from './refused-day.ts'
import { indexes, OTHER_DAY, type PatientReader, shards } from './table.ts'

/** Keys of one page: the items that are looked at together, and again if the run is interrupted. */
const KEYS_A_PAGE = 800
/** How far before the age of its items a pass starts that has never run. */
const FIRST_REACH_MS = days(7)

/** The places of a pass, each with its own progress: `<pass>#<shard>`. */
const placesOf = ({ name, family }: Pass): readonly string[] => shardsOf(family).map((shard) => placeOf(name, shard))

const placeOf = (pass: string, shard: number): string => `${pass}#${shard}`
const shardsOf = (family: Family): readonly number[] => (family === 'other' ? [0] : shards)

const partitionOf = (family: Family, day: string, shard: number): string => {
  if (family === 'other') return OTHER_DAY
  return family === 'requests' ? `${day}#${shard}` : refusedPartition(day, shard)
}

export function dayWalk(source: PatientReader, progress: Pick<Progress, 'move'>, keysAPage = KEYS_A_PAGE): Walk {
  const { answer } = logSender(source.sleep)
  return async (pass, { now, reached, mayGoOn, look }) => {
    const old = toIso(now - pass.ageMs)
    for (const [shard, place] of placesOf(pass).entries()) {
      const ahead = pass.behind === undefined ? old : (reached.get(placeOf(pass.behind, shard)) ?? '')
      const upTo = ahead < old ? ahead : old
      let after = reached.get(place) ?? toIso(now - pass.ageMs - FIRST_REACH_MS)
      while (after < upTo) {
        if (!mayGoOn()) return false
        const day = dayOf(after)
        const page = await pageAfter(partitionOf(pass.family, day, shard), after, upTo)
        const last = page.keys.at(-1)
        if (last) {
          await look(page.keys.map(({ id }) => id))
          // Only now: an interrupted run looks at the page again.
          after = await progress.move(place, last.at)
        }
        if (!page.isLast) continue
        // What is left of today's partition is not old enough yet.
        if (nextDay(day) > upTo) break
        // The last items of a day need not be at its end, so this is saved too.
        if (after < nextDay(day)) after = await progress.move(place, nextDay(day))
      }
    }
    return true
  }

  /** Keys of a partition after a time key, up to another one or to a time, oldest first. */
  async function pageAfter(partition: string, after: string, upTo: string): Promise<Page> {
    const { name, hash, range } = indexes.byDay
    const query = new QueryCommand({
      TableName: source.storyTable,
      IndexName: name,
      KeyConditionExpression: '#hash = :hash AND #range BETWEEN :after AND :upTo',
      ExpressionAttributeNames: { '#hash': hash, '#range': range },
      // BETWEEN includes its bounds. A time key is a time, `#` and an ID: the next one sorts after this one with `!`.
      ExpressionAttributeValues: marshall({ ':hash': partition, ':after': `${after}!`, ':upTo': upTo }),
      Limit: keysAPage,
      ...COUNTED,
    })
    return answer(async () => {
      const { items, next } = pageIn(await source.client.send(query), source.storyTable, marshall({ [hash]: partition }))
      let bound = after
      const keys = items.map(({ pk, [range]: at }) => {
        const key = at?.S ?? ''
        if (key <= after || key < bound || key > upTo) throw new Error('the response has items that were not requested')
        bound = key
        return { id: (pk?.S ?? '').replace(/^[A-Z]+#/, ''), at: key }
      })
      if (keys.length === 0 && next) throw new Error('the response is an empty page that is not the last')
      return { keys, isLast: next === undefined }
    })
  }
}

type Page = { readonly keys: readonly { readonly id: string; readonly at: string }[]; readonly isLast: boolean }

const dayOf = (key: string): string => key.slice(0, 10)
/** Sorts before every time key of that day. */
const nextDay = (day: string): string => toDay((Date.parse(day) as Instant) + days(1))

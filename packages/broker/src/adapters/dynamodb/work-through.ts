/** Works through the shards of an index, the oldest entries first, several at once, as far as the time reaches. */
import type { RequestId } from '@stint/core/ids'
import type { Done, Unknown } from '@stint/core/outcome'
import type { IndexEntry } from './request-lists.ts'

/** Entries in work at once, in each of the four shards. */
const AT_ONCE = 4
/** Entries of one query. */
export const PAGE = 100

/** The entry after which a shard continues, by the shard's partition key. */
export type Places = Readonly<Record<string, string>>

type Through = {
  /** Partition keys of the shards. */
  readonly shards: readonly string[]
  /** Where an earlier run stopped. It may have stopped at entries that keep failing, so this one first continues after them. */
  readonly places: Places
  readonly page: (shard: string, after: string | undefined) => Promise<Done<readonly IndexEntry[]> | Unknown>
  /** Returns how much was done. */
  readonly work: (id: RequestId) => Promise<Done<number> | Unknown>
  readonly isOver: () => boolean
}

/** `places`: where the next run continues. A shard that was worked through has none. */
export async function workThrough({ shards, places, page, work, isOver }: Through): Promise<{
  readonly count: number
  readonly faults: readonly string[]
  readonly places: Places
}> {
  let count = 0
  const faults: string[] = []
  const left: Record<string, string> = {}

  /** Entries after `from`, up to and including `to`. False if the time was over before the end. */
  async function stretch(shard: string, from: string | undefined, to?: string): Promise<boolean> {
    for (let after = from; ; ) {
      const found = isOver() ? undefined : await page(shard, after)
      if (found?.outcome === 'unknown') {
        faults.push(found.cause)
        return false
      }
      const entries = (found?.value ?? []).filter(({ at }) => to === undefined || at <= to)
      for (let next = 0; next < entries.length && !isOver(); next += AT_ONCE) {
        const some = entries.slice(next, next + AT_ONCE)
        // An entry that cannot be read or written must not hold up the others.
        for (const worked of await Promise.all(some.map(({ id }) => work(id)))) {
          if (worked.outcome === 'unknown') faults.push(worked.cause)
          else count += worked.value
        }
        after = some.at(-1)?.at
      }
      if (isOver()) {
        if (after !== undefined) left[shard] = after
        return false
      }
      if (entries.length < PAGE) return true
    }
  }

  await Promise.all(
    shards.map(async (shard) => {
      const place = places[shard]
      if ((await stretch(shard, place)) && place !== undefined) await stretch(shard, undefined, place)
    }),
  )
  return { count, faults, places: left }
}

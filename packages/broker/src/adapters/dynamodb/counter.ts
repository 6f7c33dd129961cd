/**
 * Counters of the side table. Each keeps the attempts that it has counted, so that a send whose response was lost, or that arrives late,
 * counts once.
 */
import { hex128 } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { LedgerSettings, Sender } from './sender.ts'
import { sideKey, TTL } from './table.ts'

type Counter = {
  /**
   * Increments the counter, if it is below `most`, and returns its new value; undefined if it is full. `lasts`: seconds. `what` is counted
   * once; without it, each call is.
   */
  readonly count: (key: string, most: number, lasts: number, now: Instant, what?: string) => Promise<Done<number | undefined> | Unknown>
}

export function counter({ random }: LedgerSettings, { updateSide }: Sender): Counter {
  return {
    async count(key, most, lasts, now, what) {
      const attempt = what ?? hex128(random)
      const isCounted = (image: { readonly [name: string]: unknown } | undefined): boolean =>
        image?.attempts instanceof Set && image.attempts.has(attempt) && Number.isSafeInteger(image.times)
      const counted = await updateSide(
        sideKey(key),
        {
          ConditionExpression: '(attribute_not_exists(times) OR times < :most) AND NOT contains(attempts, :attempt)',
          UpdateExpression: `SET times = if_not_exists(times, :zero) + :one, ${TTL} = :end ADD attempts :attempts`,
        },
        {
          ':zero': 0,
          ':one': 1,
          ':most': most,
          ':attempt': attempt,
          ':attempts': new Set([attempt]),
          ':end': Math.floor(now / 1000) + lasts,
        },
        isCounted,
      )
      if (counted.outcome === 'unknown') return counted
      const image = counted.outcome === 'done' ? counted.value : counted.item
      if (counted.outcome === 'blocked' && !image)
        return { outcome: 'unknown', cause: 'ledger: the response says that a counter is full, and does not show it' }
      return done(isCounted(image) ? Number(image?.times) : undefined)
    },
  }
}

/**
 * Counts the sessions that a caller starts by the container protocol. One item per caller and hour holds the count of the hour, and one
 * attribute for each minute and each profile with its parameters. So both limits are one conditional write, and a session that one limit
 * refuses does not count against the other.
 *
 * The item has a few hundred bytes for a usual caller. The hour's limit bounds the number of attributes, each of about 20 bytes.
 */
import { hex128 } from '@stint/core/ids'
import { done } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { minuteAttribute, sessionsKey, sideKey, TTL } from './table.ts'

/** Longer than the hour that is counted. */
const COUNTER_SECONDS = 7200

export function sessionCounter({ random }: LedgerSettings, { updateSide }: Sender): Pick<Ledger, 'countSession'> {
  return {
    async countSession(caller, what, { perMinute, perHour }, now) {
      const attempt = hex128(random)
      const minute = minuteAttribute(what, now)
      type Image = { readonly [name: string]: unknown }
      const counted = (image: Image, name: string): number => (Number.isSafeInteger(image[name]) ? Number(image[name]) : 0)
      // The item keeps the last attempt only. If another call came between two sends of this one, this one counts twice, never less than once.
      const isCounted = (image: Image): boolean => image.attempt === attempt && counted(image, minute) > 0 && counted(image, 'times') > 0
      const written = await updateSide(
        sideKey(sessionsKey(caller, now)),
        {
          ConditionExpression:
            '(attribute_not_exists(times) OR times < :perHour) AND (attribute_not_exists(#minute) OR #minute < :perMinute) AND NOT attempt = :attempt',
          UpdateExpression: `SET times = if_not_exists(times, :zero) + :one, #minute = if_not_exists(#minute, :zero) + :one, attempt = :attempt, ${TTL} = :end`,
          ExpressionAttributeNames: { '#minute': minute },
        },
        {
          ':zero': 0,
          ':one': 1,
          ':perMinute': perMinute,
          ':perHour': perHour,
          ':attempt': attempt,
          ':end': Math.floor(now / 1000) + COUNTER_SECONDS,
        },
        isCounted,
      )
      if (written.outcome === 'unknown') return written
      const image = written.outcome === 'done' ? written.value : written.item
      // A failed condition with our attempt in the item: the response to an earlier send was lost.
      if (image && isCounted(image)) return done({ place: counted(image, minute) })
      if (image && counted(image, 'times') >= perHour) return done({ full: 'perHour' })
      if (image && counted(image, minute) >= perMinute) return done({ full: 'perMinute' })
      return { outcome: 'unknown', cause: 'ledger: the response says that a limit is reached, and does not show it' }
    },
  }
}

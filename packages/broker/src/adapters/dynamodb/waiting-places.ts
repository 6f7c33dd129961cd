/**
 * The few places that one caller has for pending requests: one item of the side table, with an attribute for each place, named by the
 * terms. So a caller never has two pending requests on the same terms, and never more than `most` at once, no matter how many calls arrive
 * at the same time and how far the indexes lag behind.
 *
 * A place is taken before its request is written. The place of a request that is no longer pending is reused by the next call that needs
 * one, so no cleanup is needed.
 */

import { hex128, type RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Ledger, WaitingPlace } from '../../ports/ledger.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { placesKey, sideKey, TTL } from './table.ts'

/** Longer than any request can be pending. */
const KEPT_SECONDS = 60 * 86_400

export function places({ random }: LedgerSettings, { updateSide }: Sender): Pick<Ledger, 'takePlace' | 'leavePlace'> {
  return {
    async takePlace(caller, terms, request, most, now, instead) {
      const attempt = hex128(random)
      const name = attributeOf(terms)
      const isOurs = (image: PlacesItem | undefined) => image?.[name]?.attempt === attempt
      const taken = await updateSide(
        sideKey(placesKey(caller)),
        {
          ConditionExpression: instead
            ? '#place.attempt = :instead'
            : 'attribute_not_exists(#place) AND (attribute_not_exists(taken) OR taken < :most)',
          UpdateExpression: `SET #place = :place, ${TTL} = :end${instead ? '' : ', taken = if_not_exists(taken, :zero) + :one'}`,
          ExpressionAttributeNames: { '#place': name },
        },
        {
          ':place': { request, at: now, attempt },
          ':end': Math.floor(now / 1000) + KEPT_SECONDS,
          ...(instead ? { ':instead': instead.attempt } : { ':most': most, ':zero': 0, ':one': 1 }),
        },
        (image) => isOurs(image as PlacesItem),
      )
      if (taken.outcome === 'unknown') return taken
      const image = (taken.outcome === 'done' ? taken.value : taken.item) as PlacesItem | undefined
      if (isOurs(image)) return done({ place: 'taken' })
      const held = image?.[name]
      if (held?.request === request) return done({ place: 'kept' })
      if (held) return done({ place: 'held', by: { terms, ...held } })
      return done({ place: 'full', all: placesIn(image) })
    },

    async leavePlace(caller, { terms, attempt }): Promise<Done<true> | Unknown> {
      const name = attributeOf(terms)
      const left = await updateSide(
        sideKey(placesKey(caller)),
        {
          ConditionExpression: '#place.attempt = :attempt',
          UpdateExpression: 'SET taken = taken - :one REMOVE #place',
          ExpressionAttributeNames: { '#place': name },
        },
        { ':attempt': attempt, ':one': 1 },
        (image) => Number.isSafeInteger(image.taken) && !(name in image),
      )
      return left.outcome === 'unknown' ? left : done(true)
    },
  }
}

type Held = { readonly request: RequestId; readonly at: Instant; readonly attempt: string }
type PlacesItem = { readonly [name: string]: Held | undefined }

/** Terms are named by their hash, in hex. */
const PREFIX = 'terms.'
const attributeOf = (terms: string): string => `${PREFIX}${terms}`
const placesIn = (image: PlacesItem | undefined): readonly WaitingPlace[] =>
  Object.entries(image ?? {}).flatMap(([name, held]) =>
    name.startsWith(PREFIX) && held ? [{ terms: name.slice(PREFIX.length), ...held }] : [],
  )

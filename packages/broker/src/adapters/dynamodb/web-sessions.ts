/** Browser sessions in the side table: a partition for each person, so that all of their sessions can be ended at once. */
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { inParallel } from '../../log/parallel.ts'
import type { WebSessions } from '../../ports/web-sessions.ts'
import { unmarshall } from './attributes.ts'
import { partitionRows } from './partition-rows.ts'
import type { DynamoSettings, Sender } from './sender.ts'
import { storedFields } from './stored-fields.ts'
import { TTL, webKey } from './table.ts'
import { readWebSession } from './web-session-item.ts'

/** Writes in flight at the same time. */
const ENDS_AT_ONCE = 8
/** The sort key of the item that says when the person signed out everywhere. The ID of a session is a digest. */
const SIGNED_OUT = 'SIGNED-OUT'
const signedOut = storedFields<{ readonly signedOutAt: Instant }>({ signedOutAt: true })

export function webSessions({ client, sideTable }: DynamoSettings, { send, read, updateSide }: Sender): WebSessions {
  const rowsOf = partitionRows({ client, sideTable }, { send })

  /** The item stays without its token until its TTL: the start of the session can still be sent again, or arrive late. */
  async function end(key: ReturnType<typeof webKey>): Promise<Done<true> | Unknown> {
    const ended = await updateSide(
      key,
      { ConditionExpression: 'attribute_exists(pk)', UpdateExpression: 'REMOVE sealed' },
      {},
      ({ sealed }) => sealed === undefined,
    )
    return ended.outcome === 'unknown' ? ended : done(true)
  }

  return {
    webSession: (key) => readWebSession({ read }, sideTable, key),

    async startWebSession(key, { sealed, startedAt, usedAt }, expiresAt) {
      const made = await updateSide(
        webKey(key),
        {
          // The response to an earlier send was lost: this write is ours too.
          ConditionExpression: 'attribute_not_exists(pk) OR sealed = :sealed',
          UpdateExpression: `SET sealed = :sealed, startedAt = :started, usedAt = :used, ${TTL} = :end`,
        },
        { ':sealed': sealed, ':started': startedAt, ':used': usedAt, ':end': Math.ceil(expiresAt / 1000) },
        (image) => image.sealed === sealed,
      )
      return made.outcome === 'blocked' ? taken : made.outcome === 'done' ? done(true) : made
    },

    async touchWebSession(key, usedAt) {
      const touched = await updateSide(
        webKey(key),
        { ConditionExpression: 'attribute_exists(sealed)', UpdateExpression: 'SET usedAt = :used' },
        { ':used': usedAt },
        (image) => image.usedAt === usedAt,
      )
      return touched.outcome === 'unknown' ? touched : done(true)
    },

    endWebSession: (key) => end(webKey(key)),

    async endWebSessions(who, at, expiresAt) {
      // First, so that a sign-in at the same time finds it, or is found.
      const noted = await updateSide(
        webKey({ who, id: SIGNED_OUT }),
        {
          ConditionExpression: 'attribute_not_exists(pk) OR signedOutAt <= :at',
          UpdateExpression: `SET signedOutAt = :at, ${TTL} = :end`,
        },
        { ':at': at, ':end': Math.ceil(expiresAt / 1000) },
        (image) => image.signedOutAt === at,
      )
      if (noted.outcome === 'unknown') return noted
      const rows = await rowsOf(webKey({ who, id: '' }).pk)
      if (rows.outcome === 'unknown') return rows
      const sessions = rows.value.filter(({ sealed }) => sealed)
      const ended = await inParallel(sessions, ENDS_AT_ONCE, ({ sk }) => end(webKey({ who, id: sk?.S ?? '' })))
      return ended.find((one) => one.outcome === 'unknown') ?? done(true)
    },

    async webSignedOutAt(who) {
      const found = await read(sideTable, webKey({ who, id: SIGNED_OUT }))
      return found.outcome === 'done' ? done(found.value && signedOut.pick(unmarshall(found.value)).signedOutAt) : found
    },
  }
}

/** IDs have 256 random bits, so another session never has this one. */
const taken: Unknown = { outcome: 'unknown', cause: 'ledger: another session has this ID' }

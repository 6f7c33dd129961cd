/**
 * The kill switch, set and released. The config grants, the table may only withdraw: so one responder freezes, and two
 * people unfreeze.
 */
import { type AttributeValue, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { type FreezeId, journalEntry } from '@stint/core/audit/event'
import { toIso } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { Freeze, Ledger } from '../../ports.ts'
import { freezeId, freezeKey, scopeText, toFreeze } from './frozen.ts'
import type { DynamoSettings, Sender } from './send.ts'
import { indexes, OTHER_DAY } from './table.ts'

/** All freezes stand under one key of the index by caller, which they have none of. */
export const FREEZES = 'FREEZES'

export function freezeWrites(settings: DynamoSettings, { send, update }: Sender): Pick<Ledger, 'freezes' | 'freeze' | 'unfreeze'> {
  const { client, storyTable } = settings
  /** The freeze of an id as it is now, or undefined where there is none in force. */
  async function read(id: string): Promise<Done<Freeze | undefined> | Unknown> {
    const found = await send(() =>
      client.send(new GetItemCommand({ TableName: storyTable, Key: marshall({ pk: freezeKey(id) }), ConsistentRead: true })),
    )
    if (found.outcome !== 'done') return { outcome: 'unknown', cause: found.outcome === 'unknown' ? found.cause : 'blocked' }
    const freeze = found.value.Item && toFreeze(found.value.Item)
    return done(freeze?.active ? freeze : undefined)
  }

  async function freezes(): Promise<Done<readonly Freeze[]> | Unknown> {
    const ids = await send(async () => {
      const keys: string[] = []
      let from: Record<string, AttributeValue> | undefined
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: storyTable,
            IndexName: indexes.byCaller.name,
            KeyConditionExpression: 'callerKey = :key',
            ExpressionAttributeValues: marshall({ ':key': FREEZES }),
            ...(from ? { ExclusiveStartKey: from } : {}),
          }),
        )
        keys.push(...(page.Items ?? []).flatMap(({ pk }) => (pk?.S ? [pk.S.slice(freezeKey('').length)] : [])))
        from = page.LastEvaluatedKey
      } while (from)
      return keys
    })
    if (ids.outcome !== 'done') return { outcome: 'unknown', cause: ids.outcome === 'unknown' ? ids.cause : 'blocked' }
    const inForce: Freeze[] = []
    for (const id of ids.value) {
      const freeze = await read(id)
      if (freeze.outcome === 'unknown') return freeze
      if (freeze.value) inForce.push(freeze.value)
    }
    return done(inForce)
  }

  return {
    freezes,

    /** Never shortens: whoever could end a freeze by setting another one would unfreeze alone. */
    async freeze(scope, by, why, until, now) {
      const id = freezeId(scope)
      const event = journalEntry(
        { type: 'freeze.set', request: id, at: now, scope: scopeText(scope), by, why, ...(until === undefined ? {} : { until }) },
        settings,
      )
      const written = await update(
        freezeKey(id),
        {
          // One without an end is the longest there is.
          ...(until === undefined ? {} : { ConditionExpression: 'attribute_not_exists(active) OR active = :no OR #until <= :end' }),
          UpdateExpression: `SET #scope = :scope, #by = :by, why = :why, #at = :at, frozenAt = :now, active = :yes, callerKey = :freezes, dayKey = :other, events = list_append(if_not_exists(events, :none), :events)${until === undefined ? ' REMOVE #until, releaseAskedBy' : ', #until = :end REMOVE releaseAskedBy'}`,
          ExpressionAttributeNames: { '#scope': 'scope', '#by': 'by', '#at': 'at', '#until': 'until' },
        },
        {
          ':scope': scope,
          ':by': by,
          ':why': why,
          ':at': toIso(now),
          ':now': now,
          ':yes': true,
          ':freezes': FREEZES,
          ':other': OTHER_DAY,
          ':none': [],
          ':events': [event],
          ...(until === undefined ? {} : { ':no': false, ':end': until }),
        },
      )
      if (written.outcome === 'unknown') return written
      if (written.outcome === 'done') return done({ id, scope, by, why, at: now, ...(until === undefined ? {} : { until }) })
      // The longer one stands; that it was wanted again is on the trail, and voids a release that was asked for before.
      const again = await update(
        freezeKey(id),
        { ConditionExpression: 'active = :yes', UpdateExpression: 'SET events = list_append(events, :events) REMOVE releaseAskedBy' },
        { ':yes': true, ':events': [event] },
      )
      if (again.outcome === 'unknown') return again
      const stands = await read(id)
      return stands.outcome === 'done' && stands.value
        ? done(stands.value)
        : { outcome: 'unknown', cause: 'the freeze was released meanwhile' }
    },

    async unfreeze(id, by, isSame, now) {
      const found = await read(id)
      if (found.outcome === 'unknown') return found
      if (!found.value) return refused('request-unknown', 'There is no such freeze.')
      const { releaseAskedBy: asked, scope } = found.value
      if (asked && isSame(asked)) return done('asked')
      const released = asked !== undefined
      const event = journalEntry(
        { type: released ? 'freeze.released' : 'freeze.release-asked', request: id as FreezeId, at: now, scope: scopeText(scope), by },
        settings,
      )
      const written = await update(
        freezeKey(id),
        {
          ConditionExpression: `active = :yes AND ${asked ? 'releaseAskedBy.#issuer = :issuer AND releaseAskedBy.#subject = :subject' : 'attribute_not_exists(releaseAskedBy)'}`,
          ...(asked ? { ExpressionAttributeNames: { '#issuer': 'issuer', '#subject': 'subject' } } : {}),
          UpdateExpression: released
            ? 'SET active = :no, events = list_append(events, :events) REMOVE callerKey'
            : 'SET releaseAskedBy = :by, events = list_append(events, :events)',
        },
        {
          ':yes': true,
          ':events': [event],
          ...(asked ? { ':no': false, ':issuer': asked.issuer, ':subject': asked.subject } : { ':by': by }),
        },
      )
      if (written.outcome === 'unknown') return written
      if (written.outcome === 'blocked') {
        // An answer of our own may have been lost.
        const stands = await read(id)
        if (stands.outcome === 'unknown') return stands
        if (released && !stands.value) return done('released')
        const askedNow = stands.value?.releaseAskedBy
        if (!released && askedNow && isSame(askedNow)) return done('asked')
        return refused('request-changed', 'Somebody else was faster. Read the freezes again.')
      }
      return done(released ? 'released' : 'asked')
    },
  }
}

/**
 * The kill switch, set and released. The config grants, the table may only withdraw: so one responder freezes, and two
 * people unfreeze.
 */
import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { journalEntry } from '@stint/core/audit/event'
import { toIso } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { Freeze, Ledger } from '../../ports.ts'
import { freezeId, freezeKey, scopeText, toFreeze } from './frozen.ts'
import type { DynamoSettings, Sender } from './send.ts'
import { indexes } from './table.ts'

/** All freezes stand under one key of the index by caller, which they have none of. */
const FREEZES = 'FREEZES'

export function freezeWrites(settings: DynamoSettings, { send, update }: Sender): Pick<Ledger, 'freezes' | 'freeze' | 'unfreeze'> {
  const { client, storyTable, random } = settings
  async function freezes(): Promise<Done<readonly Freeze[]> | Unknown> {
    const found = await send(() =>
      client.send(
        new QueryCommand({
          TableName: storyTable,
          IndexName: indexes.byCaller.name,
          KeyConditionExpression: 'callerKey = :key',
          ExpressionAttributeValues: marshall({ ':key': FREEZES }),
        }),
      ),
    )
    if (found.outcome !== 'done') return { outcome: 'unknown', cause: found.outcome === 'unknown' ? found.cause : 'blocked' }
    const keys = (found.value.Items ?? []).flatMap(({ pk }) => (pk ? [{ pk }] : []))
    if (keys.length === 0) return done([])
    const read = await send(() =>
      client.send(new BatchGetItemCommand({ RequestItems: { [storyTable]: { Keys: keys.slice(0, 100), ConsistentRead: true } } })),
    )
    if (read.outcome !== 'done') return { outcome: 'unknown', cause: read.outcome === 'unknown' ? read.cause : 'blocked' }
    return done(
      (read.value.Responses?.[storyTable] ?? []).flatMap((attributes) => toFreeze(attributes) ?? []).filter(({ active }) => active),
    )
  }

  return {
    freezes,

    async freeze(scope, by, why, until, now) {
      const id = freezeId(scope)
      const event = journalEntry(
        { type: 'freeze.set', at: now, scope: scopeText(scope), by, why, ...(until === undefined ? {} : { until }) },
        random,
      )
      const written = await update(
        freezeKey(id),
        {
          UpdateExpression: `SET #scope = :scope, #by = :by, why = :why, #at = :at, frozenAt = :now, active = :yes, callerKey = :freezes, events = list_append(if_not_exists(events, :none), :events)${until === undefined ? ' REMOVE #until, releaseAskedBy' : ', #until = :until REMOVE releaseAskedBy'}`,
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
          ':none': [],
          ':events': [event],
          ...(until === undefined ? {} : { ':until': until }),
        },
      )
      if (written.outcome !== 'done') return { outcome: 'unknown', cause: written.outcome === 'unknown' ? written.cause : 'blocked' }
      return done({ id, scope, by, why, at: now, ...(until === undefined ? {} : { until }) })
    },

    async unfreeze(id, by, isSame, now) {
      const all = await freezes()
      if (all.outcome === 'unknown') return all
      const freeze = all.value.find((one) => one.id === id)
      if (!freeze) return refused('request-unknown', 'There is no such freeze.')
      const asked = freeze.releaseAskedBy
      const released = asked !== undefined && !isSame(asked)
      const event = journalEntry(
        { type: released ? 'freeze.released' : 'freeze.release-asked', at: now, scope: scopeText(freeze.scope), by },
        random,
      )
      const written = await update(
        freezeKey(id),
        {
          ConditionExpression: `active = :yes AND ${asked === undefined ? 'attribute_not_exists(releaseAskedBy)' : 'releaseAskedBy.#issuer = :issuer AND releaseAskedBy.#subject = :subject'}`,
          ...(asked === undefined ? {} : { ExpressionAttributeNames: { '#issuer': 'issuer', '#subject': 'subject' } }),
          UpdateExpression: `SET ${released ? 'active = :no' : 'releaseAskedBy = :by'}, events = list_append(events, :events)`,
        },
        {
          ':yes': true,
          ...(released ? { ':no': false } : { ':by': by }),
          ...(asked === undefined ? {} : { ':issuer': asked.issuer, ':subject': asked.subject }),
          ':events': [event],
        },
      )
      if (written.outcome === 'unknown') return written
      if (written.outcome === 'blocked') return refused('request-changed', 'Somebody else was faster. Read the freezes again.')
      return done(released ? 'released' : 'asked')
    },
  }
}

/**
 * Refusals of verified callers: an item each, until there are too many of one caller in an hour; then one item that says
 * so, and after that only a count.
 */
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { type AuditEvent, brief, journalEntry } from '@stint/core/audit/event'
import { callerRef } from '@stint/core/identity/caller'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { newRequestId } from '@stint/core/request/ids'
import type { Ledger } from '../../ports.ts'
import { howItCame } from './facts.ts'
import type { DynamoSettings, Sender } from './send.ts'
import { asksKey, callerKey, dayKey, refusalsKey, requestKey, shardOf, sideKey, TTL, timeKey } from './table.ts'

/** Longer than the hour that is counted. */
const COUNTER_SECONDS = 7200
/** A caller's refusals per hour that get an item of their own. */
export const REFUSALS_AN_HOUR = 20

export function refusals(settings: DynamoSettings, { send }: Sender): Pick<Ledger, 'refuse' | 'countAsk'> {
  const { client, random } = settings

  /** Adds one to a counter of the side table, and tells what it came to. */
  async function count(key: string, now: Instant): Promise<Done<number> | Unknown> {
    const counted = await send(() =>
      client.send(
        new UpdateItemCommand({
          TableName: settings.sideTable,
          Key: marshall(sideKey(key)),
          UpdateExpression: `ADD times :one SET ${TTL} = :end`,
          ExpressionAttributeValues: marshall({ ':one': 1, ':end': Math.floor(now / 1000) + COUNTER_SECONDS }),
          ReturnValues: 'ALL_NEW',
        }),
      ),
    )
    if (counted.outcome !== 'done') return { outcome: 'unknown', cause: counted.outcome === 'unknown' ? counted.cause : 'blocked' }
    return done(Number(counted.value.Attributes?.times?.N ?? 0))
  }

  return {
    countAsk: (caller, now) => count(asksKey(caller, now), now),

    async refuse({ call, caller, profile, code, reason }) {
      const ref = callerRef(caller)
      const times = await count(refusalsKey(ref, call.now), call.now)
      if (times.outcome === 'unknown') return times
      if (times.value > REFUSALS_AN_HOUR + 1) return done(true)

      const request = newRequestId(call.now, random)
      const common = { request, at: call.now, caller: ref }
      const event: AuditEvent =
        times.value > REFUSALS_AN_HOUR
          ? { ...common, type: 'request.refusals-capped', cap: REFUSALS_AN_HOUR }
          : {
              ...common,
              type: 'request.refused',
              profile: brief(profile, 48),
              code,
              reason: brief(reason, 120),
              ...howItCame({ call, caller }),
            }
      const item = {
        pk: requestKey(request),
        id: request,
        state: 'refused',
        createdAt: call.now,
        caller: ref,
        profile: brief(profile, 48),
        callerKey: callerKey(ref),
        dayKey: dayKey(call.now, shardOf(request)),
        at: timeKey(call.now, request),
        events: [journalEntry(event, settings)],
      }
      const put = await send(() =>
        client.send(
          new PutItemCommand({ TableName: settings.storyTable, Item: marshall(item), ConditionExpression: 'attribute_not_exists(pk)' }),
        ),
      )
      // Blocked: an earlier send of this write took effect and its answer was lost.
      return put.outcome === 'unknown' ? put : done(true)
    },
  }
}

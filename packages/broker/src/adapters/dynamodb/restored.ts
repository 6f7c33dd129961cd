/**
 * A story table that was brought back from a backup knows less than the log. What it lost is given back as far as it closes
 * something: an item gets its whole journal again, by commitments (the events lie in the event store), and nothing that
 * anybody could use. A request is over, a link must be made anew, and a freeze that was in force is in force.
 */
import { ConditionalCheckFailedException, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { brief } from '@stint/core/audit/event'
import type { CallerRef } from '@stint/core/identity/caller'
import { type Instant, toIso } from '@stint/core/instant'
import type { RequestId } from '@stint/core/request/ids'
import { Trouble } from '../../log/ports.ts'
import { FREEZES } from './freezes.ts'
import { freezeKey, scopeOf } from './frozen.ts'
import { dayKey, OTHER_DAY, requestKey, shardOf, timeKey } from './table.ts'

/** What the log has of one journal. */
export type Logged = {
  readonly id: string
  readonly commits: readonly string[]
  /** When it began. */
  readonly at: Instant
  readonly profile?: string
  readonly target?: string
  /** Of a freeze: the last that was set, unless it was released after. */
  readonly freeze?: { readonly scope: string; readonly by: CallerRef; readonly why: string; readonly at: Instant; readonly until?: Instant }
}

/** False where the table has caught up meanwhile. */
export async function giveBack(source: { readonly client: DynamoDBClient; readonly storyTable: string }, logged: Logged): Promise<boolean> {
  const events = logged.commits.map((commit) => ({ commit }))
  try {
    await source.client.send(
      new PutItemCommand({
        TableName: source.storyTable,
        Item: marshall({ ...itemOf(logged), events }, { removeUndefinedValues: true }),
        ConditionExpression: 'attribute_not_exists(pk) OR size(events) < :count',
        ExpressionAttributeValues: marshall({ ':count': events.length }),
      }),
    )
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw new Trouble(`dynamodb: ${(error as Error).name}: ${brief((error as Error).message)}`)
  }
}

function itemOf({ id, at, profile, target, freeze, commits }: Logged): object {
  const other = { dayKey: OTHER_DAY, at: `${toIso(at)}#${id}` }
  switch (id.slice(0, id.indexOf('_'))) {
    case 'req': {
      const request = id as RequestId
      return {
        pk: requestKey(request),
        id,
        state: 'ended',
        // Beyond any that it had: each change was an event.
        version: commits.length + 1,
        createdAt: at,
        profile,
        target,
        dayKey: dayKey(at, shardOf(request)),
        at: timeKey(at, request),
      }
    }
    case 'frz':
      return {
        pk: freezeKey(id),
        ...other,
        active: freeze !== undefined,
        ...(freeze
          ? { scope: scopeOf(freeze.scope), by: freeze.by, why: freeze.why, frozenAt: freeze.at, until: freeze.until, callerKey: FREEZES }
          : {}),
      }
    case 'lnk':
      return { pk: `LINK#${id}`, id, version: commits.length + 1, erased: true, ...other }
    default:
      return { pk: `SYS#${id}`, ...other }
  }
}

/**
 * A story table that was brought back from a backup knows less than the log. What it lost is given back as far as it closes
 * something: an item gets its whole journal again, and nothing that anybody could use. A request is over, a link must be
 * made anew, and a freeze that was in force is in force.
 *
 * What was written on such an item since, by whoever did not know what it had lost, is no part of the log and happened all
 * the same: it follows what the log has. So nothing that was ever done is dropped, and the log's rules say what was wrong.
 */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { commitOf } from '@stint/core/audit/entry'
import { brief, type JournalEntry } from '@stint/core/audit/event'
import { type ReadEvent, readEvent } from '@stint/core/audit/schema'
import type { CallerRef } from '@stint/core/identity/caller'
import { type Instant, parseIso, toIso } from '@stint/core/instant'
import type { RequestId } from '@stint/core/request/ids'
import { Trouble } from '../../log/ports.ts'
import { FREEZES } from './freezes.ts'
import { freezeKey, scopeOf } from './frozen.ts'
import { journaled } from './journaled.ts'
import { itemReader } from './journals.ts'
import { callerKey, dayKey, OTHER_DAY, requestKey, shardOf, TTL, timeKey } from './table.ts'

type Source = { readonly client: DynamoDBClient; readonly storyTable: string }

/** What the log has of one journal, in order. Of an event that was erased it has the type and the commitment. */
export type Logged = { readonly id: string; readonly events: readonly LoggedEvent[] }
export type LoggedEvent = { readonly type: string; readonly commit: string; readonly held?: JournalEntry }

/** What giving one journal back comes to, upon the item as it was read. */
export type GivingBack = {
  readonly item: Readonly<Record<string, AttributeValue>>
  /** In force once it is given back. */
  readonly freeze?: LoggedFreeze
  /** Events that were written since, and are not in the log yet. */
  readonly since: number
  readonly upon: AttributeValue | undefined
}
type LoggedFreeze = { readonly scope: string; readonly by: CallerRef; readonly why: string; readonly at: Instant; readonly until?: Instant }

/** After the item of a journal that is wholly over came back: long enough for somebody to look. */
const LAST_SECONDS = 7 * 86_400

/** Undefined where the table has all of it. */
export async function givingBack(source: Source, logged: Logged, now: Instant): Promise<GivingBack | undefined> {
  const { id, events } = logged
  const found = await itemReader(source)(id)
  const there = found ? (journaled(found)?.events ?? []) : []
  const commits = there.map((one) => ('event' in one ? commitOf(one) : one.commit))
  const parts = events.findIndex(({ commit }, seq) => commit !== commits[seq])
  if (parts < 0) return undefined
  // A fact of the system that is said again says nothing new.
  const since = id.startsWith('sys_') ? [] : there.slice(parts)
  const read = (entries: readonly (JournalEntry | { readonly commit: string } | undefined)[]) =>
    entries.flatMap((entry) => (entry && 'event' in entry ? readable(entry) : []))
  const told = read(events.map(({ held }) => held))
  const freeze = id.startsWith('frz_') ? stricter(freezeIn(told), freezeIn(read(since))) : undefined
  const journal = [...events.map(({ held, commit }) => held ?? { commit }), ...since]
  const item = { ...itemOf(logged, told, freeze, journal.length, now), events: journal }
  return {
    item: marshall(item, { removeUndefinedValues: true }),
    ...(freeze ? { freeze } : {}),
    since: since.length,
    upon: found?.events,
  }
}

/** False where the item changed since it was read. */
export async function giveBack({ client, storyTable }: Source, { item, upon }: GivingBack): Promise<boolean> {
  try {
    await client.send(
      new PutItemCommand({
        TableName: storyTable,
        Item: item,
        ...unchanged(upon),
      }),
    )
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw new Trouble(`dynamodb: ${(error as Error).name}: ${brief((error as Error).message)}`)
  }
}

/** Events are only ever added, and no salt is drawn twice: their number and the last of them say it all. */
function unchanged(upon: AttributeValue | undefined): Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeValues'> {
  const events = upon?.L ?? []
  const last = events.at(-1)
  if (!last) return { ConditionExpression: 'attribute_not_exists(events)' }
  const [name, value] = last.M?.salt ? ['salt', last.M.salt] : ['commit', last.M?.commit as AttributeValue]
  return {
    ConditionExpression: `size(events) = :count AND events[${events.length - 1}].${name} = :last`,
    ExpressionAttributeValues: { ':count': { N: String(events.length) }, ':last': value },
  }
}

const readable = ({ event }: JournalEntry): readonly ReadEvent[] => {
  const read = readEvent(event)
  return typeof read === 'object' ? [read] : []
}

/** The freeze that these events leave in force. */
function freezeIn(events: readonly ReadEvent[]): LoggedFreeze | undefined {
  let freeze: LoggedFreeze | undefined
  for (const { type, at, scope, by, why, until } of events) {
    if (type === 'freeze.released') freeze = undefined
    if (type !== 'freeze.set') continue
    const end = typeof until === 'string' ? parseIso(until) : undefined
    freeze = stricter(freeze, {
      scope: String(scope),
      by: by as CallerRef,
      why: String(why),
      at: parseIso(at) ?? 0,
      ...(end === undefined ? {} : { until: end }),
    })
  }
  return freeze
}

/** As the ledger has it: nothing ends sooner because it was frozen once more. */
function stricter(one: LoggedFreeze | undefined, later: LoggedFreeze | undefined): LoggedFreeze | undefined {
  const endOf = (freeze: LoggedFreeze) => freeze.until ?? Number.POSITIVE_INFINITY
  return one && (!later || endOf(later) < endOf(one)) ? one : later
}

function itemOf(
  { id, events }: Logged,
  told: readonly ReadEvent[],
  freeze: LoggedFreeze | undefined,
  changes: number,
  now: Instant,
): object {
  const first = told[0]
  const at = (first && parseIso(first.at)) ?? now
  const other = { dayKey: OTHER_DAY, at: `${toIso(at)}#${id}` }
  const types = events.map(({ type }) => type)
  switch (id.slice(0, id.indexOf('_'))) {
    case 'req': {
      const request = id as RequestId
      const caller = first?.caller as CallerRef | undefined
      return {
        pk: requestKey(request),
        id,
        state: types[0]?.startsWith('request.refus') ? 'refused' : 'ended',
        // Beyond any that it had: each change was an event.
        version: changes + 1,
        createdAt: at,
        caller,
        ...(caller ? { callerKey: callerKey(caller) } : {}),
        profile: first?.profile,
        target: first?.target,
        dayKey: dayKey(at, shardOf(request)),
        at: timeKey(at, request),
        ...(types.includes('request.erased') ? { erased: true } : {}),
        ...(types.includes('request.retired') ? { [TTL]: Math.floor(now / 1000) + LAST_SECONDS } : {}),
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
      return { pk: `LINK#${id}`, id, version: changes + 1, ...other, ...(types.at(-1) === 'request.erased' ? { erased: true } : {}) }
    default:
      return { pk: `SYS#${id}`, ...other }
  }
}

/**
 * Retires items that are old, final and completely in the log: first with a `retired` event, and once the log has that too, with the time
 * from which DynamoDB may delete them. A keeper: each item is looked at when it is old enough, and again a day later.
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { journalEntry } from '@stint/core/audit/event'
import type { Journaled } from '@stint/core/audit/journal-item'
import type { RequestId } from '@stint/core/ids'
import { days, type Instant, parseIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { KEPT_DAYS } from '../../keepers/ages.ts'
import { type Keeper, type Run, runKeeper, type Unfinished } from '../../keepers/keeper.ts'
import { inParallel } from '../../log/parallel.ts'
import { continues, isRetired } from '../../log/stage.ts'
import { type Cursor, type LogState, Trouble } from '../../ports/log.ts'
import type { Pass } from '../../ports/progress.ts'
import { COUNTED, ofTable } from './answer-checks.ts'
import { type Item, toItem } from './items.ts'
import { journaled } from './journal-item.ts'
import { itemsReader } from './journal-reader.ts'
import { aliveAt } from './lifetime.ts'
import { logSender } from './log-sender.ts'
import type { DynamoSettings } from './sender.ts'
import { type Attributes, requestKey, TTL } from './table.ts'

/** Time between shipping the retired event and the deletion: long enough for an operator to look. */
const LAST_DAYS = 7
/** When DynamoDB may delete a retired item, in seconds since the epoch. */
export const ttlAt = (now: Instant): number => Math.floor((now + days(LAST_DAYS)) / 1000)
/** Writes in flight. */
const AT_ONCE = 16

const FAMILIES = ['requests', 'refusals'] as const
const RETIRE_PASSES: readonly Pass[] = FAMILIES.map((family) => ({ name: `${family}-retire`, family, ageMs: days(KEPT_DAYS[family]) }))
/** By now the log has the retired events. */
const EXPIRE_PASSES: readonly Pass[] = RETIRE_PASSES.map(({ name, family, ageMs }) => ({
  name: `${family}-expire`,
  family,
  ageMs: ageMs + days(1),
  behind: name,
}))

export type Retired = { readonly retired: number; readonly expiring: number }

export async function retire(
  settings: DynamoSettings,
  state: Pick<LogState, 'cursors'>,
  keeper: Keeper,
): Promise<Done<Retired & Run> | Unknown> {
  const { now } = keeper
  const read = itemsReader(settings)
  const { send } = logSender(settings.sleep)
  const counts = { retired: 0, expiring: 0 }

  async function look(ids: readonly string[], pass?: Pass): Promise<Unfinished> {
    // The writes are conditional on what was read, so a slightly older item does no harm.
    const [images, cursors] = await Promise.all([read(ids, { consistent: false }), state.cursors(ids)])
    const unfinished = new Map<string, string>()
    await inParallel(images, AT_ONCE, async (image) => {
      const journal = journaled(image)
      const cause = journal && (await step(image, journal, cursors.get(journal.request), pass))
      if (journal && cause !== undefined) unfinished.set(journal.request, cause)
    })
    return unfinished
  }

  /** The next step of one item, or why it has to wait. */
  async function step(image: Attributes, journal: Journaled, cursor: Cursor | undefined, pass?: Pass): Promise<string | undefined> {
    if (TTL in image) return undefined
    const item = toItem(image)
    if (!isOld(item, now)) return 'is not old enough'
    const alive = aliveAt(item, now)
    if (alive !== undefined) return alive
    // The item must be completely in the log, and the log must not have more: a table from a backup must be restored first.
    if (cursor?.count !== journal.events.length || !continues(journal, cursor)) return 'differs from what the log has of it'
    if (isRetired(journal)) {
      if (!(await expire(journal))) return 'changed during the run'
      counts.expiring++
      return undefined
    }
    if (!(await addRetired(journal))) return 'changed during the run'
    counts.retired++
    // Another pass is to come for what this pass retires, and for nothing else.
    return pass && RETIRE_PASSES.includes(pass) ? undefined : 'is retired, and the log does not have that yet'
  }

  const addRetired = (journal: Journaled): Promise<boolean> =>
    update(
      journal,
      'SET events = list_append(events, :events)',
      { ':events': [journalEntry({ type: 'request.retired', request: journal.request as RequestId, at: now }, settings)] },
      (shown) => shown?.events?.L?.length === journal.events.length + 1,
    )
  const expire = (journal: Journaled): Promise<boolean> =>
    update(
      journal,
      `SET ${TTL} = :end`,
      { ':end': ttlAt(now) },
      (shown) => shown?.[TTL]?.N === String(ttlAt(now)),
      ` AND attribute_not_exists(${TTL})`,
    )

  /** False if the journal grew meanwhile, another run was faster, or the response to an earlier send was lost. */
  async function update(
    { request, events }: Journaled,
    expression: string,
    values: object,
    shows: (attributes: Attributes | undefined) => boolean,
    condition = '',
  ): Promise<boolean> {
    const sent = await send(async () => {
      const updated = await settings.client.send(
        new UpdateItemCommand({
          TableName: settings.storyTable,
          Key: marshall({ pk: requestKey(request as RequestId) }),
          UpdateExpression: expression,
          ConditionExpression: `size(events) = :length${condition}`,
          ExpressionAttributeValues: marshall({ ':length': events.length, ...values }),
          ...COUNTED,
          ReturnValues: 'UPDATED_NEW',
        }),
      )
      if (!shows(ofTable(updated, settings.storyTable).Attributes)) throw new Error('the response does not show the write')
      return updated
    })
    return !('blocked' in sent)
  }

  try {
    const run = await runKeeper(keeper, [...RETIRE_PASSES, ...EXPIRE_PASSES], look)
    return done({ ...run, ...counts })
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

/** Its time in the index, and its kind, say when it may leave. */
function isOld({ at, state }: Item & { readonly at?: string }, now: Instant): boolean {
  const time = parseIso(String(at).slice(0, String(at).indexOf('#')))
  const kept = state === 'refused' ? KEPT_DAYS.refusals : KEPT_DAYS.requests
  return time !== undefined && time <= now - days(kept)
}

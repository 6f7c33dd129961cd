/**
 * Retires items that are old, final and completely in the log: first with a `retired` event, and once the log has that too, with the time
 * from which DynamoDB may delete them. Runs once a day; the next run continues where one stopped.
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { journalEntry } from '@stint/core/audit/event'
import type { RequestId } from '@stint/core/ids'
import { days, type Instant, toDay } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { continues, isRetired } from '../../log/stage.ts'
import { type LogState, Trouble } from '../../ports/log.ts'
import { COUNTED } from './answer-checks.ts'
import { toItem } from './items.ts'
import { journaled } from './journal-item.ts'
import { imagesOfDays } from './journal-reader.ts'
import { aliveAt } from './lifetime.ts'
import type { DynamoSettings } from './sender.ts'
import { requestKey, TTL } from './table.ts'
import { written } from './trouble.ts'

/** Days that items stay in the table. The log keeps their events for as long as its bucket does. */
export const KEPT_DAYS = { requests: 400, refusals: 30 } as const
/** Days read in one run, so that a week without any run is caught up. */
export const LOOK_BACK_DAYS = 7
/** Time between shipping the retired event and the deletion: long enough for an operator to look. */
const LAST_DAYS = 7
/** When DynamoDB may delete a retired item, in seconds since the epoch. */
export const ttlAt = (now: Instant): number => Math.floor((now + days(LAST_DAYS)) / 1000)

export type Retired = { readonly retired: number; readonly expiring: number }

export async function retire(settings: DynamoSettings, state: Pick<LogState, 'cursors'>, now: Instant): Promise<Done<Retired> | Unknown> {
  const counts = { retired: 0, expiring: 0 }
  try {
    for (const [kind, kept] of Object.entries(KEPT_DAYS)) {
      const old = Array.from({ length: LOOK_BACK_DAYS }, (_, back) => toDay(now - days(kept + back)))
      for await (const images of imagesOfDays(settings, old)) {
        const journals = images.flatMap((image) => journaled(image) ?? [])
        const cursors = await state.cursors(journals.map(({ request }) => request))
        for (const image of images) {
          const [journal, item] = [journaled(image), toItem(image)]
          if (!journal?.request.startsWith('req_') || (kind === 'refusals') !== (item.state === 'refused')) continue
          const { request, events } = journal
          // The item must be completely in the log, and the log must not have more: a table from a backup must be restored first.
          const cursor = cursors.get(request)
          if (cursor?.count !== events.length || !continues(journal, cursor) || aliveAt(item, now) !== undefined) continue
          if (isRetired(journal))
            counts.expiring += await update(
              request,
              events.length,
              `SET ${TTL} = :end`,
              { ':end': ttlAt(now) },
              (shown) => shown?.[TTL]?.N === String(ttlAt(now)),
              ` AND attribute_not_exists(${TTL})`,
            )
          else
            counts.retired += await update(
              request,
              events.length,
              'SET events = list_append(events, :events)',
              { ':events': [retiredEvent(request)] },
              (shown) => shown?.events?.L?.length === events.length + 1,
            )
        }
      }
    }
    return done(counts)
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }

  function retiredEvent(request: string) {
    return journalEntry({ type: 'request.retired', request: request as RequestId, at: now }, settings)
  }

  /** 1 if the event was written; 0 if the journal grew meanwhile, or another run was faster. */
  async function update(
    request: string,
    length: number,
    expression: string,
    values: object,
    shows: Parameters<typeof written>[2],
    condition = '',
  ): Promise<0 | 1> {
    const done = await written(
      settings.client.send(
        new UpdateItemCommand({
          TableName: settings.storyTable,
          Key: marshall({ pk: requestKey(request as RequestId) }),
          UpdateExpression: expression,
          ConditionExpression: `size(events) = :length${condition}`,
          ExpressionAttributeValues: marshall({ ':length': length, ...values }),
          ...COUNTED,
          ReturnValues: 'UPDATED_NEW',
        }),
      ),
      settings.storyTable,
      shows,
    )
    return done ? 1 : 0
  }
}

/**
 * Sends all reads and writes to the tables. When a condition fails, `ReturnValuesOnConditionCheckFailure: ALL_OLD` returns the item that
 * failed it, so finding the reason needs no second read. Any other error, and any response that does not show the requested effect
 * (./answer-checks.ts), says nothing about whether the write took effect: it is sent again with the same IDs, and after the last send the
 * outcome is `unknown`. So each write must be safe to repeat, and safe to arrive late.
 */
import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Approval } from '@stint/core/config/shape'
import type { RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { type Timers, within } from '../../ports/deadline.ts'
import type { Clock } from '../../ports/runtime.ts'
import { batchIn, COUNTED, imageIn, itemIn, type Key, showsWrite } from './answer-checks.ts'
import { marshall, unmarshall } from './attributes.ts'
import { type Item, toItem } from './items.ts'
import { resend } from './resend.ts'
import type { TableCalls } from './table-calls.ts'
import { isBlocked } from './trouble.ts'

export type LedgerSettings = {
  readonly storyTable: string
  readonly sideTable: string
  /** The times that conditions compare with, computed again at each send. */
  readonly clock: Clock
  readonly random: RandomBytes
  /** One send and its complete response. */
  readonly answerWithinMs: number
  /** Waits between two sends of one write. */
  readonly sleep: (milliseconds: number) => Promise<void>
  /** Those of the process if absent. */
  readonly timers?: Timers
  readonly configHash: string
  /** The approval that the deployed config requires for a profile; undefined if it requires none, or the profile does not exist. */
  readonly approvalOf: (profile: string) => Approval | undefined
  readonly build: string
  /** Requests older than this cannot be used. Set after a restore, to the time of the restore. */
  readonly epoch?: Instant
  /** Why the deployment itself freezes everything, whatever the table says: a restored table must be inspected first. */
  readonly frozen?: string
}
/** What the vend path needs. */
export type VendLedgerSettings = LedgerSettings & { readonly calls: TableCalls }
/** For the parts of the ledger that use more operations. */
export type DynamoSettings = LedgerSettings & { readonly client: DynamoDBClient }

/** A condition did not hold; the item as it was, if there was one. */
export type Blocked<T = Item> = { readonly outcome: 'blocked'; readonly item: T | undefined }

export const SENDS = 3
const FIRST_WAIT_MS = 25

/** An UpdateItem without what the sender adds: table, key, values, and what is returned. */
export type Update = Pick<UpdateItemCommandInput, 'ConditionExpression' | 'UpdateExpression' | 'ExpressionAttributeNames'>
/** Computed again at each send, so that a time in a condition is the time of that send. */
export type Values = Record<string, unknown> | (() => Record<string, unknown>)
export const valuesNow = (values: Values): Record<string, unknown> => (typeof values === 'function' ? values() : values)

export type Sender = {
  /** Sends until there is a response, or returns `unknown` after the last try. A failed condition is a response. */
  readonly send: <T>(once: () => Promise<T>) => Promise<Done<T> | Blocked<Key> | Unknown>
  /**
   * An UpdateItem. Done only if the image in the response, as `read` understands it, shows the write: `shows` looks for something that no
   * other call can have written, such as the attempt.
   */
  readonly write: <T>(
    at: ItemAddress,
    input: Update,
    values: Values,
    read: (image: Key) => T,
    shows: (image: T) => boolean,
  ) => Promise<Done<T> | Blocked<T> | Unknown>
  /** The same, for a request's item. */
  readonly update: (key: string, input: Update, values: Values, shows: (image: Item) => boolean) => Promise<Done<Item> | Blocked | Unknown>
  /** The same, for a plain item in the side table. */
  readonly updateSide: (
    key: SideKey,
    input: Update,
    values: Values,
    shows: (image: Plain) => boolean,
  ) => Promise<Done<Plain> | Blocked<Plain> | Unknown>
  /** Creates an item of the story table, identified by its `attempt`. Also done if an earlier send of this call created it. */
  readonly create: (key: string, item: Plain & { readonly attempt: string }) => Promise<Done<Item> | Blocked | Unknown>
  /** One item, read consistently. */
  readonly read: (table: string, key: Record<string, string>) => Promise<Done<Key | undefined> | Unknown>
  /** At most 100 items of the story table, read consistently. Unknown unless all of them could be read. */
  readonly readAll: (keys: readonly string[]) => Promise<Done<readonly Key[]> | Unknown>
}
type SideKey = { readonly pk: string; readonly sk: string }
type Plain = Readonly<Record<string, unknown>>
/** One item of one table. */
type ItemAddress = { readonly table: string; readonly key: Record<string, string> }

export function sender(settings: VendLedgerSettings): Sender {
  const { calls, random, storyTable, sideTable } = settings

  const send: Sender['send'] = async (once) => {
    const pause = (sent: number) => settings.sleep(FIRST_WAIT_MS * 2 ** sent * (0.5 + (random(1)[0] ?? 0) / 256))
    const sent = await resend(SENDS, pause, () => within(settings.answerWithinMs, once(), settings.timers))
    return sent.outcome === 'unknown' ? { outcome: 'unknown', cause: `ledger: ${sent.cause}` } : sent
  }

  const write: Sender['write'] = async ({ table: TableName, key }, input, values, read, shows) => {
    const Key = marshall(key)
    const written = await send(async () => {
      const named = marshall(valuesNow(values))
      const answer = await calls
        .updateItem({
          TableName,
          Key,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ReturnValues: 'ALL_NEW',
          ...input,
          ...(Object.keys(named).length > 0 ? { ExpressionAttributeValues: named } : {}),
        })
        .catch((error: unknown) => {
          // The item that failed the condition must be the one in this write; otherwise nothing is known about the write.
          if (isBlocked(error) && error.Item) imageIn({ Attributes: error.Item }, Key)
          throw error
        })
      const shown = imageIn(answer, Key)
      showsWrite(shown, input, named)
      const image = read(shown)
      if (!shows(image)) throw new Error('the response does not show this write')
      return image
    })
    return written.outcome === 'blocked' ? { ...written, item: written.item && read(written.item) } : written
  }
  const update: Sender['update'] = (key, input, values, shows) =>
    write({ table: storyTable, key: { pk: key } }, input, values, toItem, shows)

  return {
    send,
    write,
    update,
    updateSide: (key, input, values, shows) => write({ table: sideTable, key }, input, values, (item): Plain => unmarshall(item), shows),

    async create(key, item) {
      const members = Object.entries(item).filter(([, value]) => value !== undefined)
      const made = await update(
        key,
        {
          ConditionExpression: 'attribute_not_exists(pk)',
          UpdateExpression: `SET ${members.map((_member, at) => `#n${at} = :v${at}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(members.map(([name], at) => [`#n${at}`, name])),
        },
        Object.fromEntries(members.map(([, value], at) => [`:v${at}`, value])),
        ({ attempt }) => attempt === item.attempt,
      )
      if (made.outcome !== 'blocked') return made
      // The condition "no such item" failed, so the response must show the item.
      if (!made.item) return { outcome: 'unknown', cause: 'ledger: a condition failed and the response does not show the item' }
      return made.item.attempt === item.attempt ? done(made.item) : made
    },

    async read(TableName, key) {
      const Key = marshall(key)
      const found = await send(async () =>
        itemIn(await calls.getItem({ TableName, Key, ConsistentRead: true, ...COUNTED }), TableName, Key),
      )
      return found.outcome === 'blocked' ? unconditional : found
    },

    async readAll(keys) {
      const Keys = keys.map((pk) => marshall({ pk }))
      const found = await send(async () => {
        const RequestItems = { [storyTable]: { Keys, ConsistentRead: true } }
        const { items, left } = batchIn(await calls.batchGetItem({ RequestItems, ...COUNTED }), storyTable, Keys)
        // The missing item could be the very one that matters.
        if (left.length > 0) throw new Error('some keys were not read')
        return items
      })
      return found.outcome === 'blocked' ? unconditional : found
    },
  }
}

/** A failed condition although none was sent: the response belongs to another request. */
export const unconditional: Unknown = { outcome: 'unknown', cause: 'ledger: a condition failed that was not sent' }

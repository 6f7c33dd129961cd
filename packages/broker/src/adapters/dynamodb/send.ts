/**
 * One way to talk to the table. Reading a failed write: `ReturnValuesOnConditionCheckFailure: ALL_OLD` brings the item
 * that stood in the way, so the reason needs no second read. Every other error says nothing about whether the write took
 * effect, so it is sent again with the same ids, and after the last send it is `unknown`.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { brief } from '@stint/core/audit/event'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { RandomBytes } from '@stint/core/request/ids'
import { within } from '../within.ts'
import { type Item, toItem } from './items.ts'

export type DynamoSettings = {
  readonly client: DynamoDBClient
  readonly storyTable: string
  readonly sideTable: string
  readonly random: RandomBytes
  /** One send and its whole answer. */
  readonly answerWithinMs: number
  /** Waits between two sends of one write. */
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly configHash: string
  readonly build: string
  /** Requests older than this do not vend: set after a restore, to the restore's end. */
  readonly epoch?: Instant
  /** Why everything is frozen by the deploy itself, whatever the table says: a restored one must be looked at first. */
  readonly frozen?: string
}

/** A condition did not hold; the item as it was, if there was one. */
export type Blocked = { readonly outcome: 'blocked'; readonly item: Item | undefined }

export const SENDS = 3
const FIRST_WAIT_MS = 25

export type Sender = {
  /** Sends until there is an answer, or `unknown` after the last try. A failed condition is an answer. */
  readonly send: <T>(once: () => Promise<T>) => Promise<Done<T> | Blocked | Unknown>
  /** An UpdateItem of the story table that brings the old item when its condition fails. */
  readonly update: (
    key: string,
    input: Omit<UpdateItemCommandInput, 'TableName' | 'Key' | 'ExpressionAttributeValues'>,
    values: Record<string, unknown>,
  ) => Promise<Done<Item> | Blocked | Unknown>
}

export function sender(settings: DynamoSettings): Sender {
  const { client, random } = settings

  const send: Sender['send'] = async (once) => {
    let cause = ''
    for (let sends = 0; sends < SENDS; sends++) {
      if (sends > 0) await settings.sleep(FIRST_WAIT_MS * 2 ** sends * (0.5 + (random(1)[0] ?? 0) / 256))
      try {
        return done(await within(settings.answerWithinMs, once()))
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return { outcome: 'blocked', item: error.Item && toItem(error.Item) }
        cause = error instanceof Error ? `${error.name}: ${brief(error.message)}` : String(error)
      }
    }
    return { outcome: 'unknown', cause: `ledger: ${cause}` }
  }

  return {
    send,
    async update(key, input, values) {
      const written = await send(() =>
        client.send(
          new UpdateItemCommand({
            TableName: settings.storyTable,
            Key: marshall({ pk: key }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            ReturnValues: 'ALL_NEW',
            ...input,
            ExpressionAttributeValues: marshall(values, { removeUndefinedValues: true }),
          }),
        ),
      )
      return written.outcome === 'done' ? done(toItem(written.value.Attributes ?? {})) : written
    },
  }
}

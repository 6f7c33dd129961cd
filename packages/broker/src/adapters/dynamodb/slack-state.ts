/**
 * What Slack's entry point and notifier remember: used signatures, where messages are, and which updates are pending. All of it is in the
 * side table.
 */
import { DeleteItemCommand, type DeleteItemCommandInput, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { defined } from '@stint/core/defined'
import { hex128 } from '@stint/core/ids'
import { days, type Instant, seconds, toIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { PendingId, PendingUpdate, Post, Reminder, SlackState } from '../../ports/slack-state.ts'
import { COUNTED, ofTable } from './answer-checks.ts'
import { partitionRows } from './partition-rows.ts'
import type { Blocked, DynamoSettings, Sender } from './sender.ts'
import { storedFields } from './stored-fields.ts'
import { sideKey, TTL, timeKey } from './table.ts'
import { isBlocked } from './trouble.ts'

/** Longer than a signature is valid, both before and after its time. */
const SEEN_SECONDS = 1200
/** Longer than a request and its review last. */
const POST_DAYS = 120
const PENDING = 'PENDING'
/**
 * Reminders are in the same partition, behind all IDs and by their time, so one query reads the pending updates and the reminders that are
 * due.
 */
const REMINDER = '~'
const reminderKey = ({ request, at }: Reminder): string => `${REMINDER}${timeKey(at, request)}`
/** A reminder is useless once its session has ended. */
const REMINDER_DAYS = 1
const postsKey = (request: PendingId): string => `MSG#${request}`
/** Attributes in addition to the sort key, which is the key of a post or the request with a pending update. */
const postFields = storedFields<Omit<Post, 'key'>>({ claimedAt: true, channel: true, ts: true, version: true })
const pendingFields = storedFields<Omit<PendingUpdate, 'request'>>({ tries: true, next: true, cause: true, dead: true })
const reminderFields = storedFields<Reminder>({ request: true, at: true })
type Condition = Pick<DeleteItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>
const inSeconds = (at: Instant): number => Math.ceil(at / 1000)

export function slackState({ client, sideTable, random }: DynamoSettings, { send }: Sender): SlackState {
  const allRows = partitionRows({ client, sideTable }, { send })

  /** False if the condition did not hold, unless the stored item is from this very call: then only its response was lost. */
  async function put(item: object, condition?: string, values?: object): Promise<Done<boolean> | Unknown> {
    const attempt = hex128(random)
    const written = await send(async () => {
      try {
        const put = await client.send(
          new PutItemCommand({
            TableName: sideTable,
            Item: marshall({ ...item, attempt }, { removeUndefinedValues: true }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            ...COUNTED,
            ...(condition ? { ConditionExpression: condition } : {}),
            ...(values ? { ExpressionAttributeValues: marshall(values) } : {}),
          }),
        )
        ofTable(put, sideTable)
        return true
      } catch (error) {
        if (isBlocked(error)) return error.Item?.attempt?.S === attempt
        throw error
      }
    })
    return written.outcome === 'done' ? written : unknownOf(written)
  }
  const always = async (item: object): Promise<Done<true> | Unknown> => {
    const written = await put(item)
    return written.outcome === 'done' ? done(true) : written
  }
  /** `only`: the item is left as it is if it is another one by now. */
  async function remove(pk: string, sk: string, only: Condition = {}) {
    const gone = await send(async () => {
      try {
        ofTable(
          await client.send(new DeleteItemCommand({ TableName: sideTable, Key: marshall({ pk, sk }), ...only, ...COUNTED })),
          sideTable,
        )
      } catch (error) {
        if (!only.ConditionExpression || !isBlocked(error)) throw error
      }
    })
    return gone.outcome === 'done' ? done(true as const) : unknownOf(gone)
  }
  async function rowsOf<T>(pk: string, before?: string): Promise<Done<readonly T[]> | Unknown> {
    const rows = await allRows(pk, defined({ before }))
    return rows.outcome === 'done' ? done(rows.value.map((item) => unmarshall(item) as T)) : rows
  }
  const postItem = (request: PendingId, post: Post) => ({
    pk: postsKey(request),
    sk: post.key,
    ...postFields.pick(post),
    [TTL]: inSeconds(post.claimedAt + days(POST_DAYS)),
  })

  return {
    firstSeen: (signature, now) =>
      put({ ...sideKey(`SEEN#${signature}`), [TTL]: inSeconds(now + seconds(SEEN_SECONDS)) }, 'attribute_not_exists(pk)'),

    async posts(request) {
      const rows = await rowsOf<{ readonly sk: string }>(postsKey(request))
      if (rows.outcome === 'unknown') return rows
      return done(rows.value.map((row) => ({ key: row.sk, ...postFields.pick(row) })))
    },
    claimPost: (request, key, now, oldBefore) =>
      put(postItem(request, { key, claimedAt: now }), 'attribute_not_exists(pk) OR (attribute_not_exists(ts) AND claimedAt < :old)', {
        ':old': oldBefore,
      }),
    keepPost: (request, post) =>
      post.version === undefined
        ? put(postItem(request, post))
        : put(postItem(request, post), 'attribute_not_exists(version) OR version <= :version', { ':version': post.version }),
    // A send that arrives late must not remove what was posted since.
    dropPost: (request, { key, claimedAt }) =>
      remove(postsKey(request), key, {
        ConditionExpression: 'attribute_not_exists(ts) AND claimedAt = :claimed',
        ExpressionAttributeValues: marshall({ ':claimed': claimedAt }),
      }),

    async pending(now) {
      const rows = await rowsOf<{ readonly sk: PendingId }>(PENDING, `${REMINDER}${toIso(now + 1)}`)
      if (rows.outcome === 'unknown') return rows
      const isReminder = ({ sk }: { readonly sk: string }) => sk.startsWith(REMINDER)
      return done({
        updates: rows.value.filter((row) => !isReminder(row)).map((row) => ({ request: row.sk, ...pendingFields.pick(row) })),
        reminders: rows.value.filter(isReminder).map((row) => reminderFields.pick(row)),
      })
    },
    addPending: (update) => always({ pk: PENDING, sk: update.request, ...pendingFields.pick(update) }),
    settle: ({ request, tries, next }) =>
      remove(PENDING, request, {
        ConditionExpression: 'tries = :tries AND #next = :next',
        ExpressionAttributeNames: { '#next': 'next' },
        ExpressionAttributeValues: marshall({ ':tries': tries, ':next': next }),
      }),
    addReminder: (reminder) =>
      always({
        ...{ pk: PENDING, sk: reminderKey(reminder), ...reminderFields.pick(reminder) },
        [TTL]: inSeconds(reminder.at + days(REMINDER_DAYS)),
      }),
    removeReminder: (reminder) => remove(PENDING, reminderKey(reminder)),
  }
}

/** Conditions that can fail are handled where they are sent. */
const unknownOf = (answer: Blocked<unknown> | Unknown): Unknown =>
  answer.outcome === 'unknown' ? answer : { outcome: 'unknown', cause: 'ledger: blocked' }

/** What the `end` function reads and writes in the side table (./end-notes.ts says what is stored). */
import { DeleteItemCommand, PutItemCommand, type PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import type { Instant } from '@stint/core/instant'
import type { EarlierSessions, ImmediateEndState } from '@stint/core/request/immediate-end'
import { all, inParallel } from '../../log/parallel.ts'
import type { EndWork } from '../../ports/immediate-ends.ts'
import { COUNTED, ofTable, pageIn, pagesOf } from './answer-checks.ts'
import { batchWrites } from './batch-writes.ts'
import {
  COUNT,
  denyKey,
  EARLIER,
  endedFields,
  isSession,
  PENDING_ENDS,
  pendingKey,
  pendingPrefix,
  rowOf,
  toEnded,
  toPending,
  ttlOf,
} from './end-notes.ts'
import { logSender } from './log-sender.ts'
import type { LogStateSettings } from './log-state.ts'
import { partitionQuery } from './partition-rows.ts'
import { type Attributes, TTL } from './table.ts'

const BATCHES_AT_ONCE = 4
const ROWS_AT_ONCE = 16

/**
 * A write can arrive after that of a later run. So each has a condition: a session never returns to an earlier state, and credentials that
 * are denied by their age are not let in again.
 */
type Condition = Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>

const STATE = { ExpressionAttributeNames: { '#state': 'state' } }
const conditionsOfStates: { readonly [state in ImmediateEndState]: Condition } = {
  requested: { ConditionExpression: 'attribute_not_exists(pk)' },
  full: { ConditionExpression: 'attribute_not_exists(#state)', ...STATE },
  written: {
    ConditionExpression: 'attribute_not_exists(#state) OR #state <> :last',
    ...STATE,
    ExpressionAttributeValues: marshall({ ':last': 'read-back' }),
  },
  'read-back': {},
}
const notEarlierThan = (before: Instant): Condition => ({
  ConditionExpression: 'attribute_not_exists(pk) OR #before <= :before',
  ExpressionAttributeNames: { '#before': 'before' },
  ExpressionAttributeValues: marshall({ ':before': before }),
})

export function endWork({ client, sideTable, sleep }: LogStateSettings): EndWork {
  const log = logSender(sleep)
  const { send, answer } = log

  async function rowsOf(pk: string, range?: Parameters<typeof partitionQuery>[3]): Promise<readonly Attributes[]> {
    const rows: Attributes[] = []
    const ask = (from: Attributes | undefined) =>
      answer(async () => pageIn(await client.send(partitionQuery(sideTable, pk, from, range)), sideTable, marshall({ pk })))
    for await (const page of pagesOf(ask)) rows.push(...page)
    return rows
  }

  const deleteRows = batchWrites(client, sideTable, log, BATCHES_AT_ONCE)

  /** Does nothing if the condition fails. */
  async function put(pk: string, sk: string, item: object, until: Instant, condition: Condition = {}): Promise<void> {
    const command = new PutItemCommand({
      TableName: sideTable,
      Item: marshall({ pk, sk, ...item, [TTL]: ttlOf(until) }),
      ...condition,
      ...COUNTED,
    })
    await send(async () => ofTable(await client.send(command), sideTable))
  }
  const store: EndWork['store'] = async (roleArn, sessions) => {
    const pk = denyKey(roleArn)
    await inParallel(sessions, ROWS_AT_ONCE, (one) =>
      put(pk, rowOf(one), endedFields.pick(one), one.until, conditionsOfStates[one.state ?? 'requested']),
    )
  }

  return {
    async pending(roleArn) {
      const rows = await rowsOf(PENDING_ENDS, { prefix: pendingPrefix(roleArn) })
      return rows
        .map(toPending)
        .filter((pending) => pending.roleArn === roleArn)
        .sort((a, b) => a.at - b.at)
    },

    async ended(roleArn) {
      const rows = await rowsOf(denyKey(roleArn))
      const earlier = rows.find(({ sk }) => sk?.S === EARLIER)
      return {
        sessions: rows.filter(isSession).map(toEnded),
        ...(earlier ? { earlier: unmarshall(earlier) as EarlierSessions } : {}),
      }
    },

    store,

    async write(roleArn, sessions, count, earlier) {
      if (sessions.length === 0 && !earlier) return
      const until = Math.max(earlier?.until ?? 0, ...sessions.map((one) => one.until))
      await all([
        put(denyKey(roleArn), COUNT, { count }, until),
        ...(earlier
          ? [
              put(
                denyKey(roleArn),
                EARLIER,
                { before: earlier.before, until: earlier.until },
                earlier.until,
                notEarlierThan(earlier.before),
              ),
            ]
          : []),
      ])
      await store(roleArn, sessions)
    },

    prune: (roleArn, sessions) =>
      deleteRows(sessions.map((one) => ({ DeleteRequest: { Key: marshall({ pk: denyKey(roleArn), sk: rowOf(one) }) } }))),

    async settle(pending) {
      const gone = new DeleteItemCommand({
        TableName: sideTable,
        Key: marshall(pendingKey(pending)),
        ConditionExpression: 'attribute_not_exists(pk) OR attempt = :attempt',
        ExpressionAttributeValues: marshall({ ':attempt': pending.attempt }),
        ...COUNTED,
      })
      // Blocked: the same request had another end meanwhile.
      await send(async () => ofTable(await client.send(gone), sideTable))
    },
  }
}

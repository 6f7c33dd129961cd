/** What the `end` function reads and writes in the side table (./end-notes.ts says what is stored). */
import { DeleteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import type { Instant } from '@stint/core/instant'
import type { EarlierSessions } from '@stint/core/request/immediate-end'
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
  toEnded,
  toPending,
  ttlOf,
} from './end-notes.ts'
import { logSender } from './log-sender.ts'
import type { LogStateSettings } from './log-state.ts'
import { partitionQuery } from './partition-rows.ts'
import { type Attributes, TTL } from './table.ts'

/** Writes of one batch in flight at once. */
const AT_ONCE = 4

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

  const writeRows = batchWrites(client, sideTable, log, AT_ONCE)

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

    async write(roleArn, sessions, count, earlier) {
      if (sessions.length === 0 && !earlier) return
      const put = (sk: string, item: object, until: Instant): WriteRequest => ({
        PutRequest: { Item: marshall({ pk: denyKey(roleArn), sk, ...item, [TTL]: ttlOf(until) }) },
      })
      await writeRows([
        put(COUNT, { count }, Math.max(earlier?.until ?? 0, ...sessions.map(({ until }) => until))),
        ...(earlier ? [put(EARLIER, { before: earlier.before, until: earlier.until }, earlier.until)] : []),
        ...sessions.map((session) => put(session.suffix, endedFields.pick(session), session.until)),
      ])
    },

    prune: (roleArn, suffixes) => writeRows(suffixes.map((sk) => ({ DeleteRequest: { Key: marshall({ pk: denyKey(roleArn), sk }) } }))),

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

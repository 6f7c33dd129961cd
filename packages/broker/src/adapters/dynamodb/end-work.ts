/** What the `end` function reads and writes in the side table (./end-notes.ts says what is stored). */
import { BatchWriteItemCommand, DeleteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import type { Instant } from '@stint/core/instant'
import type { EarlierSessions } from '@stint/core/request/immediate-end'
import { inParallel } from '../../log/parallel.ts'
import type { EndWork } from '../../ports/immediate-ends.ts'
import { COUNTED, type Key, leftIn, ofTable, pageIn, pagesOf } from './answer-checks.ts'
import {
  COUNT,
  denyKey,
  EARLIER,
  endedFields,
  isSession,
  PENDING_ENDS,
  partitionQuery,
  pendingKey,
  pendingPrefix,
  toEnded,
  toPending,
  ttlOf,
} from './end-notes.ts'
import { logSender } from './log-sender.ts'
import type { LogStateSettings } from './log-state.ts'
import { type Attributes, TTL } from './table.ts'

const ROWS_A_WRITE = 25
/** Writes of one batch in flight at once. */
const AT_ONCE = 4

export function endWork({ client, sideTable, sleep }: LogStateSettings): EndWork {
  const { send, answer, batched } = logSender(sleep)

  async function rowsOf(pk: string, prefix?: string): Promise<readonly Attributes[]> {
    const rows: Attributes[] = []
    const ask = (from: Attributes | undefined) =>
      answer(async () => pageIn(await client.send(partitionQuery(sideTable, pk, from, prefix)), sideTable, marshall({ pk })))
    for await (const page of pagesOf(ask)) rows.push(...page)
    return rows
  }

  async function writeRows(requests: readonly WriteRequest[]): Promise<void> {
    const chunks = Array.from({ length: Math.ceil(requests.length / ROWS_A_WRITE) }, (_, at) =>
      requests.slice(at * ROWS_A_WRITE, (at + 1) * ROWS_A_WRITE),
    )
    const write = (some: readonly WriteRequest[]) =>
      answer(async () => {
        const batch = new BatchWriteItemCommand({ RequestItems: { [sideTable]: [...some] }, ...COUNTED })
        return leftIn(await client.send(batch), sideTable, some, ({ pk, sk }) => ({ pk, sk }) as Key)
      })
    await inParallel(chunks, AT_ONCE, (chunk) => batched(chunk, write))
  }

  return {
    async pending(roleArn) {
      const rows = await rowsOf(PENDING_ENDS, pendingPrefix(roleArn))
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

/** Writes and deletes rows of one table in batches, and sends again what a batch left unprocessed. */
import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { inParallel } from '../../log/parallel.ts'
import { COUNTED, type Key, leftIn } from './answer-checks.ts'
import type { LogSender } from './log-sender.ts'
import type { LogStateSettings } from './log-state.ts'

/** Amazon DynamoDB API Reference, BatchWriteItem. */
const ROWS_A_WRITE = 25

/** `atOnce`: batches in flight at the same time. Throws `Trouble` if not all rows were written. */
export function batchWrites(
  client: LogStateSettings['client'],
  table: string,
  { answer, batched }: Pick<LogSender, 'answer' | 'batched'>,
  atOnce: number,
) {
  const write = (some: readonly WriteRequest[]) =>
    answer(async () => {
      const batch = new BatchWriteItemCommand({ RequestItems: { [table]: [...some] }, ...COUNTED })
      return leftIn(await client.send(batch), table, some, ({ pk, sk }) => ({ pk, sk }) as Key)
    })
  return async (requests: readonly WriteRequest[]): Promise<void> => {
    const chunks = Array.from({ length: Math.ceil(requests.length / ROWS_A_WRITE) }, (_, at) =>
      requests.slice(at * ROWS_A_WRITE, (at + 1) * ROWS_A_WRITE),
    )
    await inParallel(chunks, atOnce, (chunk) => batched(chunk, write))
  }
}

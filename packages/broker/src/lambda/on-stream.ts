/** The functions on the story table's stream and on schedules: batches, and what becomes of a failed one, as a middleware of middy. */
import middy, { type MiddlewareObj } from '@middy/core'
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda'
import { fromStream, type StreamImages } from '../adapters/dynamodb/journal-item.ts'
import type { Log } from '../ports/runtime.ts'

/** What a schedule or an operator invokes a function with. */
type Task = { readonly task?: string }
type Journals = ReturnType<typeof journalsIn>

/**
 * A function on the story table's stream, which may have a task for a schedule too. If a batch fails, all of it is sent again, which is safe: what was
 * done before is not done twice. A failed task is Lambda's to retry. Source: AWS Lambda Developer Guide, "Using AWS Lambda with Amazon
 * DynamoDB", batch item failures.
 */
export function onStream<Result = never>(
  { log }: { readonly log: Log },
  work: { readonly batch: (journals: Journals) => Promise<void>; readonly task?: (task: string | undefined) => Promise<Result> },
  /** The log line for a failed batch. */
  failed: (cause: string) => Parameters<Log>[0],
) {
  const again: MiddlewareObj<DynamoDBStreamEvent | Task, DynamoDBBatchResponse | Result> = {
    onError(request) {
      if (!isBatch(request.event)) return
      log(failed(request.error?.message ?? ''))
      request.response = { batchItemFailures: [{ itemIdentifier: request.event.Records[0]?.dynamodb?.SequenceNumber ?? '' }] }
    },
  }
  return middy<DynamoDBStreamEvent | Task, DynamoDBBatchResponse | Result>()
    .use(again)
    .handler(async (event) => {
      if (!isBatch(event)) {
        if (!work.task) throw new Error('this function runs on the stream only')
        return work.task(event.task)
      }
      await work.batch(journalsIn(event))
      return { batchItemFailures: [] }
    })
}

const isBatch = (event: DynamoDBStreamEvent | Task): event is DynamoDBStreamEvent => 'Records' in event
const journalsIn = ({ Records }: DynamoDBStreamEvent) => Records.flatMap(({ dynamodb }) => fromStream(dynamodb as StreamImages) ?? [])

/** A function that runs by a schedule only. */
export const onSchedule = <Result>(work: (task: string | undefined) => Promise<Result>) =>
  middy<Task, Result>().handler(async ({ task }) => work(task))

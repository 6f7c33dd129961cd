/**
 * The `notify` function. It runs on the story table's stream, and once a minute by a schedule for pending updates. With
 * `{ "task": "replay" }` it tries every pending update again, including dead letters. It cannot write the story table.
 */
import middy from '@middy/core'
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda'
import { fromStream, type StreamRecord } from '../adapters/dynamodb/journal-item.ts'
import { type Notified, notify, notifyOwed } from '../slack/notify.ts'
import { deploymentFrom, slackDeploymentFrom } from '../wiring/environment.ts'
import { openNotifier } from '../wiring/slack.ts'

const parts = openNotifier(slackDeploymentFrom(process.env, deploymentFrom(process.env, __dirname)))

export const handler = middy<DynamoDBStreamEvent | { readonly task?: string }, DynamoDBBatchResponse | Notified>().handler(
  async (event) => {
    if (!('Records' in event)) return notifyOwed(parts, event.task === 'replay')
    const records = event.Records.map(({ dynamodb }) => dynamodb as StreamRecord & { readonly SequenceNumber?: string })
    try {
      await notify(
        parts,
        records.flatMap((record) => fromStream(record) ?? []),
      )
      return { batchItemFailures: [] }
    } catch (error) {
      // Even the pending update could not be stored: retry the whole batch. Messages that were sent already are not sent again.
      parts.log({ level: 'error', event: 'notify-failed', cause: (error as Error).message })
      return { batchItemFailures: [{ itemIdentifier: records[0]?.SequenceNumber ?? '' }] }
    }
  },
)

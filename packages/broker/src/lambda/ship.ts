/**
 * The `ship` function. It runs on the story table's stream, and once an hour by a schedule for what the stream lost. Its role can write the
 * log and nothing else. Source: AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB", batch item failures.
 */
import middy from '@middy/core'
import { MAX_GRANT_DAYS } from '@stint/core/config/shape'
import { days, toDay } from '@stint/core/instant'
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda'
import { fromStream, type StreamRecord } from '../adapters/dynamodb/journal-item.ts'
import { journalsOfDays } from '../adapters/dynamodb/journal-reader.ts'
import { KEPT_DAYS, LOOK_BACK_DAYS } from '../adapters/dynamodb/retirement.ts'
import { failed as failedMetric, shipped as shippedMetrics } from '../log/metrics.ts'
import { type Shipper, ship, shipLost } from '../log/ship.ts'
import { dynamoClient } from '../wiring/broker.ts'
import { deploymentFrom, logDeploymentFrom } from '../wiring/environment.ts'
import { createShipper } from '../wiring/log.ts'

const deployment = deploymentFrom(process.env, __dirname)
const logDeployment = logDeploymentFrom(process.env, deployment)
let opening: Promise<Shipper> | undefined
/** Opened during init. If that fails, each call tries again. */
const shipper = (): Promise<Shipper> => {
  opening ??= createShipper(logDeployment).catch((error) => {
    opening = undefined
    throw error
  })
  return opening
}
shipper().catch((error: Error) => deployment.log({ level: 'error', event: 'log-trouble', cause: error.message }))

/** How many days back the hourly run reads: longer than a stream keeps its records. */
const LOST_DAYS = 3
/** Once a day, with `{ "task": "compare" }`, it reads back far enough to cover requests that can still change or are being retired. */
const COMPARED_DAYS = [
  ...range(0, MAX_GRANT_DAYS + 1),
  ...Object.values(KEPT_DAYS).flatMap((kept) => range(kept, kept + LOOK_BACK_DAYS + 2)),
]

export const handler = middy<DynamoDBStreamEvent | { readonly task?: string }, DynamoDBBatchResponse | { shipped: number }>().handler(
  async (event) => {
    if (!('Records' in event)) return lost(event.task === 'compare' ? COMPARED_DAYS : range(0, LOST_DAYS))
    const records = event.Records.map(({ dynamodb }) => dynamodb as StreamRecord & { readonly SequenceNumber?: string })
    const shipped = await ship(
      await shipper(),
      records.flatMap((record) => fromStream(record) ?? []),
    )
    if (shipped.outcome === 'done') {
      deployment.log(shippedMetrics(logDeployment.namespace, shipped.value, deployment.clock()))
      return { batchItemFailures: [] }
    }
    deployment.log(failedMetric(logDeployment.namespace, deployment.clock()))
    // Retry the whole batch. What is in the log already is not shipped twice.
    return { batchItemFailures: [{ itemIdentifier: records[0]?.SequenceNumber ?? '' }] }
  },
)

async function lost(back: readonly number[]): Promise<{ shipped: number }> {
  const now = deployment.clock()
  const dates = back.map((count) => toDay(now - days(count)))
  const source = { client: dynamoClient(deployment), storyTable: deployment.tables.story }
  const shipped = await shipLost(await shipper(), journalsOfDays(source, dates))
  if (shipped.outcome === 'unknown') {
    deployment.log(failedMetric(logDeployment.namespace, now))
    throw new Error(shipped.cause)
  }
  const { entries } = shipped.value
  if (entries > 0) deployment.log({ level: 'error', event: 'stream-lost', entries })
  deployment.log(shippedMetrics(logDeployment.namespace, shipped.value, now))
  return { shipped: entries }
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

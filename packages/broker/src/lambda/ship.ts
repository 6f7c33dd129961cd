/**
 * The `ship` function. It runs on the story table's stream, and once an hour by a schedule for what the stream lost. Its role can write the
 * log and nothing else.
 */
import { MAX_GRANT_DAYS } from '@stint/core/config/shape'
import { days, toDay } from '@stint/core/instant'
import { journalsOfDays } from '../adapters/dynamodb/journal-reader.ts'
import { KEPT_DAYS, LOOK_BACK_DAYS } from '../adapters/dynamodb/retirement.ts'
import { type Shipper, ship, shipLost } from '../log/ship.ts'
import { dynamoClient } from '../wiring/dynamodb.ts'
import { deploymentFrom, logDeploymentFrom } from '../wiring/environment.ts'
import { createShipper } from '../wiring/log.ts'
import { failedMetric, shippedMetrics } from './metrics.ts'
import { onStream } from './on-stream.ts'

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

export const handler = onStream(
  deployment,
  {
    async batch(journals) {
      const shipped = await ship(await shipper(), journals)
      if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
      deployment.log(shippedMetrics(logDeployment.namespace, shipped.value, deployment.clock()))
    },
    task: (task) => lost(task === 'compare' ? COMPARED_DAYS : range(0, LOST_DAYS)),
  },
  () => failedMetric(logDeployment.namespace, deployment.clock()),
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

/** The `compare` function, run once an hour: it finds what the stream lost, and ships it. Its role can write the log, as the shipper's can. */
import { type Compared, compare } from '../keepers/compare.ts'
import { createComparison } from '../wiring/compare.ts'
import { compareDeploymentFrom, deploymentFrom, logDeploymentFrom } from '../wiring/environment.ts'
import { FUNCTIONS, timeFor } from './functions.ts'
import { failedMetric, shippedMetrics } from './metrics.ts'
import { onSchedule } from './on-stream.ts'

const deployment = deploymentFrom(process.env, __dirname)
const logDeployment = logDeploymentFrom(process.env, deployment)
const comparing = compareDeploymentFrom(process.env, deployment, FUNCTIONS.compare.seconds)

const idle: Compared = { entries: 0, quarantined: [], looked: 0, kept: 0, finished: false, letters: 0 }

export const handler = onSchedule<Compared>(async () => {
  // A restored table must be inspected as it was restored: what it lacks is not lost by the stream.
  if (deployment.frozen !== undefined) return idle
  const { clock, log } = deployment
  const compared = await compare(await createComparison(logDeployment, comparing, timeFor('compare', clock)))
  if (compared.outcome === 'unknown') {
    log(failedMetric(logDeployment.namespace, clock()))
    throw new Error(compared.cause)
  }
  const { entries, looked, kept, finished, letters } = compared.value
  if (entries > 0) log({ level: 'error', event: 'stream-lost', entries })
  log({ event: 'compared', looked, kept, finished, letters })
  log(shippedMetrics(logDeployment.namespace, compared.value, clock()))
  return compared.value
})

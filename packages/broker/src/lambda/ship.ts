/** The `ship` function. It runs on the story table's stream, and on nothing else, so that the stream never waits for another job. */
import { type Shipper, ship } from '../log/ship.ts'
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

export const handler = onStream(
  deployment,
  {
    async batch(journals) {
      const shipped = await ship(await shipper(), journals)
      if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
      deployment.log(shippedMetrics(logDeployment.namespace, shipped.value, deployment.clock()))
    },
  },
  () => failedMetric(logDeployment.namespace, deployment.clock()),
)

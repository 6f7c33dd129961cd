/**
 * The `sweep` function, run by a schedule once a minute. It writes down what has happened by the passing of time; nothing waits for that.
 * Once a day, with `{ "task": "retire" }`, it retires old items.
 */
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts'
import { logState } from '../adapters/dynamodb/log-state.ts'
import { type Retired, retire } from '../adapters/dynamodb/retirement.ts'
import { type Swept, sweep } from '../approvals/sweep.ts'
import { createBroker } from '../wiring/broker.ts'
import { dynamoClient, ledgerSettings } from '../wiring/dynamodb.ts'
import { deploymentFrom } from '../wiring/environment.ts'
import { onSchedule } from './on-stream.ts'

const deployment = deploymentFrom(process.env, __dirname)
const broker = createBroker(deployment, { ledger: dynamoLedger(ledgerSettings(deployment)) })

const idle: Swept = { abandoned: 0, changed: 0, unreviewed: 0 }

export const handler = onSchedule<Swept | Retired>(async (task) => {
  // A restored table must be inspected as it was restored, so nothing is written to it before that.
  if (deployment.frozen !== undefined) return idle
  return task === 'retire' ? retireOld() : sweep(broker)
})

async function retireOld(): Promise<Retired> {
  const { clock, log } = deployment
  const settings = { ...ledgerSettings(deployment), client: dynamoClient(deployment) }
  const retired = await retire(settings, logState(settings), clock())
  if (retired.outcome === 'unknown') throw new Error(retired.cause)
  log({ event: 'retired', ...retired.value })
  return retired.value
}

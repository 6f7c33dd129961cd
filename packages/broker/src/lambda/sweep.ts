/** The `sweep` function, run once a minute. It writes down what has happened by the passing of time; nothing waits for that. */
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts'
import { type Swept, sweep } from '../approvals/sweep.ts'
import { createBroker } from '../wiring/broker.ts'
import { ledgerSettings } from '../wiring/dynamodb.ts'
import { createImmediateEnds } from '../wiring/ends.ts'
import { deploymentFrom, endsDeploymentFrom } from '../wiring/environment.ts'
import { onSchedule } from './on-stream.ts'

const deployment = deploymentFrom(process.env, __dirname)
const broker = {
  ...createBroker(deployment, { ledger: dynamoLedger(ledgerSettings(deployment)) }),
  ...createImmediateEnds(endsDeploymentFrom(process.env, deployment)),
}

const idle: Swept = { abandoned: 0, changed: 0, unreviewed: 0 }

export const handler = onSchedule<Swept>(async () => {
  // A restored table must be inspected as it was restored, so nothing is written to it before that.
  return deployment.frozen === undefined ? sweep(broker) : idle
})

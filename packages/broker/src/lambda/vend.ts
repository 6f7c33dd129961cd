/**
 * The `vend` function: the only code that may assume a target role, kept small. No framework stands between the event and
 * the road; what can be loaded, opened or fetched ahead is, in init.
 */
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { vendLedger } from '../adapters/dynamodb/ledger.ts'
import { createBroker } from '../broker.ts'
import { deploymentFrom } from './deployment.ts'
import { vendEvent } from './event.ts'
import { warmUp } from './warm-up.ts'

const deployment = deploymentFrom(process.env, __dirname)
const broker = createBroker(deployment, vendLedger)
const warmed = warmUp(broker)

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(async (event) => {
  await warmed
  return vendEvent(broker, event)
})

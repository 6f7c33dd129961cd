/**
 * The `vend` function over AWS's SDK, instead of Stint's own wire. A deployment uses this bundle if its settings say so
 * (`vendClient: 'sdk'` in infra/settings.ts). Everything but the client is the same.
 */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { deploymentFrom } from '../wiring/environment.ts'
import { createVendBrokerOnSdk } from '../wiring/vend-broker-sdk.ts'
import { vendEvent } from './event.ts'
import { warmUp } from './warm-up.ts'

const broker = createVendBrokerOnSdk(deploymentFrom(process.env, __dirname))
const prepareMore = warmUp(broker)

export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  prepareMore()
  return vendEvent(broker, event)
}

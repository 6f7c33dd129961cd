/**
 * The `vend` function: the only code that may assume a target role, so it is kept small. There is no framework between the event and the
 * vend path. Whatever can be loaded, opened or fetched in advance is, during init.
 */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { deploymentFrom } from '../wiring/environment.ts'
import { createVendBroker } from '../wiring/vend-broker.ts'
import { vendEvent } from './event.ts'
import { warmUp } from './warm-up.ts'

const broker = createVendBroker(deploymentFrom(process.env, __dirname))
broker.openConnections()
const prepareMore = warmUp(broker)

export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  prepareMore()
  return vendEvent(broker, event)
}

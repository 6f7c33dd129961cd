/** DynamoDB over AWS's SDK: for every function but `vend`, which has its own wire (./vend-broker.ts). */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defined } from '@stint/core/defined'
import { atEndpoint, clientConfig, handlers } from '../adapters/aws.ts'
import type { DynamoSettings } from '../adapters/dynamodb/sender.ts'
import { regionalEndpoint } from '../adapters/endpoints.ts'
import { type Deployment, DYNAMODB_ANSWER_BYTES, deadlinesOnAws, tableSettings } from './broker.ts'

/** What the ledger's adapters need. */
export const ledgerSettings = (deployment: Deployment): DynamoSettings => ({
  ...tableSettings(deployment),
  client: dynamoClient(deployment, 'ledger'),
  ...defined({ timers: deployment.timers }),
})

export function dynamoClient(
  {
    dynamodb,
    keys,
    clock,
    region,
    endpoints,
    deadlines = deadlinesOnAws,
  }: Pick<Deployment, 'dynamodb' | 'keys' | 'clock' | 'region' | 'endpoints' | 'deadlines'>,
  reads: keyof typeof DYNAMODB_ANSWER_BYTES = 'batch',
): DynamoDBClient {
  if (dynamodb) return dynamodb
  return new DynamoDBClient({
    ...clientConfig(keys, clock),
    region,
    requestHandler: handlers(deadlines.connect)(DYNAMODB_ANSWER_BYTES[reads], deadlines.ledger),
    ...atEndpoint(endpoints?.dynamodb ?? regionalEndpoint('dynamodb', region)),
    accountIdEndpointMode: 'disabled',
    endpointDiscoveryEnabled: false,
  })
}

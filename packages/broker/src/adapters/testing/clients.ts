/** STS and DynamoDB over either client, as the wiring builds them, for tests that hold both to the same table. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../../ports/runtime.ts'
import { atEndpoint, clientConfig, handlers } from '../aws.ts'
import { tableOverSdk } from '../dynamodb/over-sdk.ts'
import type { TableCalls } from '../dynamodb/table-calls.ts'
import type { StsCall } from '../sts.ts'
import { stsOverSdk } from '../sts-over-sdk.ts'
import { tableOverWire } from '../wire/dynamodb.ts'
import { wire } from '../wire/exchange.ts'
import type { StaticKeys } from '../wire/signature.ts'
import { stsOverWire } from '../wire/sts.ts'

export const CLIENTS = ['sdk', 'wire'] as const
export type ClientName = (typeof CLIENTS)[number]

type At = {
  readonly url: string
  readonly keys?: StaticKeys
  readonly clock?: Clock
  readonly maxBytes?: number
  readonly answerWithinMs?: number
}
const REGION = 'eu-central-1'
const KEYS: StaticKeys = { accessKeyId: 'AKIA', secretAccessKey: 'x' }
const CONNECT_MS = 1000

export function stsCall(client: ClientName, { url, keys = KEYS, clock = Date.now, maxBytes = 64 * 1024 }: At): StsCall {
  if (client === 'wire') {
    const made = wire({ service: 'sts', region: REGION, endpoint: url, keys, clock, connectMs: CONNECT_MS, maxBytes })
    return stsOverWire(() => made)
  }
  const made = new STSClient({
    ...clientConfig(keys, clock),
    region: REGION,
    requestHandler: handlers(CONNECT_MS)(maxBytes),
    ...atEndpoint(url),
    sigv4aSigningRegionSet: [REGION],
  })
  return stsOverSdk(() => made)
}

export function tableCalls(
  client: ClientName,
  { url, keys = KEYS, clock = Date.now, maxBytes = 4 * 1024 * 1024, answerWithinMs = 2000 }: At,
): TableCalls {
  if (client === 'wire')
    return tableOverWire(
      wire({ service: 'dynamodb', region: REGION, endpoint: url, keys, clock, connectMs: CONNECT_MS, maxBytes }),
      answerWithinMs,
    )
  return tableOverSdk(
    new DynamoDBClient({
      ...clientConfig(keys, clock),
      region: REGION,
      requestHandler: handlers(CONNECT_MS)(maxBytes, answerWithinMs),
      ...atEndpoint(url),
      accountIdEndpointMode: 'disabled',
      endpointDiscoveryEnabled: false,
    }),
  )
}

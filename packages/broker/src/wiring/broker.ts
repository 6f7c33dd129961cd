/**
 * Builds a broker from its parts: real AWS clients on the given endpoints. The sandbox, Lambda and the tests all use this, so they run the
 * same code and differ only in endpoints, clock and randomness.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type AwsKeys, atEndpoint, clientConfig, handlers, regionalEndpoint } from '../adapters/aws.ts'
import type { DynamoSettings } from '../adapters/dynamodb/sender.ts'
import { getBytes } from '../adapters/https.ts'
import { issuerKeys } from '../adapters/jwks.ts'
import type { Broker } from '../ports/broker.ts'
import type { SignIn } from '../ports/console-sign-in.ts'
import type { VendLedger } from '../ports/ledger.ts'
import type { Clock, Log } from '../ports/runtime.ts'

export type Deployment = {
  readonly rules: Rules
  readonly build: string
  readonly region: string
  readonly keys: AwsKeys
  /** Absent on AWS, where the SDK knows the endpoints. */
  readonly endpoints?: { readonly sts: string; readonly dynamodb: string; readonly s3?: string; readonly kms?: string }
  readonly tables: { readonly story: string; readonly side: string }
  readonly epoch?: Instant
  readonly frozen?: string
  readonly clock: Clock
  readonly random: RandomBytes
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly log: Log
  readonly signIn?: SignIn
  /** The key that signs the log, as a vkey. */
  readonly logVkey?: string
  readonly deadlines?: Deadlines
}

/** In milliseconds: a connection, one response of the ledger, and all sends to STS together. */
export type Deadlines = { readonly connect: number; readonly ledger: number; readonly sts: number }

/** A conditional write takes a few milliseconds. Three sends of this length, twice, and STS fit into vend's own timeout. */
export const deadlinesOnAws: Deadlines = { connect: 1000, ledger: 600, sts: 5000 }
/** The largest responses of DynamoDB, as JSON: they can be twice as long as the items, because events are JSON inside strings. */
export const DYNAMODB_ANSWER_BYTES = {
  /** One item of 400 KB, or a page of 1 MB. */
  ledger: 4 * 1024 * 1024,
  /** The largest batch that Stint reads: 25 items. */
  batch: 24 * 1024 * 1024,
} as const

/**
 * Everything except STS, whose client only `vend` includes (./vend-broker.ts). `ledger`: all of it, or only what the vend path needs
 * (`adapters/dynamodb/ledger.ts`).
 */
export function createBroker<L extends VendLedger>(
  deployment: Deployment,
  ledger: (settings: DynamoSettings) => L,
): Omit<Broker<L>, 'sts'> {
  const { rules, build, clock, random, sleep } = deployment
  return {
    rules,
    build,
    clock,
    random,
    sleep,
    log: deployment.log,
    keys: issuerKeys({ clock, get: getBytes, log: deployment.log }),
    ledger: ledger(ledgerSettings(deployment)),
    ...(deployment.signIn ? { signIn: deployment.signIn } : {}),
    ...defined({ logVkey: deployment.logVkey }),
  }
}

/** What the ledger's adapters need. */
export const ledgerSettings = (deployment: Deployment): DynamoSettings => ({
  client: dynamoClient(deployment, 'ledger'),
  storyTable: deployment.tables.story,
  sideTable: deployment.tables.side,
  clock: deployment.clock,
  random: deployment.random,
  sleep: deployment.sleep,
  answerWithinMs: (deployment.deadlines ?? deadlinesOnAws).ledger,
  configHash: deployment.rules.hash,
  build: deployment.build,
  ...defined({ epoch: deployment.epoch, frozen: deployment.frozen }),
})

export function dynamoClient(
  { keys, clock, region, endpoints, deadlines = deadlinesOnAws }: AwsDeployment,
  reads: keyof typeof DYNAMODB_ANSWER_BYTES = 'batch',
): DynamoDBClient {
  return new DynamoDBClient({
    ...clientConfig(keys, clock),
    region,
    requestHandler: handlers(deadlines.connect)(DYNAMODB_ANSWER_BYTES[reads], deadlines.ledger),
    ...atEndpoint(endpoints?.dynamodb ?? regionalEndpoint('dynamodb', region)),
    accountIdEndpointMode: 'disabled',
    endpointDiscoveryEnabled: false,
  })
}

/** What an AWS client needs to know about its environment. */
type AwsDeployment = Pick<Deployment, 'keys' | 'clock' | 'region' | 'endpoints' | 'deadlines'>

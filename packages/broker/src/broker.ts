/**
 * A broker from its parts: real AWS clients on the endpoints it is given. The sandbox, Lambda and the tests all come
 * through here, so they run the same code and differ in endpoints, clock and randomness only.
 */

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Rules } from '@stint/core/config/shape'
import type { Instant } from '@stint/core/instant'
import type { RandomBytes } from '@stint/core/request/ids'
import type { DynamoSettings } from './adapters/dynamodb/send.ts'
import { getBytes } from './adapters/https.ts'
import { issuerKeys } from './adapters/jwks.ts'
import { stsAdapter } from './adapters/sts.ts'
import type { Broker, Clock, Log, SignIn, VendLedger } from './ports.ts'

export type AwsKeys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }

export type Deployment = {
  readonly rules: Rules
  readonly build: string
  readonly region: string
  readonly keys: AwsKeys
  /** Absent on AWS, where the SDK knows them. */
  readonly endpoints?: { readonly sts: string; readonly dynamodb: string }
  readonly tables: { readonly story: string; readonly side: string }
  readonly epoch?: Instant
  readonly clock: Clock
  readonly random: RandomBytes
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly log: Log
  readonly signIn?: SignIn
  readonly deadlines?: Deadlines
}

/** In milliseconds: a connection, one answer of the ledger, and all sends to STS together. */
export type Deadlines = { readonly connect: number; readonly ledger: number; readonly sts: number }

/** A conditional write takes a few milliseconds; three sends of this, twice, and STS fit vend's own deadline. */
export const deadlinesOnAws: Deadlines = { connect: 1000, ledger: 600, sts: 5000 }
/** Above the sandbox's and a Lambda's needs; one Lambda instance serves one call at a time. */
const MAX_SOCKETS = 256

/** `ledger`: all of it, or only what the road needs (`adapters/dynamodb/ledger.ts`). */
export function createBroker<L extends VendLedger>(deployment: Deployment, ledger: (settings: DynamoSettings) => L): Broker<L> {
  const { rules, build, region, endpoints, clock, random, sleep, deadlines = deadlinesOnAws } = deployment
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  }
  const handler = (requestTimeout?: number) =>
    new NodeHttpHandler({
      ...agents,
      connectionTimeout: deadlines.connect,
      throwOnRequestTimeout: true,
      ...(requestTimeout === undefined ? {} : { requestTimeout }),
    })
  // Everything that the SDK would otherwise look for in the environment and in shared files is said here: it must not be
  // led elsewhere by a file on the machine, and looking costs a cold start. Sends are counted by the adapters, so the
  // SDK's own retries are off; nothing is signed for more than one region.
  const common = {
    credentials: deployment.keys,
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'stint',
    authSchemePreference: [] as string[],
    // One clock for all: a host whose clock is wrong would judge tokens wrongly too, so nothing here corrects it quietly.
    disableClockSkewCorrection: true,
    signerConstructor: signingBy(clock),
  } satisfies STSClientConfig & DynamoDBClientConfig

  const stsHandler = handler()
  const stsClients = new Map<string, STSClient>()
  const stsClient = (target: string): STSClient => {
    const client =
      stsClients.get(target) ??
      new STSClient({
        ...common,
        region: target,
        requestHandler: stsHandler,
        endpoint: endpoints?.sts ?? regionalEndpoint('sts', target),
        sigv4aSigningRegionSet: [target],
      })
    stsClients.set(target, client)
    return client
  }
  const dynamo = new DynamoDBClient({
    ...common,
    region,
    requestHandler: handler(deadlines.ledger),
    endpoint: endpoints?.dynamodb ?? regionalEndpoint('dynamodb', region),
    accountIdEndpointMode: 'disabled',
    endpointDiscoveryEnabled: false,
  })

  return {
    rules,
    build,
    clock,
    random,
    sleep,
    log: deployment.log,
    keys: issuerKeys({ clock, get: getBytes }),
    sts: stsAdapter({ client: stsClient, clock, random, sleep, wholeCallMs: deadlines.sts }),
    ledger: ledger({
      client: dynamo,
      storyTable: deployment.tables.story,
      sideTable: deployment.tables.side,
      random,
      sleep,
      answerWithinMs: deadlines.ledger,
      configHash: rules.hash,
      build,
      ...(deployment.epoch === undefined ? {} : { epoch: deployment.epoch }),
    }),
    ...(deployment.signIn ? { signIn: deployment.signIn } : {}),
  }
}

/** AWS's signer, by our clock. */
const signingBy = (clock: Clock) =>
  class extends SignatureV4 {
    override sign(toSign: never, options: object = {}): never {
      return super.sign(toSign, { ...options, signingDate: new Date(clock()) }) as never
    }
  }

/** Regional always: tokens of the global STS endpoint are not valid in opt-in regions (IAM User Guide, "Managing AWS STS in an AWS Region"). */
const regionalEndpoint = (service: 'sts' | 'dynamodb', region: string): string =>
  `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`

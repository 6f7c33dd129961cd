/** What a broker is built for: its rules, its AWS account and its runtime. On Lambda it comes from the environment (./environment.ts). */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { approvalOfProfile } from '@stint/core/config/approval'
import type { Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { AwsKeys } from '../adapters/aws.ts'
import type { LedgerSettings } from '../adapters/dynamodb/sender.ts'
import type { StaticKeys } from '../adapters/wire/signature.ts'
import type { Broker } from '../ports/broker.ts'
import type { SignIn } from '../ports/console-sign-in.ts'
import type { Timers } from '../ports/deadline.ts'
import type { Clock, Log } from '../ports/runtime.ts'

export type Deployment = {
  readonly rules: Rules
  readonly build: string
  readonly region: string
  readonly keys: AwsKeys
  /** Absent on AWS, where Stint knows the endpoints. */
  readonly endpoints?: { readonly sts: string; readonly dynamodb: string; readonly s3?: string; readonly kms?: string }
  readonly tables: { readonly story: string; readonly side: string }
  readonly epoch?: Instant
  readonly frozen?: string
  readonly clock: Clock
  readonly random: RandomBytes
  readonly sleep: (milliseconds: number) => Promise<void>
  /** Those of the process if absent. */
  readonly timers?: Timers
  /** A client of DynamoDB that exists already. Absent: each part makes its own. */
  readonly dynamodb?: DynamoDBClient
  readonly log: Log
  readonly signIn?: SignIn
  /** The broker's public URL. Absent where it serves no pages. */
  readonly publicUrl?: string
  /** The key that signs the log, as a vkey. */
  readonly logVkey?: string
  readonly deadlines?: Deadlines
}
/** A deployment with the credentials of a function. */
export type FunctionDeployment = Deployment & { readonly keys: StaticKeys }

/** In milliseconds: a connection, one response of the ledger, and all sends to STS together. */
export type Deadlines = { readonly connect: number; readonly ledger: number; readonly sts: number }

/** A conditional write takes a few milliseconds. Three sends of this length, twice, and STS fit into vend's own timeout. */
export const deadlinesOnAws: Deadlines = { connect: 1000, ledger: 600, sts: 5000 }

/** The largest responses of DynamoDB, as JSON: they can be twice as long as the items, because events are JSON inside strings. */
export const DYNAMODB_ANSWER_BYTES = {
  /** One item of 400 KB, or a page of 1 MB. */
  ledger: 4 * 1024 * 1024,
  /** The largest answer to a BatchGetItem: 16 MB of items. */
  batch: 34 * 1024 * 1024,
} as const
/** A response to AssumeRole has about 2 KB. */
export const STS_ANSWER_BYTES = 64 * 1024

type Base = Pick<Broker, 'rules' | 'build' | 'clock' | 'random' | 'sleep' | 'log' | 'signIn' | 'logVkey'>

/** A broker of the parts that a function needs: a bundle contains what its function names, and nothing else. */
export const createBroker = <P extends object>(deployment: Deployment, parts: P): Base & P => ({
  rules: deployment.rules,
  build: deployment.build,
  clock: deployment.clock,
  random: deployment.random,
  sleep: deployment.sleep,
  log: deployment.log,
  ...defined({ signIn: deployment.signIn, logVkey: deployment.logVkey }),
  ...parts,
})

/** What the ledger needs besides its client. */
export const tableSettings = (deployment: Deployment): LedgerSettings => ({
  storyTable: deployment.tables.story,
  sideTable: deployment.tables.side,
  clock: deployment.clock,
  random: deployment.random,
  sleep: deployment.sleep,
  answerWithinMs: (deployment.deadlines ?? deadlinesOnAws).ledger,
  configHash: deployment.rules.hash,
  approvalOf: (profile) => approvalOfProfile(deployment.rules, profile),
  build: deployment.build,
  ...defined({ epoch: deployment.epoch, frozen: deployment.frozen }),
})

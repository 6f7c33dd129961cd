/**
 * Builds the log from its parts: real AWS clients on the given endpoints. The sandbox, Lambda and the tests all use this.
 */

import { originOf } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { parseVkey } from '@stint/tlog/note'
import { journalReader } from '../adapters/dynamodb/journal-reader.ts'
import { logState } from '../adapters/dynamodb/log-state.ts'
import { postText } from '../adapters/https.ts'
import { kmsSigner } from '../adapters/signer.ts'
import { bucketReader } from '../adapters/store/bucket-reader.ts'
import { bucketStore } from '../adapters/store/s3.ts'
import { witnessClient } from '../adapters/witness.ts'
import type { Shipper } from '../log/ship.ts'
import { createTrail, type Trail } from '../log/trail.ts'
import type { LogState } from '../ports/log.ts'
import type { Deployment } from './broker.ts'
import { dynamoClient } from './dynamodb.ts'

export type LogDeployment = Pick<
  Deployment,
  'rules' | 'region' | 'keys' | 'dynamodb' | 'endpoints' | 'tables' | 'clock' | 'random' | 'sleep' | 'log' | 'deadlines'
> & {
  readonly buckets: { readonly log: string; readonly events: string }
  /** Days for which full tiles and bundles are locked. */
  readonly lockDays?: number
}

const bucketOf = ({ region, keys, endpoints, clock }: LogDeployment) => ({
  region,
  keys,
  clock,
  ...defined({ endpoint: endpoints?.s3 }),
})
const stateOf = (deployment: LogDeployment): LogState =>
  logState({ client: dynamoClient(deployment), sideTable: deployment.tables.side, sleep: deployment.sleep })

/** For reading: without a key, and without permission to write. */
export function openTrail(deployment: LogDeployment & Pick<Deployment, 'logVkey'>): Trail {
  const { buckets, sleep } = deployment
  const common = { ...bucketOf(deployment), sleep }
  return createTrail({
    log: bucketReader({ ...common, bucket: buckets.log }),
    events: bucketReader({ ...common, bucket: buckets.events }),
    state: stateOf(deployment),
    journal: journalReader({ client: dynamoClient(deployment), storyTable: deployment.tables.story }),
    vkey: deployment.logVkey,
  })
}

/** `signingKey`: the ID, ARN or alias of the log's KMS key. */
export async function createShipper(deployment: LogDeployment & { readonly signingKey: string }): Promise<Shipper> {
  const { rules, region, keys, endpoints, clock, random, signingKey, buckets, lockDays } = deployment
  const common = bucketOf(deployment)
  const signer = await kmsSigner({
    origin: originOf(rules),
    key: signingKey,
    region,
    keys,
    clock,
    ...(endpoints?.kms === undefined ? {} : { endpoint: endpoints.kms }),
  })
  return {
    log: bucketStore({ ...common, bucket: buckets.log, ...defined({ lockDays }) }),
    events: bucketStore({ ...common, bucket: buckets.events }),
    state: stateOf(deployment),
    signer,
    witnesses: (rules.log?.witnesses ?? []).flatMap(({ url, vkey }) => {
      const key = parseVkey(vkey)
      return key ? [witnessClient(url, key, postText)] : []
    }),
    clock,
    random,
    say: deployment.log,
  }
}

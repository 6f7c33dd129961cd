/** Builds what ends sessions at once: for the channels that request it, and for the function that carries it out. */

import { iamHost, partitionOfArn, partitionOfRegion } from '@stint/iam/partition'
import { endNotes } from '../adapters/dynamodb/end-notes.ts'
import { endWork } from '../adapters/dynamodb/end-work.ts'
import { tableOverSdk } from '../adapters/dynamodb/over-sdk.ts'
import { reading } from '../adapters/dynamodb/request-reader.ts'
import { sender } from '../adapters/dynamodb/sender.ts'
import { endQueue } from '../adapters/end-queue.ts'
import { regionalEndpoint } from '../adapters/endpoints.ts'
import { openRolePolicies } from '../adapters/revoker.ts'
import { stsAdapter } from '../adapters/sts.ts'
import { type Wire, wire } from '../adapters/wire/exchange.ts'
import type { StaticKeys } from '../adapters/wire/signature.ts'
import { stsOverWire } from '../adapters/wire/sts.ts'
import type { Ender } from '../ends/carry-out.ts'
import type { ImmediateEnds } from '../ends/request-end.ts'
import { deadlinesOnAws, type FunctionDeployment, STS_ANSWER_BYTES } from './broker.ts'
import { ledgerSettings } from './dynamodb.ts'

/** `queueUrl`: absent if no target of the config has `revocation`. */
export type EndsDeployment = FunctionDeployment & { readonly ends?: { readonly queueUrl: string; readonly endpoint?: string } }
/** `iam`: the sandbox's endpoint. */
export type EnderDeployment = FunctionDeployment & { readonly iam?: string }

/** The largest answers: of SQS a few hundred bytes, of IAM a policy of 10,240 characters, encoded. */
const SQS_ANSWER_BYTES = 64 * 1024
const IAM_ANSWER_BYTES = 256 * 1024

export function createImmediateEnds(deployment: EndsDeployment): { readonly immediate?: ImmediateEnds } {
  const { ends, keys, clock, random, region, deadlines = deadlinesOnAws } = deployment
  if (!ends) return {}
  const settings = ledgerSettings(deployment)
  const endpoint = ends.endpoint ?? regionalEndpoint('sqs', region)
  const sqs = wire({ service: 'sqs', region, endpoint, keys, clock, connectMs: deadlines.connect, maxBytes: SQS_ANSWER_BYTES })
  return {
    immediate: {
      notes: endNotes(settings, sender({ ...settings, calls: tableOverSdk(settings.client) })),
      queue: endQueue({ sqs, queueUrl: ends.queueUrl, random }),
    },
  }
}

export function createEnder(deployment: EnderDeployment): Ender {
  const { rules, keys, clock, random, sleep, log, endpoints, iam, deadlines = deadlinesOnAws } = deployment
  const settings = ledgerSettings(deployment)
  const common = { clock, connectMs: deadlines.connect }
  const sts = (region: string): Wire =>
    wire({
      ...common,
      keys,
      service: 'sts',
      region,
      endpoint: endpoints?.sts ?? regionalEndpoint('sts', region),
      maxBytes: STS_ANSWER_BYTES,
    })
  const iamOf = (roleArn: string, revoker: StaticKeys): Wire => {
    const partition = partitionOfArn(roleArn) ?? partitionOfRegion(deployment.region)
    const endpoint = iam ?? `https://${iamHost(partition)}`
    return wire({ ...common, keys: revoker, service: 'iam', region: partition.iamRegion, endpoint, maxBytes: IAM_ANSWER_BYTES })
  }
  return {
    ledger: reading(settings, sender({ ...settings, calls: tableOverSdk(settings.client) })),
    work: endWork(settings),
    open: openRolePolicies({
      targets: rules.targets,
      sts: stsAdapter({ call: stsOverWire(sts), clock, random, sleep, wholeCallMs: deadlines.sts }),
      iam: iamOf,
      clock,
    }),
    clock,
    sleep,
    log,
  }
}

/**
 * The broker of `vend`: with the STS client, which no other function includes, and the part of the ledger that the vend path needs.
 */
import { STSClient } from '@aws-sdk/client-sts'
import { atEndpoint, clientConfig, handlers, regionalEndpoint } from '../adapters/aws.ts'
import { vendLedger } from '../adapters/dynamodb/ledger.ts'
import { stsAdapter } from '../adapters/sts.ts'
import type { Broker } from '../ports/broker.ts'
import type { Sts } from '../ports/sts.ts'
import { createBroker, type Deployment, deadlinesOnAws } from './broker.ts'

/** A response to AssumeRole has about 2 KB. */
const STS_ANSWER_BYTES = 64 * 1024

export const createVendBroker = (deployment: Deployment): Broker => ({ ...createBroker(deployment, vendLedger), sts: stsOf(deployment) })

function stsOf({ keys, clock, random, sleep, endpoints, deadlines = deadlinesOnAws }: Deployment): Sts {
  const common = clientConfig(keys, clock)
  const requestHandler = handlers(deadlines.connect)(STS_ANSWER_BYTES)
  const clients = new Map<string, STSClient>()
  /** One client per region; a config with one target needs one. */
  const client = (region: string): STSClient => {
    const made =
      clients.get(region) ??
      new STSClient({
        ...common,
        region,
        requestHandler,
        ...atEndpoint(endpoints?.sts ?? regionalEndpoint('sts', region)),
        sigv4aSigningRegionSet: [region],
      })
    clients.set(region, made)
    return made
  }
  return stsAdapter({ client, clock, random, sleep, wholeCallMs: deadlines.sts })
}

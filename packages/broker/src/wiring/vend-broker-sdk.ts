/** The broker of `vend` over AWS's SDK: what its own wire is compared with, and what a deployment can switch back to (infra/settings.ts). */
import { STSClient } from '@aws-sdk/client-sts'
import { atEndpoint, clientConfig, handlers } from '../adapters/aws.ts'
import { browserSessions } from '../adapters/dynamodb/browser-sessions.ts'
import { tableOverSdk } from '../adapters/dynamodb/over-sdk.ts'
import { vendLedger } from '../adapters/dynamodb/vend-ledger.ts'
import { regionalEndpoint } from '../adapters/endpoints.ts'
import { stsAdapter } from '../adapters/sts.ts'
import { stsOverSdk } from '../adapters/sts-over-sdk.ts'
import type { Broker } from '../ports/broker.ts'
import { createBroker, type Deployment, deadlinesOnAws, STS_ANSWER_BYTES } from './broker.ts'
import { ledgerSettings } from './dynamodb.ts'
import { keysOf } from './keys.ts'

export function createVendBrokerOnSdk(deployment: Deployment): Broker {
  const { clock, random, sleep, deadlines = deadlinesOnAws } = deployment
  const { client, ...ledger } = ledgerSettings(deployment)
  const settings = { ...ledger, calls: tableOverSdk(client) }
  return createBroker(deployment, {
    keys: keysOf(deployment),
    ledger: vendLedger(settings),
    ...browserSessions(deployment, settings),
    sts: stsAdapter({ call: stsOverSdk(stsClients(deployment)), clock, random, sleep, wholeCallMs: deadlines.sts }),
  })
}

/** One client per region; a config with one target needs one. */
function stsClients({ keys, clock, endpoints, deadlines = deadlinesOnAws }: Deployment): (region: string) => STSClient {
  const common = clientConfig(keys, clock)
  const requestHandler = handlers(deadlines.connect)(STS_ANSWER_BYTES)
  const clients = new Map<string, STSClient>()
  return (region) => {
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
}

/**
 * The broker of `vend`, the only function that contains AssumeRole. It speaks to STS and DynamoDB over Stint's own wire, because AWS's SDK
 * takes two thirds of a cold start. ./vend-broker-sdk.ts is the same broker over the SDK.
 */

import { browserSessions } from '../adapters/dynamodb/browser-sessions.ts'
import { vendLedger } from '../adapters/dynamodb/vend-ledger.ts'
import { regionalEndpoint } from '../adapters/endpoints.ts'
import { stsAdapter } from '../adapters/sts.ts'
import { tableOverWire } from '../adapters/wire/dynamodb.ts'
import { type Wire, wire } from '../adapters/wire/exchange.ts'
import { stsOverWire } from '../adapters/wire/sts.ts'
import type { Broker } from '../ports/broker.ts'
import { createBroker, DYNAMODB_ANSWER_BYTES, deadlinesOnAws, type FunctionDeployment, STS_ANSWER_BYTES, tableSettings } from './broker.ts'
import { keysOf } from './keys.ts'

type VendBroker = Broker & {
  /** Opens the connections of the first call: reserve and the freezes use two to DynamoDB, AssumeRole one. */
  readonly openConnections: () => void
}

export function createVendBroker(deployment: FunctionDeployment): VendBroker {
  const { keys, clock, random, sleep, region, endpoints, deadlines = deadlinesOnAws } = deployment
  const common = { keys, clock, connectMs: deadlines.connect }
  const table = wire({
    ...common,
    service: 'dynamodb',
    region,
    endpoint: endpoints?.dynamodb ?? regionalEndpoint('dynamodb', region),
    maxBytes: DYNAMODB_ANSWER_BYTES.ledger,
  })
  const perRegion = new Map<string, Wire>()
  /** One per region; a config with one target needs one. */
  const sts = (of: string): Wire => {
    const made =
      perRegion.get(of) ??
      wire({
        ...common,
        service: 'sts',
        region: of,
        endpoint: endpoints?.sts ?? regionalEndpoint('sts', of),
        maxBytes: STS_ANSWER_BYTES,
      })
    perRegion.set(of, made)
    return made
  }
  const settings = { ...tableSettings(deployment), calls: tableOverWire(table, deadlines.ledger) }
  return {
    ...createBroker(deployment, {
      keys: keysOf(deployment),
      ledger: vendLedger(settings),
      ...browserSessions(deployment, settings),
      sts: stsAdapter({ call: stsOverWire(sts), clock, random, sleep, wholeCallMs: deadlines.sts }),
    }),
    openConnections() {
      table.open(CONNECTIONS.dynamodb)
      const { rules } = deployment
      sts(regionOfFirstTarget(rules.targets) ?? region).open(CONNECTIONS.sts)
    },
  }
}

const CONNECTIONS = { dynamodb: 2, sts: 1 } as const

const regionOfFirstTarget = (targets: FunctionDeployment['rules']['targets']): string | undefined => Object.values(targets)[0]?.region

/** The AWS clients of the command line, with the SDK's own credentials and the region and endpoints of the environment. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { handlers } from '@stint/broker/adapters/aws'
import { erasures } from '@stint/broker/adapters/dynamodb/erasure'
import { logState } from '@stint/broker/adapters/dynamodb/log-state'
import { bucketStore } from '@stint/broker/adapters/store/s3'
import type { ErasableId, ErasureParts } from '@stint/broker/log/erase'
import { lookupBound, lookupKey } from '@stint/broker/log/lookup'
import type { LogState } from '@stint/broker/ports/log'
import { DYNAMODB_ANSWER_BYTES } from '@stint/broker/wiring/broker'
import { NO_CONFIG } from '@stint/core/audit/event'
import { typedSubject } from '@stint/core/identity/subject'
import { type LogSource, storeSource } from './sources.ts'

const ROWS_A_LOOK = 500
const CONNECT_MS = 5000
const ANSWER_MS = 30_000

export function tableClient(region: string): DynamoDBClient {
  return new DynamoDBClient({ region, requestHandler: handlers(CONNECT_MS)(DYNAMODB_ANSWER_BYTES.batch, ANSWER_MS) })
}

export const sideState = (region: string, sideTable: string): LogState =>
  logState({ client: tableClient(region), sideTable, sleep: (ms) => sleep(ms) })

/** The buckets of the log and of its events, read with your own AWS credentials. Without the events, only entries are verified. */
export function bucketSource(log: string, events: string | undefined, region: string, env: NodeJS.ProcessEnv): LogSource {
  const { AWS_ENDPOINT_URL_S3: endpoint } = env
  const keys = tableClient(region).config.credentials
  const store = (bucket: string) => bucketStore({ bucket, region, keys, clock: Date.now, ...(endpoint ? { endpoint } : {}) })
  const [first, second] = [store(log), events === undefined ? undefined : store(events)]
  if (second) return storeSource({ log: first, events: second })
  return { ...storeSource({ log: first, events: first }), list: () => first.list(''), hasEvents: false }
}

type ErasureTables = { readonly table: string; readonly sideTable: string; readonly eventsBucket: string }

/** The dependencies of erasing, on the given tables and bucket. */
export function erasureOn(region: string, { table, sideTable, eventsBucket }: ErasureTables, env: NodeJS.ProcessEnv) {
  const client = tableClient(region)
  const { AWS_ENDPOINT_URL_S3: endpoint } = env
  const store = bucketStore({
    bucket: eventsBucket,
    region,
    keys: client.config.credentials,
    clock: Date.now,
    ...(endpoint ? { endpoint } : {}),
  })
  const parts: ErasureParts = {
    ...erasures({ client, storyTable: table }),
    events: store,
    state: sideState(region, sideTable),
    random: (count) => randomBytes(count),
    sleep: (ms) => sleep(ms),
    configHash: NO_CONFIG,
  }
  const { requestsOf } = erasures({ client, storyTable: table })
  return {
    ...parts,
    /** Found in the table, and for retired items in the lookup rows. */
    async requestsOf(issuer: string, given: string): Promise<readonly ErasableId[]> {
      const subject = typedSubject(given)
      const ids = new Set(await requestsOf(issuer, subject))
      let before: string | undefined
      for (;;) {
        const rows = await parts.state.lookup(lookupKey.caller(issuer, subject), ROWS_A_LOOK, before)
        for (const { request } of rows) if (/^(req|lnk)_/.test(request)) ids.add(request as ErasableId)
        const last = rows.at(-1)
        if (!last) return [...ids]
        before = lookupBound(last)
      }
    },
  }
}

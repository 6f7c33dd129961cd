/** Items leave the table when they are old, over and wholly in the log, in two steps; the trail goes on telling of them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dayWalk } from '@stint/broker/adapters/dynamodb/day-walk'
import { erasures } from '@stint/broker/adapters/dynamodb/erasure'
import { journaled } from '@stint/broker/adapters/dynamodb/journal-item'
import { logState } from '@stint/broker/adapters/dynamodb/log-state'
import { progress } from '@stint/broker/adapters/dynamodb/progress'
import { retire } from '@stint/broker/adapters/dynamodb/retirement'
import type { DynamoSettings } from '@stint/broker/adapters/dynamodb/sender'
import { KEPT_DAYS } from '@stint/broker/keepers/ages'
import { memoryProgress } from '@stint/broker/keepers/testing/progress'
import { erase } from '@stint/broker/log/erase'
import type { Progress } from '@stint/broker/ports/progress'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import type { RequestId } from '@stint/core/ids'
import { brokerKey } from '@stint/sandbox/aws/world'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytes } from '../support/memory-log.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const DAY_MS = 86_400_000
let sandbox: TestSandbox
let client: DynamoDBClient
let settings: DynamoSettings
let offset = 0
const ids: Record<string, string> = {}

const days = (count: number) => {
  offset += count * DAY_MS
  sandbox.advance(count * DAY_MS)
  client.config.systemClockOffset = offset
}
let remembered: Progress
const run = async () => {
  sandbox.settle()
  const keeper = { progress: remembered, walk: dayWalk(settings, remembered), now: sandbox.now(), mayGoOn: () => true }
  const ran = await retire(settings, logState(settings), keeper)
  if (ran.outcome === 'unknown') throw new Error(ran.cause)
  const { retired, expiring } = ran.value
  return { retired, expiring }
}
const items = async () => (await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint' })).Items as any[]
const item = async (id: string | undefined) => (await items()).find(({ pk }) => pk.S === `REQ#${id}`)

beforeAll(async () => {
  sandbox = await testSandbox()
  client = new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials: brokerKey(sandbox.aws.world, 'retire') })
  settings = {
    client,
    storyTable: 'stint',
    sideTable: 'stint-side',
    clock: () => sandbox.now(),
    random: bytes,
    answerWithinMs: 10_000,
    sleep: async () => {},
    configHash: sandbox.rules.hash,
    approvalOf: () => undefined,
    build: 'test',
  }
  remembered = progress(settings, 'retire')
  await sandbox.sweep()
  const developer = await sandbox.token('developer')
  ids.session = (await sandbox.vend(developer, { profile: 'staging-power' })).json.requestId
  await sandbox.vend(developer, { profile: 'nothing' })
  const asked = await fetch(`${sandbox.urls.broker}/requests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await sandbox.token('oncall')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ profile: 'break-glass', justification: 'x' }),
  })
  ids.asked = ((await asked.json()) as { id: string }).id
})
afterAll(() => sandbox.close())

test('nothing that the log does not have leaves', async () => {
  // What this run finds too early is of no matter to the next ones.
  const stored = remembered
  remembered = memoryProgress()
  days(KEPT_DAYS.requests + 1)
  expect(await run()).toEqual({ retired: 0, expiring: 0 })
  days(-KEPT_DAYS.requests - 1)
  remembered = stored
  await sandbox.ship()
})

test('a refusal leaves after a month, a request not yet', async () => {
  days(KEPT_DAYS.refusals + 1)
  expect(await run()).toEqual({ retired: 1, expiring: 0 })
  expect(await run()).toEqual({ retired: 0, expiring: 0 }) // its retired event is not in the log yet
  await sandbox.ship()
  expect(await run()).toEqual({ retired: 0, expiring: 1 })
  expect(await run()).toEqual({ retired: 0, expiring: 0 })
  const expiring = (await items()).filter(({ expires }) => expires !== undefined)
  expect(expiring.map(({ state }) => state.S)).toEqual(['refused'])
  expect(Number(expiring[0].expires.N) * 1000).toBeGreaterThan(sandbox.now())
})

test('requests leave after their time, if they are over on record', async () => {
  days(KEPT_DAYS.requests - KEPT_DAYS.refusals)
  // One that came from a backup lacks what the log has of it: that comes first.
  const whole = await item(ids.session)
  const short = { ...whole, events: { L: whole.events.L.slice(0, -1) } }
  await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: short })
  expect(await run()).toEqual({ retired: 0, expiring: 0 })
  await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: whole })
  expect(await run()).toEqual({ retired: 1, expiring: 0 })
  await sandbox.sweep()
  await sandbox.ship()
  expect(await run()).toEqual({ retired: 1, expiring: 1 })
  await sandbox.ship()
  expect(await run()).toEqual({ retired: 0, expiring: 1 })
})

test('what DynamoDB deletes then is missed by nobody, and told of by the log', async () => {
  for (const { pk } of (await items()).filter(({ expires }) => expires !== undefined))
    await sandbox.aws.dynamo.direct('DeleteItem', { TableName: 'stint', Key: { pk } })
  expect(await item(ids.session)).toBeUndefined()
  const key = parseVkey(sandbox.logVkey)
  if (!key) throw new Error('no key')
  const report = await verify({ source: storeSource(sandbox.shipper), keys: [key], now: sandbox.now(), table: scanned() })
  expect([report.faults, report.counts['request.retired']]).toEqual([[], 3])
  days(-KEPT_DAYS.requests - 1)
  const auditor = await sandbox.token('auditor')
  const { json } = await sandbox.get(`/audit/events/${ids.session}/2`, auditor)
  expect(json).toMatchObject({ event: { type: 'session.issued' }, profile: 'staging-power' })
  expect((await sandbox.get(`/audit/events/${ids.session}/2/receipt`, auditor)).status).toBe(200)
})

test('what has left the table can be erased still: its journal says so, and leaves again', async () => {
  days(KEPT_DAYS.requests + 1)
  const parts = {
    ...erasures({ client, storyTable: 'stint' }),
    events: sandbox.shipper.events,
    state: sandbox.shipper.state,
    random: bytes,
    configHash: '0'.repeat(64),
    approvalOf: () => undefined,
    sleep: async () => void (await sandbox.ship()),
  }
  const request = ids.session as RequestId
  expect(await erase(parts, { request, operator: 'privacy team', justification: 'asked for' }, sandbox.now())).toEqual({
    outcome: 'done',
    value: 4,
  })
  const key = parseVkey(sandbox.logVkey)
  const report = await verify({ source: storeSource(sandbox.shipper), keys: key ? [key] : [], now: sandbox.now(), table: scanned() })
  expect([report.faults, report.erased]).toEqual([[], 4])
})

/** The api's role may not scan; past it, as the account's owner. */
async function* scanned() {
  yield (await items()).flatMap((image) => journaled(image) ?? [])
}

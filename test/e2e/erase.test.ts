/**
 * A person's data goes, and the log still holds; lookup rows are lost, and come back.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { erasures } from '@stint/broker/adapters/dynamodb/erasure'
import { allJournals } from '@stint/broker/adapters/dynamodb/journal-reader'
import { logState } from '@stint/broker/adapters/dynamodb/log-state'
import { type ErasureParts, erase } from '@stint/broker/log/erase'
import { Trouble } from '@stint/broker/ports/log'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import type { RequestId } from '@stint/core/ids'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyBuckets, operatorIn, stint } from '../support/cli.ts'
import { bytes } from '../support/memory-log.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

let sandbox: TestSandbox
let env: Record<string, string>
let folder: string
let parts: ErasureParts
let client: DynamoDBClient
const requests: Record<string, RequestId> = {}
const WHY = 'because of Erika Mustermann'
const flags = [
  '--operator',
  'privacy team',
  '--justification',
  'asked for on 2026-11-24',
  '--table',
  'stint',
  '--side-table',
  'stint-side',
  '--events-bucket',
  'stint-events',
  '--region',
  'eu-central-1',
]

beforeAll(async () => {
  sandbox = await testSandbox()
  folder = mkdtempSync(join(tmpdir(), 'stint-erase-'))
  const { key, ...operator } = operatorIn(sandbox, folder)
  env = operator.env
  client = new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials: key, systemClockOffset: 0 })
  await sandbox.sweep()
  const developer = await sandbox.token('developer')
  const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' }, justification: WHY }
  requests.session = (await sandbox.vend(developer, logs)).json.requestId
  await sandbox.vend(developer, { ...logs, duration: 1 })
  // A Slack user of hers, and no longer.
  const it = slackIn(sandbox)
  await it.link('developer')
  await it.call('DELETE', '/slack/link', developer)
  requests.other = (await sandbox.vend(await sandbox.token('tool'), { profile: 'report-export' })).json.requestId
  await sandbox.ship()
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

const keys = () => [parseVkey(sandbox.logVkey) as NonNullable<ReturnType<typeof parseVkey>>]
const subject = '6f0c1b9e-dev-1'

describe('stint audit erase', () => {
  test('lists first, and erases nothing without --yes', async () => {
    const { code, stdout, stderr } = await stint(['audit', 'erase', '--issuer', 'people', '--subject', subject, ...flags], env)
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 3])
    expect(stderr).toMatch(/3 requests would be erased/)
    expect((await sandbox.get(`/audit/events/${requests.session}/0`, await sandbox.token('auditor'))).json.event.justification).toBe(WHY)
  })

  test('lists as JSON', async () => {
    const { stdout } = await stint(['audit', 'erase', '--issuer', 'people', '--subject', subject, '--json', ...flags], env)
    const { applied, requests: listed } = JSON.parse(stdout)
    expect([applied, listed.length, Object.keys(listed[0])]).toEqual([false, 3, ['id']])
  })

  test('leaves what still lives, and erases what does not', async () => {
    const shipping = setInterval(() => void sandbox.ship(), 200)
    const { code, stdout, stderr } = await stint(['audit', 'erase', '--issuer', 'people', '--subject', subject, '--yes', ...flags], env)
    clearInterval(shipping)
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^${requests.session} not erased: It is still approved\\.$`, 'm'))
    expect(stdout).toMatch(/^req_\w{26} erased: 1 events$/m)
    expect(stdout).toMatch(/^lnk_\w{26} erased: 3 events$/m)
  })

  test.each<[string, string[], number, RegExp]>([
    ['no request', ['--request', 'x'], 2, /not a valid request ID/],
    ['an unknown request', ['--request', `req_${'0'.repeat(26)}`, '--yes'], 1, /Request not found/],
    [
      'an unknown request, as JSON',
      ['--request', `req_${'0'.repeat(26)}`, '--yes', '--json'],
      1,
      /^\{"applied":true,"requests":\[\{"id":"req_0{26}","refused":"Request not found/,
    ],
    ['half an identity', ['--issuer', 'people'], 2, /Use --issuer and --subject together/],
    ['nobody', ['--issuer', 'people', '--subject', 'nobody'], 2, /Nothing to erase/],
  ])('%s', async (_what, args, exit, words) => {
    const { code, stdout, stderr } = await stint(['audit', 'erase', ...args, ...flags], env)
    expect([code, `${stdout}${stderr}`]).toEqual([exit, expect.stringMatching(words)])
  })
})

describe('when it is over', () => {
  beforeAll(async () => {
    sandbox.advance(3 * 3_600_000)
    client.config.systemClockOffset = 3 * 3_600_000
    parts = {
      ...erasures({ client, storyTable: 'stint' }),
      events: sandbox.shipper.events,
      state: logState({ client, sideTable: 'stint-side', sleep: async () => {} }),
      random: bytes,
      configHash: '0'.repeat(64),
      sleep: async () => {},
    }
  })
  const erasing = (more: Partial<ErasureParts> = {}) =>
    erase(
      { ...parts, ...more },
      { request: requests.session as RequestId, operator: 'privacy team', justification: 'asked for' },
      sandbox.now(),
    )
  const audit = () =>
    verify({ source: storeSource(sandbox.shipper), keys: keys(), now: sandbox.now(), table: allJournals({ client, storyTable: 'stint' }) })

  test('nothing is erased of what a table from a backup has only a part of', async () => {
    const { Items } = (await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint' })) as { Items: any[] }
    const whole = Items.find(({ pk }) => pk.S === `REQ#${requests.session}`)
    const short = { ...whole, events: { L: whole.events.L.slice(0, -1) } }
    await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: short })
    expect(await erasing()).toMatchObject({ outcome: 'refused', code: 'request-changed', detail: expect.stringContaining('restore') })
    await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: whole })
  })

  test('a run that dies half way is finished by the next; nothing of it looks like tampering in the end', async () => {
    const dying = { ...parts.events, replace: async () => Promise.reject(new Trouble('gone')) }
    // Said, and not yet in the log: nothing is taken out before.
    expect(await erasing()).toMatchObject({ outcome: 'refused', code: 'not-logged-yet' })
    expect((await audit()).faults).toEqual([])
    await sandbox.ship()
    await expect(erasing({ events: dying })).rejects.toThrow('gone')
    expect(await erasing()).toEqual({ outcome: 'done', value: 3 })
    expect(await erasing()).toEqual({ outcome: 'done', value: 3 })
    const report = await audit()
    expect(report.faults).toEqual([])
    expect([report.erased, report.counts['request.erased']]).toEqual([7, 3])
  })

  test('nothing of the person is left in tables and buckets', async () => {
    const kept: string[] = []
    for (const TableName of ['stint', 'stint-side']) kept.push(JSON.stringify(await sandbox.aws.dynamo.direct('Scan', { TableName })))
    for (const name of ['stint-log', 'stint-events'])
      for (const [path, { body }] of sandbox.aws.world.buckets.get(name)?.objects ?? []) kept.push(path, body.toString('latin1'))
    const all = kept.join('\n')
    for (const text of [subject, 'Dana', 'Erika', 'U0DANA']) expect(all.includes(text), text).toBe(false)
    // The tool's are as they were.
    expect(all).toContain('reporting')
  })

  test('an event that is gone without anybody saying so is tampering', async () => {
    const store = sandbox.shipper.events
    const there = await store.get('events/000')
    if (!there) throw new Error('no events')
    const lines = Buffer.from(there.bytes).toString('utf8').split('\n')
    const at = lines.findIndex((line) => line.includes(requests.other as string))
    await store.replace('events/000', Buffer.from(lines.with(at, '{"erased":true}').join('\n')), there.etag)
    const { faults } = await audit()
    expect(faults).toEqual([
      { class: 'tampered', place: requests.other, what: 'some of its 3 events are missing, and no event records an erasure' },
    ])
    // Not even behind an erasure that was told.
    const told = lines.findIndex((line) => line.includes('request.erased') && line.includes(requests.session as string))
    await store.replace('events/000', Buffer.from(lines.with(told, '{"erased":true}').join('\n')), (await store.get('events/000'))?.etag)
    expect((await audit()).faults).toMatchObject([{ class: 'tampered', place: requests.session }])
    await store.replace('events/000', there.bytes, (await store.get('events/000'))?.etag)
    expect((await audit()).faults).toEqual([])
  })
})

describe('by the clock of this machine again', () => {
  beforeAll(() => sandbox.advance(-3 * 3_600_000))

  test('a person who was erased can be linked again, and the log still holds', async () => {
    await slackIn(sandbox).link('developer')
    await sandbox.ship()
    const log = join(folder, 'again')
    copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], log)
    const verified = await stint(['audit', 'verify', '--from', log, '--vkey', sandbox.logVkey, '--forget', '--json'], env)
    expect([verified.code, JSON.parse(verified.stdout).faults]).toEqual([0, []])
  })

  test('its events are gone, for auditors by name', async () => {
    const auditor = await sandbox.token('auditor')
    const answer = await sandbox.get(`/audit/events/${requests.session}/0`, auditor)
    expect([answer.status, answer.json.code]).toEqual([410, 'event-erased'])
    expect((await sandbox.get(`/audit/events/${requests.session}/1/receipt`, auditor)).json.code).toBe('event-erased')
    expect((await sandbox.get(`/audit/events/${requests.session}/1`, await sandbox.token('developer'))).json.code).toBe('event-unknown')
    expect((await sandbox.get(`/audit/events/${requests.session}/3`, auditor)).json.event).toMatchObject({
      type: 'request.erased',
      operator: 'privacy team',
    })
    expect((await sandbox.get(`/requests/${requests.session}`, auditor)).status).toBe(404)
  })

  test('stint audit rebuild brings lost lookup rows back', async () => {
    const auditor = await sandbox.token('auditor')
    const found = async () => (await sandbox.get('/audit/events?profile=report-export', auditor)).json.events.map(({ id }: any) => id)
    const before = await found()
    expect(before).toHaveLength(3)
    const { Items } = (await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint-side' })) as { Items: any[] }
    for (const { pk, sk } of Items.filter((item) => item.pk.S.startsWith('LOOK#')))
      await sandbox.aws.dynamo.direct('DeleteItem', { TableName: 'stint-side', Key: { pk, sk } })
    expect(await found()).toEqual([])
    const log = join(folder, 'log')
    copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], log)
    const { code, stdout, stderr } = await stint(
      ['audit', 'rebuild', '--from', log, '--side-table', 'stint-side', '--region', 'eu-central-1', '--json'],
      env,
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual({ rows: expect.any(Number), events: 10 })
    expect(await found()).toEqual(before)
  })
})

test('no lookup row is left of a caller who was refused too often', async () => {
  client.config.systemClockOffset = 0
  const approver = await sandbox.token('approver')
  for (let times = 0; times < 21; times++) expect((await sandbox.vend(approver, { profile: 'nothing' })).status).toBe(404)
  const items = async (TableName: string) => ((await sandbox.aws.dynamo.direct('Scan', { TableName })) as { Items: any[] }).Items
  const capped = (await items('stint')).find(({ events }) => JSON.stringify(events).includes('refusals-capped'))
  const request = capped.id.S as RequestId
  await sandbox.ship()
  // As it was stored and looked up before its item said no more than its event.
  await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: { ...capped, profile: { S: 'nothing' } } })
  await parts.state.index([{ key: 'profile#nothing', at: capped.at.S.slice(0, 24), request, seq: 0 }])
  const rows = async () =>
    (await items('stint-side')).filter((row) => row.request?.S === request && row.seq.N === '0').map(({ pk }) => pk.S.split('#')[1])
  expect((await rows()).sort()).toEqual(['caller', 'day', 'outcome', 'profile'])
  const shipping = { ...parts, sleep: async () => void (await sandbox.ship()) }
  expect(await erase(shipping, { request, operator: 'privacy team', justification: 'asked for' }, sandbox.now())).toEqual({
    outcome: 'done',
    value: 1,
  })
  expect(await rows()).toEqual([])
  expect(capped.profile).toBeUndefined()
})

/**
 * Subjects of up to 2,048 characters and justifications of up to 2,000, through everything that stores, finds, freezes, verifies and erases
 * them.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { allJournals } from '@stint/broker/adapters/dynamodb/journal-reader'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { operatorIn, stint } from '../support/cli.ts'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`
/** In rules, as in a company that has SPIFFE IDs or distinguished names. */
const LONG = `dana|CN=Dána Döe,OU=${'プラットフォーム'.repeat(40)},O=Acme GmbH,C=DE`
const REASON = 'The queue of orders is stuck, and customers see “payment pending”.\n'.repeat(28).trim()

let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const auditor = () => lab.token({ sub: 'audrey', groups: ['auditors'] })
const responder = (sub = 'ria') => lab.token({ sub, groups: ['responders'] })
/** The newest first. */
const eventsOf = async (subject: string) =>
  (await sandbox.get(`/audit/events?${new URLSearchParams({ issuer: 'lab', subject })}`, await auditor())).json.events as {
    event: Record<string, unknown>
  }[]
async function faults(): Promise<readonly unknown[]> {
  await sandbox.ship()
  const folder = mkdtempSync(join(tmpdir(), 'stint-verify-'))
  const { key } = operatorIn(sandbox, folder)
  rmSync(folder, { recursive: true })
  const client = new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials: key, systemClockOffset: 0 })
  const report = await verify({
    source: storeSource(sandbox.shipper),
    keys: [parseVkey(sandbox.logVkey) as NonNullable<ReturnType<typeof parseVkey>>],
    now: sandbox.now(),
    table: allJournals({ client, storyTable: 'stint' }),
  })
  client.destroy()
  expect(report.counts['request.text']).toBeGreaterThan(50)
  return report.faults
}

describe('a subject', () => {
  test.each([
    ['in UTF-8', 'dana-ö-山田'],
    ['of 256 bytes', `dana-${'x'.repeat(251)}`],
    ['of 257 bytes', `dana-${'x'.repeat(252)}`],
    ['of 2,048 characters', `dana-${'é'.repeat(2043)}`],
    ['of 2,048 characters outside the BMP', `dana-${'𝒳'.repeat(2043)}`],
    ['that looks like a digest', LONG],
  ])('%s gets a session, under names of its own', async (_name, sub) => {
    const first = await sandbox.vend(await lab.token({ sub }), { profile: 'lab' })
    const other = await sandbox.vend(await lab.token({ sub: sub.replace(/.$/u, 'z') }), { profile: 'lab' })
    expect([first.status, other.status]).toEqual([201, 201])
    expect(first.json.sourceIdentity).toMatch(/^[\w+=,.@-]{2,64}$/)
    expect(other.json.sourceIdentity).not.toBe(first.json.sourceIdentity)
  })
  test('of more than 2,048 characters, or with a control character, is refused with the reason', async () => {
    for (const sub of [`dana-${'x'.repeat(2044)}`, 'dana\n']) {
      const { status, json } = await sandbox.vend(await lab.token({ sub }), { profile: 'lab' })
      expect([status, json.code, json.detail]).toEqual([
        401,
        'token-invalid',
        expect.stringContaining('sub must have 1 to 2,048 characters'),
      ])
    }
  })

  test('is stored once, and its digest stands for it in events', async () => {
    const token = await lab.token({ sub: LONG })
    await sandbox.vend(token, { profile: 'lab' })
    await sandbox.ship()
    const found = (await eventsOf(LONG)).slice(-4).reverse()
    expect(found.map(({ event }) => event.type)).toEqual(['request.created', 'request.text', 'request.text', 'session.reserved'])
    const texts = found.filter(({ event }) => event.type === 'request.text')
    expect(texts.map(({ event }) => event.text).join('')).toBe(LONG)
    const callers = found.flatMap(({ event }) => (event.caller ? [(event.caller as { subject: string }).subject] : []))
    expect(callers).toEqual(callers.map(() => digestOf(LONG)))
    expect(callers.length).toBeGreaterThan(0)
  })
  test.each([
    ['the subject', LONG],
    ['its digest', digestOf(LONG)],
  ])('is found in the log by %s', async (_name, subject) => {
    await sandbox.vend(await lab.token({ sub: LONG }), { profile: 'lab' })
    await sandbox.ship()
    const found = await eventsOf(subject)
    expect(found.some(({ event }) => event.type === 'session.issued')).toBe(true)
    expect(found.every(({ event }) => event.caller === undefined || (event.caller as { subject: string }).subject === digestOf(LONG))).toBe(
      true,
    )
  })
  test('is refused, and the refusal names it', async () => {
    const sub = `nobody-${'é'.repeat(300)}`
    expect((await sandbox.vend(await lab.token({ sub }), { profile: 'lab' })).status).toBe(404)
    await sandbox.ship()
    const found = await eventsOf(sub)
    expect(found.filter(({ event }) => event.type === 'request.text').map(({ event }) => event.text)).toEqual([sub])
  })
  test('reads and cancels its own requests, and no other subject does', async () => {
    const engineer = (sub: string) => lab.token({ sub, role: 'engineer', groups: [] })
    const mine = `eng-${'ü'.repeat(400)}`
    const { json } = await sandbox.call('POST', '/requests', await engineer(mine), { profile: 'lab-one' })
    expect(json).toMatchObject({ caller: { subject: digestOf(mine) }, fullSubject: mine, state: 'pending' })
    for (const other of [`${mine}x`, digestOf(mine)])
      expect((await sandbox.get(`/requests/${json.id}`, await engineer(other))).status).toBe(404)
    const cancelled = await sandbox.call('POST', `/requests/${json.id}/cancel`, await engineer(mine), {})
    expect([cancelled.status, cancelled.json.state]).toEqual([200, 'cancelled'])
  })
  test.each([
    ['the subject', (sub: string) => sub],
    ['its digest', digestOf],
  ])('can be frozen by %s, and no one else is', async (name, of) => {
    const sub = `dana-${name}-${'é'.repeat(300)}`
    const frozen = await sandbox.call('POST', '/freezes', await responder(), {
      scope: { kind: 'subject', issuer: 'lab', id: of(sub) },
      justification: 'stolen laptop',
    })
    expect([frozen.status, frozen.json.scope]).toEqual([201, { kind: 'subject', issuer: 'lab', id: digestOf(sub) }])
    const stopped = await sandbox.vend(await lab.token({ sub }), { profile: 'lab' })
    expect([stopped.status, stopped.json.code]).toEqual([403, 'frozen'])
    expect((await sandbox.vend(await lab.token({ sub: `${sub}x` }), { profile: 'lab' })).status).toBe(201)
  })
  test('is erased by the subject, and nothing of it is left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stint-long-'))
    try {
      const sub = `nobody-${'ß'.repeat(300)}`
      await sandbox.vend(await lab.token({ sub }), { profile: 'lab' })
      await sandbox.ship()
      sandbox.settle()
      const { env } = operatorIn(sandbox, folder)
      const shipping = setInterval(() => void sandbox.ship(), 200)
      const tables = ['--table', 'stint', '--side-table', 'stint-side', '--events-bucket', 'stint-events', '--region', 'eu-central-1']
      const who = ['--issuer', 'lab', '--subject', sub, '--operator', 'privacy team', '--justification', 'asked for']
      const erased = await stint(['audit', 'erase', ...who, '--yes', ...tables], env)
      clearInterval(shipping)
      expect([erased.code, erased.stdout]).toEqual([0, expect.stringMatching(/^req_\w{26} erased: 2 events$/m)])
      expect(JSON.stringify(await storedRequests(sandbox))).not.toContain(sub)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a justification', () => {
  const engineer = (sub: string) => lab.token({ sub, role: 'engineer', groups: [] })
  const ask = (token: string, justification: string) => sandbox.call('POST', '/requests', token, { profile: 'lab-one', justification })

  test('of 1,900 characters reaches the approver and the log whole', async () => {
    const { status, json } = await ask(await engineer('eng-long'), REASON)
    expect([status, json.justification]).toEqual([201, REASON])
    const seen = await sandbox.get(`/requests/${json.id}`, await lab.token({ sub: 'pat', groups: ['peers'] }))
    expect(seen.json.justification).toBe(REASON)
    await sandbox.ship()
    const found = await eventsOf('eng-long')
    const parts = found.map(({ event }) => event).filter(({ type }) => type === 'request.text')
    expect(
      parts
        .sort((a, b) => Number(a.part) - Number(b.part))
        .map(({ text }) => text)
        .join(''),
    ).toBe(REASON)
  })
  test('of a session that needs no approval is in the log whole', async () => {
    await sandbox.vend(await lab.token({ sub: 'dana-reasons' }), { profile: 'lab', justification: REASON })
    await sandbox.ship()
    const found = await eventsOf('dana-reasons')
    expect(found.flatMap(({ event }) => (event.justificationHash === undefined ? [] : [event.justificationHash]))).toEqual([
      digestOf(REASON).slice('sha256:'.length),
    ])
  })
  test.each([
    ['2,001 characters', 'x'.repeat(2001)],
    ['4,002 bytes', '語'.repeat(1334)],
  ])('of %s is refused', async (_name, justification) => {
    const { status, json } = await ask(await engineer('eng-too-long'), justification)
    expect([status, json.code, json.detail]).toEqual([
      400,
      'body-invalid',
      'justification can have at most 2000 characters, and 4000 bytes of UTF-8.',
    ])
  })
  test('given anew is kept beside the first, up to four, and each once', async () => {
    const token = await engineer('eng-again')
    const { json: first } = await ask(token, 'INC-1')
    const again = await ask(token, REASON)
    expect([again.status, again.json.id, again.json.justification]).toEqual([200, first.id, 'INC-1'])
    expect(again.json.moreJustifications).toEqual([{ at: expect.any(String), text: REASON }])
    expect((await ask(token, REASON)).json.moreJustifications).toHaveLength(1)
    expect((await ask(token, 'INC-1')).json.moreJustifications).toHaveLength(1)
    for (const reason of ['b', 'c']) expect((await ask(token, reason)).status).toBe(200)
    const full = await ask(token, 'f')
    expect([full.status, full.json.code, full.json.detail]).toEqual([
      429,
      'rate-limited',
      expect.stringContaining('already has 4 justifications'),
    ])
    const seen = await sandbox.get(`/requests/${first.id}`, await lab.token({ sub: 'pat', groups: ['peers'] }))
    expect(seen.json.moreJustifications.map(({ text }: { text: string }) => text)).toEqual([REASON, 'b', 'c'])
  })
  test('given anew makes an approver who saw less look again', async () => {
    const token = await engineer('eng-etag')
    const { json: first } = await ask(token, 'INC-2')
    const peer = await lab.token({ sub: 'pat', groups: ['peers'] })
    const tag = (await sandbox.get(`/requests/${first.id}`, peer)).headers.get('etag') ?? ''
    await ask(token, 'INC-3')
    const stale = await sandbox.call('POST', `/requests/${first.id}/approve`, peer, {}, { 'if-match': tag })
    expect([stale.status, stale.json.code]).toEqual([412, 'request-changed'])
  })
  test('given anew through POST /sessions is kept too', async () => {
    const token = await engineer('eng-sessions')
    const first = await sandbox.vend(token, { profile: 'lab-one', justification: 'INC-4' })
    const again = await sandbox.vend(token, { profile: 'lab-one', justification: 'INC-5' })
    expect([first.status, again.status, again.json.requestId]).toEqual([202, 202, first.json.requestId])
    expect((await sandbox.get(`/requests/${first.json.requestId}`, token)).json).toMatchObject({
      justification: 'INC-4',
      moreJustifications: [{ text: 'INC-5' }],
    })
  })
})

test('the log of all of this is in order', async () => expect(await faults()).toEqual([]))

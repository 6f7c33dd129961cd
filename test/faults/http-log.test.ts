/**
 * Faults of the key that signs the audit log (KMS) and of a witness, over real HTTP: the shipper and its adapters, with a server between
 * that refuses, resets, hangs, throttles, fails, answers late, answers garbage, or lies. KMS in trouble publishes nothing, and a witness in
 * trouble delays nothing. Once the fault is gone, the same shipper goes on.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { journalsOfDays } from '@stint/broker/adapters/dynamodb/journal-reader'
import { type WitnessServer, witnessServer } from '@stint/broker/adapters/testing/witness-server'
import { type Shipper, shipLost } from '@stint/broker/log/ship'
import { Trouble } from '@stint/broker/ports/log'
import { dynamoClient } from '@stint/broker/wiring/dynamodb'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { toDay } from '@stint/core/instant'
import { brokerKey } from '@stint/sandbox/aws/world'
import { startShipper } from '@stint/sandbox/sandbox'
import { openCheckpoint } from '@stint/tlog/checkpoint'
import { formatVkey, type NoteKey, parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACTS, afterTheCall, answer, CALM, change, common, instead, type Named, rows } from '../support/faulty-answers.ts'
import { type Fault, type FaultyServer, faultyServer, type PassedAnswer, type PassedCall } from '../support/faulty-server.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let kms: FaultyServer
let witness: WitnessServer
let between: FaultyServer
let token: string
let shipper: Shipper
let journals: ReturnType<typeof dynamoClient>
const said: { readonly event?: unknown; readonly witness?: unknown }[] = []

/** A shipper as a deployment has it, with one witness. */
async function open() {
  const { rules, aws, urls } = sandbox
  const witnesses = [{ url: between.url, vkey: formatVkey(witness.key) }]
  const opened = await startShipper({
    rules: { ...rules, log: { ...rules.log, witnesses } as never },
    endpoints: { sts: urls.aws, dynamodb: urls.aws, s3: urls.aws, kms: kms.url },
    region: aws.world.region,
    clock: sandbox.now,
    log: (line) => void said.push(line),
    key: brokerKey(aws.world, 'ship'),
  })
  return opened.shipper
}

/** Ships every journal of today that has grown, as the hourly comparison does. */
function ship() {
  sandbox.settle()
  return shipLost(shipper, journalsOfDays({ client: journals, storyTable: 'stint', sleep }, [toDay(sandbox.now())]))
}

/** What is published: how much, and which witnesses signed it. */
async function published() {
  const stored = await shipper.log.get('checkpoint')
  const opened = openCheckpoint(Buffer.from(stored?.bytes ?? []).toString('utf8'), [parseVkey(sandbox.logVkey) as NoteKey], [witness.key])
  if (opened.outcome === 'fault') throw new Error(opened.fault)
  return { size: opened.value.size, witnesses: opened.value.witnesses }
}

/** New events, which are not in the log yet. */
async function happen() {
  expect((await sandbox.vend(token, { profile: 'staging-power' })).status).toBe(201)
}

beforeAll(async () => {
  sandbox = await testSandbox()
  token = await sandbox.token('developer')
  kms = await faultyServer(sandbox.urls.aws)
  witness = await witnessServer('witness.example/w1', [parseVkey(sandbox.logVkey) as NoteKey])
  between = await faultyServer(witness.url)
  shipper = await open()
  journals = dynamoClient({
    region: sandbox.aws.world.region,
    clock: sandbox.now,
    keys: brokerKey(sandbox.aws.world, 'compare'),
    endpoints: { sts: sandbox.urls.aws, dynamodb: sandbox.urls.aws },
  } as never)
  await happen()
  expect((await ship()).outcome).toBe('done')
  expect((await published()).witnesses).toEqual(['witness.example/w1'])
})
afterAll(async () => {
  for (const server of [kms, between]) await server?.close()
  witness?.close()
  await sandbox?.close()
})

/** Each hang lasts as long as all tries of the client, so one before the call and one in the body are enough. */
const withoutLateHang = common.filter(({ fault }) => fault.how !== 'hang' || fault.when !== 'after')

const kmsError = (status: number, type: string) =>
  answer(status, 'application/x-amz-json-1.1', JSON.stringify({ __type: type, message: 'KMS said this.' }))
const ofKms: readonly Named[] = [
  { name: 'throttles', fault: instead(kmsError(400, 'ThrottlingException')), ...CALM },
  { name: 'fails with 500', fault: instead(kmsError(500, 'KMSInternalException')), ...CALM },
  { name: 'fails with 500 after it did the call', fault: afterTheCall(kmsError(500, 'KMSInternalException')), ...ACTS },
  { name: 'waits for a dependency', fault: instead(kmsError(503, 'DependencyTimeoutException')), ...CALM },
  { name: 'has disabled the key', fault: instead(kmsError(400, 'DisabledException')), ...CALM },
  { name: 'denies', fault: instead(kmsError(400, 'AccessDeniedException')), ...CALM },
]
const signs = ({ action }: PassedCall) => action === 'Sign'
const inBody = (lie: (body: any) => void): Fault =>
  change((text) => {
    const body = JSON.parse(text)
    lie(body)
    return JSON.stringify(body)
  })

describe('KMS, when the checkpoint is signed', () => {
  /** Signs nothing and publishes nothing under the fault, and everything without it. */
  async function expectNothingPublished(fault: Fault | 'refuse'): Promise<void> {
    await happen()
    const before = await published()
    const struck = fault === 'refuse' ? () => 1 : kms.break(fault, signs)
    if (fault === 'refuse') await kms.refuse()
    const shipped = await ship()
    await kms.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
    expect(shipped).toMatchObject({ outcome: 'unknown', cause: expect.stringMatching(/^kms: /) })
    expect(await published()).toEqual(before)
    expect((await ship()).outcome).toBe('done')
    expect((await published()).size).toBeGreaterThan(before.size)
  }

  test.each(rows([...withoutLateHang, ...ofKms]))('%s', (_name, { fault }) => expectNothingPublished(fault), 60_000)
  test('refuses connections', () => expectNothingPublished('refuse'))

  let earlier: PassedAnswer | undefined
  function keep(whole: PassedAnswer): PassedAnswer {
    earlier = whole
    return whole
  }
  test.each<[string, () => Fault]>([
    ['a signature of an earlier checkpoint', () => ({ how: 'change', change: (whole) => earlier ?? whole })],
    ['a signature with one bit changed', () => inBody((body) => Object.assign(body, { Signature: flipped(body.Signature) }))],
    ['another key', () => inBody((body) => Object.assign(body, { KeyId: `${body.KeyId}2` }))],
    ['another algorithm', () => inBody((body) => Object.assign(body, { SigningAlgorithm: 'ED25519_PH_SHA_512' }))],
    ['no signature', () => inBody((body) => Object.assign(body, { Signature: undefined }))],
  ])('lies with %s', async (_name, fault) => {
    if (!earlier) {
      kms.break({ how: 'change', change: keep }, signs)
      await happen()
      expect((await ship()).outcome).toBe('done')
      await kms.heal()
    }
    await expectNothingPublished(fault())
  })
})
const flipped = (base64: string): string => {
  const bytes = Buffer.from(base64, 'base64')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes.toString('base64')
}

describe('KMS, when a shipper starts', () => {
  const starts = ({ action }: PassedCall) => action === 'GetPublicKey'
  test.each(rows([...withoutLateHang.filter(({ fault }) => fault.how !== 'hang'), ...ofKms]))('%s', async (_name, { fault }) => {
    const struck = kms.break(fault, starts)
    await expect(open()).rejects.toThrow(Trouble)
    await kms.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
    expect((await open()).signer.key).toEqual(shipper.signer.key)
  })
  test('refuses connections', async () => {
    await kms.refuse()
    await expect(open()).rejects.toThrow(Trouble)
    await kms.heal()
    expect((await open()).signer.key).toEqual(shipper.signer.key)
  })
})

describe('a witness', () => {
  /** Everything is published without the witness, and its cosignature returns with the next checkpoint. */
  async function expectPublishedWithout(fault: Fault | 'refuse'): Promise<void> {
    await happen()
    const before = await published()
    said.length = 0
    const struck = fault === 'refuse' ? () => 1 : between.break(fault)
    if (fault === 'refuse') await between.refuse()
    const shipped = await ship()
    await between.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
    expect(shipped.outcome).toBe('done')
    const during = await published()
    expect(during.size).toBeGreaterThan(before.size)
    expect(during.witnesses).toEqual([])
    expect(said).toContainEqual(expect.objectContaining({ event: 'witness-missing', witness: witness.key.name }))
    await happen()
    expect((await ship()).outcome).toBe('done')
    expect((await published()).witnesses).toEqual([witness.key.name])
  }
  const plain = (status: number, text: string, type = 'text/plain') => instead(answer(status, type, text))

  // An endless body begins with a good cosignature, and is too long.
  test.each(rows(withoutLateHang))('%s', (_name, { fault }) => expectPublishedWithout(fault), 60_000)
  test.each<[string, () => Fault | 'refuse']>([
    ['refuses connections', () => 'refuse'],
    ['throttles', () => plain(429, 'slow down')],
    ['fails with 500', () => plain(500, 'oops')],
    ['fails with 500 after it signed', () => afterTheCall(answer(500, 'text/plain', 'oops'))],
    ['redirects', () => instead(answer(302, 'text/plain', '', { location: `${witness.url}/add-checkpoint` }))],
    ['no longer knows the log', () => plain(404, '')],
    ['refuses the proof', () => plain(422, '')],
    ['says that it has seen more than there is', () => plain(409, '999999999\n', 'text/x.tlog.size')],
    ['says that it has seen less, again and again', () => plain(409, '1\n', 'text/x.tlog.size')],
    ['signs in the name of another', () => change((text) => text.replace(witness.key.name, 'witness.example/w2'))],
    ['returns a signature with one bit changed', () => change((text) => text.replace(/[A-Za-z]=*\n$/, 'AA==\n'))],
  ])('%s', (_name, fault) => expectPublishedWithout(fault()))

  test('lies with the cosignature of an earlier checkpoint', async () => {
    let earlier: PassedAnswer | undefined
    between.break({
      how: 'change',
      change(whole) {
        earlier ??= whole
        return whole
      },
    })
    await happen()
    expect((await ship()).outcome).toBe('done')
    await between.heal()
    expect(earlier?.status).toBe(200)
    await expectPublishedWithout({ how: 'change', change: () => earlier as PassedAnswer })
  })
})

test('after all of this, the log verifies from end to end, and each event of the table is in it once', async () => {
  await sandbox.sweep()
  expect((await ship()).outcome).toBe('done')
  const report = await verify({
    source: storeSource(shipper),
    keys: [shipper.signer.key],
    witnesses: [witness.key],
    quorum: 1,
    table: journalsOfDays({ client: journals, storyTable: 'stint', sleep }, [toDay(sandbox.now())]),
    now: sandbox.now(),
  })
  expect([report.faults, report.table?.unshipped]).toEqual([[], 0])
})

/**
 * Faults of the two services that end sessions at once, IAM and SQS, over real HTTP: a server between them and Stint refuses, resets, hangs,
 * throttles, fails, answers garbage, or lies. No end is called done that IAM did not return, and once the fault is gone the next run
 * finishes it. What SQS does keeps no end from being noted, so that the sweeper can send the message again.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { carryOut, type Ender } from '@stint/broker/ends/carry-out'
import type { ImmediateEnds } from '@stint/broker/ends/request-end'
import { createEnder, createImmediateEnds } from '@stint/broker/wiring/ends'
import { END_POLICY_NAME } from '@stint/core/request/immediate-end'
import { END_QUEUE } from '@stint/sandbox/aws/sqs'
import { brokerKey, tables } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACTS, afterTheCall, answer, CALM, change, common, instead, type Named, rows } from '../support/faulty-answers.ts'
import { type Fault, type FaultyServer, faultyServer, type PassedAnswer, type PassedCall } from '../support/faulty-server.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
const PLACE = { target: 'staging', roleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser' } as const

let lab: Lab
let sandbox: TestSandbox
let iam: FaultyServer
let sqs: FaultyServer
let ender: Ender
let ends: ImmediateEnds
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings, end: false })
  const { aws, urls, rules, now } = sandbox
  iam = await faultyServer(urls.aws)
  sqs = await faultyServer(urls.aws)
  const endpoints = { sts: urls.aws, dynamodb: urls.aws }
  const common = {
    ...{ rules, build: 'sandbox', region: aws.world.region, endpoints, tables, clock: now, log: () => {} },
    random: (count: number) => randomBytes(count),
    // Its waits between two tries are shortened.
    sleep: (ms: number) => sleep(ms / 20),
  }
  ender = createEnder({ ...common, iam: iam.url, keys: brokerKey(aws.world, 'end') })
  const queueUrl = queue().url
  const made = createImmediateEnds({ ...common, keys: brokerKey(aws.world, 'api'), ends: { queueUrl, endpoint: sqs.url } })
  if (!made.immediate) throw new Error('no immediate ends')
  ends = made.immediate
})
afterAll(async () => {
  for (const server of [iam, sqs]) await server?.close()
  await sandbox?.close()
  await lab?.close()
})

function queue() {
  const found = sandbox.aws.world.queues.find(({ url }) => url.endsWith(END_QUEUE))
  if (!found) throw new Error('no queue of ends')
  return found
}
let serial = 0
/** A session that its caller has ended: noted, and not carried out. Returns its state. */
async function endedSession() {
  const sub = `ender-${++serial}`
  const token = () => lab.token({ sub, role: 'engineer', groups: [], name: 'Erin' })
  const { json } = await sandbox.vend(await token(), { profile: 'once' })
  await sandbox.call('DELETE', `/sessions/${json.id}`, await token())
  return {
    suffix: String(json.id).split('.')[1] ?? '',
    state: async () => (await sandbox.get(`/sessions/${json.id}`, await token())).json.immediateEnd as string | undefined,
  }
}
const policyOfRole = () => sandbox.aws.world.roles.get(PLACE.roleArn)?.inline.get(END_POLICY_NAME)?.text ?? ''
/** Whether a run of the `end` function is over; otherwise its message is delivered again. */
const run = () =>
  carryOut(ender, PLACE).then(
    () => true,
    () => false,
  )

const XML = 'text/xml'
const iamError = (status: number, code: string) =>
  answer(
    status,
    XML,
    `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  )
const ofIam: readonly Named[] = [
  { name: 'throttles', fault: instead(iamError(400, 'Throttling')), ...CALM },
  { name: 'fails with 500', fault: instead(iamError(500, 'ServiceFailure')), ...CALM },
  { name: 'fails with 500 after it did the call', fault: afterTheCall(iamError(500, 'ServiceFailure')), ...ACTS },
  { name: 'denies', fault: instead(iamError(403, 'AccessDenied')), ...CALM },
]
/** A hang lasts as long as the client waits, so one is enough. */
const withoutLateHangs = common.filter(({ fault }) => fault.how !== 'hang' || fault.when === 'before')
const calls =
  (action: string) =>
  (call: PassedCall): boolean =>
    call.action === action

describe('IAM, when the policy of a role is written', () => {
  test.each(rows([...withoutLateHangs, ...ofIam]))('%s', async (_name, { fault, acts }) => {
    const session = await endedSession()
    const struck = iam.break(fault, calls('PutRolePolicy'))
    const isOver = await run()
    await iam.heal()
    expect([struck() > 0, isOver, await session.state()]).toEqual([true, false, 'requested'])
    expect(policyOfRole().includes(session.suffix)).toBe(acts)
    expect([await run(), await session.state()]).toEqual([true, 'read-back'])
    expect(policyOfRole()).toContain(session.suffix)
  })
  test('refuses connections', async () => {
    const session = await endedSession()
    await iam.refuse()
    expect([await run(), await session.state()]).toEqual([false, 'requested'])
    await iam.heal()
    expect([await run(), await session.state()]).toEqual([true, 'read-back'])
  })
})

describe('IAM, when the policy is read back', () => {
  const older = change((text) => text.replaceAll(/%2A\.[0-9a-z]{8}/g, '%2A.00000000'))
  const ofReads: readonly Named[] = [
    { name: 'throttles', fault: instead(iamError(400, 'Throttling')), ...CALM },
    { name: 'has no such policy', fault: instead(iamError(404, 'NoSuchEntity')), ...CALM },
    { name: 'denies', fault: instead(iamError(403, 'AccessDenied')), ...CALM },
    { name: 'returns another policy', fault: older, ...ACTS },
    { name: 'returns the policy of another role', fault: change((text) => text.replaceAll('PowerUser', 'Admin')), ...ACTS },
    { name: 'returns the answer to another call', fault: change((text) => text.replaceAll('GetRolePolicy', 'GetRole')), ...ACTS },
  ]
  test.each(rows([...withoutLateHangs, ...ofReads]))('%s', async (_name, { fault }) => {
    const session = await endedSession()
    const struck = iam.break(fault, calls('GetRolePolicy'))
    const isOver = await run()
    await iam.heal()
    // Written, and never called read back.
    expect([struck() > 0, isOver, await session.state()]).toEqual([true, false, 'written'])
    expect([await run(), await session.state()]).toEqual([true, 'read-back'])
  })
})

describe('SQS, when the end function is woken', () => {
  const sqsError = (status: number, type: string): PassedAnswer =>
    answer(status, 'application/x-amz-json-1.0', JSON.stringify({ __type: type, message: 'SQS said this.' }))
  const lie = (of: (body: Record<string, unknown>) => object): Fault => change((text) => JSON.stringify(of(JSON.parse(text))))
  const ofSqs: readonly Named[] = [
    { name: 'throttles', fault: instead(sqsError(400, 'com.amazonaws.sqs#RequestThrottled')), ...CALM },
    { name: 'fails with 500', fault: instead(sqsError(500, 'InternalError')), ...CALM },
    { name: 'denies', fault: instead(sqsError(403, 'AccessDenied')), ...CALM },
    { name: 'has no such queue', fault: instead(sqsError(400, 'com.amazonaws.sqs#QueueDoesNotExist')), ...CALM },
    { name: 'names no message', fault: lie(({ MessageId: _gone, ...body }) => body), ...ACTS },
    { name: 'returns the digest of another message', fault: lie((body) => ({ ...body, MD5OfMessageBody: '0'.repeat(32) })), ...ACTS },
  ]
  test.each(rows([...withoutLateHangs, ...ofSqs]))('%s', async (_name, { fault, acts }) => {
    const before = queue().messages.length
    const struck = sqs.break(fault, calls('SendMessage'))
    const woken = await ends.queue.wake(PLACE)
    await sqs.heal()
    expect([struck() > 0, woken.outcome]).toEqual([true, 'unknown'])
    // Two sends of one call are one message.
    expect(queue().messages.length - before).toBe(acts ? 1 : 0)
    expect((await ends.queue.wake(PLACE)).outcome).toBe('done')
    expect(queue().messages.length - before).toBe(acts ? 2 : 1)
  })
  test('refuses connections', async () => {
    await sqs.refuse()
    expect((await ends.queue.wake(PLACE)).outcome).toBe('unknown')
    await sqs.heal()
    expect((await ends.queue.wake(PLACE)).outcome).toBe('done')
  })
})

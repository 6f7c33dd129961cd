/**
 * Each call of the vend path crossed with each way in which it can go wrong, over either client. After every row the invariants are checked on what
 * is left behind. "after" means that AWS did what it was asked and only the answer was lost.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CLIENTS } from '@stint/broker/adapters/testing/clients'
import type { Answer } from '@stint/sandbox/aws/sts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { brokenInvariants, madeByAws, storedRequests } from '../support/checkers.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { stage, times, writing } from '../support/stage.ts'

type Step = 'reserve' | 'assume' | 'record'
type Fault = { readonly step: Step; readonly how: How; readonly times: number }
type How = 'error before' | 'error after' | 'drop before' | 'drop after' | 'throttle' | 'denied' | 'packed' | 'slow'

const staged = stage()
let sandbox: TestSandbox
let fault: Fault | undefined
let struck = 0
let updates = 0
const left: string[] = []

const xmlError = (status: number, code: string, message: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'aws-request-1' },
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>aws-request-1</RequestId></ErrorResponse>`,
})
const jsonError: Answer = {
  status: 500,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: '{"__type":"InternalServerError","message":"broken"}',
}

describe.each(CLIENTS)('over %s', (client) => {
  beforeAll(async () => {
    left.length = 0
    sandbox = await testSandbox({
      ...(client === 'sdk' ? { vendClient: client } : {}),
      deadlines: { connect: 1000, ledger: 1000, sts: 5000 },
      async intercept(service, action, next, request) {
        const step: Step | undefined =
          action === 'AssumeRole' ? 'assume' : action === 'UpdateItem' ? (updates === 0 ? 'reserve' : 'record') : undefined
        const strikes = fault !== undefined && step === fault.step && struck < fault.times
        if (!strikes) {
          const answer = await staged.intercept(service, action, next, request)
          // The step after reserve begins once AWS was asked.
          if (step === 'assume') updates = 1
          return answer
        }
        struck++
        switch (fault?.how) {
          case 'drop before':
            return 'drop'
          case 'drop after':
            await next()
            return 'drop'
          case 'error before':
            return step === 'assume' ? xmlError(500, 'InternalFailure', 'broken') : jsonError
          case 'error after':
            await next()
            return step === 'assume' ? xmlError(500, 'InternalFailure', 'broken') : jsonError
          case 'throttle':
            return step === 'assume'
              ? xmlError(400, 'Throttling', 'Rate exceeded')
              : {
                  ...jsonError,
                  status: 400,
                  body: '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow"}',
                }
          case 'denied':
            return xmlError(
              403,
              'AccessDenied',
              'User: x is not authorized to perform: sts:AssumeRole on resource: y because no role trust policy allows the sts:AssumeRole action',
            )
          case 'packed':
            return xmlError(400, 'PackedPolicyTooLarge', 'Packed size of session tags consumes 498% of allotted space.')
          case 'slow': {
            const answer = await next()
            await sleep(6000)
            return answer
          }
          default:
            throw new Error('unreachable')
        }
      },
    })
  })
  afterAll(() => sandbox.close())
  beforeEach(() => {
    fault = undefined
    struck = 0
    updates = 0
  })

  async function vendWith(wanted: Fault) {
    fault = wanted
    const answer = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
    fault = undefined
    if (answer.status === 201) left.push(answer.json.credentials.accessKeyId)
    return answer
  }

  const ALWAYS = 99
  /** What the latest request's one session looks like afterwards. */
  const stateAfter = async () => {
    const latest = (await storedRequests(sandbox)).sort((a, b) => (a.id < b.id ? 1 : -1))[0]
    return latest?.sessions[0]?.state
  }

  describe('one fault, then health: the call is sent again with the same ids', () => {
    test.each<[Step, How]>([
      ['reserve', 'error before'],
      ['reserve', 'error after'],
      ['reserve', 'drop before'],
      ['reserve', 'drop after'],
      ['reserve', 'throttle'],
      ['assume', 'error before'],
      ['assume', 'error after'],
      ['assume', 'drop before'],
      ['assume', 'drop after'],
      ['assume', 'throttle'],
      ['record', 'error before'],
      ['record', 'error after'],
      ['record', 'drop before'],
      ['record', 'drop after'],
      ['record', 'throttle'],
    ])('%s, %s → issued', async (step, how) => {
      const made = madeByAws(sandbox).length
      const answer = await vendWith({ step, how, times: 1 })
      expect(answer.status).toBe(201)
      expect(await stateAfter()).toBe('issued')
      expect(await brokenInvariants(sandbox, left)).toEqual([])
      // A lost answer of STS leaves one live session more behind, which never left Stint; it is counted.
      const extra = step === 'assume' && how.endsWith('after') ? 1 : 0
      expect(madeByAws(sandbox).length - made).toBe(1 + extra)
      const session = await sandbox.get(`/sessions/${answer.json.id}`, await sandbox.token('developer'))
      expect(session.json.issued.sends).toBe(step === 'assume' ? 2 : 1)
    })
  })

  describe('a fault that stays: nothing leaves, and the answer says why', () => {
    test.each<[Step, How, number, string, string | undefined]>([
      ['reserve', 'error before', 503, 'ledger-unavailable', undefined],
      ['reserve', 'error after', 503, 'ledger-unavailable', 'reserved'],
      ['reserve', 'drop before', 503, 'ledger-unavailable', undefined],
      ['reserve', 'throttle', 503, 'ledger-unavailable', undefined],
      ['assume', 'error before', 504, 'sts-timeout', 'reserved'],
      ['assume', 'drop after', 504, 'sts-timeout', 'reserved'],
      ['assume', 'throttle', 503, 'sts-throttled', 'failed'],
      ['assume', 'denied', 502, 'assume-role-denied', 'failed'],
      ['assume', 'packed', 502, 'packed-policy-too-large', 'failed'],
      ['record', 'error before', 503, 'ledger-unavailable', 'reserved'],
      ['record', 'drop before', 503, 'ledger-unavailable', 'reserved'],
      ['record', 'drop after', 503, 'ledger-unavailable', 'issued'],
    ])('%s, %s → %i %s, the session is %s', async (step, how, status, code, state) => {
      const before = (await storedRequests(sandbox)).length
      const answer = await vendWith({ step, how, times: ALWAYS })
      expect([answer.status, answer.json.code]).toEqual([status, code])
      expect(answer.text).not.toMatch(/ASIA|secretAccessKey/)
      const after = await storedRequests(sandbox)
      expect(after.length - before).toBe(state === undefined ? 0 : 1)
      if (state !== undefined) expect(await stateAfter()).toBe(state)
      expect(await brokenInvariants(sandbox, left)).toEqual([])
      if (status === 503) expect(answer.headers.get('retry-after')).toBe('5')
      if (code === 'assume-role-denied') expect(answer.json.gate).toBe('trust-policy')
    })

    test('record, drop after: the session is on record as issued, though nobody has it', async () => {
      expect(await stateAfter()).toBe('issued')
    })

    test('an STS that is slow for longer than the whole call may last', async () => {
      const answer = await vendWith({ step: 'assume', how: 'slow', times: ALWAYS })
      expect([answer.status, answer.json.code]).toEqual([504, 'sts-timeout'])
      expect(await stateAfter()).toBe('reserved')
      expect(await brokenInvariants(sandbox, left)).toEqual([])
    })
  })

  describe('an Idempotency-Key whose first try failed for certain', () => {
    test('takes a new reservation, and nothing is stuck in progress', async () => {
      const token = await sandbox.token('developer')
      const vend = () => sandbox.vend(token, { profile: 'staging-power' }, { 'idempotency-key': 'again' })
      fault = { step: 'assume', how: 'denied', times: 1 }
      expect((await vend()).json.code).toBe('assume-role-denied')
      const second = await vend()
      expect(second.status).toBe(201)
      left.push(second.json.credentials.accessKeyId)
      expect((await vend()).json).toMatchObject({ code: 'already-issued', session: second.json.id })
      expect(await brokenInvariants(sandbox, left)).toEqual([])
    })
  })

  describe('what nobody closed is given back', () => {
    test('reservations without a record are abandoned after 90 s, once, and leave the index of open ones', async () => {
      const reserved = async () =>
        (await storedRequests(sandbox)).flatMap(({ sessions }) => sessions).filter(({ state }) => state === 'reserved').length
      const before = await reserved()
      expect(before).toBeGreaterThan(3)
      expect((await sandbox.sweep()).abandoned).toBe(0)
      sandbox.advance(91_000)
      const race = staged.meet(...times(2, writing('session.abandoned')))
      const swept = await Promise.all([sandbox.sweep(), sandbox.sweep()])
      await race.met
      expect(swept.reduce((sum, { abandoned }) => sum + abandoned, 0)).toBe(before)
      expect(await reserved()).toBe(0)
      expect((await storedRequests(sandbox)).filter(({ open }) => open)).toEqual([])
      expect(await brokenInvariants(sandbox, left)).toEqual([])
      sandbox.advance(-91_000)
    })
  })

  describe('no word of a credential stands in the log', () => {
    test('of all the calls above', async () => {
      const text = JSON.stringify(sandbox.log)
      const secrets = [...sandbox.aws.world.identities.values()].flatMap(({ key }) => [
        key.secretAccessKey,
        ...(key.sessionToken ? [key.sessionToken] : []),
      ])
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
      expect(text).not.toContain(await sandbox.token('developer'))
      const table = JSON.stringify(sandbox.aws.dynamo.records)
      expect(secrets.filter((secret) => table.includes(secret))).toEqual([])
    })
  })
})

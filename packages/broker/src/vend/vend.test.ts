/** The vend path over a ledger in this process: what each step leaves behind, and what the caller gets, when any part refuses or is silent. */
import type { Profile } from '@stint/core/config/shape'
import { idempotentRequestId, type RequestId } from '@stint/core/ids'
import { done, refused } from '@stint/core/outcome'
import { caller, profile } from '@stint/core/testing/fixtures'
import { describe, expect, test } from 'vitest'
import type { Broker } from '../ports/broker.ts'
import { bucketSlot, freshSlot } from './slot.ts'
import { answerTo, brokerInProcess, call, NOW } from './testing/broker.ts'
import { vend } from './vend.ts'

const dana = caller()
const ask = { profile: 'reader' } as const
const silent = { outcome: 'unknown', cause: 'ledger: lost' } as const
const approvers = [{ issuer: 'people', claims: { groups: { includes: 'leads' } } }]
const approval = { rules: [{ by: approvers, count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 2 }
const run = (broker: Broker, wanted = {}, options = {}, who = dana) => vend(broker, call, who, { ...ask, ...wanted }, options)

describe('a session', () => {
  test('is reserved, assumed and recorded, and its credentials are returned', async () => {
    const { broker, sent, memory } = brokerInProcess()
    const vended = await run(broker)
    if (vended.outcome !== 'done') throw new Error(JSON.stringify(vended))
    const { request, session, sessionName, assumed, issuedAt, expiration, scope } = vended.value
    expect(vended.profile).toBe('reader')
    expect(vended.value.caller).toBe(dana)
    expect(session.startsWith(`${request}.`)).toBe(true)
    expect(sessionName).toBe(`Dana-${session}`)
    expect(sent).toMatchObject([{ roleSessionName: sessionName, durationSeconds: 1800, externalId: 'ext-1' }])
    expect(assumed.credentials.accessKeyId).toBe('ASIA0000000000000001')
    expect([issuedAt, expiration, scope.duration]).toEqual([NOW, NOW + 1_800_000, 1800])
    expect(memory.events(`REQ#${request}`)).toEqual(['request.created', 'session.reserved', 'session.issued'])
  })
  test.each<[string, number, number]>([
    ['AWS’s expiration, if it is earlier', -1000, 1_799_000],
    ['its exact end otherwise', 30_000, 1_800_000],
  ])('ends at %s', async (_name, later, expected) => {
    const { broker } = brokerInProcess(undefined, async (input) => {
      const answer = answerTo(input)
      return done({ ...answer, credentials: { ...answer.credentials, expiration: answer.credentials.expiration + later } })
    })
    expect(await run(broker)).toMatchObject({ value: { expiration: NOW + expected } })
  })
  test('is issued no earlier than it was reserved, although the clock is set back meanwhile', async () => {
    const { broker, memory } = brokerInProcess(undefined, async (input) => {
      memory.setNow(NOW - 5000)
      return done(answerTo(input))
    })
    expect(await run(broker)).toMatchObject({ outcome: 'done', value: { issuedAt: NOW } })
  })
})

describe('nothing is sent to AWS', () => {
  test.each<[string, Partial<Profile>, object, object, object]>([
    ['for an unknown profile', {}, { profile: 'other' }, {}, { code: 'profile-unknown' }],
    ['for a caller whom the rules exclude', { eligible: [{ issuer: 'ci', claims: { sub: 'x' } }] }, {}, {}, { code: 'profile-unknown' }],
    [
      'from another network',
      { eligible: [{ issuer: 'people', claims: { groups: { includes: 'developers' } }, sourceIp: ['10.0.0.0/8'] }] },
      {},
      {},
      { code: 'source-ip' },
    ],
    ['for too long a duration', {}, { duration: '2h' }, {}, { code: 'duration-invalid' }],
    [
      'where the entry point does not accept the profile',
      {},
      {},
      { refusalOf: () => refused('approval-required', 'not here') },
      { code: 'approval-required', detail: 'not here' },
    ],
    ['for a request ID that is none', { approval }, { requestId: 'x' }, {}, { code: 'request-unknown' }],
    ['for a request that does not exist', { approval }, { requestId: `req_${'1'.repeat(26)}` }, {}, { code: 'request-unknown' }],
    ['for a named request of a profile without approval', {}, { requestId: `req_${'1'.repeat(26)}` }, {}, { code: 'request-unknown' }],
  ])('%s, and the refusal is recorded', async (_name, change, wanted, options, expected) => {
    const { broker, sent, memory, answering } = brokerInProcess({ reader: profile(change) })
    const refusals: unknown[] = []
    const recording = answering({
      refuse: async (refusal) => {
        refusals.push(refusal)
        return memory.ledger.refuse(refusal)
      },
    })
    expect(await run(recording, wanted, options)).toMatchObject({
      outcome: 'refused',
      ...expected,
      caller: dana,
      profile: { ...ask, ...wanted }.profile,
    })
    expect(refusals).toMatchObject([
      { call, caller: dana, profile: { ...ask, ...wanted }.profile, code: (expected as { code: string }).code },
    ])
    expect([sent, broker.build]).toEqual([[], 'test'])
  })
  test('if the ledger does not answer the reservation', async () => {
    const { sent, answering } = brokerInProcess()
    expect(await run(answering({ reserve: async () => silent }))).toEqual({
      outcome: 'refused',
      code: 'ledger-unavailable',
      detail: 'The ledger did not answer, so no credentials were returned.',
      operator: 'ledger: lost',
      caller: dana,
      profile: 'reader',
    })
    expect(sent).toEqual([])
  })
  test('if the profile needs approval: the request waits', async () => {
    const { broker, sent } = brokerInProcess({ reader: profile({ approval }) })
    const waiting = await run(broker)
    expect(waiting).toMatchObject({ outcome: 'waiting', request: { state: 'pending', profile: 'reader' }, profile: 'reader', caller: dana })
    expect(sent).toEqual([])
  })
  test('the entry point sees profile, caller and approval', async () => {
    const { broker } = brokerInProcess({ reader: profile({ approval }) })
    const seen: unknown[] = []
    await run(broker, {}, { refusalOf: (...given: unknown[]) => void seen.push(...given) })
    expect(seen).toEqual([profile({ approval }), dana, approval])
  })
  test('if the target needs approval', async () => {
    const { broker } = brokerInProcess()
    const targets = { prod: { ...broker.rules.targets.prod, approval } } as Broker['rules']['targets']
    expect(await run({ ...broker, rules: { ...broker.rules, targets } })).toMatchObject({ outcome: 'waiting' })
  })
  test('if the refusal of approval is final', async () => {
    const { answering } = brokerInProcess({ reader: profile({ approval }) })
    expect(await run(answering({ frozen: async () => silent }))).toMatchObject({
      code: 'ledger-unavailable',
      caller: dana,
      profile: 'reader',
    })
  })
})

describe('a freeze', () => {
  const rita = { issuer: 'people', subject: 'rita', name: 'Rita', kind: 'human' } as const
  test('stops the session: the use returns, and AWS is not called', async () => {
    const { broker, memory, sent } = brokerInProcess()
    await memory.ledger.freeze({ kind: 'target', id: 'prod' }, rita, 'incident', undefined, NOW)
    expect(await run(broker)).toMatchObject({
      code: 'frozen',
      detail: 'Access is frozen.',
      operator: 'frozen: incident',
      caller: dana,
      profile: 'reader',
    })
    expect(sent).toEqual([])
  })
  test('leaves the failed session in the journal', async () => {
    const { memory, answering } = brokerInProcess()
    await memory.ledger.freeze({ kind: 'all' }, rita, 'incident', undefined, NOW)
    const failed: unknown[] = []
    const broker = answering({
      fail: async (reservation, failure, now) => {
        failed.push(failure, now)
        return memory.ledger.fail(reservation, failure, now)
      },
    })
    await run(broker)
    expect(failed).toEqual([{ code: 'frozen', reason: 'frozen: incident', sends: 0 }, NOW])
  })
  test('is read again if reserving is slow', async () => {
    const { memory, answering, sent } = brokerInProcess()
    const slow = (milliseconds: number, isRefused = false) => {
      let reads = 0
      return {
        reads: () => reads,
        broker: answering({
          frozen: async (scopes, now) => {
            reads++
            return memory.ledger.frozen(scopes, now)
          },
          reserve: async (intent) => {
            const reserved = await memory.ledger.reserve(intent)
            await new Promise(setImmediate)
            memory.advance(milliseconds)
            return isRefused ? refused('request-exhausted', 'full') : reserved
          },
        }),
      }
    }
    const [quick, late, full] = [slow(250), slow(251), slow(251, true)]
    expect((await run(quick.broker)).outcome).toBe('done')
    expect((await run(late.broker)).outcome).toBe('done')
    expect((await run(full.broker)).outcome).toBe('refused')
    expect([quick.reads(), late.reads(), full.reads(), sent.length]).toEqual([1, 2, 1, 2])
  })
  test('that cannot be read refuses the session', async () => {
    const { memory, answering, sent } = brokerInProcess()
    const failed: unknown[] = []
    const broker = answering({
      frozen: async () => silent,
      fail: async (reservation, failure, now) => {
        failed.push(failure)
        return memory.ledger.fail(reservation, failure, now)
      },
    })
    expect(await run(broker)).toMatchObject({ code: 'ledger-unavailable', operator: 'ledger: lost' })
    expect(failed).toEqual([{ code: 'ledger-unavailable', reason: 'ledger: lost', sends: 0 }])
    expect(sent).toEqual([])
  })
  test('that cannot be read, beside a refused reservation, is not recorded as a refusal', async () => {
    const { answering } = brokerInProcess()
    let written = 0
    const counting = {
      refuse: async () => {
        written++
        return done(true as const)
      },
      fail: async () => {
        written++
        return done(true as const)
      },
    }
    const full = refused('request-exhausted', 'full')
    expect(await run(answering({ ...counting, frozen: async () => silent, reserve: async () => full }))).toMatchObject({
      code: 'ledger-unavailable',
    })
    expect(written).toBe(0)
  })
  test('beside a refused reservation is the refusal that is recorded', async () => {
    const { memory, answering } = brokerInProcess()
    await memory.ledger.freeze({ kind: 'all' }, rita, 'incident', undefined, NOW)
    const refusals: string[] = []
    const broker = answering({
      reserve: async () => refused('request-exhausted', 'full'),
      refuse: async ({ code }) => {
        refusals.push(code)
        return done(true)
      },
    })
    expect(await run(broker)).toMatchObject({ code: 'frozen' })
    expect(refusals).toEqual(['frozen'])
  })
})

describe('AWS', () => {
  const failing = (assumeRole: Broker['sts']['assumeRole']) => {
    const { memory, answering } = brokerInProcess(undefined, assumeRole)
    const written: unknown[] = []
    return {
      written,
      broker: answering({
        fail: async (reservation, failure, now) => {
          written.push('fail', failure)
          return memory.ledger.fail(reservation, failure, now)
        },
        drop: async (reservation, answer, now) => {
          written.push('drop', answer)
          return memory.ledger.drop(reservation, answer, now)
        },
      }),
    }
  }
  test.each<[string, string | undefined, string]>([
    ['for the operator', 'AccessDenied', 'AccessDenied'],
    ['for the caller, if that is all', undefined, 'denied'],
  ])('that refuses returns the use, with the reason %s', async (_name, operator, reason) => {
    const refusal = {
      ...refused('assume-role-invalid', 'denied', operator === undefined ? {} : { operator }),
      awsRequestId: 'r-2',
      sends: 1,
    }
    const { broker, written } = failing(async () => refusal)
    expect(await run(broker)).toEqual({ ...refusal, caller: dana, profile: 'reader' })
    expect(written).toEqual(['fail', { ...refusal, reason }])
  })
  test('that does not answer leaves the reservation as it is', async () => {
    const { broker, written } = failing(async () => ({ outcome: 'unknown', cause: 'sts: timeout', sends: 2 }))
    expect(await run(broker)).toEqual({
      outcome: 'refused',
      code: 'sts-timeout',
      detail: 'AWS STS gave no usable response. No credentials were returned.',
      operator: 'sts: timeout',
      caller: dana,
      profile: 'reader',
    })
    expect(written).toEqual([])
  })
  test.each<[string, string, object]>([
    ['a request ID', 'r-1', { awsRequestId: 'r-1' }],
    ['a long one', 'r'.repeat(128), { awsRequestId: 'r'.repeat(128) }],
    ['one that is too long', 'r'.repeat(129), {}],
    ['an empty one', '', {}],
    ['one with other characters', 'r 1', {}],
    ['one with other characters at its ends', '!r!', {}],
  ])('that answers for another call is not believed: %s', async (_name, awsRequestId, known) => {
    const { broker, written } = failing(async (input) => done(answerTo(input, { assumedRoleArn: 'arn:other', awsRequestId, sends: 2 })))
    expect(await run(broker)).toEqual({
      outcome: 'refused',
      code: 'sts-answer-invalid',
      detail: 'The response of AWS STS does not match the request. No credentials were returned.',
      operator: 'sts: the ARN is not the one of the requested session',
      caller: dana,
      profile: 'reader',
    })
    expect(written).toEqual(['drop', { reason: 'the ARN is not the one of the requested session', sends: 2, ...known }])
  })
  test('that answers for another call, and a ledger that is silent', async () => {
    const { answering } = brokerInProcess(undefined, async (input) => done(answerTo(input, { assumedRoleArn: 'arn:other' })))
    expect(await run(answering({ drop: async () => silent }))).toMatchObject({
      operator: 'sts: the ARN is not the one of the requested session; not recorded: ledger: lost',
    })
  })
})

describe('credentials that cannot be recorded are not returned', () => {
  test('the ledger is silent', async () => {
    const { answering } = brokerInProcess()
    expect(await run(answering({ record: async () => silent }))).toEqual({
      outcome: 'refused',
      code: 'ledger-unavailable',
      detail: 'The ledger did not answer, so no credentials were returned.',
      operator: 'ledger: lost',
      caller: dana,
      profile: 'reader',
    })
  })
  test('the grant was withdrawn: the session fails, and the use returns', async () => {
    const { answering } = brokerInProcess()
    const failed: unknown[] = []
    const broker = answering({
      record: async () => refused('revoked-in-flight', 'revoked'),
      fail: async (_reservation, failure) => {
        failed.push(failure)
        return done(true)
      },
    })
    expect(await run(broker)).toEqual({ outcome: 'refused', code: 'revoked-in-flight', detail: 'revoked', caller: dana, profile: 'reader' })
    expect(failed).toEqual([{ code: 'revoked-in-flight', reason: 'revoked', awsRequestId: 'r-1', sends: 1 }])
  })
})

describe('the request of a session', () => {
  const intentOf = async (
    change: Partial<Broker['rules']['issuers'][string]>,
    wanted = {},
    options = {},
    profileChange: Partial<Profile> = {},
  ) => {
    const { broker, answering } = brokerInProcess({ reader: profile(profileChange) })
    const intents: any[] = []
    const issuers = { ...broker.rules.issuers, people: { ...broker.rules.issuers.people, ...change } } as Broker['rules']['issuers']
    const capturing = answering({
      reserve: async (intent) => {
        intents.push(intent)
        return silent
      },
    })
    await run({ ...capturing, rules: { ...broker.rules, issuers } }, wanted, options)
    return intents[0]
  }
  const idempotency = { key: 'k-1', fingerprint: 'f1' }
  test('is new: everything that reserve writes', async () => {
    const intent = await intentOf({})
    expect(intent).toEqual({
      call,
      request: expect.stringMatching(/^req_[0-9A-Z]{26}$/),
      named: false,
      session: expect.stringContaining(`${intent.request}.`),
      attempt: expect.stringMatching(/^[0-9a-f]{32}$/),
      caller: dana,
      person: 'people#dana',
      scope: expect.objectContaining({ targetId: 'prod' }),
      sessionName: `Dana-${intent.session}`,
      expiresAt: NOW + 1_800_000,
      windowExpiresAt: NOW + 90_000,
    })
  })
  test.each<[string, { jobIdentity?: string[] }, { renew?: string }, string | undefined]>([
    ['is of the caller’s job, which alone can renew the session', { jobIdentity: ['run_id', 'attempt'] }, { renew: '30m' }, '["7",null]'],
    ['is of no job if the issuer does not tell jobs apart', {}, { renew: '30m' }, undefined],
    ['is of no job if the session has no renewals', { jobIdentity: ['run_id'] }, {}, undefined],
  ])('%s', async (_name, change, renew, job) => {
    const intent = await intentOf(change as object, {}, {}, { duration: { default: '30m', max: '1h', ...renew } as Profile['duration'] })
    expect(intent.job).toBe(job)
  })
  test('is named by a single-use token, before any key', async () => {
    const intent = await intentOf({ replay: 'once' }, {}, { idempotency })
    expect(intent).toMatchObject({ tokenIssuedAt: NOW - 60_000, windowExpiresAt: NOW + 610_000 })
    expect(intent).not.toHaveProperty('fingerprint')
  })
  test('is not looked for, if one is named and the profile needs no approval', async () => {
    expect(await intentOf({}, { requestId: `req_${'1'.repeat(26)}` })).toBeUndefined()
  })
  test('is named by a key', async () => expect(await intentOf({}, {}, { idempotency })).toMatchObject({ fingerprint: 'f1' }))
  test('is the one that the caller names', async () => {
    const requestId = `req_${'1'.repeat(26)}`
    expect(await intentOf({}, { requestId }, {}, { approval })).toMatchObject({ request: requestId, named: true })
    expect(await intentOf({ replay: 'once' }, { requestId }, { idempotency }, { approval })).toMatchObject({
      request: requestId,
      named: true,
    })
  })
})

test('a request for approval has the ID that the key names', async () => {
  const { broker } = brokerInProcess({ reader: profile({ approval }) })
  const idempotency = { key: 'k-1', fingerprint: 'f'.repeat(64) }
  const asked = await run(broker, {}, { idempotency })
  expect(asked).toMatchObject({ outcome: 'waiting', request: { id: idempotentRequestId(dana, 'k-1') } })
})

describe('an entry point with limits', () => {
  const limits = { perMinute: 60, perHour: 1200 }
  test('counts the session by profile and parameters', async () => {
    const { answering } = brokerInProcess()
    const counts: unknown[] = []
    const broker = answering({
      countSession: async (...given) => {
        counts.push(given)
        return done({ place: 1 })
      },
    })
    expect((await run(broker, {}, { slot: bucketSlot(limits) })).outcome).toBe('done')
    expect(counts).toEqual([[{ issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' }, '["reader",{}]', limits, NOW]])
    expect((await run(broker)).outcome).toBe('done')
    expect(counts).toHaveLength(1)
  })
  test('refuses the session if its limit is reached: the use returns', async () => {
    const { answering, memory } = brokerInProcess()
    const failed: unknown[] = []
    const broker = answering({
      countSession: async () => done({ full: 'perMinute' }),
      fail: async (reservation, failure, now) => {
        failed.push(failure)
        return memory.ledger.fail(reservation, failure, now)
      },
    })
    const refusal = await run(broker, {}, { slot: bucketSlot(limits) })
    expect(refusal).toMatchObject({ code: 'rate-limited', caller: dana, profile: 'reader' })
    expect(failed).toEqual([
      {
        code: 'rate-limited',
        reason: 'You have reached the limit of 60 sessions a minute for this profile with these parameters.',
        sends: 0,
      },
    ])
  })
  test.each<[string, object, string, number]>([
    ['goes on with the next request if the first is full', done({ place: 9 }), 'done', 2],
    ['refuses if the limit is reached, too', done({ full: 'perHour' }), 'rate-limited', 1],
    ['refuses if the count is not known', silent, 'ledger-unavailable', 1],
  ])('%s', async (_name, counted, expected, reserves) => {
    const { answering, memory } = brokerInProcess()
    const requests: RequestId[] = []
    const broker = answering({
      countSession: async () => counted as never,
      reserve: async (intent) => {
        requests.push(intent.request)
        return requests.length === 1 ? refused('request-exhausted', 'full') : memory.ledger.reserve(intent)
      },
    })
    const vended = await run(broker, {}, { slot: bucketSlot(limits) })
    expect(vended.outcome === 'refused' ? vended.code : vended.outcome).toBe(expected)
    expect(new Set(requests).size).toBe(reserves)
    if (vended.outcome === 'done') expect(vended.value.request).toBe(requests[1])
  })
  test('refuses in its own terms if the next request is full, too', async () => {
    const { answering } = brokerInProcess()
    const broker = answering({ countSession: async () => done({ place: 9 }), reserve: async () => refused('request-exhausted', 'full') })
    expect(await run(broker, {}, { slot: bucketSlot(limits) })).toMatchObject({ code: 'rate-limited', operator: 'full' })
  })
  test('refuses if its slot has no next request', async () => {
    const { answering } = brokerInProcess()
    const broker = answering({ countSession: async () => done({ place: 9 }), reserve: async () => refused('request-exhausted', 'full') })
    expect(await run(broker, {}, { slot: { ...freshSlot, limits } })).toMatchObject({ code: 'request-exhausted', operator: 'full' })
  })
  test('does not try the next request for another refusal', async () => {
    const { answering } = brokerInProcess()
    let reserves = 0
    const broker = answering({
      countSession: async () => done({ place: 9 }),
      reserve: async () => {
        reserves++
        return refused('idempotency-mismatch', 'other')
      },
    })
    expect(await run(broker, {}, { slot: bucketSlot(limits) })).toMatchObject({ code: 'idempotency-mismatch' })
    expect(reserves).toBe(1)
  })
})

describe('a refused reservation', () => {
  test('without a next request is explained', async () => {
    const { answering } = brokerInProcess()
    expect(await run(answering({ reserve: async () => refused('request-exhausted', 'full') }))).toMatchObject({
      code: 'request-exhausted',
      detail: 'The request has no uses left.',
      operator: 'full',
    })
  })
  test('lists the terms that changed since the approval', async () => {
    const { broker, answering } = brokerInProcess()
    const vended = await run(broker)
    const terms = vended.outcome === 'done' ? vended.value.scope.terms : undefined
    const evidence = { approved: JSON.stringify({ ...terms, role: 'arn:aws:iam::111122223333:role/Other' }) }
    const changed = await run(answering({ reserve: async () => refused('terms-changed', 'changed', { evidence } as never) }))
    expect(changed).toMatchObject({
      code: 'terms-changed',
      evidence: {
        changed: { role: { approved: 'arn:aws:iam::111122223333:role/Other', now: 'arn:aws:iam::111122223333:role/stint/Reader' } },
      },
    })
    expect(changed).not.toHaveProperty('evidence.approved')
  })
  test.each([undefined, { other: 1 }])('stays as it is without the approved terms: %j', async (evidence) => {
    const { answering } = brokerInProcess()
    const refusal = refused('terms-changed', 'changed', (evidence ? { evidence } : {}) as never)
    expect(await run(answering({ reserve: async () => refusal }))).toEqual({ ...refusal, caller: dana, profile: 'reader' })
  })
  test('of another code keeps its evidence', async () => {
    const { answering } = brokerInProcess()
    const refusal = refused('window-not-started', 'later', { evidence: { approved: 1 } } as never)
    expect(await run(answering({ reserve: async () => refusal }))).toEqual({ ...refusal, caller: dana, profile: 'reader' })
  })
})

test.each<[string, string | undefined, string]>([
  ['for the operator', 'why', 'why'],
  ['for the caller, if that is all', undefined, 'not here'],
])('a recorded refusal has the reason %s; if it cannot be recorded, the log line has the cause', async (_name, operator, reason) => {
  const { answering, lines } = brokerInProcess()
  const refusals: unknown[] = []
  const broker = answering({
    refuse: async (refusal) => {
      refusals.push(refusal)
      return silent
    },
  })
  const refusal = refused('approval-required', 'not here', operator === undefined ? {} : { operator })
  expect(await run(broker, {}, { refusalOf: () => refusal })).toMatchObject({ code: 'approval-required' })
  expect(refusals).toEqual([{ call, caller: dana, profile: 'reader', code: 'approval-required', reason }])
  expect(lines).toEqual([{ event: 'refusal-not-recorded', trace: call.trace, cause: 'ledger: lost' }])
})

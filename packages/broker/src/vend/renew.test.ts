/** Renewals over a ledger in this process: who may renew what, what each step leaves behind, and what the caller gets. */
import type { Profile } from '@stint/core/config/shape'
import type { Caller } from '@stint/core/identity/caller'
import { onceSessionId, type SessionId } from '@stint/core/ids'
import { done, refused } from '@stint/core/outcome'
import { caller, profile, rules } from '@stint/core/testing/fixtures'
import { describe, expect, test } from 'vitest'
import type { Broker } from '../ports/broker.ts'
import type { RenewableSession } from '../ports/ledger.ts'
import type { Sts } from '../ports/sts.ts'
import { renew } from './renew.ts'
import { answerTo, brokerInProcess, call, NOW } from './testing/broker.ts'
import { vend } from './vend.ts'

const MINUTE = 60_000
/** When the tests renew: the first set of credentials has ten minutes left. */
const LATER = NOW + 20 * MINUTE
const END = NOW + 240 * MINUTE
const later = { ...call, now: LATER }
const dana = caller()
const rita = { issuer: 'people', subject: 'rita', name: 'Rita', kind: 'human' } as const
const silent = { outcome: 'unknown', cause: 'ledger: lost' } as const
const long = (change: Partial<Profile> = {}) => profile({ duration: { default: '4h', max: '8h', renew: '30m' }, ...change })
const withToken = (token: Partial<Caller['token']>, change: Partial<Caller> = {}) =>
  caller({ ...change, token: { ...dana.token, ...token } })

/** A session of four hours that was issued at NOW, and a clock at LATER. `change`: of the rules, between start and renewal. */
async function started(given: Partial<Profile> = {}, { who = dana, asked = {}, replay = false } = {}) {
  let sts: Sts['assumeRole'] | undefined
  const it = brokerInProcess({ reader: long(given) }, async (input) => {
    if (sts) return sts(input)
    return done(
      answerTo(input, { credentials: { ...answerTo(input).credentials, expiration: it.memory.now() + input.durationSeconds * 1000 } }),
    )
  })
  const once = <B extends Broker>(broker: B): B => {
    const issuers = { ...broker.rules.issuers, people: { ...broker.rules.issuers.people, replay: 'once' } }
    return replay ? { ...broker, rules: { ...broker.rules, issuers } as never } : broker
  }
  const vended = await vend(once(it.broker), call, who, { profile: 'reader', ...asked }, {})
  if (vended.outcome !== 'done') throw new Error(JSON.stringify(vended))
  it.memory.setNow(LATER)
  const { session: id, request, sessionName } = vended.value
  const refusals: unknown[] = []
  const failed: unknown[] = []
  const answering = (ledger: Partial<Broker['ledger']> = {}, profiles?: Record<string, Profile>): Broker => {
    const broker = it.answering({
      refuse: async (refusal) => {
        refusals.push(refusal)
        return it.memory.ledger.refuse(refusal)
      },
      failRenewal: async (reservation, failure, now) => {
        failed.push(failure, now)
        return it.memory.ledger.failRenewal(reservation, failure, now)
      },
      ...ledger,
    })
    return once(profiles ? { ...broker, rules: rules(profiles) } : broker)
  }
  return {
    ...it,
    ...{ id, request, sessionName, refusals, failed, answering },
    broker: answering(),
    /** What the ledger finds, changed. */
    finding: (change: (found: RenewableSession) => object, profiles?: Record<string, Profile>) =>
      answering(
        {
          renewable: async (wanted) => {
            const found = await it.memory.ledger.renewable(wanted)
            if (found.outcome !== 'done' || !found.value) throw new Error('no session')
            return done({ ...found.value, ...change(found.value) })
          },
        },
        profiles,
      ),
    events: () => it.memory.events(`REQ#${request}`),
    stsAnswers: (answer: Sts['assumeRole']) => {
      sts = answer
    },
  }
}

describe('a renewal', () => {
  test('is reserved, assumed and recorded, under the same name, and its credentials are returned', async () => {
    const it = await started({ tags: { run: { claim: 'run_id' } } })
    const renewed = await renew(it.broker, later, dana, it.id)
    expect(renewed).toMatchObject({
      outcome: 'done',
      caller: dana,
      profile: 'reader',
      value: {
        ...{ session: it.id, request: it.request, caller: dana, sessionName: it.sessionName, issuedAt: LATER },
        ...{ expiration: LATER + 30 * MINUTE, assumed: { awsRequestId: 'r-1' } },
      },
    })
    const [first, second] = it.sent
    expect(second).toMatchObject({ roleSessionName: first?.roleSessionName, durationSeconds: 1800, externalId: 'ext-1' })
    expect(second?.tags).toEqual(first?.tags)
    expect(it.events()).toEqual(['request.created', 'session.reserved', 'session.issued', 'session.renewal-reserved', 'session.renewed'])
    expect([it.refusals, it.failed]).toEqual([[], []])
  })
  test('has the tags that were sent at the start, whatever the token says now', async () => {
    const it = await started({ tags: { run: { claim: 'run_id' } } })
    expect((await renew(it.broker, later, caller({ claims: { ...dana.claims, run_id: '8' } }), it.id)).outcome).toBe('done')
    expect(it.sent[1]?.tags).toEqual(it.sent[0]?.tags)
  })
  test('ends with the session', async () => {
    const it = await started()
    it.memory.setNow(END - 10 * MINUTE)
    const young = withToken({ issuedAt: END - 11 * MINUTE, expiresAt: END })
    expect(await renew(it.broker, { ...call, now: END - 10 * MINUTE }, young, it.id)).toMatchObject({ value: { expiration: END } })
  })
  test('is issued no earlier than it was reserved, although the clock is set back meanwhile', async () => {
    const it = await started()
    it.stsAnswers(async (input) => {
      it.memory.setNow(LATER - 5000)
      return done(answerTo(input, { credentials: { ...answerTo(input).credentials, expiration: LATER + 30 * MINUTE } }))
    })
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({ outcome: 'done', value: { issuedAt: LATER } })
  })
  test('ends when AWS says, if that is earlier', async () => {
    const it = await started()
    it.stsAnswers(async (input) =>
      done(answerTo(input, { credentials: { ...answerTo(input).credentials, expiration: LATER + 15 * MINUTE } })),
    )
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({ value: { expiration: LATER + 15 * MINUTE } })
  })
  test('keeps what the caller narrowed', async () => {
    const policy = [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }] as const
    const narrow = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }
    const it = await started({ policy }, { asked: { narrow } })
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({ outcome: 'done' })
    expect(JSON.stringify(it.sent[1])).toContain('s3:GetObject')
  })
  test('needs no justification of its own', async () => {
    const it = await started({ justification: 'required' }, { asked: { justification: 'INC-4711' } })
    expect((await renew(it.broker, later, dana, it.id)).outcome).toBe('done')
  })
  test('judges the age of the sign-in at the start of the session', async () => {
    const who = caller({ signedInAt: NOW - 4 * MINUTE })
    const it = await started({ eligible: [{ issuer: 'people', claims: { groups: { includes: 'developers' } }, authAge: '5m' }] }, { who })
    expect((await renew(it.broker, later, who, it.id)).outcome).toBe('done')
    // A later sign-in counts, unless it is dated in the future.
    const again = (signedInAt: number) => renew(it.broker, later, { ...who, signedInAt }, it.id)
    expect((await again(LATER - MINUTE)).outcome).toBe('done')
    expect(await again(LATER + MINUTE)).toMatchObject({ code: 'auth-too-old' })
    expect(await again(NOW - 6 * MINUTE)).toMatchObject({ code: 'auth-too-old' })
  })
  test('takes a token of an hour', async () => {
    const it = await started()
    const old = withToken({ issuedAt: LATER - 60 * MINUTE + 1 })
    expect((await renew(it.broker, later, old, it.id)).outcome).toBe('done')
  })
  test('by the container protocol, of credentials that last 30 minutes', async () => {
    const it = await started()
    expect((await renew(it.broker, later, dana, it.id, { byContainer: true })).outcome).toBe('done')
  })
})

describe('to all others the session does not exist', () => {
  test.each<[string, Partial<Caller>]>([
    ['another person', { subject: 'eve' }],
    ['a caller of that name at another issuer', { issuer: 'ci' }],
    ['a caller of an issuer that is not configured', { issuer: 'gone' }],
  ])('%s', async (_name, change) => {
    const it = await started()
    const other = caller(change)
    expect(await renew(it.broker, later, other, it.id)).toMatchObject({ code: 'session-unknown', caller: other, profile: '' })
    expect(it.refusals).toMatchObject([{ call: later, caller: other, profile: '', code: 'session-unknown' }])
    expect([it.sent.length, it.events().length]).toEqual([1, 3])
  })
  test('a session that there is not', async () => {
    const it = await started()
    expect(await renew(it.broker, later, dana, `req_${'9'.repeat(26)}.00000001` as SessionId)).toMatchObject({ code: 'session-unknown' })
  })
  test('an issuer that was removed', async () => {
    const it = await started()
    const gone = caller({ issuer: 'gone' })
    const broker = it.finding(({ session }) => ({ session: { ...session, caller: { ...session.caller, issuer: 'gone' } } }))
    expect(await renew(broker, later, gone, it.id)).toMatchObject({ code: 'session-unknown' })
  })
  test('another job', async () => {
    const it = await started()
    expect(
      await renew(
        it.finding(() => ({ job: '["7"]' })),
        later,
        dana,
        it.id,
      ),
    ).toMatchObject({ code: 'session-unknown' })
  })
})

describe('nothing is written or sent', () => {
  const session = (change: object) => (found: RenewableSession) => ({ session: { ...found.session, ...change } })
  const none = () => ({})
  test.each<[string, (found: RenewableSession) => object, Partial<Profile> | undefined, Partial<Caller['token']>, object]>([
    [
      'for a session that is reserved',
      session({ state: 'reserved' }),
      undefined,
      {},
      { code: 'in-progress', evidence: { session: expect.any(String) } },
    ],
    ['for a session that was ended', session({ state: 'ended' }), undefined, {}, { code: 'session-ended' }],
    ['for a session at its end', session({ expiresAt: LATER }), undefined, {}, { code: 'session-ended' }],
    ['for a revoked request', ({ request }) => ({ request: { ...request, state: 'revoked' } }), undefined, {}, { code: 'session-ended' }],
    ['for a session without renewals', session({ renew: undefined }), undefined, {}, { code: 'not-renewable' }],
    ['for a profile that has no renewals any more', none, { duration: { default: '1h', max: '1h' } }, {}, { code: 'not-renewable' }],
    [
      'for a caller who is no longer eligible',
      none,
      { eligible: [{ issuer: 'ci', claims: { sub: 'x' } }] },
      {},
      { code: 'profile-unknown' },
    ],
    [
      'from another network',
      none,
      { eligible: [{ issuer: 'people', claims: { groups: { includes: 'developers' } }, sourceIp: ['10.0.0.0/8'] }] },
      {},
      { code: 'source-ip' },
    ],
    [
      'with a token that is an hour old',
      none,
      undefined,
      { issuedAt: LATER - 60 * MINUTE },
      { code: 'token-expired', evidence: { next: 'Get a new token from your issuer, and renew the session with it.' } },
    ],
    [
      'under other terms',
      none,
      { policy: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] },
      {},
      { code: 'terms-changed', evidence: { changed: { policy: { now: [{ Action: 's3:*' }] } } } },
    ],
    [
      'for terms that cannot be made any more',
      none,
      { tags: { run: { claim: 'missing' } } },
      {},
      { code: expect.not.stringMatching(/^terms-changed$/) },
    ],
  ])('%s, and the refusal is recorded', async (_name, change, changed, token, expected) => {
    const it = await started()
    const who = withToken(token)
    const broker = it.finding(change, changed && { reader: long(changed) })
    expect(await renew(broker, later, who, it.id)).toMatchObject({ outcome: 'refused', caller: who, profile: 'reader', ...expected })
    expect(it.refusals).toMatchObject([{ call: later, caller: who, profile: 'reader', code: (expected as { code: unknown }).code }])
    expect([it.sent.length, it.events().length]).toEqual([1, 3])
  })
  test('by the container protocol, for credentials of less than 30 minutes', async () => {
    const it = await started()
    const broker = it.finding(session({ renew: 1799 }))
    const refusal = await renew(broker, later, dana, it.id, { byContainer: true })
    expect(refusal).toMatchObject({ code: 'duration-invalid', evidence: { next: 'Use stint exec or stint serve.' } })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({ outcome: 'done' })
  })
  test.each<[string, Partial<Broker['ledger']>, string | undefined]>([
    ['the session', { renewable: async () => silent }, undefined],
    ['the reservation', { reserveRenewal: async () => silent }, 'reader'],
    ['the freezes', { frozen: async () => silent }, 'reader'],
  ])('if the ledger does not answer %s', async (_name, ledger, of) => {
    const it = await started()
    expect(await renew(it.answering(ledger), later, dana, it.id)).toEqual({
      outcome: 'refused',
      code: 'ledger-unavailable',
      detail: 'The ledger did not answer, so no credentials were returned.',
      operator: 'ledger: lost',
      caller: dana,
      ...(of === undefined ? {} : { profile: of }),
    })
    expect([it.sent.length, it.refusals]).toEqual([1, []])
  })
  test('if the ledger refuses the reservation', async () => {
    const it = await started()
    const broker = it.answering({ reserveRenewal: async () => refused('renewals-exhausted', 'no more') })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({
      code: 'renewals-exhausted',
      detail: 'no more',
      caller: dana,
      profile: 'reader',
    })
    expect([it.refusals, it.sent.length]).toMatchObject([[{ code: 'renewals-exhausted' }], 1])
  })
  test.each<[string, object | undefined, object | undefined]>([
    [
      'says which differ',
      { approved: '{"role":"arn:x"}' },
      { changed: expect.objectContaining({ role: { approved: 'arn:x', now: 'arn:aws:iam::111122223333:role/stint/Reader' } }) },
    ],
    ['says no more than it knows', { other: 1 }, { other: 1 }],
    ['can say nothing', undefined, undefined],
  ])('if the ledger finds other terms, and %s', async (_name, evidence, expected) => {
    const it = await started()
    const broker = it.answering({
      reserveRenewal: async () => refused('terms-changed', 'other terms', (evidence ? { evidence } : {}) as never),
    })
    const found = await renew(broker, later, dana, it.id)
    expect(found).toMatchObject({ code: 'terms-changed' })
    expect('evidence' in found ? found.evidence : undefined).toEqual(expected)
  })
  test('with the evidence of the ledger, if the refusal is about something else', async () => {
    const it = await started()
    const refusal = refused('renewals-exhausted', 'no more', { evidence: { approved: '{}' } } as never)
    expect(await renew(it.answering({ reserveRenewal: async () => refusal }), later, dana, it.id)).toEqual({
      ...refusal,
      caller: dana,
      profile: 'reader',
    })
  })
})

describe('a single-use token', () => {
  const second = withToken({ once: 'jti:2' })
  test('renews one session once', async () => {
    const it = await started({}, { replay: true })
    expect(await renew(it.broker, later, second, it.id)).toMatchObject({ outcome: 'done' })
    expect(await renew(it.broker, later, second, it.id)).toMatchObject({ code: 'token-used', caller: second, profile: 'reader' })
    expect(it.refusals).toMatchObject([{ code: 'token-used', caller: second }])
  })
  test('does not renew the session that it started', async () => {
    const it = await started({}, { replay: true })
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({ code: 'token-used', detail: 'This token was already used.' })
    expect(it.sent.length).toBe(1)
  })
  test('does not renew the session that it started, although the ledger does not answer', async () => {
    const it = await started({}, { replay: true })
    const broker = it.answering({ takeToken: async () => silent })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({ code: 'token-used', detail: 'This token was already used.' })
  })
  test('renews the session that it started if its issuer no longer has single-use tokens', async () => {
    const it = await started({}, { replay: true })
    expect(await renew({ ...it.broker, rules: rules({ reader: long() }) }, later, dana, it.id)).toMatchObject({ outcome: 'done' })
  })
  test('does not renew the session that it started under a named request', async () => {
    const it = await started({}, { replay: true })
    const broker = it.finding(({ session }) => ({ session: { ...session, id: onceSessionId(session.requestId, second) } }))
    expect(await renew(broker, later, second, it.id)).toMatchObject({ code: 'token-used', detail: 'This token was already used.' })
  })
  test('is not used up if the ledger does not answer', async () => {
    const it = await started({}, { replay: true })
    const found = await renew(it.answering({ takeToken: async () => silent }), later, second, it.id)
    expect(found).toMatchObject({ code: 'ledger-unavailable', operator: 'ledger: lost', caller: second, profile: 'reader' })
    expect([it.refusals, it.sent.length]).toEqual([[], 1])
  })
  test('is only taken where the issuer’s tokens are for one use', async () => {
    const it = await started()
    const broker = it.answering({ takeToken: async () => silent })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({ outcome: 'done' })
  })
})

describe('a freeze', () => {
  test('stops the renewal, and leaves it failed in the journal', async () => {
    const it = await started()
    await it.memory.ledger.freeze({ kind: 'target', id: 'prod' }, rita, 'incident', undefined, LATER)
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({
      code: 'frozen',
      operator: 'frozen: incident',
      caller: dana,
      profile: 'reader',
    })
    expect([it.failed, it.sent.length, it.refusals]).toEqual([[{ code: 'frozen', reason: 'frozen: incident', sends: 0 }, LATER], 1, []])
    expect(it.events().at(-1)).toBe('session.renewal-failed')
  })
  test('is recorded as a refusal if nothing was reserved', async () => {
    const it = await started()
    await it.memory.ledger.freeze({ kind: 'all' }, rita, 'incident', undefined, LATER)
    const broker = it.answering({ reserveRenewal: async () => refused('rate-limited', 'slow down') })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({ code: 'frozen' })
    expect([it.failed, it.refusals]).toMatchObject([[], [{ code: 'frozen', profile: 'reader' }]])
  })
  test('that is not known refuses without a record', async () => {
    const it = await started()
    const broker = it.answering({ frozen: async () => silent, reserveRenewal: async () => refused('rate-limited', 'slow down') })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({ code: 'ledger-unavailable', caller: dana, profile: 'reader' })
    expect(it.refusals).toEqual([])
  })
  test.each<[number, 'done' | 'refused', number]>([
    [250, 'done', 1],
    [251, 'done', 2],
    [251, 'refused', 1],
  ])('is read again if reserving is slow and succeeds: %i ms, %s', async (milliseconds, outcome, expected) => {
    const it = await started()
    let reads = 0
    const broker = it.answering({
      frozen: async (scopes, now) => {
        reads++
        return it.memory.ledger.frozen(scopes, now)
      },
      reserveRenewal: async (renewal) => {
        const reserved = await it.memory.ledger.reserveRenewal(renewal)
        await new Promise(setImmediate)
        it.memory.advance(milliseconds)
        return outcome === 'done' ? reserved : refused('rate-limited', 'slow down')
      },
    })
    expect((await renew(broker, later, dana, it.id)).outcome).toBe(outcome)
    expect(reads).toBe(expected)
  })
})

describe('the answer of AWS', () => {
  test('that never came is not known, and leaves the renewal open', async () => {
    const it = await started()
    it.stsAnswers(async () => ({ outcome: 'unknown', cause: 'sts: lost', sends: 1 }))
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({
      code: 'sts-timeout',
      operator: 'sts: lost',
      caller: dana,
      profile: 'reader',
    })
    expect([it.failed, it.events().at(-1)]).toEqual([[], 'session.renewal-reserved'])
  })
  test.each([
    [{ operator: 'AccessDenied: no' }, 'AccessDenied: no'],
    [{}, 'AWS refused.'],
  ])('that refuses is recorded: %j', async (more, reason) => {
    const it = await started()
    it.stsAnswers(async () => ({ ...refused('assume-role-invalid', 'AWS refused.', more), sends: 2, awsRequestId: 'r-9' }))
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({ code: 'assume-role-invalid', caller: dana, profile: 'reader' })
    expect(it.failed).toMatchObject([{ code: 'assume-role-invalid', reason, sends: 2, awsRequestId: 'r-9' }, LATER])
  })
  test.each([
    ['of this role', 'AROA0000000000000001'],
    ['of another role', 'AROA9999999999999999'],
  ])('that does not fit is not returned, and the session stays: with the ID %s', async (_name, role) => {
    const it = await started()
    it.stsAnswers(async (input) =>
      done(
        answerTo(input, {
          assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Admin/dana',
          assumedRoleId: `${role}:${input.roleSessionName}`,
          sends: 2,
        }),
      ),
    )
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({
      code: 'sts-answer-invalid',
      operator: 'the ARN is not the one of the requested session',
      caller: dana,
      profile: 'reader',
    })
    const reason = 'the ARN is not the one of the requested session'
    expect(it.failed).toEqual([{ code: 'sts-answer-invalid', reason, sends: 2 }, LATER])
    expect(it.events()).not.toContain('session.ended')
  })
  test('from a role that was created again ends the session', async () => {
    const it = await started()
    it.stsAnswers(async (input) =>
      done(
        answerTo(input, {
          assumedRoleId: `AROA9999999999999999:${input.roleSessionName}`,
          credentials: { ...answerTo(input).credentials, expiration: LATER + 30 * MINUTE },
        }),
      ),
    )
    expect(await renew(it.broker, later, dana, it.id)).toMatchObject({
      code: 'sts-answer-invalid',
      operator: 'the role was deleted and created again',
    })
    expect(it.events().slice(-2)).toEqual(['session.renewal-failed', 'session.ended'])
    const found = await it.memory.ledger.session(it.id)
    expect(found).toMatchObject({ value: { state: 'ended', endedBy: 'stint' } })
  })
  test('is not returned if the record is refused', async () => {
    const it = await started()
    const broker = it.answering({ recordRenewal: async () => refused('revoked-in-flight', 'revoked') })
    expect(await renew(broker, later, dana, it.id)).toMatchObject({ code: 'revoked-in-flight', caller: dana, profile: 'reader' })
    expect(it.failed).toEqual([{ code: 'revoked-in-flight', reason: 'revoked', sends: 1, awsRequestId: 'r-1' }, LATER])
  })
  test('is not returned if the ledger does not answer the record', async () => {
    const it = await started()
    const found = await renew(it.answering({ recordRenewal: async () => silent }), later, dana, it.id)
    expect(found).toMatchObject({ code: 'ledger-unavailable', operator: 'ledger: lost', caller: dana, profile: 'reader' })
    expect(it.failed).toEqual([])
  })
})

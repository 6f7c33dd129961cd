/** The writes of renewals and ends: lost answers, late arrivals, races, limits, and what each of them leaves in the item. */
import { seconds } from '@stint/core/instant'
import type { Terms } from '@stint/core/scope/terms'
import { describe, expect, test } from 'vitest'
import type { Renewal, RenewalReservation } from '../../ports/ledger.ts'
import {
  always,
  assumed,
  changes,
  dana,
  eve,
  intent,
  type LedgerInProcess,
  ledgerInProcess,
  must,
  NOW,
  origin,
  REQUEST,
  reserved,
  scope,
  sessionOf,
  sweepOptions,
} from './testing/ledger.ts'

const PK = `REQ#${REQUEST}`
const SESSION = sessionOf(REQUEST)
const long = scope({ terms: { ...scope().terms, uses: 1, renew: 300, maxDuration: 28_800 } as Terms, duration: 3600 })
const LONG = { scope: long, expiresAt: NOW + seconds(3600), windowExpiresAt: NOW + seconds(90) }

async function issued(it: LedgerInProcess): Promise<void> {
  await must(it.ledger.record(await reserved(it, LONG), assumed(), NOW))
}
async function renewal({ ledger }: LedgerInProcess, after: number, more: Partial<Renewal> = {}): Promise<Renewal> {
  const { seen } = (await must(ledger.renewable(SESSION))) as { readonly seen: Renewal['seen'] }
  const now = NOW + seconds(after)
  return {
    ...{
      call: { trace: 'f'.repeat(32), source: '203.0.113.7', now },
      request: REQUEST,
      session: SESSION,
      caller: dana,
      terms: long.termsHash,
    },
    ...{ set: 'aaaaaaaa', attempt: '9'.repeat(32), uses: 1, expiresAt: now + seconds(300), seen, ...more },
  }
}
const reserveAt = async (it: LedgerInProcess, after: number, more: Partial<Renewal> = {}): Promise<RenewalReservation> => {
  it.setNow(NOW + seconds(after))
  return (await must(it.ledger.reserveRenewal(await renewal(it, after, more)) as never)) as RenewalReservation
}
const key = (name: string, after = 300) =>
  assumed({ credentials: { ...assumed().credentials, accessKeyId: `ASIA${name.padStart(16, '0')}`, expiration: NOW + seconds(after) } })
const another = (letter: string) => ({ set: letter.repeat(8), attempt: letter.repeat(32) })
const sessionIn = async ({ ledger }: LedgerInProcess) => (await must(ledger.request(REQUEST)))?.sessions[0]

test('a renewal is reserved and recorded, and leaves nothing open', async () => {
  const it = ledgerInProcess()
  await issued(it)
  await must(it.ledger.recordRenewal(await reserveAt(it, 200), key('2', 500), NOW + seconds(201)))
  expect(it.events(PK).slice(-2)).toEqual(['session.renewal-reserved', 'session.renewed'])
  expect(await sessionIn(it)).toMatchObject({
    state: 'issued',
    renewed: { count: 1, accessKeyId: 'ASIA0000000000000002', expiration: NOW + seconds(500) },
  })
  expect(it.table.item('stint', PK)).not.toHaveProperty('openKey')
})

describe('a lost answer', () => {
  test('to the reservation is found to be our own', async () => {
    const it = ledgerInProcess()
    await issued(it)
    it.loseAnswer()
    await reserveAt(it, 200)
    expect(it.events(PK).filter((type) => type === 'session.renewal-reserved')).toHaveLength(1)
  })
  test('to the record is found to be our own', async () => {
    const it = ledgerInProcess()
    await issued(it)
    const reservation = await reserveAt(it, 200)
    it.loseAnswer()
    await must(it.ledger.recordRenewal(reservation, key('2', 500), NOW + seconds(201)))
    expect(it.events(PK).filter((type) => type === 'session.renewed')).toHaveLength(1)
  })
  test('to a record that another one followed is found to be our own', async () => {
    const it = ledgerInProcess()
    await issued(it)
    const [first, second] = [await reserveAt(it, 200), await reserveAt(it, 210, another('b'))]
    it.loseAnswer(() => must(it.ledger.recordRenewal(second, key('3', 510), NOW + seconds(211))))
    await must(it.ledger.recordRenewal(first, key('2', 500), NOW + seconds(211)))
    expect(it.events(PK).filter((type) => type === 'session.renewed')).toHaveLength(2)
    expect((await sessionIn(it))?.renewed).toMatchObject({ count: 2, accessKeyId: 'ASIA0000000000000003' })
  })
  test('to an end is found to be our own', async () => {
    const it = ledgerInProcess()
    await issued(it)
    it.loseAnswer()
    expect(await must(it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW))).toMatchObject({ state: 'ended' })
    expect(it.events(PK).filter((type) => type === 'session.ended')).toHaveLength(1)
  })
})

test('a reservation that arrives again after its record does nothing', async () => {
  const it = ledgerInProcess()
  await issued(it)
  let late: (() => object) | undefined
  it.table.through((sent, apply) => {
    if (sent.operation === 'UpdateItem') late ??= apply
    return apply()
  })
  const reservation = await reserveAt(it, 200)
  await must(it.ledger.recordRenewal(reservation, key('2', 500), NOW + seconds(201)))
  expect(late).toThrow('The conditional request failed')
  expect(it.events(PK).filter((type) => type === 'session.renewal-reserved')).toHaveLength(1)
})

test('the newest credentials stay the newest, in whatever order renewals are recorded', async () => {
  const it = ledgerInProcess()
  await issued(it)
  const first = await reserveAt(it, 200)
  const second = await reserveAt(it, 210, another('b'))
  await must(it.ledger.recordRenewal(second, key('3', 510), NOW + seconds(211)))
  await must(it.ledger.recordRenewal(first, key('2', 500), NOW + seconds(212)))
  expect((await sessionIn(it))?.renewed).toMatchObject({ count: 2, accessKeyId: 'ASIA0000000000000003', expiration: NOW + seconds(510) })
})

describe('is refused', () => {
  const codeOf = async (it: LedgerInProcess, after: number, more: Partial<Renewal> = {}) => {
    it.setNow(NOW + seconds(after))
    const { outcome, code } = (await it.ledger.reserveRenewal(await renewal(it, after, more))) as { outcome: string; code?: string }
    return [outcome, code]
  }
  test.each<[string, (it: LedgerInProcess) => Promise<unknown>, number, Partial<Renewal>, string]>([
    ['for another caller', async () => {}, 200, { caller: eve }, 'session-unknown'],
    ['on other terms', async () => {}, 200, { terms: 'b'.repeat(64) }, 'terms-changed'],
    ['at its end', async () => {}, 3600, {}, 'session-ended'],
    ['after it was ended', (it) => it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW), 200, {}, 'session-ended'],
    ['after a revoke', (it) => it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin }), 200, {}, 'session-ended'],
  ])('%s', async (_name, act, after, more, code) => {
    const it = ledgerInProcess()
    await issued(it)
    await act(it)
    expect(await codeOf(it, after, more)).toEqual(['refused', code])
  })
  test('before a restore', async () => {
    const it = ledgerInProcess({ epoch: NOW })
    await must(it.ledger.reserve(intent({ ...LONG, call: { ...intent().call, now: NOW + 1 } })) as never)
    await must(
      it.ledger.record(
        {
          ...(await renewal(it, 0)),
          expiresAt: NOW + seconds(3600),
          credentialsExpireAt: NOW + seconds(300),
          alone: true,
          attempt: '1'.repeat(32),
        },
        assumed(),
        NOW + 1,
      ),
    )
    const restored = { ...it, ledger: ledgerInProcess({ client: it.table.client, epoch: NOW + 5 }).ledger }
    expect(await codeOf(restored, 200)).toEqual(['refused', 'session-ended'])
  })
  test('the fifth at once', async () => {
    const it = ledgerInProcess()
    await issued(it)
    for (const letter of ['a', 'b', 'c', 'd']) await reserveAt(it, 200, another(letter))
    expect(await codeOf(it, 200, another('e'))).toEqual(['refused', 'rate-limited'])
  })
  test('the eleventh within a minute, and not in the next', async () => {
    const it = ledgerInProcess()
    await issued(it)
    for (let at = 0; at < 10; at++)
      await must(
        it.ledger.failRenewal(
          await reserveAt(it, 240, another('0123456789'[at] as string)),
          { code: 'sts-throttled', reason: '', sends: 1 },
          NOW + seconds(240),
        ),
      )
    expect(await codeOf(it, 241, another('a'))).toEqual(['refused', 'rate-limited'])
    expect(await codeOf(it, 301, another('a'))).toEqual(['done', undefined])
  })
  test('once the request has no renewals left', async () => {
    const it = ledgerInProcess()
    await issued(it)
    const seen = { renewals: 129, minute: 0, minuteCount: 0 }
    it.table.through((sent, apply) => {
      const item = it.table.item('stint', PK)
      if (item && sent.operation === 'UpdateItem') Object.assign(item, { renewals: { N: '129' } })
      return apply()
    })
    expect(await codeOf(it, 200, { seen })).toEqual(['refused', 'renewals-exhausted'])
  })
  test('while the deployment freezes a restored table, so that nothing may be written', async () => {
    const it = ledgerInProcess({ frozen: 'restored' })
    for (const answer of [
      await it.ledger.reserveRenewal({} as Renewal),
      await it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW),
      await it.ledger.takeToken(intent().call, dana, SESSION, 'deploy'),
    ])
      expect(answer).toMatchObject({ outcome: 'refused', code: 'frozen' })
  })
})

describe('an end', () => {
  test('names the newest credentials, also if they are recorded meanwhile', async () => {
    const it = ledgerInProcess()
    await issued(it)
    const reservation = await reserveAt(it, 200)
    let isFirst = true
    it.before(async ({ operation }) => {
      if (operation !== 'UpdateItem' || !isFirst) return
      isFirst = false
      await must(it.ledger.recordRenewal(reservation, key('2', 500), NOW + seconds(201)))
    })
    await must(it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW + seconds(202)))
    const last = JSON.parse(it.table.item('stint', PK)?.events?.L?.at(-1)?.M?.event?.S ?? '{}')
    expect([last.type, Date.parse(last.credentialsExpireBy)]).toEqual(['session.ended', NOW + seconds(500)])
  })
  test('of a session that is over, or of none, changes nothing', async () => {
    const it = ledgerInProcess()
    expect(await must(it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW))).toBeUndefined()
    await issued(it)
    expect(await must(it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW + seconds(3600)))).toMatchObject({ state: 'issued' })
    expect(it.events(PK)).not.toContain('session.ended')
  })
  test('of a reserved session whose request was revoked changes nothing', async () => {
    const it = ledgerInProcess()
    await reserved(it, LONG)
    await must(it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin }) as never)
    expect(await must(it.ledger.endSession(SESSION, { endedBy: 'caller' }, NOW))).toMatchObject({ state: 'reserved' })
  })
})

test('the sweeper abandons a renewal that was never recorded, once, and not before its time', async () => {
  const it = ledgerInProcess({}, { indexed: true })
  await issued(it)
  const reservation = await reserveAt(it, 200)
  const swept = async (after: number) => (await it.ledger.sweep(NOW + seconds(after), sweepOptions(NOW + seconds(after)))).abandoned
  expect([await swept(289), await swept(291), await swept(292)]).toEqual([0, 1, 0])
  expect(await it.ledger.recordRenewal(reservation, key('2', 500), NOW + seconds(293))).toMatchObject({
    outcome: 'refused',
    code: 'revoked-in-flight',
  })
  expect(it.events(PK).at(-1)).toBe('session.renewal-abandoned')
  expect(it.table.item('stint', PK)).not.toHaveProperty('openKey')
})

test('a single-use token renews once', async () => {
  const { ledger } = ledgerInProcess()
  const take = () => ledger.takeToken(intent().call, dana, SESSION, 'deploy')
  expect(await take()).toMatchObject({ outcome: 'done' })
  expect(await take()).toMatchObject({ outcome: 'refused', code: 'token-used' })
})

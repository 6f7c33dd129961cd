/**
 * Every clause of every condition that the ledger writes upon, taken out one at a time: at least one of the situations below
 * must then end otherwise. So a clause that could go without a test noticing fails this file, and so does a new one that no
 * situation is about.
 */

import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { freezeId } from '@stint/core/access/freeze'
import { commitOf } from '@stint/core/audit/entry'
import type { JournalEntry } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import type { CallerRef } from '@stint/core/identity/caller'
import { type LinkChange, type LinkId, linkId } from '@stint/core/identity/link'
import type { RequestId } from '@stint/core/ids'
import type { Done } from '@stint/core/outcome'
import { describe, expect, test } from 'vitest'
import { CLIENTS, type ClientName } from '../testing/clients.ts'
import { givingBack } from './restore.ts'
import {
  all,
  always,
  approvedRequest,
  assumed,
  changes,
  dana,
  eve,
  intent,
  type LedgerInProcess,
  ledgerInProcess,
  must,
  NOW,
  newRequest,
  origin,
  REQUEST,
  reserved,
  rita,
  rob,
  SIDE,
  STORY,
  scope,
  sessionOf,
} from './testing/ledger.ts'

type Outcome = { readonly outcome: string; readonly code?: string; readonly value?: unknown }
const word = ({ outcome, code }: Outcome): string => code ?? outcome
const named = { named: true, scope: scope() } as const
const second = (more: Parameters<typeof intent>[0] = {}) =>
  intent({ session: sessionOf(REQUEST, '00000002'), attempt: '2'.repeat(32), ...more })
const isSame = (one: { subject: string }) => (other: { subject: string }) => one.subject === other.subject

const OTHERS = ['2', '3', '4'].map((digit) => `req_${digit.repeat(26)}` as RequestId)
const hour = (now: number): number => now - (now % 3_600_000)

/** Counts twice, and the first send of the first arrives when both are counted. */
async function late(it: LedgerInProcess, count: () => Promise<{ readonly outcome: string; readonly value?: unknown }>) {
  let arrives: (() => object) | undefined
  it.table.through(({ operation }, apply) => {
    if (arrives || operation !== 'UpdateItem') return apply()
    arrives = apply
    throw new Error('ECONNRESET')
  })
  const counted = [(await count()).value, (await count()).value]
  try {
    await arrives?.()
  } catch {
    // Its condition fails.
  }
  return counted
}

/** Each is done on a fresh table and says what came of it. */
const situations: { readonly [name: string]: (it: LedgerInProcess) => Promise<readonly unknown[]> } = {
  // ── Reserve ────────────────────────────────────────────────────────────────────────────────────────────────────────
  'a new request is reserved; the same session is not reserved again by another attempt': async ({ ledger }) => [
    word(await ledger.reserve(intent({ fingerprint: 'f' }))),
    word(await ledger.reserve(intent({ fingerprint: 'f', attempt: '2'.repeat(32) }))),
  ],
  'a second session of a request that was made by rule': async ({ ledger }) => [
    word(await ledger.reserve(intent())),
    word(await ledger.reserve(second())),
    word(await ledger.reserve(second({ session: sessionOf(REQUEST, '00000003'), attempt: '3'.repeat(32) }))),
  ],
  'a request that was made under another Idempotency-Key’s body': async ({ ledger }) => [
    word(await ledger.reserve(intent({ fingerprint: 'one' }))),
    word(await ledger.reserve(second({ fingerprint: 'two' }))),
    word(await ledger.reserve(second({ fingerprint: 'one' }))),
  ],
  'a named request that is not there': async ({ ledger }) => [word(await ledger.reserve(intent(named)))],
  'a named request that waits': async ({ ledger }) => {
    await must(ledger.ask(newRequest()))
    return [word(await ledger.reserve(intent(named)))]
  },
  'a named request that was approved': async (it) => {
    await approvedRequest(it)
    return [word(await it.ledger.reserve(intent(named)))]
  },
  'a request without the start of a window': async (it) => {
    await must(it.ledger.reserve(intent()) as never)
    return [word(await it.ledger.reserve(second({})))]
  },
  'a named request of another caller': async (it) => {
    await approvedRequest(it)
    return [word(await it.ledger.reserve(intent({ ...named, caller: eve }))), it.events(`REQ#${REQUEST}`)]
  },
  'a named request that was revoked': async (it) => {
    await approvedRequest(it)
    await must(it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin }))
    return [word(await it.ledger.reserve(intent(named))), it.events(`REQ#${REQUEST}`)]
  },
  'a named request whose window is over': async (it) => {
    await approvedRequest(it)
    it.advance(3_600_000)
    return [word(await it.ledger.reserve(intent(named)))]
  },
  'a call that began within the window and comes after it': async (it) => {
    await approvedRequest(it)
    it.advance(3_600_000)
    return [word(await it.ledger.reserve(intent({ ...named, call: { ...intent().call, now: NOW + 3_599_000 } })))]
  },
  'a named request whose window has not begun': async (it) => {
    await must(it.ledger.ask(newRequest()))
    const later = { ...changes.approved, set: { ...changes.approved.set, windowStartsAt: NOW + 60_000 } }
    await must(it.ledger.change(REQUEST, NOW, always(later), { origin }))
    const early = word(await it.ledger.reserve(intent(named)))
    it.advance(60_000)
    return [early, word(await it.ledger.reserve(intent(named)))]
  },
  'a named request on other terms': async (it) => {
    await approvedRequest(it)
    const { terms } = scope()
    const changed = { ...named, scope: scope({ termsHash: 'b'.repeat(64), terms: { ...terms, maxDuration: 1 } as typeof terms }) }
    await must(it.ledger.request(REQUEST))
    return [word(await it.ledger.reserve(intent(changed)))]
  },
  'a named request with a longer duration than an approver allowed, and with a shorter one': async (it) => {
    await approvedRequest(it)
    const asking = (duration: number) => ({ ...named, scope: scope({ duration, durationAsked: true }) })
    return [word(await it.ledger.reserve(intent(asking(900)))), word(await it.ledger.reserve(intent(asking(600))))]
  },
  'a request without limits, asked with a duration': async ({ ledger }) => {
    await must(ledger.reserve(intent()) as never)
    return [word(await ledger.reserve(second({ scope: scope({ duration: 900, durationAsked: true }) })))]
  },
  'a request from before a restore': async (it) => {
    await approvedRequest(it)
    return [word(await it.ledger.reserve(intent(named)))]
  },
  'a request that failed so often that it is tried no more': async (it) => {
    await approvedRequest(it)
    const answers: string[] = []
    for (let turn = 0; turn < 23; turn++) {
      const suffix = String(turn).padStart(8, '0')
      const attempt = intent({ ...named, session: sessionOf(REQUEST, suffix), attempt: suffix.repeat(4) })
      const answer = await it.ledger.reserve(attempt)
      answers.push(word(answer))
      if (answer.outcome === 'done') await must(it.ledger.fail(answer.value, { code: 'sts-throttled', reason: 'r', sends: 1 }, NOW))
    }
    return [answers.filter((one) => one === 'done').length, answers.at(-1)]
  },
  'a request whose journal is full': async (it) => {
    await approvedRequest(it)
    const reminded = { state: 'approved', set: {}, events: [{ type: 'request.reminded' }] } as const
    for (let turn = 0; turn < 316; turn++) await must(it.ledger.change(REQUEST, NOW, always(reminded)))
    const answers = [word(await it.ledger.reserve(intent(named)))]
    // A full one can still be revoked.
    answers.push(word(await it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin })))
    return answers
  },
  'a journal with room for one more': async (it) => {
    await approvedRequest(it)
    const reminded = { state: 'approved', set: {}, events: [{ type: 'request.reminded' }] } as const
    for (let turn = 0; turn < 315; turn++) await must(it.ledger.change(REQUEST, NOW, always(reminded)))
    return [word(await it.ledger.reserve(intent(named)))]
  },
  'an item of an older build, which has no room': async (it) => {
    await approvedRequest(it)
    const key = { TableName: STORY, Key: { pk: { S: `REQ#${REQUEST}` } } }
    await it.settings.client.send(new UpdateItemCommand({ ...key, UpdateExpression: 'REMOVE room' }))
    const answers = [word(await it.ledger.reserve(intent(named)))]
    return [...answers, Number(it.table.item(STORY, `REQ#${REQUEST}`)?.room?.N) > 300_000]
  },
  'an item with room for one session, which can be revoked, and one with room for two': async (it) => {
    const roomFor = (sessions: number) => {
      const { terms } = scope()
      return { scope: scope({ terms: { ...terms, role: terms.role, statement: 'x'.repeat(347_000 - sessions * 3500) } as typeof terms }) }
    }
    const request = `req_${'2'.repeat(26)}` as RequestId
    const other = { ...roomFor(2), request, session: sessionOf(request) }
    return [
      word(await it.ledger.reserve(intent(roomFor(1)))),
      word(await it.ledger.reserve(second(roomFor(1)))),
      word(await it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin })),
      word(await it.ledger.reserve(intent(other))),
      word(await it.ledger.reserve(second({ ...other, session: sessionOf(request, '00000002') }))),
    ]
  },

  // ── Record, drop, fail ─────────────────────────────────────────────────────────────────────────────────────────────
  'a session is recorded once': async (it) => {
    const reservation = await reserved(it)
    const other = assumed({ credentials: { ...assumed().credentials, accessKeyId: 'ASIA0000000000000002' } })
    return [word(await it.ledger.record(reservation, assumed(), NOW)), word(await it.ledger.record(reservation, other, NOW))]
  },
  'a session that another attempt reserved': async (it) => {
    const reservation = await reserved(it)
    const answer = await it.ledger.record({ ...reservation, attempt: '9'.repeat(32) }, assumed(), NOW)
    return [word(answer), it.events(`REQ#${REQUEST}`)]
  },
  'a session whose request was revoked during the call': async (it) => {
    await approvedRequest(it)
    const reservation = await reserved(it, named)
    await must(it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin }))
    return [word(await it.ledger.record(reservation, assumed(), NOW)), it.events(`REQ#${REQUEST}`).at(-1)]
  },
  'a session that has ended during the call': async (it) => {
    await approvedRequest(it)
    const reservation = await reserved(it, named)
    it.advance(900_000)
    return [word(await it.ledger.record(reservation, assumed(), NOW))]
  },
  'a session whose request’s window closed during the call': async (it) => {
    await approvedRequest(it)
    const reservation = await reserved(it, named)
    const short = { state: 'approved', set: { windowExpiresAt: NOW + 1000 }, events: changes.approved.events } as const
    await must(it.ledger.change(REQUEST, NOW, always(short)))
    it.advance(1000)
    return [word(await it.ledger.record(reservation, assumed(), NOW))]
  },
  'a session of two that are open': async (it) => {
    const first = await reserved(it)
    const other = await must(it.ledger.reserve(second()) as Promise<{ outcome: string; value?: typeof first }>)
    const openAfter = async () => it.table.item(STORY, `REQ#${REQUEST}`)?.openSession?.S
    return [
      word(await it.ledger.record(first, assumed(), NOW)),
      await openAfter(),
      word(await it.ledger.fail(other, { code: 'sts-throttled', reason: 'r', sends: 1 }, NOW)),
      await openAfter(),
    ]
  },
  'an answer is dropped once': async (it) => {
    const reservation = await reserved(it)
    const drop = (attempt = reservation.attempt) => it.ledger.drop({ ...reservation, attempt }, { reason: 'r', sends: 1 }, NOW)
    const answers = [word(await drop('9'.repeat(32))), word(await drop()), word(await drop())]
    return [...answers, it.events(`REQ#${REQUEST}`).filter((type) => type === 'session.answer-dropped').length]
  },
  'nothing is dropped of a session that is closed': async (it) => {
    const reservation = await reserved(it)
    await must(it.ledger.fail(reservation, { code: 'sts-throttled', reason: 'r', sends: 1 }, NOW))
    return [word(await it.ledger.drop(reservation, { reason: 'r', sends: 1 }, NOW))]
  },
  'the use of a failed session goes back once': async (it) => {
    const reservation = await reserved(it)
    const fail = (attempt: string) => it.ledger.fail({ ...reservation, attempt }, { code: 'sts-throttled', reason: 'r', sends: 1 }, NOW)
    const answers = [word(await fail('9'.repeat(32))), word(await fail(reservation.attempt)), word(await fail(reservation.attempt))]
    return [...answers, it.table.item(STORY, `REQ#${REQUEST}`)?.usesLeft?.N]
  },

  // ── Ask, change ────────────────────────────────────────────────────────────────────────────────────────────────────
  'a request is created once': async ({ ledger, events }) => [
    word(await ledger.ask(newRequest())),
    word(await ledger.ask(newRequest())),
    word(await ledger.ask(newRequest({ caller: eve }))),
    events(`REQ#${REQUEST}`).length,
  ],
  'a decision on an outdated version is made again': async ({ ledger, events }) => {
    await must(ledger.ask(newRequest()))
    const states: string[] = []
    let beside = true
    const decided = await ledger.change(REQUEST, NOW, (found) => {
      states.push(found.state)
      if (found.state !== 'pending') return { outcome: 'refused', code: 'already-decided', detail: 'd' }
      return { outcome: 'done', value: changes.approved }
    })
    beside = false
    return [word(decided), states, beside, events(`REQ#${REQUEST}`)]
  },
  'an approval meets a denial that came between': async (it) => {
    await must(it.ledger.ask(newRequest()))
    await between(it, always(changes.denied))
    const decided = await it.ledger.change(REQUEST, NOW, pendingOnly(changes.approved), { origin })
    return [word(decided), it.events(`REQ#${REQUEST}`)]
  },
  'a denial meets an approval that came between': async (it) => {
    await must(it.ledger.ask(newRequest()))
    await between(it, always(changes.approved))
    const decided = await it.ledger.change(REQUEST, NOW, pendingOnly(changes.denied), { origin })
    return [word(decided), it.events(`REQ#${REQUEST}`)]
  },
  'a revoke lands although the request was approved between': async (it) => {
    await must(it.ledger.ask(newRequest()))
    await between(it, always(changes.approved))
    let asked = 0
    const decided = await it.ledger.change(REQUEST, NOW, (found) => {
      asked++
      return always(changes.revoked)(found)
    })
    return [word(decided), asked, it.events(`REQ#${REQUEST}`)]
  },
  'a revoke that must meet the version it was made on': async (it) => {
    await must(it.ledger.ask(newRequest()))
    await between(it, always(changes.approved))
    const upon = (await must(it.ledger.request(REQUEST)))?.version
    const decided = await it.ledger.change(
      REQUEST,
      NOW,
      (found) =>
        found.version === upon ? { outcome: 'done', value: changes.revoked } : { outcome: 'refused', code: 'request-changed', detail: 'd' },
      { exact: true },
    )
    return [word(decided), it.events(`REQ#${REQUEST}`)]
  },
  'a revoke on exactly the version that it was decided on': async (it) => {
    await must(it.ledger.ask(newRequest()))
    return [word(await it.ledger.change(REQUEST, NOW, always(changes.revoked), { exact: true }))]
  },
  'a revoke is sent again after `stint audit restore` has replaced the request': async (it) => {
    await must(it.ledger.ask(newRequest()))
    let isRestored = false
    it.table.through(async ({ operation }, apply) => {
      if (isRestored || operation !== 'UpdateItem') return apply()
      isRestored = true
      await apply()
      const rest = { pk: `REQ#${REQUEST}`, state: 'ended', version: 9, events: [] }
      await it.table.client.send(new PutItemCommand({ TableName: STORY, Item: marshall(rest) }))
      throw new Error('ECONNRESET')
    })
    return [word(await it.ledger.change(REQUEST, NOW, always(changes.revoked), { origin })), it.events(`REQ#${REQUEST}`)]
  },
  'what is over is not revoked': async (it) => {
    await must(it.ledger.ask(newRequest()))
    await between(it, always(changes.denied))
    const open = (found: { state: string }) => found.state === 'pending' || found.state === 'approved'
    const decided = await it.ledger.change(REQUEST, NOW, (found) =>
      open(found) ? { outcome: 'done', value: changes.revoked } : { outcome: 'refused', code: 'request-not-pending', detail: 'd' },
    )
    return [word(decided), it.events(`REQ#${REQUEST}`)]
  },

  // ── Counters and places ────────────────────────────────────────────────────────────────────────────────────────────
  'an ask whose first send arrives late counts once': async (it) => {
    const [third, ...requests] = [...OTHERS]
    const counted = await late(it, () => it.ledger.countAsk(dana, requests.shift() ?? REQUEST, 9, NOW))
    return [counted, await must(it.ledger.countAsk(dana, third ?? REQUEST, 9, NOW))]
  },
  'asks are counted up to a limit': async ({ ledger }) => {
    const counts: unknown[] = []
    for (const request of [REQUEST, REQUEST, ...OTHERS, REQUEST])
      counts.push((await must(ledger.countAsk(dana, request, 3, NOW))) ?? 'full')
    return counts
  },
  'an ask whose answer is lost counts once': async (it) => {
    await must(it.ledger.countAsk(dana, REQUEST, 3, NOW))
    it.loseAnswer()
    const counts: unknown[] = []
    for (const request of OTHERS.slice(0, 2)) counts.push(await must(it.ledger.countAsk(dana, request, 3, NOW)))
    return counts
  },
  'sessions are counted up to the limit of a minute, by profile and parameters': async ({ ledger }) => {
    const count = (what: string, now = NOW) => must(ledger.countSession(dana, what, { perMinute: 2, perHour: 9 }, now))
    const first = [await count('a'), await count('b'), await count('a'), await count('a')]
    return [
      ...first,
      await count('b'),
      await count('a', NOW + 60_000),
      await must(ledger.countSession(eve, 'a', { perMinute: 1, perHour: 9 }, NOW)),
    ]
  },
  'sessions are counted up to the limit of an hour; those that a limit refuses are not counted': async ({ ledger }) => {
    const count = (minute: number, what = 'a') =>
      must(ledger.countSession(dana, what, { perMinute: 2, perHour: 5 }, hour(NOW) + minute * 60_000))
    const counted = []
    for (const minute of [0, 0, 0, 0, 1, 1, 2, 2, 59, 60]) counted.push(await count(minute))
    return counted
  },
  'a session whose answer is lost counts once': async (it) => {
    const count = () => it.ledger.countSession(dana, 'a', { perMinute: 3, perHour: 9 }, NOW)
    it.loseAnswer()
    const lost = await must(count())
    return [lost, await must(count()), await must(count()), await must(count())]
  },
  'places are taken up to a limit, each by one request': async ({ ledger }) => {
    const other = `req_${'2'.repeat(26)}` as typeof REQUEST
    const take = async (terms: string, request = REQUEST) => (await must(ledger.takePlace(dana, terms, request, 2, NOW))).place
    const taken = [await take('aa'), await take('aa'), await take('aa', other), await take('bb'), await take('cc')]
    const held = await must(ledger.takePlace(dana, 'aa', other, 2, NOW))
    if (held.place !== 'held') return [...taken, held.place]
    const swap = async (attempt: string) => (await must(ledger.takePlace(dana, 'aa', other, 2, NOW, { ...held.by, attempt }))).place
    const swapped = [await swap('9'.repeat(32)), await swap(held.by.attempt), await swap(held.by.attempt)]
    // What was seen before the swap is held by another now.
    await must(ledger.leavePlace(dana, held.by))
    return [...taken, ...swapped, await take('cc')]
  },
  'a place that is left is free': async ({ ledger }) => {
    const other = `req_${'2'.repeat(26)}` as typeof REQUEST
    await must(ledger.takePlace(dana, 'aa', REQUEST, 1, NOW))
    const held = await must(ledger.takePlace(dana, 'aa', other, 1, NOW))
    if (held.place === 'held') await must(ledger.leavePlace(dana, held.by))
    return [(await must(ledger.takePlace(dana, 'bb', other, 1, NOW))).place]
  },

  // ── Freezes ────────────────────────────────────────────────────────────────────────────────────────────────────────
  'a freeze is set, set again, and put off but not brought nearer': async ({ ledger, events }) => {
    const set = async (until?: number) => (await must(ledger.freeze(all, rita, 'INC-1', until, NOW))).expiresAt
    const { id } = await must(ledger.freeze(all, rita, 'INC-1', NOW + 1000, NOW))
    return [await set(NOW + 500), await set(NOW + 2000), await set(), await set(NOW + 9000), events(`FREEZE#${id}`).length]
  },
  'a freeze whose answer is lost is set once': async (it) => {
    it.loseAnswer()
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    it.loseAnswer()
    await must(it.ledger.freeze(all, rita, 'INC-2', NOW + 1000, NOW))
    return [it.events(`FREEZE#${id}`)]
  },
  'a freeze is released by two people, and set again': async ({ ledger, events, now, table }) => {
    const { id } = await must(ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    const release = async (by: CallerRef) => {
      const answer = await ledger.unfreeze(id, by, isSame(by), NOW)
      return answer.outcome === 'done' ? answer.value : word(answer)
    }
    const answers = [await release(rita), await release(rita), await release(rob), await release(rob)]
    const listed = [(await must(ledger.freezes(now()))).length, Object.keys(table.item(SIDE, 'FREEZES', '-') ?? {})]
    const again = await must(ledger.freeze(all, rita, 'INC-2', NOW + 1000, NOW))
    return [...answers, listed, again.generation, (await must(ledger.freezes(now()))).length, events(`FREEZE#${id}`)]
  },
  'a set arrives again once its freeze was put back, and put back again': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', NOW + 1000, NOW))
    const again = sentAgain(it)
    const set = async (expiresAt: number) => (await must(it.ledger.freeze(all, rita, 'again', expiresAt, NOW))).expiresAt
    const restore = (now: number) => putBack(it, `FREEZE#${id}`, now)
    const first = await set(NOW + 2000)
    await restore(NOW)
    const answers = [first, await again(), await set(NOW + 3000)]
    await restore(NOW + 1)
    return [...answers, await again(), it.events(`FREEZE#${id}`)]
  },
  'a freeze that was put back as released is set again': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    for (const by of [rita, rob]) await must(it.ledger.unfreeze(id, by, isSame(by), NOW) as never)
    await putBack(it, `FREEZE#${id}`, NOW)
    const again = await must(it.ledger.freeze(all, rita, 'INC-2', undefined, NOW))
    return [again.generation, (await must(it.ledger.freezes(NOW))).length, it.events(`FREEZE#${id}`)]
  },
  'a freeze is put back before the set whose answer is lost is sent again': async (it) => {
    const id = freezeId(all)
    it.loseAnswer(() => putBack(it, `FREEZE#${id}`, NOW))
    await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    return [it.events(`FREEZE#${id}`)]
  },
  'a freeze is put back between a set’s read and its write': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await betweenWrites(it, () => putBack(it, `FREEZE#${id}`, NOW))
    const { expiresAt } = await must(it.ledger.freeze(all, rob, 'INC-2', NOW + 1000, NOW))
    return [expiresAt, it.events(`FREEZE#${id}`)]
  },
  'a set of a later generation arrives again once the freeze is gone': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    for (const by of [rita, rob]) await must(it.ledger.unfreeze(id, by, isSame(by), NOW) as never)
    const again = sentAgain(it)
    await must(it.ledger.freeze(all, rita, 'INC-2', undefined, NOW))
    await it.table.client.send(new DeleteItemCommand({ TableName: STORY, Key: marshall({ pk: `FREEZE#${id}` }) }))
    return [await again()]
  },
  'a request for a release arrives again once the freeze was put back again': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await putBack(it, `FREEZE#${id}`, NOW)
    const again = sentAgain(it)
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    await putBack(it, `FREEZE#${id}`, NOW + 1)
    return [await again()]
  },
  'a release meets another person who requested it in place of one who is stopped': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    const rex = { ...rita, subject: 'rex' }
    const stopped = async () => ({ outcome: 'done', value: true }) as const
    await betweenWrites(it, () => it.ledger.unfreeze(id, rex, isSame(rex), NOW, stopped))
    return [word(await it.ledger.unfreeze(id, rob, isSame(rob), NOW)), it.events(`FREEZE#${id}`)]
  },
  'a request for a release meets a deploy that released the freeze': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await betweenWrites(it, () => it.ledger.releaseByDeploy(id, 0, NOW))
    return [word(await it.ledger.unfreeze(id, rita, isSame(rita), NOW)), it.events(`FREEZE#${id}`)]
  },
  'a release meets one that came between': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    await betweenWrites(it, () => it.ledger.unfreeze(id, rob, isSame(rob), NOW))
    const answer = await it.ledger.unfreeze(id, rob, isSame(rob), NOW)
    return [word(answer), it.events(`FREEZE#${id}`)]
  },
  'two people ask for a release at once': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await betweenWrites(it, () => it.ledger.unfreeze(id, rita, isSame(rita), NOW))
    const answer = await it.ledger.unfreeze(id, rob, isSame(rob), NOW)
    return [word(answer), it.events(`FREEZE#${id}`)]
  },
  'a release meets a set that came between': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await betweenWrites(it, () => it.ledger.freeze(all, rita, 'INC-2', undefined, NOW))
    const asked = await it.ledger.unfreeze(id, rob, isSame(rob), NOW)
    return [word(asked), it.events(`FREEZE#${id}`)]
  },
  'a release is for the people who requested it': async (it) => {
    const elsewhere = { ...rita, issuer: 'elsewhere' }
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    const answers: string[] = []
    // Who asked changes under the release: another subject, then the same subject of another issuer.
    for (const asker of [rob, elsewhere]) {
      await betweenWrites(it, async () => {
        await it.ledger.freeze(all, rita, 'again', undefined, NOW)
        await it.ledger.unfreeze(id, asker, () => false, NOW)
      })
      answers.push(word(await it.ledger.unfreeze(id, { ...rita, subject: 'rex' }, () => false, NOW)))
    }
    return [answers, it.events(`FREEZE#${id}`)]
  },
  'a set that meets a release is made again': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    await betweenWrites(it, () => it.ledger.unfreeze(id, rob, isSame(rob), NOW))
    const again = await must(it.ledger.freeze(all, rita, 'INC-2', undefined, NOW))
    return [again.generation, it.events(`FREEZE#${id}`)]
  },
  'a shorter set meets a release that came between': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    let writes = 0
    // After the set was found to be shorter, and before it is put on record.
    await betweenWrites(
      it,
      () => it.ledger.unfreeze(id, rob, isSame(rob), NOW),
      () => ++writes === 3,
    )
    const again = await must(it.ledger.freeze(all, rita, 'INC-2', NOW + 1000, NOW))
    return [again.generation, again.expiresAt, it.events(`FREEZE#${id}`)]
  },
  'a deploy releases the freeze that it names, once': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    const wrong = await must(it.ledger.releaseByDeploy(id, 1, NOW))
    await betweenWrites(it, () => it.ledger.releaseByDeploy(id, 0, NOW))
    const beaten = await must(it.ledger.releaseByDeploy(id, 0, NOW))
    await must(it.ledger.freeze(all, rita, 'INC-2', undefined, NOW))
    return [wrong, beaten, await must(it.ledger.releaseByDeploy(id, 0, NOW)), it.events(`FREEZE#${id}`)]
  },
  'a deploy’s release meets a release and a set that came between': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await betweenWrites(it, async () => {
      await it.ledger.releaseByDeploy(id, 0, NOW)
      await it.ledger.freeze(all, rita, 'INC-2', undefined, NOW)
    })
    return [await must(it.ledger.releaseByDeploy(id, 0, NOW)), it.events(`FREEZE#${id}`)]
  },
  'a freeze whose journal is full is set and released all the same': async (it) => {
    const { ledger, events, now, table } = it
    const set = async (until: number) => must(ledger.freeze(all, rita, 'INC-1', until, NOW))
    const { id } = await set(NOW + 1)
    for (let more = 2; more <= 242; more++) await set(NOW + more)
    const release = (by: CallerRef) => ledger.unfreeze(id, by, isSame(by), NOW)
    const full = [(await set(NOW + 9000)).expiresAt, events(`FREEZE#${id}`).length]
    const answers: unknown[] = []
    for (let round = 0; round < 22; round++) {
      await must(ledger.freeze(all, rita, 'INC-2', undefined, NOW))
      answers.push(word(await release(rita)), word(await release(rob)), (await must(ledger.freezes(now()))).length)
    }
    await must(ledger.freeze(all, rita, 'INC-3', undefined, NOW))
    let writes = 0
    const beaten = async () => {
      await ledger.releaseByDeploy(id, 22, NOW)
      await ledger.freeze(all, rita, 'INC-4', undefined, NOW)
    }
    await betweenWrites(it, beaten, () => ++writes === 2)
    const deployed = [await must(ledger.releaseByDeploy(id, 22, NOW)), await must(ledger.releaseByDeploy(id, 23, NOW))]
    return [full, answers, deployed, events(`FREEZE#${id}`).length, table.item(STORY, `FREEZE#${id}`)?.unrecorded?.N]
  },
  'the directory keeps a freeze that was set again while the one before was released': async (it) => {
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
    let writes = 0
    await betweenWrites(
      it,
      () => it.ledger.freeze(all, rita, 'INC-2', undefined, NOW),
      () => ++writes === 2,
    )
    await must(it.ledger.unfreeze(id, rob, isSame(rob), NOW) as never)
    return [(await must(it.ledger.freezes(NOW))).length]
  },
  'the directory is not put back by a set that comes late': async (it) => {
    // Held before it is written, while the freeze is released and set again.
    await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    let writes = 0
    const { id } = await must(it.ledger.freeze({ kind: 'profile', id: 'p' }, rita, 'INC-1', undefined, NOW))
    await betweenWrites(
      it,
      async () => {
        await it.ledger.releaseByDeploy(id, 0, NOW)
        await it.ledger.freeze({ kind: 'profile', id: 'p' }, rita, 'INC-2', undefined, NOW)
        await it.ledger.releaseByDeploy(id, 1, NOW)
        await it.ledger.freeze({ kind: 'profile', id: 'p' }, rita, 'INC-3', undefined, NOW)
      },
      () => ++writes === 2,
    )
    await must(it.ledger.freeze({ kind: 'profile', id: 'p' }, rita, 'INC-4', undefined, NOW))
    return [Object.values(it.table.item(SIDE, 'FREEZES', '-') ?? {}).map(({ N }) => N)]
  },

  // ── Links ──────────────────────────────────────────────────────────────────────────────────────────────────────────
  'a link is written on the version that was read': async ({ ledger, events }) => {
    const write = async (version: number) => must(ledger.writeLink(LINK, version, linkedBy('pending'), NOW) as Promise<Done<boolean>>)
    return [await write(0), await write(0), await write(1), await write(1), events(`LINK#${LINK}`).length]
  },
  'a write of a link arrives again once the link was put back': async (it) => {
    const again = sentAgain(it)
    const offered: LinkChange = { ...linkedBy('pending'), events: [] }
    const changes = [offered, offered, linkedBy('pending')]
    for (const [version, change] of changes.entries()) await must(it.ledger.writeLink(LINK, version, change, NOW) as Promise<Done<boolean>>)
    await putBack(it, `LINK#${LINK}`, NOW)
    return [await again(), it.events(`LINK#${LINK}`)]
  },
  'a link is put back before the write whose answer is lost is sent again': async (it) => {
    it.loseAnswer(() => putBack(it, `LINK#${LINK}`, NOW))
    return [await must(it.ledger.writeLink(LINK, 0, linkedBy('pending'), NOW) as Promise<Done<boolean>>), it.events(`LINK#${LINK}`)]
  },
  'a write of a link is recognized, although its answer was lost and another write followed': async (it) => {
    const write = (version: number) => must(it.ledger.writeLink(LINK, version, linkedBy('pending'), NOW) as Promise<Done<boolean>>)
    await write(0)
    it.loseAnswer(() => write(2))
    return [await write(1), it.events(`LINK#${LINK}`).length]
  },
  'a link whose journal is full can still be ended, up to a limit': async ({ ledger }) => {
    const write = async (version: number, kind: 'pending' | 'ended') =>
      must(ledger.writeLink(LINK, version, linkedBy(kind), NOW) as Promise<Done<boolean>>)
    let version = 0
    while (version < 400 && (await write(version, 'pending'))) version++
    const full = version
    while (version < 400 && (await write(version, 'ended'))) version++
    return [full, version]
  },
  'a pointer is set if there is none, and moved only from where it pointed': async ({ ledger }) => {
    const at = { kind: 'slack', name: 'T1/U1' } as const
    const other = linkId({ issuer: 'people', subject: 'eve' })
    const point = async (to: LinkId, before?: LinkId) => must(ledger.point(at, to, NOW, before))
    return [
      await point(LINK),
      await point(LINK),
      await point(other),
      await point(other, other),
      await point(other, LINK),
      await point(other, LINK),
    ]
  },
  'a wrong code whose first send arrives late counts once': async (it) => {
    const counted = await late(it, () => it.ledger.countWrongCode('T1/U1', NOW))
    return [counted, await must(it.ledger.wrongCodes('T1/U1', NOW))]
  },
  'a wrong code whose answer is lost counts once': async (it) => {
    await must(it.ledger.countWrongCode('T1/U1', NOW))
    it.loseAnswer()
    return [await must(it.ledger.countWrongCode('T1/U1', NOW)), await must(it.ledger.wrongCodes('T1/U1', NOW))]
  },
}

const LINK = linkId({ issuer: 'people', subject: 'dana' })
const linkedBy = (kind: 'pending' | 'ended'): LinkChange => ({
  link: { caller: dana, identity: 'dana@example.com' },
  events: [
    kind === 'pending'
      ? { type: 'link.pending', by: rita, slack: 'T1/U1' }
      : { type: 'link.ended', by: rita, slack: 'T1/U1', reason: 'unlinked' },
  ],
})

const pendingOnly =
  (change: (typeof changes)[keyof typeof changes]) =>
  (found: { state: string }): ReturnType<Parameters<LedgerInProcess['ledger']['change']>[2]> =>
    found.state === 'pending' ? { outcome: 'done', value: change } : { outcome: 'refused', code: 'already-decided', detail: 'd' }

/** Does something else just before the next write of the story table. */
const between = (it: LedgerInProcess, decide: ReturnType<typeof always>) =>
  betweenWrites(it, () => it.ledger.change(REQUEST, NOW, decide, { origin }))
async function betweenWrites(it: LedgerInProcess, other: () => Promise<unknown>, when: () => boolean = () => true): Promise<void> {
  let waiting = true
  it.before(async ({ operation }) => {
    if (!waiting || operation !== 'UpdateItem' || !when()) return
    waiting = false
    await other()
  })
}

/** Sends the last write of the story table again, and says what came of it. */
function sentAgain({ table }: LedgerInProcess): () => Promise<string> {
  let send: () => unknown = () => {}
  table.through(({ operation, input }, apply) => {
    if (operation === 'UpdateItem' && input.TableName === STORY) send = apply
    return apply()
  })
  return async () => {
    try {
      await send()
      return 'written'
    } catch (error) {
      return (error as Error).name
    }
  }
}

/** Puts an item back as `stint audit restore` does if the table lost all of it. */
async function putBack({ table, settings: { random } }: LedgerInProcess, pk: string, now: number): Promise<void> {
  const entries: readonly JournalEntry[] = unmarshall(table.item(STORY, pk) ?? {}).events
  const events = entries.map((held) => ({ type: JSON.parse(held.event).type, commit: commitOf(held), held }))
  const given = givingBack({ id: pk.slice(pk.indexOf('#') + 1), events }, undefined, { operator: 'x', now, random })
  await table.client.send(new PutItemCommand({ TableName: STORY, Item: given?.item }))
}

// ── Taking clauses out ───────────────────────────────────────────────────────────────────────────────────────────────

/** One comparison or test: the smallest part of a condition. */
const LEAF =
  /NOT contains\([^)]*\)|attribute_(?:not_)?exists\([^)]*\)|size\([^)]*\) (?:<|=) :\w+|[#\w.]+ IN \([^)]*\)|[#\w.]+ (?:<>|<=|>=|=|<|>) [:#\w.]+/g
const ALWAYS = '(attribute_exists(pk) OR attribute_not_exists(pk))'
const NEVER = '(attribute_exists(pk) AND attribute_not_exists(pk))'

/** Conditions that the code makes in one place, by what all of them hold; a clause of it is taken out of all of them. */
const families = {
  reserve: 'termsHash = :termsHash',
  'record, drop, fail': '#session.#state = :reserved',
  'set a freeze': 'NOT contains(attempts',
  'release a freeze': 'lastSet = :lastSet',
  'change on a state': '#state IN',
  'take a place': '#place',
} as const
const familyOf = (condition: string): string => Object.entries(families).find(([, mark]) => condition.includes(mark))?.[0] ?? condition

type Without = { readonly family: string; readonly leaf: string; readonly instead: string }

const ledgerFor = (name: string, options: Parameters<typeof ledgerInProcess>[1]) =>
  ledgerInProcess(name.includes('before a restore') ? { epoch: NOW } : {}, options)

async function run(name: string, without?: Without, met?: Set<string>, over?: ClientName, at?: string): Promise<string> {
  const rewrite = (condition: string) => {
    const family = familyOf(condition)
    for (const leaf of condition.match(LEAF) ?? []) met?.add(`${family}: ${leaf}`)
    return without?.family === family ? condition.replace(without.leaf, without.instead) : condition
  }
  const it = ledgerFor(name, { rewrite, ...defined({ over, at }) })
  try {
    return JSON.stringify(await situations[name]?.(it))
  } catch (error) {
    return `threw ${(error as Error).message}`
  }
}

const honest = new Map<string, { readonly result: string; readonly met: ReadonlySet<string> }>()
for (const name of Object.keys(situations)) {
  const met = new Set<string>()
  honest.set(name, { result: await run(name, undefined, met), met })
}

test.each([...honest].map(([name, { result }]) => [name, result]))('%s', (_name, result) => expect(result).toMatchSnapshot())

test.each(Object.keys(situations))('%s: the same over Stint’s own wire', async (name) => {
  expect(await run(name, undefined, undefined, 'wire')).toBe(honest.get(name)?.result)
})

test('every read that is not of an index is consistent', async () => {
  const reads: object[] = []
  for (const [name, stage] of Object.entries(situations)) {
    const it = ledgerFor(name, {})
    const { client } = it.table
    const send = client.send.bind(client) as (command: object) => Promise<object>
    Object.assign(client, {
      send: (command: { readonly input: { readonly RequestItems?: object; readonly IndexName?: string } }) => {
        const operation = command.constructor.name
        const { RequestItems, IndexName, ...input } = command.input
        if (IndexName === undefined && /^(Get|BatchGet|Query)/.test(operation))
          for (const read of RequestItems ? Object.values(RequestItems) : [input]) reads.push({ operation, name, ...read })
        return send(command)
      },
    })
    await stage(it)
  }
  expect(reads.length).toBeGreaterThan(100)
  expect(reads.filter((read) => !('ConsistentRead' in read) || read.ConsistentRead !== true)).toEqual([])
})

/** On moto it ends with `request-changed`: the two writes do not meet as they are staged here. Why is not known yet. */
const STAGED_HERE = 'the directory keeps a freeze that was set again'
/** The endpoint of a DynamoDB that we did not write: `npm run verify:all moto` sets it. */
const elsewhere = process.env.STINT_DYNAMODB
test('exactly one situation is staged for the table in process', () => {
  expect(Object.keys(situations).filter((name) => name.startsWith(STAGED_HERE))).toHaveLength(1)
})
if (elsewhere !== undefined)
  describe.each(CLIENTS)('at STINT_DYNAMODB, over %s', (over) => {
    test.each(Object.keys(situations).filter((name) => !name.startsWith(STAGED_HERE)))('%s: the same', async (name) => {
      expect(await run(name, undefined, undefined, over, elsewhere)).toBe(honest.get(name)?.result)
    })
  })

const clauses = [...new Set([...honest.values()].flatMap(({ met }) => [...met]))].sort()
test.each(clauses.flatMap((clause) => [['always', clause, ALWAYS] as const, ['never', clause, NEVER] as const]))(
  'a situation notices that it %s holds: %s',
  async (_word, clause, instead) => {
    const colon = clause.indexOf(': ')
    const without = { family: clause.slice(0, colon), leaf: clause.slice(colon + 2), instead }
    for (const [name, { result, met }] of honest) if (met.has(clause) && (await run(name, without)) !== result) return
    expect.fail('no situation notices')
  },
)

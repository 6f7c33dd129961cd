/**
 * The sweeper over a table in this process: what it calls, that failing items do not hold up others, that its time is bounded, and that
 * nothing is lost or done twice if it is stopped, doubled, or late.
 */
import type { Approval } from '@stint/core/config/shape'
import type { RequestId } from '@stint/core/ids'
import { days, type Instant, seconds, toIso } from '@stint/core/instant'
import { nextDue } from '@stint/core/request/due'
import type { Change } from '@stint/core/request/machine'
import { describe, expect, test } from 'vitest'
import { toItem, toRequest } from './items.ts'
import { shardOf, timeKey } from './table.ts'
import {
  always,
  approval,
  changes,
  intent,
  type LedgerInProcess,
  ledgerInProcess,
  must,
  NOW,
  newRequest,
  REQUEST,
  SIDE,
  STORY,
  scope,
  sessionOf,
  sweepOptions,
} from './testing/ledger.ts'
import type { Sent } from './testing/table.ts'

const HALF_HOUR = 1_800_000
const breakGlass: Approval = { ...approval, breakGlass: true }
const idOf = (serial: number) => `req_${String(serial).padStart(26, '0')}` as RequestId
const indexed = (more: Parameters<typeof ledgerInProcess>[0] = {}) => ledgerInProcess(more, { indexed: true })

const ask = ({ ledger }: LedgerInProcess, request: RequestId, rules = approval, at = NOW) =>
  must(ledger.ask(newRequest({ request, approval: rules, call: { ...newRequest().call, now: at } })))
const sweepAt = (it: LedgerInProcess, at: Instant, more: Parameters<typeof sweepOptions>[1] = {}) => {
  it.setNow(at)
  return it.ledger.sweep(at, sweepOptions(at, more))
}
/** Without a walk, which would correct what the index of due requests must find by itself. */
const NO_WALK = { until: { abandon: Infinity, pass: Infinity, correct: 0 } }
const keysOf = ({ table }: LedgerInProcess, id = REQUEST) => {
  const { workKey, dueKey, dueAt } = table.item(STORY, `REQ#${id}`) ?? {}
  return { workKey: workKey?.S, dueKey: dueKey?.S, dueAt: dueAt?.S }
}
const at = (due: Instant, id = REQUEST) => ({ dueKey: `DUE#${shardOf(id)}`, dueAt: timeKey(due, id) })
const notDue = { workKey: undefined, dueKey: undefined, dueAt: undefined }
const eventsOf = (it: LedgerInProcess, id = REQUEST) => it.events(`REQ#${id}`)

/** Counts calls by operation, and by index for queries. */
function counting(it: LedgerInProcess) {
  const counts: Record<string, number> = {}
  it.table.through(({ operation, input }, apply) => {
    const name = input.IndexName ? `${operation} ${input.IndexName}` : operation
    counts[name] = (counts[name] ?? 0) + 1
    return apply()
  })
  return counts
}

describe('what a sweep calls', () => {
  const idle = { GetItem: 1, 'Query open': 4, 'Query due': 4, 'Query work': 4 }
  const profiles = (count: number) => Array.from({ length: count }, (_, serial) => `team-${serial}`)

  test.each([10, 10_000])('when idle, with %s profiles: the same', async (count) => {
    const it = indexed()
    // The walk of a new config, once.
    await sweepAt(it, NOW, { profiles: profiles(count) })
    const counts = counting(it)
    await sweepAt(it, NOW + 60_000, { profiles: profiles(count) })
    expect(counts).toEqual(idle)
  })
  test.each([10, 10_000])('with twenty requests due, and %s profiles: two more for each', async (count) => {
    const it = indexed()
    for (let serial = 0; serial < 20; serial++) await ask(it, idOf(serial))
    await sweepAt(it, NOW, { profiles: profiles(count) })
    const counts = counting(it)
    expect((await sweepAt(it, NOW + HALF_HOUR, { profiles: profiles(count), ...NO_WALK })).changed).toBe(20)
    // One more `UpdateItem` remembers where the walk continues, which is due after a quarter of an hour.
    expect(counts).toEqual({ ...idle, GetItem: 1 + 20, UpdateItem: 20 + 1 })
  })
})

describe('when a request is due', () => {
  test('is written with the request, and with each change of it', async () => {
    const it = indexed()
    await ask(it, REQUEST)
    const [pending, eighth] = [{ workKey: `pending#${shardOf(REQUEST)}` }, HALF_HOUR / 8]
    expect(keysOf(it)).toEqual({ ...pending, ...at(NOW + eighth) })
    await sweepAt(it, NOW + eighth, NO_WALK)
    expect(keysOf(it)).toEqual({ ...pending, ...at(NOW + 3 * eighth) })
    await must(it.ledger.change(REQUEST, NOW + eighth, always(changes.approved)))
    expect(keysOf(it)).toEqual({ workKey: undefined, ...at(NOW + 3_600_000) })
    await sweepAt(it, NOW + 3_600_000, NO_WALK)
    expect(keysOf(it)).toEqual(notDue)
    expect(eventsOf(it).slice(2)).toEqual(['request.reminded', 'approval.given', 'request.approved', 'request.ended'])
  })
  test.each<[string, Change]>([
    ['denied', changes.denied],
    ['cancelled', changes.cancelled],
    ['revoked', changes.revoked],
  ])('is removed when it is %s', async (_name, change) => {
    const it = indexed()
    await ask(it, REQUEST)
    await must(it.ledger.change(REQUEST, NOW, always(change)))
    expect(keysOf(it)).toEqual(notDue)
  })
  test('of a break-glass includes the reminders of its review', async () => {
    const it = indexed()
    await ask(it, REQUEST, breakGlass)
    await must(it.ledger.change(REQUEST, NOW, always(changes.approved)))
    const review = { workKey: `review#${shardOf(REQUEST)}` }
    expect(keysOf(it)).toEqual({ ...review, ...at(NOW + 3_600_000) })
    expect((await sweepAt(it, NOW, NO_WALK)).unreviewed).toBe(1)
    // The end takes effect whatever the request has become meanwhile, so the sweeper looks at it once more.
    await sweepAt(it, NOW + 3_600_000, NO_WALK)
    expect(keysOf(it)).toEqual({ ...review, ...at(NOW + 3_600_000) })
    expect((await sweepAt(it, NOW + 3_660_000, NO_WALK)).unreviewed).toBe(1)
    expect(keysOf(it)).toEqual({ ...review, ...at(NOW + days(1)) })
    const by = { issuer: 'people', subject: 'pat', name: 'Pat', kind: 'human' } as const
    const reviewed = { state: 'ended', set: { review: { by, at: NOW, text: 'fine' } }, events: [{ type: 'request.reviewed', by }] } as const
    await must(it.ledger.change(REQUEST, NOW + days(1), always(reviewed)))
    expect(keysOf(it)).toEqual(notDue)
    expect((await sweepAt(it, NOW + days(1), NO_WALK)).unreviewed).toBe(0)
  })
  test('is not too late if a revoke was decided before it was approved', async () => {
    const it = indexed()
    await ask(it, REQUEST, breakGlass)
    let meets = true
    const revoked = it.ledger.change(REQUEST, NOW, async (found) => {
      if (meets) {
        meets = false
        await must(it.ledger.change(REQUEST, NOW, always(changes.approved)))
      }
      return always(changes.revoked)(found)
    })
    expect((await revoked).outcome).toBe('done')
    expect((await sweepAt(it, NOW + 60_000, NO_WALK)).unreviewed).toBe(1)
    expect(keysOf(it)).toMatchObject(at(NOW + days(1)))
    await sweepAt(it, NOW + days(1), NO_WALK)
    expect(eventsOf(it).at(-1)).toBe('request.reminded')
  })
  test('is corrected only as long as the request is as it was read', async () => {
    const it = indexed()
    // Due after a minute by the rules under which it was made, and after an eighth of its time by those deployed now.
    await ask(it, REQUEST, { ...approval, escalateAfter: '1m' })
    expect(keysOf(it)).toMatchObject(at(NOW + 60_000))
    let meets = true
    it.before(async ({ operation }) => {
      if (!meets || operation !== 'UpdateItem') return
      meets = false
      await must(it.ledger.change(REQUEST, NOW, always(changes.approved)))
    })
    await sweepAt(it, NOW + 60_000, NO_WALK)
    expect(meets).toBe(false)
    expect(keysOf(it)).toEqual({ workKey: undefined, ...at(NOW + 3_600_000) })
  })
  test('is corrected if it is too early', async () => {
    const it = indexed()
    await ask(it, REQUEST, { ...approval, escalateAfter: '1m' })
    expect((await sweepAt(it, NOW + 60_000, NO_WALK)).changed).toBe(0)
    expect(keysOf(it)).toMatchObject(at(NOW + HALF_HOUR / 8))
  })
  test('a break-glass that was revoked before its approval is not to be reviewed', async () => {
    const it = indexed()
    await ask(it, REQUEST, breakGlass)
    await must(it.ledger.change(REQUEST, NOW, always(changes.revoked)))
    const version = it.table.item(STORY, `REQ#${REQUEST}`)?.version
    expect((await sweepAt(it, NOW + 60_000, NO_WALK)).unreviewed).toBe(0)
    expect(keysOf(it)).toEqual(notDue)
    // A correction is not a change of the request: its ETag stays.
    expect(it.table.item(STORY, `REQ#${REQUEST}`)?.version).toEqual(version)
  })
})

describe('a failing item', () => {
  const refused = (it: LedgerInProcess, isPoison: (id: string) => boolean) =>
    it.table.through(({ operation, input }, apply) => {
      if (operation === 'UpdateItem' && isPoison(input.Key?.pk?.S ?? '')) throw new Error('the write is throttled')
      return apply()
    })

  test('does not hold up later ones, however many fail before them', async () => {
    const it = indexed()
    for (let serial = 0; serial < 450; serial++) await ask(it, idOf(serial), approval, NOW + serial)
    await sweepAt(it, NOW)
    const isPoison = (pk: string) => Number(pk.slice(-26)) < 440
    refused(it, isPoison)
    const swept = await sweepAt(it, NOW + HALF_HOUR + 1000, NO_WALK)
    expect(swept.changed).toBe(10)
    expect(swept.faults).toHaveLength(440)
    it.table.through((_sent, apply) => apply())
    expect((await sweepAt(it, NOW + HALF_HOUR + 1000)).changed).toBe(440)
  })
  test('neither when the time is over before the later ones: the next run continues after it, and then returns to it', async () => {
    const it = indexed()
    for (let serial = 0; serial < 300; serial++) await ask(it, idOf(serial), approval, NOW + serial)
    await sweepAt(it, NOW)
    let changed = 0
    let runs = 0
    const start = NOW + HALF_HOUR + 1000
    // Each run has time for about forty calls that fail.
    for (; changed < 100 && runs < 12; runs++) {
      const from = start + runs * 60_000
      it.setNow(from)
      let calls = 0
      it.table.through(({ operation, input }, apply) => {
        if (operation === 'UpdateItem' && Number(input.Key?.pk?.S?.slice(-26)) < 200 && input.TableName === STORY) {
          if (++calls % 3 === 0) it.advance(1000)
          throw new Error('the write is throttled')
        }
        return apply()
      })
      const until = { abandon: from, pass: from + 40_000, correct: 0 }
      changed += (await it.ledger.sweep(from, sweepOptions(from, { until }))).changed
    }
    expect(changed).toBe(100)
    it.table.through((_sent, apply) => apply())
    let rest = 0
    for (let run = 0; run < 3; run++) rest += (await sweepAt(it, start + 3_600_000 + run)).changed
    expect(rest).toBe(200)
  })
  test('that cannot be read is a fault of the run, and of no other item', async () => {
    const it = indexed()
    for (let serial = 0; serial < 8; serial++) await ask(it, idOf(serial))
    const broken = it.table.snapshot()
    it.table.restore(new Map([...broken].map(([id, item]) => [id, item.pk?.S?.endsWith('3') ? { ...item, terms: { S: '{' } } : item])))
    const swept = await sweepAt(it, NOW + HALF_HOUR)
    expect([swept.changed, [...new Set(swept.faults)]]).toEqual([7, ['ledger: a request cannot be read']])
  })
})

describe('the time of a run', () => {
  test('is bounded; what it did not reach, the next runs do, each once', async () => {
    const it = indexed()
    for (let serial = 0; serial < 400; serial++) await ask(it, idOf(serial), approval, NOW + serial)
    await sweepAt(it, NOW)
    // A second for each write.
    it.table.through(({ operation }, apply) => {
      if (operation === 'UpdateItem') it.advance(1000)
      return apply()
    })
    const changed: number[] = []
    for (let run = 0; run < 12; run++) {
      const from = NOW + HALF_HOUR + 1000 + run * 600_000
      it.setNow(from)
      const until = { abandon: from + 15_000, pass: from + 40_000, correct: from + 45_000 }
      changed.push((await it.ledger.sweep(from, sweepOptions(from, { until }))).changed)
      // Four shards with four writes each can be under way when the time is over.
      expect(it.now()).toBeLessThanOrEqual(from + 60_000)
    }
    expect(changed.reduce((sum, count) => sum + count)).toBe(400)
    for (let serial = 0; serial < 400; serial++)
      expect(eventsOf(it, idOf(serial)).filter((type) => type === 'request.expired')).toHaveLength(1)
  })
  test('shows in its events: each is dated when it is written', async () => {
    const it = indexed()
    await ask(it, idOf(1))
    await reserveIn(it, idOf(2))
    const start = NOW + HALF_HOUR
    it.setNow(start)
    it.table.through(({ operation }, apply) => {
      if (operation === 'Query') it.advance(1000)
      return apply()
    })
    const until = { abandon: start + 15_000, pass: start + 40_000, correct: start + 45_000 }
    await it.ledger.sweep(start, sweepOptions(start, { until }))
    const lastOf = (id: RequestId) => JSON.parse(it.table.item(STORY, `REQ#${id}`)?.events?.L?.at(-1)?.M?.event?.S ?? '{}')
    const [expired, abandoned] = [lastOf(idOf(1)), lastOf(idOf(2))]
    expect([expired.type, abandoned.type]).toEqual(['request.expired', 'session.abandoned'])
    for (const event of [expired, abandoned]) expect(Date.parse(event.at)).toBeGreaterThan(start)
  })
  test('does not go back in time if the clock is set back', async () => {
    const it = indexed()
    await ask(it, idOf(1))
    await reserveIn(it, idOf(2))
    const start = NOW + HALF_HOUR
    it.setNow(start - 10_000)
    await it.ledger.sweep(start, sweepOptions(start))
    for (const id of [idOf(1), idOf(2)]) {
      const last = JSON.parse(it.table.item(STORY, `REQ#${id}`)?.events?.L?.at(-1)?.M?.event?.S ?? '{}')
      expect(last).toMatchObject({ type: id === idOf(1) ? 'request.expired' : 'session.abandoned', at: toIso(start) })
    }
  })
  test('does not run out for changes while reservations are abandoned', async () => {
    const it = indexed()
    await ask(it, idOf(1))
    for (let serial = 100; serial < 200; serial++) await reserveIn(it, idOf(serial))
    it.table.through(({ operation }, apply) => {
      if (operation === 'UpdateItem') it.advance(1000)
      return apply()
    })
    const from = NOW + HALF_HOUR
    it.setNow(from)
    const until = { abandon: from + 15_000, pass: from + 40_000, correct: from + 45_000 }
    const first = await it.ledger.sweep(from, sweepOptions(from, { until }))
    expect(first.changed).toBe(1)
    expect(first.abandoned).toBeGreaterThan(0)
    expect(first.abandoned).toBeLessThan(100)
    let abandoned = first.abandoned
    for (let run = 1; run < 12; run++) abandoned += (await sweepAt(it, from + run * 60_000)).abandoned
    expect(abandoned).toBe(100)
  })
})

const reserveIn = (it: LedgerInProcess, request: RequestId) =>
  must(it.ledger.reserve(intent({ request, session: sessionOf(request), scope: scope(), windowExpiresAt: NOW + days(1) })) as never)

describe('a reservation that was never recorded', () => {
  test('is abandoned past those that fail', async () => {
    const it = indexed()
    for (let serial = 0; serial < 130; serial++) await reserveIn(it, idOf(serial))
    it.table.through(({ operation, input }, apply) => {
      if (operation === 'UpdateItem' && Number(input.Key?.pk?.S?.slice(-26)) < 120) throw new Error('throttled')
      return apply()
    })
    const swept = await sweepAt(it, NOW + seconds(120))
    expect([swept.abandoned, swept.faults.length]).toEqual([10, 120])
  })
})

describe('a new config', () => {
  const quick: Approval = { ...approval, escalateAfter: '1m' }
  /** The table of one ledger under other rules. */
  function redeployed(it: LedgerInProcess, rules: Approval, hash: string): LedgerInProcess {
    const next = indexed({ approvalOf: () => rules, configHash: hash.repeat(64) })
    next.table.restore(it.table.snapshot())
    return next
  }
  test('that escalates earlier is followed by requests that wait already', async () => {
    const it = indexed()
    for (let serial = 0; serial < 250; serial++) await ask(it, idOf(serial))
    await sweepAt(it, NOW)
    const next = redeployed(it, quick, 'd')
    // Not yet due, but now it is known when.
    await sweepAt(next, NOW + 30_000)
    expect(keysOf(next, idOf(7))).toMatchObject(at(NOW + 60_000, idOf(7)))
    expect((await sweepAt(next, NOW + 60_000)).changed).toBe(250)
    expect(eventsOf(next, idOf(7)).at(-1)).toBe('request.escalated')
  })
  test('is followed although the time of each run is short', async () => {
    const it = indexed()
    for (let serial = 0; serial < 250; serial++) await ask(it, idOf(serial))
    await sweepAt(it, NOW)
    const next = redeployed(it, quick, 'd')
    let runs = 0
    for (; runs < 30; runs++) {
      let calls = 0
      const from = NOW + 1000 + runs * 1000
      next.setNow(from)
      next.table.through((_sent, apply) => {
        if (++calls > 60) next.setNow(from + 46_000)
        return apply()
      })
      await next.ledger.sweep(from, sweepOptions(from, { until: { abandon: from + 15_000, pass: from + 40_000, correct: from + 45_000 } }))
      if (
        Array.from({ length: 250 }, (_, serial) => keysOf(next, idOf(serial)).dueAt).every((due) =>
          due?.startsWith(timeKey(NOW + 60_000, '' as RequestId)),
        )
      )
        break
    }
    expect(runs).toBeGreaterThan(2)
    expect(runs).toBeLessThan(30)
  })
  test('once more after a quarter of an hour, when no function of the deployment before is left', async () => {
    const it = indexed()
    await sweepAt(it, NOW)
    const next = redeployed(it, quick, 'd')
    await sweepAt(next, NOW + 1000)
    // An instance that still has the rules from before.
    const old = redeployed(next, approval, 'c')
    await ask(old, REQUEST, approval, NOW + 2000)
    next.table.restore(old.table.snapshot())
    await sweepAt(next, NOW + 62_000)
    expect(eventsOf(next)).not.toContain('request.escalated')
    await sweepAt(next, NOW + 901_000)
    await sweepAt(next, NOW + 902_000)
    expect(eventsOf(next)).toContain('request.escalated')
  })
  test('items of an earlier version of Stint get their place', async () => {
    const it = indexed()
    await ask(it, idOf(1))
    await ask(it, idOf(2), breakGlass)
    await must(it.ledger.change(idOf(2), NOW, always(changes.approved)))
    await ask(it, idOf(3))
    await must(it.ledger.change(idOf(3), NOW, always(changes.approved)))
    const now = [1, 2, 3].map((serial) => keysOf(it, idOf(serial)))
    const stages: Record<string, string> = { [idOf(1)]: 'pending', [idOf(2)]: 'approved', [idOf(3)]: 'approved' }
    it.table.restore(
      new Map(
        [...it.table.snapshot()].map(([id, { dueKey: _key, dueAt: _at, ...item }]) => [
          id,
          { ...item, workKey: { S: `${stages[item.id?.S ?? '']}#deploy` } },
        ]),
      ),
    )
    await sweepAt(it, NOW)
    // The approved one that needs no review leaves the lists.
    expect([1, 2, 3].map((serial) => keysOf(it, idOf(serial)))).toEqual(now)
    expect((await sweepAt(it, NOW + 3_600_000)).changed).toBe(3)
  })
  test('is looked at again each day, and not in between', async () => {
    const it = indexed()
    const walked = async (now: Instant) => {
      const counts = counting(it)
      await sweepAt(it, now)
      return (counts['Query work'] ?? 0) > 4
    }
    const minutes = (count: number) => NOW + count * 60_000
    expect(await walked(minutes(0))).toBe(true)
    expect(await walked(minutes(1))).toBe(false)
    expect(await walked(minutes(15))).toBe(true)
    expect(await walked(minutes(16))).toBe(false)
    expect(await walked(minutes(15 + 24 * 60 - 1))).toBe(false)
    expect(await walked(minutes(15 + 24 * 60))).toBe(true)
  })
})

describe.each([
  ['with a walk', {}],
  ['without a walk', NO_WALK],
])('%s, nothing is lost, and nothing done twice', (_name, options) => {
  /** One of each kind that is due half an hour from the start, and what becomes of it. */
  async function staged(): Promise<LedgerInProcess> {
    const it = indexed()
    await ask(it, idOf(1))
    await ask(it, idOf(2), breakGlass)
    await must(
      it.ledger.change(idOf(2), NOW, always({ ...changes.approved, set: { ...changes.approved.set, windowExpiresAt: NOW + 60_000 } })),
    )
    await ask(it, idOf(3), { ...approval, expiresAfter: '2h', escalateAfter: '10m' })
    await ask(it, idOf(4), breakGlass)
    await must(it.ledger.change(idOf(4), NOW, always(changes.revoked)))
    await reserveIn(it, idOf(5))
    return it
  }
  const due = NOW + HALF_HOUR
  const outcome = {
    [idOf(1)]: ['request.expired'],
    [idOf(2)]: ['request.ended'],
    [idOf(3)]: ['request.reminded'],
    [idOf(4)]: [],
    [idOf(5)]: ['session.abandoned'],
  }
  const outcomeOf = (it: LedgerInProcess) =>
    Object.fromEntries(
      Object.keys(outcome).map((id) => [
        id,
        eventsOf(it, id as RequestId).filter((type) => /expired|ended|escalated|reminded|abandoned/.test(type)),
      ]),
    )
  /** Every request is in the indexes where it belongs. */
  function expectKeysRight(it: LedgerInProcess) {
    for (const item of it.table.items()) {
      const request = item.terms && item.workKey !== undefined ? toRequest(toItem(item)) : undefined
      if (!request) continue
      const next = nextDue(request, approval)
      expect(item.dueAt?.S).toBe(next === undefined ? undefined : timeKey(next, request.id))
    }
  }
  const settled = async (it: LedgerInProcess) => {
    it.table.through((_sent, apply) => apply())
    await sweepAt(it, due + 1000, options)
    await sweepAt(it, due + 2000, options)
    expect(outcomeOf(it)).toEqual(outcome)
    expectKeysRight(it)
  }
  async function callsOfOneRun(): Promise<number> {
    const it = await staged()
    let calls = 0
    it.table.through((_sent, apply) => {
      calls++
      return apply()
    })
    await sweepAt(it, due, options)
    return calls
  }

  test('when the sweeper is killed before or after any of its calls', async () => {
    const count = await callsOfOneRun()
    expect(count).toBeGreaterThan(20)
    for (let kill = 0; kill < count; kill++)
      for (const isAfter of [false, true]) {
        const it = await staged()
        let calls = 0
        let reach = () => {}
        const killed = new Promise<void>((resolve) => {
          reach = resolve
        })
        const never = new Promise<never>(() => {})
        it.table.through((_sent, apply) => {
          const call = calls++
          if (call > kill) return never
          if (call < kill) return apply()
          if (isAfter) apply()
          reach()
          return never
        })
        void sweepAt(it, due, options)
        await killed
        await settled(it)
      }
  })
  test('when a second sweeper runs before any call of the first', async () => {
    const count = await callsOfOneRun()
    for (let meet = 0; meet < count; meet++) {
      const it = await staged()
      let calls = 0
      it.before(async () => {
        if (calls++ === meet) await sweepAt(it, due, options)
      })
      const { faults } = await sweepAt(it, due, options)
      expect(faults).toEqual([])
      await settled(it)
    }
  })
  test('when a write arrives after another sweeper has done the same', async () => {
    const count = await callsOfOneRun()
    for (let late = 0; late < count; late++) {
      const it = await staged()
      let calls = 0
      let arrive = () => {}
      it.table.through((sent: Sent, apply) => {
        if (calls++ !== late || sent.operation !== 'UpdateItem') return apply()
        arrive = () => {
          // A write that arrives late can fail its condition. No caller waits for its answer.
          try {
            apply()
          } catch {}
        }
        throw new Error('timeout')
      })
      await sweepAt(it, due, options)
      it.table.through((_sent, apply) => apply())
      await sweepAt(it, due, options)
      arrive()
      await settled(it)
    }
  })
  test('when two run at once, over and over', async () => {
    const it = await staged()
    for (let round = 0; round < 3; round++) await Promise.all([sweepAt(it, due, options), sweepAt(it, due, options)])
    await settled(it)
  })
  test('if what the sweeper remembers is lost', async () => {
    const it = await staged()
    await sweepAt(it, NOW, options)
    it.table.restore(new Map([...it.table.snapshot()].filter(([id]) => !id.startsWith(`${SIDE}|KEEP#due`))))
    await sweepAt(it, due, options)
    await settled(it)
  })
})

/** Lists of requests that wait for people: what they call does not depend on the number of profiles, and a page is bounded. */
import type { RequestId } from '@stint/core/ids'
import type { Terms } from '@stint/core/scope/terms'
import { describe, expect, test } from 'vitest'
import { type LedgerInProcess, ledgerInProcess, must, NOW, newRequest, scope } from './testing/ledger.ts'

const idOf = (serial: number) => `req_${String(serial).padStart(26, '0')}` as RequestId
const TIME_KEY = /^\d{4}-\d\d-\d\dT[\d:.]{12}Z#req_[0-9A-Za-z]{26}$/

/** One request a second, each of the profile that `profileOf` says. */
async function waiting(count: number, profileOf: (serial: number) => string): Promise<LedgerInProcess> {
  const it = ledgerInProcess({}, { indexed: true })
  for (let serial = 0; serial < count; serial++) {
    const terms = { ...scope().terms, profile: profileOf(serial) } as Terms
    await must(
      it.ledger.ask(
        newRequest({ request: idOf(serial), scope: scope({ terms }), call: { ...newRequest().call, now: NOW + serial * 1000 } }),
      ),
    )
  }
  return it
}
function counting(it: LedgerInProcess) {
  const counts: Record<string, number> = {}
  it.table.through(({ operation }, apply) => {
    counts[operation] = (counts[operation] ?? 0) + 1
    return apply()
  })
  return counts
}
const newestFirst = (serials: readonly number[]) => serials.toReversed().map(idOf)
const numbers = (count: number) => Array.from({ length: count }, (_, serial) => serial)

describe('the requests of one stage', () => {
  test.each([10, 10_000])('with %s profiles: four queries, and one read for each request of the page', async (profiles) => {
    const it = await waiting(100, (serial) => `team-${(serial * 97) % profiles}`)
    const counts = counting(it)
    const wanted = new Set(Array.from({ length: profiles }, (_, serial) => `team-${serial}`))
    const page = await must(it.ledger.workOn('pending', (profile) => wanted.has(profile), 20))
    expect(page.items.map(({ id }) => id)).toEqual(newestFirst(numbers(100).slice(80)))
    expect(counts).toEqual({ Query: 4, GetItem: 20 })
  })
  test('those of other profiles are not even read', async () => {
    const it = await waiting(200, (serial) => (serial % 50 === 0 ? 'mine' : 'theirs'))
    const counts = counting(it)
    const page = await must(it.ledger.workOn('pending', (profile) => profile === 'mine', 20))
    expect(page).toEqual({ items: expect.anything() })
    expect(page.items.map(({ id }) => id)).toEqual(newestFirst([0, 50, 100, 150]))
    expect(counts).toEqual({ Query: 4, GetItem: 4 })
  })
  test.each([1, 7, 20, 100])('in pages of %s: each once, newest first, and each cursor is a time key', async (limit) => {
    const it = await waiting(600, (serial) => (serial % 3 === 0 ? 'mine' : 'theirs'))
    const found: RequestId[] = []
    for (let cursor: string | undefined, pages = 0; pages < 1000; pages++) {
      const page = await must(it.ledger.workOn('pending', (profile) => profile === 'mine', limit, cursor))
      expect(page.items.length).toBeLessThanOrEqual(limit)
      found.push(...page.items.map(({ id }) => id))
      if (page.next === undefined) break
      expect(page.next).toMatch(TIME_KEY)
      cursor = page.next
    }
    expect(found).toEqual(newestFirst(numbers(600).filter((serial) => serial % 3 === 0)))
  })
  test('a page gives up after a number of queries, and continues from its cursor', async () => {
    // 10,000 keys of other profiles are one page; the table gives out the same ones again and again.
    const it = await waiting(1, () => 'theirs')
    let queries = 0
    it.table.through(({ operation, input }, apply) => {
      if (operation !== 'Query') return apply()
      const first = ++queries * 1000
      const Items = numbers(input.Limit ?? 0).map((serial) => {
        const id = idOf(first + serial)
        const at = `${new Date(NOW - (first + serial) * 1000).toISOString()}#${id}`
        return {
          pk: { S: `REQ#${id}` },
          workKey: input.ExpressionAttributeValues?.[':hash'] ?? { S: '' },
          at: { S: at },
          profile: { S: 'theirs' },
        }
      })
      return { Items, Count: Items.length, ConsumedCapacity: { TableName: input.TableName } }
    })
    const page = await must(it.ledger.workOn('pending', (profile) => profile === 'mine', 20))
    expect(page.items).toEqual([])
    expect(page.next).toMatch(TIME_KEY)
    expect(queries).toBe(4 * 40)
  })
  test('a break-glass in review is not among the pending ones', async () => {
    const it = await waiting(3, () => 'deploy')
    expect((await must(it.ledger.workOn('review', () => true, 20))).items).toEqual([])
  })
})

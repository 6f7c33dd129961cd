/** What a write must also clear or keep, besides the state that it changes. */
import { expect, test } from 'vitest'
import { shardOf } from './table.ts'
import { all, always, approval, changes, ledgerInProcess, must, NOW, newRequest, REQUEST, rita, rob, STORY } from './testing/ledger.ts'

const isSame = (one: { subject: string }) => (other: { subject: string }) => one.subject === other.subject

test.each([
  ['without an end', undefined],
  ['with a later end', NOW + 9000],
])('a set %s withdraws the release that was asked for before it', async (_name, expiresAt) => {
  const { ledger } = ledgerInProcess()
  const { id } = await must(ledger.freeze(all, rita, 'INC-1', NOW + 1000, NOW))
  await must(ledger.unfreeze(id, rita, isSame(rita), NOW) as never)
  await must(ledger.freeze(all, rob, 'INC-2', expiresAt, NOW))
  expect(await ledger.unfreeze(id, rob, isSame(rob), NOW)).toEqual({ outcome: 'done', value: 'asked' })
})

test('a release forgets the sets of its generation', async () => {
  const { ledger, table } = ledgerInProcess()
  const { id } = await must(ledger.freeze(all, rita, 'INC-1', undefined, NOW))
  for (const by of [rita, rob]) await must(ledger.unfreeze(id, by, isSame(by), NOW) as never)
  expect(table.item(STORY, `FREEZE#${id}`)?.attempts).toBeUndefined()
})

test('a break-glass that was approved while it was being revoked stays on the list of reviews', async () => {
  const it = ledgerInProcess()
  await must(it.ledger.ask(newRequest({ approval: { ...approval, breakGlass: true } })))
  let meets = true
  await must(
    it.ledger.change(REQUEST, NOW, async (found) => {
      if (meets) {
        meets = false
        await must(it.ledger.change(REQUEST, NOW, always(changes.approved)))
      }
      return always(changes.revoked)(found)
    }),
  )
  expect(it.table.item(STORY, `REQ#${REQUEST}`)?.workKey?.S).toBe(`review#${shardOf(REQUEST)}`)
})

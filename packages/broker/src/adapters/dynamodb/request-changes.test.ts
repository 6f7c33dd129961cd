/** A change whose response was lost is recognized by its event, whatever has followed it. Other losses are in ./conditions.test.ts. */
import { done } from '@stint/core/outcome'
import type { Change } from '@stint/core/request/machine'
import { expect, test } from 'vitest'
import { always, changes, ledgerInProcess, must, NOW, newRequest, REQUEST, STORY } from './testing/ledger.ts'

const by = { issuer: 'people', subject: 'avery', name: 'Avery', kind: 'human' } as const
const given: Change = { state: 'pending', set: {}, events: [{ type: 'approval.given', by, channel: 'api', rules: [0] }] }

test.each<[string, Change, Change, string[]]>([
  ['an approval that another one completed', given, changes.approved, ['approval.given', 'approval.given', 'request.approved']],
  ['an approval of a request that was then denied', given, changes.denied, ['approval.given', 'request.denied']],
  [
    'an approval of a request that was then revoked',
    changes.approved,
    changes.revoked,
    ['approval.given', 'request.approved', 'request.revoked'],
  ],
])('%s is not decided again', async (_name, first, second, events) => {
  const it = ledgerInProcess()
  await must(it.ledger.ask(newRequest()))
  it.loseAnswer(() => must(it.ledger.change(REQUEST, NOW, always(second))))
  let decisions = 0
  const decide = () => {
    decisions++
    return done(first)
  }
  expect(await must(it.ledger.change(REQUEST, NOW, decide))).toMatchObject({ state: second.state })
  expect(decisions).toBe(1)
  expect(it.events(`REQ#${REQUEST}`).slice(-events.length)).toEqual(events)
})

test('a change is not done in a request that `stint audit restore` has replaced', async () => {
  const it = ledgerInProcess()
  await must(it.ledger.ask(newRequest()))
  it.loseAnswer(async () => {
    const { terms: _, ...restored } = it.table.item(STORY, `REQ#${REQUEST}`) ?? {}
    it.table.restore(new Map([...it.table.snapshot()].map(([id, item]) => [id, item.pk?.S === `REQ#${REQUEST}` ? restored : item])))
  })
  expect(await it.ledger.change(REQUEST, NOW, always(given))).toMatchObject({ outcome: 'refused', code: 'request-unknown' })
})

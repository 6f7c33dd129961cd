/** Reservations that were never recorded give their use back after a while, however busy their request is. */
import { seconds } from '@stint/core/instant'
import { expect, test } from 'vitest'
import { assumed, intent, ledgerInProcess, must, NOW, REQUEST, scope, sessionOf, sweepOptions } from './testing/ledger.ts'

const busy = scope({ terms: { ...scope().terms, uses: 50 } })
const at = (after: number, suffix: string) =>
  intent({
    scope: busy,
    windowExpiresAt: NOW + seconds(3600),
    call: { ...intent().call, now: NOW + seconds(after) },
    session: sessionOf(REQUEST, suffix),
    attempt: suffix.slice(-1).repeat(32),
  })

test('a reservation does not hide behind later ones of its request', async () => {
  const { ledger } = ledgerInProcess({}, { indexed: true })
  await must(ledger.reserve(at(0, '00000001')))
  const given: unknown[] = []
  for (const [after, suffix] of [
    [80, '00000002'],
    [160, '00000003'],
  ] as const) {
    const reservation = await must(ledger.reserve(at(after, suffix)))
    await must(ledger.record(reservation, assumed(), NOW + seconds(after)))
    const now = NOW + seconds(after + 20)
    given.push((await ledger.sweep(now, sweepOptions(now))).abandoned)
  }
  expect(given).toEqual([1, 0])
})

/** A release whose response was lost is recognized by its event, whatever has followed it. Other losses are in ./conditions.test.ts. */

import { isDeepStrictEqual } from 'node:util'
import type { CallerRef } from '@stint/core/identity/caller'
import { expect, test } from 'vitest'
import { all, type LedgerInProcess, ledgerInProcess, must, NOW, rita, rob } from './testing/ledger.ts'

const set = ({ ledger }: LedgerInProcess, justification: string) => must(ledger.freeze(all, rita, justification, undefined, NOW))
const release = async ({ ledger }: LedgerInProcess, id: Parameters<LedgerInProcess['ledger']['unfreeze']>[0], by: CallerRef) =>
  ledger.unfreeze(id, by, (other) => isDeepStrictEqual(other, by), NOW)

test('a request to release that another responder fulfilled', async () => {
  const it = ledgerInProcess()
  const { id } = await set(it, 'INC-1')
  it.loseAnswer(() => release(it, id, rob))
  expect(await release(it, id, rita)).toEqual({ outcome: 'done', value: 'asked' })
  expect(it.events(`FREEZE#${id}`)).toEqual(['freeze.set', 'freeze.release-asked', 'freeze.released'])
})

test('a release that a new set followed', async () => {
  const it = ledgerInProcess()
  const { id } = await set(it, 'INC-1')
  await release(it, id, rita)
  it.loseAnswer(() => set(it, 'INC-2'))
  expect(await release(it, id, rob)).toEqual({ outcome: 'done', value: 'released' })
  expect(it.events(`FREEZE#${id}`)).toEqual(['freeze.set', 'freeze.release-asked', 'freeze.released', 'freeze.set'])
  expect(await must(it.ledger.freezes(NOW))).toMatchObject([{ id, justification: 'INC-2' }])
})

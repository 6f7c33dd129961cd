/** A release whose response was lost is recognized by its event, whatever has followed it. Other losses are in ./conditions.test.ts. */

import { isDeepStrictEqual } from 'node:util'
import type { CallerRef } from '@stint/core/identity/caller'
import { expect, test } from 'vitest'
import { type LedgerInProcess, ledgerInProcess, must, NOW } from './testing/ledger.ts'

const ALL = { kind: 'all' } as const
const responder = (name: string): CallerRef => ({ issuer: 'people', subject: name, name, kind: 'human' })
const [rita, rob] = [responder('rita'), responder('rob')]
const set = ({ ledger }: LedgerInProcess, justification: string) => must(ledger.freeze(ALL, rita, justification, undefined, NOW))
const release = async ({ ledger }: LedgerInProcess, id: Parameters<LedgerInProcess['ledger']['unfreeze']>[0], by: CallerRef) =>
  ledger.unfreeze(id, by, (other) => isDeepStrictEqual(other, by), NOW)

/** The next write takes effect, then `next` runs, and the response to the write is lost. */
function loseAnswerBefore(it: LedgerInProcess, next: () => Promise<unknown>): void {
  let lost = false
  it.table.through(async ({ operation }, apply) => {
    const answer = await apply()
    if (lost || operation !== 'UpdateItem') return answer
    lost = true
    await next()
    throw new Error('the connection was reset')
  })
}

test('a request to release that another responder fulfilled', async () => {
  const it = ledgerInProcess()
  const { id } = await set(it, 'INC-1')
  loseAnswerBefore(it, () => release(it, id, rob))
  expect(await release(it, id, rita)).toEqual({ outcome: 'done', value: 'asked' })
  expect(it.events(`FREEZE#${id}`)).toEqual(['freeze.set', 'freeze.release-asked', 'freeze.released'])
})

test('a release that a new set followed', async () => {
  const it = ledgerInProcess()
  const { id } = await set(it, 'INC-1')
  await release(it, id, rita)
  loseAnswerBefore(it, () => set(it, 'INC-2'))
  expect(await release(it, id, rob)).toEqual({ outcome: 'done', value: 'released' })
  expect(it.events(`FREEZE#${id}`)).toEqual(['freeze.set', 'freeze.release-asked', 'freeze.released', 'freeze.set'])
  expect(await must(it.ledger.freezes(NOW))).toMatchObject([{ id, justification: 'INC-2' }])
})

/** The sweeper's time, and what it logs. */
import { rulesOf } from '@stint/core/config/rules'
import type { Config } from '@stint/core/config/shape'
import { done } from '@stint/core/outcome'
import { expect, test } from 'vitest'
import { ledgerInProcess, NOW } from '../adapters/dynamodb/testing/ledger.ts'
import type { ImmediateEnds } from '../ends/request-end.ts'
import { FUNCTIONS } from '../lambda/functions.ts'
import { deadlinesOnAws } from '../wiring/broker.ts'
import { SWEEP_SECONDS, sweep } from './sweep.ts'

/** A read and a write of an item, or a query: each is sent three times, with two pauses of at most 75 and 150 ms. */
const LAST_CALLS_MS = 2 * (3 * deadlinesOnAws.ledger + 75 + 150)

const rules = rulesOf({ issuers: {}, targets: {}, profiles: {} } as unknown as Config, 'c'.repeat(64))

test('what is under way when the time is over still fits into the function', () => {
  expect(SWEEP_SECONDS.abandon).toBeLessThan(SWEEP_SECONDS.pass)
  expect(SWEEP_SECONDS.pass).toBeLessThan(SWEEP_SECONDS.correct)
  // Then the sweeper writes what it remembers, and counts what is unreviewed.
  expect(SWEEP_SECONDS.correct * 1000 + 2 * LAST_CALLS_MS).toBeLessThan(FUNCTIONS.sweep.seconds * 1000)
})

test('an idle run reads, and writes nothing', async () => {
  const it = ledgerInProcess({}, { indexed: true })
  const broker = { rules, ledger: it.ledger, clock: it.now, log: () => {} }
  await sweep(broker)
  const operations: string[] = []
  it.table.through(({ operation }, apply) => {
    operations.push(operation)
    return apply()
  })
  it.advance(60_000)
  expect(await sweep(broker)).toEqual({ abandoned: 0, changed: 0, unreviewed: 0 })
  expect(operations.sort()).toEqual(['GetItem', ...Array(12).fill('Query')])
})

test('a run with many faults names three of them, and how many more there are', async () => {
  const { ledger } = ledgerInProcess()
  const lines: object[] = []
  const failing = {
    ...ledger,
    announceConfig: async () => done(true as const),
    sweep: async () => ({ abandoned: 1, changed: 2, unreviewed: 0, faults: ['a', 'b', 'c', 'd', 'e'] }),
  }
  const swept = { abandoned: 1, changed: 2, unreviewed: 0, fault: 'a; b; c; and 2 more' }
  expect(await sweep({ rules, ledger: failing, clock: () => NOW, log: (line) => void lines.push(line) })).toEqual(swept)
  expect(lines).toEqual([{ event: 'swept', ...swept }])
})

test('ends that are late get a message, and roles that fail do not hold up the others', async () => {
  const it = ledgerInProcess({}, { indexed: true })
  const woken = new Set<string>()
  const at = NOW - 61_000
  const roles = Array.from({ length: 250 }, (_, role) => ({ target: 'prod', roleArn: `role-${role}`, at: role === 7 ? NOW + 600_000 : at }))
  const notes = { pendingRoles: async () => done(roles) } as unknown as ImmediateEnds['notes']
  const counts: number[] = []
  const wake = async ({ roleArn }: { readonly roleArn: string }) => {
    woken.add(roleArn)
    counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1
    return { outcome: 'unknown', cause: 'sqs: no answer' } as const
  }
  const broker = { rules, ledger: it.ledger, clock: it.now, log: () => {}, immediate: { notes, queue: { wake } } }
  for (let run = 0; run < 5; run++) {
    counts.push(0)
    expect((await sweep(broker)).fault).toMatch(/^sqs: no answer; sqs: no answer; sqs: no answer; and 97 more$/)
    it.advance(60_000)
  }
  expect(counts).toEqual([100, 100, 100, 100, 100])
  expect([woken.size, woken.has('role-7')]).toEqual([249, false])
})

/** What readers get of all that another release wrote, and what the keepers do with it. */
import { checkReceipt } from '@stint/core/audit/receipt'
import { parseVkey } from '@stint/tlog/note'
import { expect } from 'vitest'
import type { TestSandbox } from '../support/sandbox.ts'
import { verifiedNow } from '../support/verified.ts'
import type { Deployment } from './deployment.ts'
import { type Left, peopleOf, stepsOf, type World } from './scenario.ts'

const DAY_MS = 86_400_000
type Named = { readonly id: string }
const idsOf = (items: readonly Named[]) => items.map(({ id }) => id)

export async function readAll(world: World, sandbox: TestSandbox, deployment: Deployment, left: Left): Promise<void> {
  const { engineer, auditor } = peopleOf(world)
  const { get } = stepsOf(deployment)
  sandbox.settle()
  expect(idsOf((await get('/sessions', await engineer('erin'))).sessions)).toEqual([left.renewed])
  expect(idsOf((await get('/requests', await engineer('finn'))).requests).sort()).toEqual([left.first, left.extension].sort())
  const search = async (query: string) => (await get(`/audit/events?${query}`, await auditor())).events
  expect((await search('profile=emergency')).map(({ event }: any) => event.type)).toEqual(
    expect.arrayContaining(['request.asked', 'request.approved', 'session.issued', 'request.reviewed']),
  )
  expect((await search('outcome=request.denied')).map(({ event }: any) => event.request)).toEqual([left.denied])
  // The sweeper wrote this down, without anyone's call.
  expect((await search('outcome=request.ended')).map(({ event }: any) => event.request)).toContain(left.first)
  const key = parseVkey(sandbox.logVkey)
  for (const session of [left.renewed, left.ended]) {
    const { text } = await deployment.call('GET', `/sessions/${session}/receipt`, await auditor())
    expect(checkReceipt(text, key ? [key] : [])).toMatchObject({ event: expect.stringContaining(session) })
  }
}

/** The keepers find what the stream lost, and retire what is old. `lost`: how many events. */
export async function keep(sandbox: TestSandbox, deployment: Deployment, lost: number): Promise<void> {
  sandbox.settle()
  expect(await deployment.invoke('compare', { task: 'compare' })).toMatchObject({ entries: lost, finished: true })
  expect(await faultsIn(sandbox)).toEqual([])
  sandbox.advance(402 * DAY_MS)
  const retire = () => deployment.invoke('retire', { task: 'retire' }) as Promise<unknown> as Promise<{ retired: number; expiring: number }>
  const { retired } = await retire()
  expect(retired).toBeGreaterThan(5)
  // The events about it must be in the log first.
  await deployment.ship()
  sandbox.advance(DAY_MS)
  sandbox.settle()
  expect((await retire()).expiring).toBe(retired)
  await deployment.ship()
  expect(await faultsIn(sandbox)).toEqual([])
}

async function faultsIn(sandbox: TestSandbox): Promise<readonly unknown[]> {
  const { faults, notices } = await verifiedNow(sandbox)
  return [...faults, ...notices]
}

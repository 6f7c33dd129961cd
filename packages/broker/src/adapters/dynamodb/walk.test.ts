/**
 * An exhaustive walk: two vends of one request, two approvers, a requester with two identities, revoke, expiry, the sweeper,
 * and one answer that is lost. Every step is the product's own decision and the ledger's own conditional write over a table
 * in this process; every state that can be reached is visited, and the invariants must hold in each.
 */
import type { Approval } from '@stint/core/config/shape'
import type { Person } from '@stint/core/identity/person'
import { nextDue } from '@stint/core/request/due'
import { type Actor, approve, cancel, type Decided, deny, revoke } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import type { Terms } from '@stint/core/scope/terms'
import { caller } from '@stint/core/testing/fixtures'
import { expect, test } from 'vitest'
import type { Reservation } from '../../ports/ledger.ts'
import { toItem, toRequest } from './items.ts'
import { timeKey } from './table.ts'
import type { Item } from './testing/expression.ts'
import { assumed, intent, ledgerInProcess, must, NOW, newRequest, REQUEST, scope, sessionOf, sweepOptions } from './testing/ledger.ts'

const STEP_MS = 1_800_000
const rules: Approval = {
  rules: [{ by: [{ issuer: 'people', claims: { groups: 'peers' } }], count: 2 }],
  expiresAfter: '30m',
  window: '1h',
  maxUses: 1,
}
const terms = { ...scope().terms, uses: 1, approval: rules } as Terms
const asked = scope({ terms })

const actor = (subject: string, person = `people#${subject}`, opens: readonly number[] = [0]): Actor => ({
  caller: caller({ subject, name: subject }),
  person: person as Person,
  opens,
  auditor: false,
  couldEnter: false,
})
const actors = {
  ada: actor('ada'),
  bob: actor('bob'),
  dana: actor('dana', 'people#dana', []),
  // Hers, by declaration: she can approve, but not her own requests.
  'dana as an approver': actor('dana-admin', 'people#dana'),
}

/** All that a step can change: the table, the clock, reservations in flight, and what has left. */
type World = {
  readonly table: ReadonlyMap<string, Item>
  readonly now: number
  readonly held: readonly (Reservation | undefined)[]
  readonly left: number
  readonly lost: boolean
  readonly revoked: boolean
  readonly leftAfterRevoke: boolean
}
type Step = (world: World) => Promise<Partial<World> | undefined>

const it = ledgerInProcess({ approvalOf: () => rules }, { indexed: true })
const { ledger } = it

async function decided(world: World, decide: (found: AccessRequest) => Decided): Promise<Partial<World>> {
  const changed = await ledger.change(REQUEST, world.now, decide, { origin: { source: '203.0.113.7', token: 'b'.repeat(64) } })
  const state = changed.outcome === 'done' ? changed.value.state : undefined
  return { revoked: world.revoked || state === 'revoked' }
}
const said = { channel: 'api' } as const

async function reserve(world: World, at: number): Promise<Partial<World> | undefined> {
  if (world.held[at]) return undefined
  const suffix = `0000000${at}`
  const reserved = await ledger.reserve(
    intent({
      named: true,
      scope: asked,
      session: sessionOf(REQUEST, suffix),
      attempt: `${at}`.repeat(32),
      call: { ...intent().call, now: world.now },
      expiresAt: world.now + 900_000,
    }),
  )
  return reserved.outcome === 'done' ? { held: world.held.with(at, reserved.value) } : undefined
}
async function record(world: World, at: number): Promise<Partial<World> | undefined> {
  const reservation = world.held[at]
  if (!reservation) return undefined
  const accessKeyId = `ASIA000000000000000${at}`
  const recorded = await ledger.record(reservation, assumed({ credentials: { ...assumed().credentials, accessKeyId } }), world.now)
  const held = world.held.with(at, undefined)
  if (recorded.outcome === 'done') return { held, left: world.left + 1, leftAfterRevoke: world.leftAfterRevoke || world.revoked }
  await ledger.fail(reservation, { code: 'revoked-in-flight', reason: 'r', sends: 1 }, world.now)
  return { held }
}

const steps: { readonly [name: string]: Step } = {
  ...Object.fromEntries(
    Object.entries(actors).flatMap(([name, who]): [string, Step][] => [
      [`${name} approves`, (world) => decided(world, (found) => approve(found, rules, who, said, world.now))],
      [`${name} denies`, (world) => decided(world, (found) => deny(found, who, said, world.now))],
      [`${name} revokes`, (world) => decided(world, (found) => revoke(found, who, said, world.now))],
    ]),
  ),
  'dana cancels': (world) => decided(world, (found) => cancel(found, actors.dana, said, world.now)),
  'ada approves, and the answer is lost': async (world) => {
    if (world.lost) return undefined
    it.loseAnswer()
    return { ...(await decided(world, (found) => approve(found, rules, actors.ada, said, world.now))), lost: true }
  },
  'the first vend reserves': (world) => reserve(world, 0),
  'the second vend reserves': (world) => reserve(world, 1),
  'the first vend reserves, and the answer is lost': async (world) => {
    if (world.lost) return undefined
    it.loseAnswer()
    const reserved = await reserve(world, 0)
    return reserved && { ...reserved, lost: true }
  },
  'the first vend records': (world) => record(world, 0),
  'the second vend records': (world) => record(world, 1),
  'the first vend dies': async (world) => (world.held[0] ? { held: world.held.with(0, undefined) } : undefined),
  'time passes': async (world) => (world.now > NOW + 4 * STEP_MS ? undefined : { now: world.now + STEP_MS }),
  'the sweeper runs': async (world) => {
    // Without looking at requests that are not due: each must be due by what was written with it.
    await ledger.sweep(world.now, sweepOptions(world.now, { until: { abandon: Infinity, pass: Infinity, correct: 0 } }))
    return {}
  },
}

test('every state that can be reached keeps invariants 1, 2 and 4', { timeout: 120_000 }, async () => {
  await must(ledger.ask(newRequest({ scope: asked, approval: rules })) as Promise<{ outcome: string }>)
  const start: World = {
    table: it.table.snapshot(),
    now: NOW,
    held: [undefined, undefined],
    left: 0,
    lost: false,
    revoked: false,
    leftAfterRevoke: false,
  }
  const seen = new Map([[keyOf(start), start]])
  const queue = [start]
  let taken = 0
  for (let world = queue.shift(); world; world = queue.shift()) {
    for (const step of Object.values(steps)) {
      it.table.restore(world.table)
      it.table.through((_sent, apply) => apply())
      it.setNow(world.now)
      const change = await step(world)
      taken++
      if (!change) continue
      const next: World = { ...world, ...change, table: it.table.snapshot() }
      const key = keyOf(next)
      if (seen.has(key)) continue
      seen.set(key, next)
      queue.push(next)
    }
  }

  const states = new Set<string>()
  const ofSessions = new Set<string>()
  for (const { table, left, leftAfterRevoke } of seen.values()) {
    const item = requestIn(table)
    // The sweeper finds it no later than time changes it.
    const request = toRequest(toItem(item))
    const due = request && nextDue(request, rules)
    expect(item.dueAt?.S ?? '').toBe(due === undefined ? '' : timeKey(due, REQUEST))
    states.add(item.state?.S ?? '')
    const sessions = Object.entries(item).flatMap(([name, value]) => (name.startsWith('ses.') ? [value.M?.state?.S ?? ''] : []))
    for (const state of sessions) ofSessions.add(state)
    const holding = sessions.filter((state) => state === 'reserved' || state === 'issued').length
    // 1: what left is on record as issued, and its intent came first.
    expect(sessions.filter((state) => state === 'issued').length).toBeGreaterThanOrEqual(left)
    // 2: a use is taken at most once and returned exactly once, and no credentials are returned after a revoke was answered.
    expect(holding).toBeLessThanOrEqual(1)
    if (item.usesLeft) expect(Number(item.usesLeft.N) + holding).toBe(1)
    expect(leftAfterRevoke).toBe(false)
    // 4: two people approved, and neither is the requester by any identity.
    const people = (item.approvals?.L ?? []).map(({ M }) => M?.person?.S)
    expect(people).not.toContain('people#dana')
    if (holding > 0) expect(new Set(people).size).toBe(2)
  }
  console.info(`${seen.size} states reached by ${taken} steps; ${[...states].sort().join(', ')}`)
  expect([...states].sort()).toEqual(['approved', 'cancelled', 'denied', 'ended', 'expired', 'pending', 'revoked'])
  expect([...ofSessions].sort()).toEqual(['abandoned', 'failed', 'issued', 'reserved'])
})

const requestIn = (table: World['table']): Item => [...table.values()].find((item) => item.pk?.S === `REQ#${REQUEST}`) as Item

/** Two worlds are one if nothing that can happen from here on differs. */
function keyOf({ table, now, held, ...rest }: World): string {
  const item = requestIn(table)
  const sessions = Object.entries(item)
    .filter(([name]) => name.startsWith('ses.'))
    .map(([name, value]) => [name, value.M?.state?.S, value.M?.reservedAt?.N])
    .sort()
  const people = (item.approvals?.L ?? []).map(({ M }) => M?.person?.S)
  const { state, usesLeft, windowExpiresAt, openSession, dueAt } = item
  return JSON.stringify([state, usesLeft, windowExpiresAt, openSession, dueAt, people, sessions, now, held.map(Boolean), rest])
}

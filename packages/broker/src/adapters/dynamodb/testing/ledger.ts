/** A ledger over an in-process table, and arguments for its calls. Every ID and salt is a counter, so that a run can be repeated. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Approval } from '@stint/core/config/shape'
import type { CallerRef } from '@stint/core/identity/caller'
import type { Person } from '@stint/core/identity/person'
import type { RequestId, SessionId } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { Change } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { Scope, Terms } from '@stint/core/scope/terms'
import { caller, NOW } from '@stint/core/testing/fixtures'
import type { Intent, NewRequest, Reservation, SweepOptions } from '../../../ports/ledger.ts'
import type { Assumed } from '../../../ports/sts.ts'
import type { ClientName } from '../../testing/clients.ts'
import { tableOverWire } from '../../wire/dynamodb.ts'
import { dynamoLedger } from '../ledger.ts'
import type { DynamoSettings } from '../sender.ts'
import { vendLedger } from '../vend-ledger.ts'
import { type Sent, type TableOptions, tableInProcess } from './table.ts'
import { tableAt } from './table-at.ts'

export { NOW }
export const STORY = 'stint'
export const SIDE = 'stint-side'

/** Over `wire`, the part of the ledger that `vend` uses speaks as it does when deployed. */
export function ledgerInProcess(
  more: Partial<DynamoSettings> = {},
  { over, at, ...options }: TableOptions & { readonly over?: ClientName; readonly at?: string } = {},
) {
  // `at`: another DynamoDB, which knows neither snapshots nor rewritten conditions.
  const table = at === undefined ? tableInProcess(options) : { ...tableInProcess(options), ...tableAt(at) }
  let drawn = 0
  let now = NOW
  const settings: DynamoSettings = {
    client: table.client,
    storyTable: STORY,
    sideTable: SIDE,
    clock: () => now,
    random: (count) => Uint8Array.from({ length: count }, (_, at) => (at === 0 ? ++drawn & 255 : (drawn >> 8) & 255)),
    answerWithinMs: 10_000,
    sleep: async () => {},
    configHash: 'c'.repeat(64),
    approvalOf: () => approval,
    build: 'build',
    ...more,
  }
  return {
    table,
    settings,
    ledger:
      over === 'wire'
        ? { ...dynamoLedger(settings), ...vendLedger({ ...settings, calls: tableOverWire(table.wire, settings.answerWithinMs) }) }
        : dynamoLedger(settings),
    advance: (milliseconds: number) => {
      now += milliseconds
    },
    now: () => now,
    setNow: (instant: number) => {
      now = instant
    },
    /** Runs a function before each call from now on; calls made by that function go straight through. */
    before: (step: (sent: Sent) => Promise<void>) => {
      const inside = new AsyncLocalStorage<true>()
      table.through(async (sent, apply) => {
        if (!inside.getStore()) await inside.run(true, () => step(sent))
        return apply()
      })
    },
    /** The next write takes effect, `next` follows it, and its response is lost. */
    loseAnswer: (next: () => unknown = () => {}) => {
      let lost = false
      table.through(async (sent, apply) => {
        const answer = await apply()
        if (lost || sent.operation !== 'UpdateItem') return answer
        lost = true
        await next()
        throw new Error('the connection was reset')
      })
    },
    /** Types of the events in a journal. */
    events: (pk: string): string[] =>
      (table.item(STORY, pk)?.events?.L ?? []).map(({ M }) => JSON.parse(M?.event?.S ?? '{}').type as string),
  }
}
export type LedgerInProcess = ReturnType<typeof ledgerInProcess>

// ── What its calls take ──────────────────────────────────────────────────────────────────────────────────────────────

export const dana = caller({ subject: 'dana', name: 'Dana' })
export const eve = caller({ subject: 'eve', name: 'Eve' })
/** Two responders, and what they freeze. */
export const rita: CallerRef = { issuer: 'people', subject: 'rita', name: 'Rita', kind: 'human' }
export const rob: CallerRef = { ...rita, subject: 'rob', name: 'Rob' }
export const all = { kind: 'all' } as const
export const REQUEST = `req_${'1'.repeat(26)}` as RequestId
export const sessionOf = (request: RequestId, suffix = '00000001') => `${request}.${suffix}` as SessionId
const personOf = (subject: string) => `people#${subject}` as Person

export const approval: Approval = {
  rules: [{ by: [{ issuer: 'people', claims: { groups: 'peers' } }], count: 1 }],
  expiresAfter: '30m',
  window: '1h',
  maxUses: 2,
}

export const scope = (more: Partial<Scope> = {}): Scope =>
  ({
    terms: { v: 1, profile: 'deploy', role: 'arn:aws:iam::111122223333:role/Deploy', uses: 2, window: 3600, maxDuration: 3600 } as Terms,
    termsHash: 'a'.repeat(64),
    targetId: 'prod',
    duration: 900,
    durationAsked: false,
    passingTags: [],
    ...more,
  }) as Scope

export const intent = (more: Partial<Intent> = {}): Intent => ({
  call: { trace: 'f'.repeat(32), source: '203.0.113.7', now: NOW },
  request: REQUEST,
  named: false,
  session: sessionOf(more.request ?? REQUEST),
  attempt: '1'.repeat(32),
  caller: dana,
  person: personOf('dana'),
  scope: scope(),
  sessionName: `dana-${sessionOf(more.request ?? REQUEST)}`,
  expiresAt: NOW + 900_000,
  windowExpiresAt: NOW + 90_000,
  ...more,
})

export const newRequest = (more: Partial<NewRequest> = {}): NewRequest => ({
  call: { trace: 'f'.repeat(32), source: '203.0.113.7', now: NOW },
  request: REQUEST,
  caller: dana,
  person: personOf('dana'),
  scope: scope(),
  approval,
  ...more,
})

export const assumed = (more: Partial<Assumed> = {}): Assumed => ({
  credentials: { accessKeyId: 'ASIA0000000000000001', secretAccessKey: 's', sessionToken: 't', expiration: NOW + 900_000 },
  assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Deploy/dana',
  assumedRoleId: 'AROA0000000000000001:dana',
  awsRequestId: 'r-1',
  packedPolicySize: 3,
  sends: 1,
  ...more,
})

const by = { issuer: 'people', subject: 'pat', name: 'Pat', kind: 'human' } as const
/** Changes as the state machine makes them. Tests in core cover what it decides. */
export const changes = {
  approved: {
    state: 'approved',
    set: { approvals: [], limits: { duration: 600 }, windowStartsAt: NOW, windowExpiresAt: NOW + 3_600_000, usesLeft: 2 },
    events: [
      { type: 'approval.given', by, channel: 'api', rules: [0] },
      { type: 'request.approved', uses: 2, expiresAt: NOW + 3_600_000 },
    ],
  },
  denied: { state: 'denied', from: ['pending'], set: { decidedBy: by }, events: [{ type: 'request.denied', by, channel: 'api' }] },
  cancelled: { state: 'cancelled', from: ['pending'], set: { decidedBy: by }, events: [{ type: 'request.cancelled', by, channel: 'api' }] },
  revoked: {
    state: 'revoked',
    from: ['pending', 'approved', 'ended'],
    set: { decidedBy: by },
    events: [{ type: 'request.revoked', by, channel: 'api' }],
  },
} as const satisfies { readonly [name: string]: Change }

/** Always decides the same, whatever it finds. */
export const always =
  (change: Change) =>
  (_found: AccessRequest): ReturnType<Parameters<LedgerInProcess['ledger']['change']>[2]> =>
    done(change)

/** A run of the sweeper with all the time it needs. */
export const sweepOptions = (now: Instant, more: Partial<SweepOptions> = {}): SweepOptions => ({
  abandonedBefore: now - seconds(ABANDONED_AFTER_SECONDS),
  profiles: ['deploy'],
  until: { abandon: Infinity, pass: Infinity, correct: Infinity },
  ...more,
})

export const origin = { source: '203.0.113.7', token: 'b'.repeat(64) }

/** Unwraps an outcome that must be `done`. */
export async function must<T>(answer: Promise<{ readonly outcome: string; readonly value?: T }>): Promise<T> {
  const { outcome, value, ...rest } = await answer
  if (outcome !== 'done') throw new Error(`${outcome}: ${JSON.stringify(rest)}`)
  return value as T
}

/** A request that was approved, with its first session reserved. */
export async function approvedRequest({ ledger }: LedgerInProcess, more: Partial<NewRequest> = {}): Promise<void> {
  await must(ledger.ask(newRequest(more)))
  await must(ledger.change(more.request ?? REQUEST, NOW, always(changes.approved), { origin }))
}
export const reserved = async ({ ledger }: LedgerInProcess, more: Partial<Intent> = {}): Promise<Reservation> =>
  must(ledger.reserve(intent(more)) as Promise<{ outcome: string; value?: Reservation }>)

/** When time changes a request next: nothing happens before that instant, and something at every later one. */
import { array, assert, boolean, constantFrom, integer, option, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Approval } from '../config/shape.ts'
import type { Person } from '../identity/person.ts'
import type { RequestId } from '../ids.ts'
import { days, type Instant, seconds } from '../instant.ts'
import { NOW } from '../testing/fixtures.ts'
import { nextDue, passTime } from './due.ts'
import type { Change } from './machine.ts'
import type { AccessRequest, Notice } from './request.ts'

const rules: Approval = {
  rules: [{ by: [{ issuer: 'people', claims: { groups: 'peers' } }], count: 1 }],
  expiresAfter: '1h',
  window: '1h',
  maxUses: 3,
}
const person: AccessRequest['caller'] = { issuer: 'people', subject: 'dana', name: 'dana', kind: 'human' }
const base: AccessRequest = {
  id: `req_${'0'.repeat(26)}` as RequestId,
  version: 1,
  state: 'pending',
  createdAt: NOW,
  caller: person,
  person: 'people#dana' as Person,
  profile: 'admin',
  target: 'prod',
  roleArn: 'arn:aws:iam::1:role/x',
  terms: { maxDuration: 3600, uses: 3, window: 3600, approval: rules } as AccessRequest['terms'],
  termsHash: 'h',
  breakGlass: false,
  expiresAt: NOW + 3_600_000,
  approvals: [],
  limits: {},
  notices: [],
  sessions: [],
}
const review = { by: person, at: NOW, text: 'fine' }

const notices: readonly Notice[] = [
  'escalated',
  'reminded',
  'reminded-twice',
  'reminded-thrice',
  'review-reminded',
  'review-reminded-twice',
  'review-reminded-thrice',
]
const after = integer({ min: 0, max: days(10) })
const maybe = option(after, { nil: undefined })
const cases = record({
  state: constantFrom('pending', 'approved', 'denied', 'cancelled', 'expired', 'revoked', 'ended', 'refused'),
  waits: after,
  unattended: maybe,
  opens: maybe,
  window: after,
  breakGlass: boolean(),
  reviewed: boolean(),
  notices: array(constantFrom(...notices), { maxLength: 7 }),
  approval: constantFrom<Approval | undefined>(rules, { ...rules, escalateAfter: '10m' }, { ...rules, escalateAfter: '3d' }, undefined),
  isSame: boolean(),
  later: after,
})
type Case = Parameters<Parameters<typeof cases.map>[0]>[0]

function requestOf({
  state,
  waits,
  unattended,
  opens,
  window,
  breakGlass,
  reviewed,
  notices: sent,
  approval,
  isSame,
}: Case): AccessRequest {
  return {
    ...base,
    state: state as AccessRequest['state'],
    expiresAt: NOW + waits,
    breakGlass,
    notices: sent,
    ...(unattended === undefined ? {} : { unattendedAt: NOW + unattended }),
    ...(opens === undefined ? {} : { windowStartsAt: NOW + opens, windowExpiresAt: NOW + opens + window }),
    ...(reviewed ? { review } : {}),
    ...(isSame && approval ? { terms: { ...base.terms, approval } } : {}),
  }
}
const applied = (request: AccessRequest, change: Change): AccessRequest => ({ ...request, ...change.set, state: change.state })
/** Changes at one instant: expiry or approval, an escalation, a reminder. */
const MOST_AT_ONCE = 4
const NEVER: Instant = NOW + days(10_000)

describe('the next instant at which time changes a request', () => {
  test('is the first at which it does, for any request', () => {
    assert(
      property(cases, (one) => {
        const request = requestOf(one)
        const due = nextDue(request, one.approval)
        if (due === undefined) return void expect(passTime(request, one.approval, NEVER)).toBeUndefined()
        expect(passTime(request, one.approval, due - 1)).toBeUndefined()
        expect(passTime(request, one.approval, due)).toBeDefined()
        // A sweeper that is late finds it all the same.
        expect(passTime(request, one.approval, due + one.later)).toBeDefined()
      }),
      { numRuns: 5000 },
    )
  })

  test('is later, or none, once everything of that instant is written', () => {
    assert(
      property(cases, (one) => {
        let request = requestOf(one)
        const now = nextDue(request, one.approval)
        if (now === undefined) return
        for (let count = 0; ; count++) {
          const change = passTime(request, one.approval, now)
          if (!change) break
          expect(count).toBeLessThan(MOST_AT_ONCE)
          request = applied(request, change)
        }
        expect(nextDue(request, one.approval) ?? NEVER).toBeGreaterThan(now)
      }),
      { numRuns: 5000 },
    )
  })

  const broken: Partial<AccessRequest> = { breakGlass: true, windowStartsAt: NOW, windowExpiresAt: NOW + days(2) }
  test.each<[string, Partial<AccessRequest>, Approval | undefined, Instant | undefined]>([
    ['a pending request is reminded of after an eighth of its time', {}, rules, NOW + 450_000],
    ['… and then after three eighths', { notices: ['reminded'] }, rules, NOW + 1_350_000],
    ['one whose reminders were sent expires', { notices: ['reminded-thrice'] }, rules, NOW + 3_600_000],
    ['… also if its profile was removed', { notices: ['reminded-thrice'] }, undefined, NOW + 3_600_000],
    ['one with an escalation is escalated', {}, { ...rules, escalateAfter: '5m' }, NOW + 300_000],
    ['… once', { notices: ['escalated'] }, { ...rules, escalateAfter: '5m' }, NOW + 450_000],
    ['unattended break-glass is approved', { unattendedAt: NOW + 60_000 }, rules, NOW + 60_000],
    ['… but not under rules that changed since', { unattendedAt: NOW + 60_000 }, { ...rules, maxUses: 2 }, NOW + 450_000],
    ['an approved request ends', { state: 'approved', windowStartsAt: NOW, windowExpiresAt: NOW + 1000 }, rules, NOW + 1000],
    ['an approved break-glass is reminded of before its end', { state: 'approved', ...broken }, rules, NOW + days(1)],
    ['an ended one is still reminded of', { state: 'ended', ...broken, notices: ['review-reminded'] }, rules, NOW + days(3)],
    ['… until it is reviewed', { state: 'ended', ...broken, review }, rules, undefined],
    ['a revoked one that was never approved is not', { state: 'revoked', breakGlass: true }, rules, undefined],
    ['a denied request is never changed', { state: 'denied' }, rules, undefined],
  ])('%s', (_name, change, approval, expected) => {
    expect(nextDue({ ...base, ...change }, approval)).toBe(expected)
  })
  test('is a whole millisecond, also if an eighth of the time is not', () => {
    expect(nextDue({ ...base, expiresAt: NOW + seconds(1) + 1 }, rules)).toBe(NOW + 126)
  })
})

describe('what time writes', () => {
  const late = NOW + 3_600_000
  test.each<[string, Partial<AccessRequest>, Approval, Instant, Change]>([
    [
      'an expiry, whatever has changed since',
      {},
      rules,
      late,
      { state: 'expired', from: ['pending'], set: {}, events: [{ type: 'request.expired' }] },
    ],
    [
      'an end, whatever has changed since',
      { state: 'approved', windowExpiresAt: NOW },
      rules,
      NOW,
      { state: 'ended', from: ['approved'], set: {}, events: [{ type: 'request.ended' }] },
    ],
    [
      'an unattended approval',
      { unattendedAt: NOW },
      rules,
      NOW,
      {
        state: 'approved',
        set: {
          limits: { duration: 3600, uses: 3, window: 3600 },
          windowStartsAt: NOW,
          windowExpiresAt: NOW + 3_600_000,
          usesLeft: 3,
        },
        events: [{ type: 'request.approved', uses: 3, expiresAt: NOW + 3_600_000, unattended: true }],
      },
    ],
    [
      'an escalation, beside what was sent before',
      { notices: ['reminded'] },
      { ...rules, escalateAfter: '5m' },
      NOW + 300_000,
      { state: 'pending', set: { notices: ['reminded', 'escalated'] }, events: [{ type: 'request.escalated' }] },
    ],
    [
      'a reminder, with the one that it stands for and not the one that follows',
      {},
      rules,
      NOW + 1_350_000,
      { state: 'pending', set: { notices: ['reminded', 'reminded-twice'] }, events: [{ type: 'request.reminded' }] },
    ],
  ])('%s', (_name, change, approval, now, expected) => {
    expect(passTime({ ...base, ...change }, approval, now)).toEqual(expected)
  })
})

/**
 * The machine as a grid: every state × every act × every actor, and the outcome of each cell. Then what the cells cannot
 * show: counting, limits, hours, escalation. What callers, approvers, time and lost answers can do together is walked in the
 * broker, over the ledger's own conditions (adapters/dynamodb/walk.test.ts).
 */
import { describe, expect, test } from 'vitest'
import { approvalFor } from '../config/approval.ts'
import type { Approval } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import type { Person } from '../identity/person.ts'
import type { RequestId } from '../ids.ts'
import { caller, NOW } from '../testing/fixtures.ts'
import { requestGrid } from '../testing/request-grid.ts'
import { missing, rulesOpenTo, withinHours } from './approval.ts'
import { passTime } from './due.ts'
import {
  type Actor,
  approve,
  type Change,
  cancel,
  type Decided,
  deny,
  isParty,
  justify,
  requestTransitions,
  review,
  revoke,
} from './machine.ts'
import { type AccessRequest, type RequestState, stateAt } from './request.ts'

const approvers = { issuer: 'people', claims: { groups: { includes: 'approvers' } } } as const
const managers = { issuer: 'people', claims: { groups: { includes: 'managers' } } } as const
const approval = (change: Partial<Approval> = {}): Approval => ({
  rules: [{ by: [approvers], count: 1 }],
  expiresAfter: '30m',
  window: '1h',
  maxUses: 3,
  ...change,
})

const person = (subject: string, groups: readonly string[] = [], change: Partial<Caller> = {}): Caller =>
  caller({ subject, name: subject, claims: { sub: subject, groups }, ...change })
const actor = (who: Caller, opens: readonly number[] = [], more: Partial<Actor> = {}): Actor => ({
  caller: who,
  person: `${who.issuer}#${who.subject}` as Person,
  opens,
  auditor: false,
  couldEnter: false,
  ...more,
})

const dana = actor(person('dana'))
const ada = actor(person('ada', ['approvers']), [0])
const bob = actor(person('bob', ['approvers']), [0])
const eve = actor(person('eve'))
const auditor = actor(person('aud'), [], { auditor: true })
const robot = actor(person('robot', ['approvers'], { kind: 'workload' }), [0])
/** Ada asks; her other identity may approve, but is hers. */
const danasOther = actor(person('dana-admin', ['approvers']), [0], { person: 'people#dana' as Person })

const request = (change: Partial<AccessRequest> = {}): AccessRequest => ({
  id: `req_${'0'.repeat(26)}` as RequestId,
  version: 1,
  state: 'pending',
  createdAt: NOW,
  caller: { issuer: 'people', subject: 'dana', name: 'dana', kind: 'human' },
  person: 'people#dana' as Person,
  profile: 'admin',
  target: 'prod',
  roleArn: 'arn:aws:iam::1:role/x',
  terms: { maxDuration: 3600, uses: 3, window: 3600, approval: approval() } as AccessRequest['terms'],
  termsHash: 'h',
  breakGlass: false,
  expiresAt: NOW + 1_800_000,
  approvals: [],
  limits: {},
  notices: [],
  sessions: [],
  ...change,
})
/** Asked while these rules were deployed. */
const askedUnder = (rules: Approval, uses = 3) => ({
  terms: { maxDuration: 3600, uses, window: 3600, approval: rules } as AccessRequest['terms'],
})
const approved = (change: Partial<AccessRequest> = {}) =>
  request({
    state: 'approved',
    windowStartsAt: NOW,
    windowExpiresAt: NOW + 3_600_000,
    usesLeft: 3,
    approvals: [{ approver: ada.caller, person: ada.person, rules: [0], at: NOW, channel: 'api', limits: {} }],
    ...change,
  })
const inState: Record<RequestState | 'expired-by-time' | 'ended-by-time', AccessRequest> = {
  pending: request(),
  approved: approved(),
  denied: request({ state: 'denied', decidedBy: ada.caller }),
  cancelled: request({ state: 'cancelled', decidedBy: dana.caller }),
  expired: request({ state: 'expired' }),
  revoked: approved({ state: 'revoked', decidedBy: ada.caller }),
  ended: approved({ state: 'ended' }),
  refused: request({ state: 'refused' }),
  'expired-by-time': request({ expiresAt: NOW }),
  'ended-by-time': approved({ windowExpiresAt: NOW }),
}

const said = { channel: 'api' } as const
const acts = {
  approve: (found: AccessRequest, who: Actor) => approve(found, approval(), who, said, NOW),
  deny: (found: AccessRequest, who: Actor) => deny(found, who, said, NOW),
  cancel: (found: AccessRequest, who: Actor) => cancel(found, who, said, NOW),
  revoke: (found: AccessRequest, who: Actor) => revoke(found, who, said, NOW),
  review: (found: AccessRequest, who: Actor) => review({ ...found, breakGlass: true }, who, 'seen', NOW),
}
const actors = {
  requester: dana,
  approver: ada,
  'another approver': bob,
  'the requester’s other identity': danasOther,
  stranger: eve,
  auditor,
  workload: robot,
}

const outcome = (decided: Decided): string =>
  decided.outcome === 'refused' ? decided.code : decided.value === 'unchanged' ? 'unchanged' : `→ ${decided.value.state}`

describe(`the grid, ${requestGrid.length} cells`, () => {
  test.each(requestGrid)('%s by %s on %s: %s', (act, who, state, cell) => {
    expect(outcome(acts[act as keyof typeof acts](inState[state as RequestState], actors[who as keyof typeof actors]))).toBe(cell)
  })
  test('refuses every transition that is not in the table', () => {
    for (const [act, , state, cell] of requestGrid) {
      if (!cell.startsWith('→')) continue
      const from = stateAt(inState[state as RequestState], NOW)
      const to = cell.slice(2)
      // A review leaves the stored state as it is; time has made it what it is called.
      expect(requestTransitions[from][act as 'approve'] ?? [], `${act} from ${from}`).toContain(state === 'ended-by-time' ? 'ended' : to)
    }
  })
})

describe('several rules', () => {
  const both = approval({
    rules: [
      { by: [approvers], count: 1 },
      { by: [managers], count: 1 },
    ],
  })
  const peer = actor(person('peer', ['approvers']), [0])
  const boss = actor(person('boss', ['managers']), [1])
  const either = actor(person('either', ['approvers', 'managers']), [0, 1])
  /** All agree, one after the other; what the request is then. */
  function agree(rules: Approval, ...people: Actor[]): RequestState {
    let found = request(askedUnder(rules))
    for (const who of people) {
      const decided = approve(found, rules, who, said, NOW)
      if (decided.outcome === 'done' && decided.value !== 'unchanged')
        found = Object.assign(found, { state: decided.value.state }, decided.value.set)
    }
    return found.state
  }

  test.each<[string, Approval, Actor[], RequestState]>([
    ['one of two rules', both, [peer], 'pending'],
    ['both rules', both, [peer, boss], 'approved'],
    ['one person does not fulfil two rules', both, [either], 'pending'],
    ['a person who fits both rules counts where needed: either, then a peer', both, [either, peer], 'approved'],
    ['either, then a boss', both, [either, boss], 'approved'],
    ['two peers do not make a boss', both, [peer, actor(person('peer2', ['approvers']), [0])], 'pending'],
    ['a count of two wants two people', approval({ rules: [{ by: [approvers], count: 2 }] }), [ada], 'pending'],
    ['two people', approval({ rules: [{ by: [approvers], count: 2 }] }), [ada, bob], 'approved'],
    ['the same person twice is one', approval({ rules: [{ by: [approvers], count: 2 }] }), [ada, ada], 'pending'],
    [
      'one person by two identities is one',
      approval({ rules: [{ by: [approvers], count: 2 }] }),
      [ada, actor(person('ada2', ['approvers']), [0], { person: ada.person })],
      'pending',
    ],
  ])('%s', (_name, rules, people, state) => expect(agree(rules, ...people)).toBe(state))

  test('missing counts what each rule still lacks', () => {
    expect(missing(both, [])).toEqual([1, 1])
    expect(missing(both, [{ person: 'x' as Person, rules: [1] }])).toEqual([1, 0])
    const twice = { person: 'x' as Person, rules: [0, 1] }
    expect(missing(both, [twice, { ...twice, person: 'y' as Person, personNow: 'x' as Person }])).toEqual([0, 1])
  })
  test('a target’s rules are added to the profile’s, and the shorter limit applies', () => {
    expect(approvalFor({ approval: approval() }, {})).toEqual(approval())
    expect(approvalFor({}, { approval: approval() })).toEqual(approval())
    const merged = approvalFor(
      { approval: approval({ window: '2h', maxUses: 5 }) },
      { approval: approval({ rules: [{ by: [managers], count: 1 }] }) },
    )
    expect(merged).toMatchObject({ rules: both.rules, window: '1h', maxUses: 3 })
  })
  test('escalation waits for the later of both', () => {
    const after = (own?: string, shared?: string) =>
      approvalFor(
        { approval: approval(own ? { escalateAfter: own } : {}) },
        { approval: approval(shared ? { escalateAfter: shared } : {}) },
      )?.escalateAfter
    expect([after('5m', '4h'), after('4h', '5m'), after('5m'), after(undefined, '4h'), after()]).toEqual([
      '4h',
      '4h',
      '5m',
      '4h',
      undefined,
    ])
  })
  test.each<[string, Approval['breakGlass'], Approval['breakGlass'], Approval['breakGlass']]>([
    ['one unattended side alone does not approve', { delay: '5m' }, undefined, true],
    ['the target’s break-glass holds for its profiles', undefined, true, true],
    ['one unattended side and one that needs a person', true, { delay: '5m' }, true],
    ['the other way round', { delay: '5m' }, true, true],
    ['both unattended: the longer delay', { delay: '5m' }, { delay: '10m' }, { delay: '10m' }],
    ['neither', undefined, undefined, undefined],
  ])('break-glass of profile and target: %s', (_name, own, shared, expected) => {
    const given = (breakGlass: Approval['breakGlass']) => approval(breakGlass ? { breakGlass } : {})
    expect(approvalFor({ approval: given(own) }, { approval: given(shared) })?.breakGlass).toEqual(expected)
  })
})

describe('who may decide now', () => {
  const origin = { sourceIp: '203.0.113.7', now: NOW }
  const opens = (rules: Approval, who: Caller, now = NOW) => rulesOpenTo(rules, who, NOW, { ...origin, now })
  test.each<[string, Approval, Caller, number, number[]]>([
    ['a member', approval(), person('a', ['approvers']), 0, [0]],
    ['one who lost the group', approval(), person('a', []), 0, []],
    ['the same group of another issuer', approval(), person('a', ['approvers'], { issuer: 'ci' }), 0, []],
    ['a workload with the group', approval(), person('a', ['approvers'], { kind: 'workload' }), 0, []],
    [
      'escalation, before its time',
      approval({ escalateAfter: '10m', rules: [{ by: [approvers], count: 1, escalateTo: [managers] }] }),
      person('m', ['managers']),
      599_999,
      [],
    ],
    [
      'escalation, after',
      approval({ escalateAfter: '10m', rules: [{ by: [approvers], count: 1, escalateTo: [managers] }] }),
      person('m', ['managers']),
      600_000,
      [0],
    ],
    [
      'a delegate within the dates',
      approval({
        rules: [{ by: [approvers], count: 1, delegates: [{ who: managers, from: '2026-11-24T00:00:00Z', until: '2026-11-25T00:00:00Z' }] }],
      }),
      person('m', ['managers']),
      0,
      [0],
    ],
    [
      'a delegate at the first of the dates',
      approval({
        rules: [{ by: [approvers], count: 1, delegates: [{ who: managers, from: '2026-11-24T12:00:00Z', until: '2026-11-25T00:00:00Z' }] }],
      }),
      person('m', ['managers']),
      0,
      [0],
    ],
    [
      'a delegate before the dates',
      approval({
        rules: [{ by: [approvers], count: 1, delegates: [{ who: managers, from: '2026-11-24T12:00:01Z', until: '2026-11-25T00:00:00Z' }] }],
      }),
      person('m', ['managers']),
      0,
      [],
    ],
    [
      'a delegate after the dates',
      approval({
        rules: [{ by: [approvers], count: 1, delegates: [{ who: managers, from: '2026-11-23T00:00:00Z', until: '2026-11-24T12:00:00Z' }] }],
      }),
      person('m', ['managers']),
      0,
      [],
    ],
  ])('%s', (_name, rules, who, later, expected) => expect(opens(rules, who, NOW + later)).toEqual(expected))

  const strict = (demand: object) => approval({ rules: [{ by: [{ ...approvers, ...demand }], count: 1 }] })
  const member = (change: Partial<Caller> = {}) => person('a', ['approvers'], change)
  test.each<[string, Approval, Caller, number[]]>([
    ['without the second factor that the rule demands', strict({ mfa: true }), member(), []],
    ['with it', strict({ mfa: true }), member({ mfa: true }), [0]],
    ['signed in before the rule’s age', strict({ authAge: '15m' }), member({ signedInAt: NOW - 901_000 }), []],
    ['without a sign-in of known age', strict({ authAge: '15m' }), member(), []],
    ['signed in lately', strict({ authAge: '15m' }), member({ signedInAt: NOW - 900_000 }), [0]],
    ['from another address', strict({ sourceIp: ['10.0.0.0/8'] }), member(), []],
    ['from the rule’s address', strict({ sourceIp: ['203.0.113.0/24'] }), member(), [0]],
    ['from an IPv4 address, where the rule names all of IPv6', strict({ sourceIp: ['::/0'] }), member(), []],
  ])('an approver %s', (_name, rules, who, expected) => expect(opens(rules, who)).toEqual(expected))

  // 2026-11-24 is a Tuesday; 12:00Z is 13:00 in Berlin.
  test.each([
    ['within', { timeZone: 'Europe/Berlin', days: ['tue'], from: '13:00', until: '13:01' }, true],
    ['the end is outside', { timeZone: 'Europe/Berlin', days: ['tue'], from: '12:00', until: '13:00' }, false],
    ['the beginning is inside', { timeZone: 'UTC', days: ['tue'], from: '12:00', until: '12:01' }, true],
    ['before them', { timeZone: 'UTC', days: ['tue'], from: '12:01', until: '13:00' }, false],
    ['another day', { timeZone: 'Europe/Berlin', days: ['mon', 'wed'], from: '00:00', until: '23:59' }, false],
    ['another zone, another hour', { timeZone: 'Asia/Tokyo', days: ['tue'], from: '13:00', until: '14:00' }, false],
  ] as const)('hours: %s', (_name, hours, expected) => expect(withinHours(hours as never, NOW)).toBe(expected))
  test('outside the hours an approval does not count, and denying is possible', () => {
    const rules = approval({
      rules: [{ by: [approvers], count: 1, hours: { timeZone: 'UTC', days: ['sun'], from: '09:00', until: '17:00' } }],
    })
    expect(outcome(approve(request(askedUnder(rules)), rules, ada, said, NOW))).toBe('not-approver')
    expect(outcome(deny(request(), ada, said, NOW))).toBe('→ denied')
  })
  test('the person who triggered the workload cannot approve it', () => {
    expect(outcome(approve(request({ triggeredBy: ada.person }), approval(), ada, said, NOW))).toBe('self-approval')
  })
  test('only requester, approvers and auditors are parties', () => {
    expect([dana, ada, auditor, eve].map((who) => isParty(request(), who))).toEqual([true, true, true, false])
  })
})

describe('limits', () => {
  const shorten = (limits: object, change: Partial<AccessRequest> = {}) =>
    approve(request(change), approval(), ada, { channel: 'api', limits }, NOW)
  test('an approver may shorten', () => {
    const decided = shorten({ duration: 900, uses: 1, window: 600 })
    expect(decided).toMatchObject({
      value: { set: { limits: { duration: 900, uses: 1, window: 600 }, usesLeft: 1, windowExpiresAt: NOW + 600_000 } },
    })
  })
  test.each([{ duration: 3601 }, { uses: 4 }, { window: 3601 }, { uses: 0 }, { duration: 59 }, { window: -1 }, { uses: 1.5 }])(
    'never lengthen, never nothing: %j',
    (limits) => {
      expect(outcome(shorten(limits))).toMatch(/^(duration|body)-invalid$/)
    },
  )
  test('of two approvers the shorter holds', () => {
    const two = approval({ rules: [{ by: [approvers], count: 2 }] })
    const first = approve(request(askedUnder(two)), two, ada, { channel: 'api', limits: { uses: 2 } }, NOW)
    if (first.outcome !== 'done' || first.value === 'unchanged') throw new Error('unreachable')
    const second = approve(
      request({ ...askedUnder(two), ...first.value.set }),
      two,
      bob,
      { channel: 'api', limits: { uses: 3, window: 60 } },
      NOW,
    )
    expect(second).toMatchObject({ value: { state: 'approved', set: { usesLeft: 2, windowExpiresAt: NOW + 60_000 } } })
  })
  test('a window begins at the chosen start', () => {
    expect(shorten({}, { startsAt: NOW + 60_000 })).toMatchObject({
      value: { set: { windowStartsAt: NOW + 60_000, windowExpiresAt: NOW + 3_660_000 } },
    })
  })
})

describe('changes between request and approval', () => {
  test('rules that were loosened later grant nothing', () => {
    const asked = request(askedUnder(approval({ rules: [{ by: [approvers], count: 2 }] })))
    expect(outcome(approve(asked, approval(), ada, said, NOW))).toBe('terms-changed')
  })
  test('an earlier decision is reported first', () => {
    const changed = askedUnder(approval({ rules: [{ by: [approvers], count: 2 }] }))
    expect(outcome(approve(approved(changed), approval(), ada, said, NOW))).toBe('unchanged')
    expect(outcome(approve(request({ ...changed, state: 'denied' }), approval(), ada, said, NOW))).toBe('already-decided')
  })
  test.each<[string, Person, Person | undefined]>([
    ['by an identity that was theirs when it approved', 'bob' as Person, 'else' as Person],
    ['by an identity that has been declared theirs since', 'else' as Person, 'bob' as Person],
  ])('no person counts twice: %s', (_name, stored, personNow) => {
    const two = approval({ rules: [{ by: [approvers], count: 2 }] })
    const first = { approver: ada.caller, person: stored, personNow, rules: [0], at: NOW, channel: 'api', limits: {} } as never
    expect(
      outcome(
        approve(
          request({ ...askedUnder(two), approvals: [first] }),
          two,
          actor(person('bob', ['approvers']), [0], { person: 'bob' as Person }),
          said,
          NOW,
        ),
      ),
    ).toBe('unchanged')
  })
  test('the current person is not stored', () => {
    const two = approval({ rules: [{ by: [approvers], count: 2 }] })
    const first = {
      approver: ada.caller,
      person: ada.person,
      personNow: 'ada' as Person,
      rules: [0],
      at: NOW,
      channel: 'api' as const,
      limits: {},
    }
    const decided = approve(request({ ...askedUnder(two), approvals: [first] }), two, bob, said, NOW)
    expect(JSON.stringify(decided)).toContain('"bob"')
    expect(JSON.stringify(decided)).not.toContain('personNow')
  })
  test('an alias declared since counts', () => {
    expect(
      outcome(
        approve(
          request({ personNow: 'eve' as Person }),
          approval(),
          actor(person('eve-admin', ['approvers']), [0], { person: 'eve' as Person }),
          said,
          NOW,
        ),
      ),
    ).toBe('self-approval')
  })
})

describe('an unattended break-glass', () => {
  const oncall = actor(person('olu'), [], { couldEnter: true })
  const alone = request({ unattendedAt: NOW + 60_000, breakGlass: true })
  test('is seen and stopped by every eligible person, and approved by none of them', () => {
    expect(isParty(alone, oncall)).toBe(true)
    expect(outcome(deny(alone, oncall, said, NOW))).toBe('→ denied')
    expect(outcome(revoke(alone, oncall, said, NOW))).toBe('→ revoked')
    expect(outcome(approve(alone, approval(), oncall, said, NOW))).toBe('not-approver')
  })
  test('an ordinary request is not theirs to see', () => {
    expect(isParty(request(), oncall)).toBe(false)
    expect(outcome(deny(request(), oncall, said, NOW))).toBe('not-approver')
  })
  test('its requester cannot stop it by denying', () => {
    expect(outcome(deny(alone, actor(person('dana'), [], { couldEnter: true }), said, NOW))).toBe('self-approval')
  })
})

describe('a fresh sign-in', () => {
  const rules = approval({ stepUp: true })
  const by = (signedInAt: number | undefined) => actor(person('ada', ['approvers'], signedInAt === undefined ? {} : { signedInAt }), [0])
  test.each<[string, number | undefined, string]>([
    ['now', NOW, '→ approved'],
    ['five minutes ago', NOW - 300_000, '→ approved'],
    ['longer ago', NOW - 300_001, 'auth-too-old'],
    ['in the future, beyond the grace of clocks', NOW + 10_001, 'auth-too-old'],
    ['never, as from Slack', undefined, 'auth-too-old'],
  ])('is checked where the rule requires one: signed in %s', (_name, at, expected) => {
    expect(outcome(approve(request(askedUnder(rules)), rules, by(at), said, NOW))).toBe(expected)
  })
  test('is not needed to deny, or where no rule requires it', () => {
    expect(outcome(deny(request(askedUnder(rules)), by(undefined), said, NOW))).toBe('→ denied')
    expect(outcome(approve(request(), approval(), by(undefined), said, NOW))).toBe('→ approved')
  })
  test('is required if either profile or target requires it', () => {
    const plain = { approval: approval() }
    expect(approvalFor(plain, { approval: rules })?.stepUp).toBe(true)
    expect(approvalFor({ approval: rules }, plain)?.stepUp).toBe(true)
    expect(approvalFor(plain, plain)?.stepUp).toBeUndefined()
  })
})

describe('limits of the requester', () => {
  test('holds, and approvers only shorten it', () => {
    const modest = request({ limits: { duration: 1200 } })
    const granted = (limits: object) => approve(modest, approval(), ada, { channel: 'api', limits }, NOW)
    expect(granted({})).toMatchObject({ value: { set: { limits: { duration: 1200 } } } })
    expect(granted({ duration: 600 })).toMatchObject({ value: { set: { limits: { duration: 600 } } } })
    expect(granted({ duration: 1800 })).toMatchObject({ value: { set: { limits: { duration: 1200 } } } })
  })
})

describe('time', () => {
  const rules = approval({ escalateAfter: '10m' })
  /** A request of which this part of its wait is over. */
  const waiting = (part: number, notices: AccessRequest['notices'] = []) =>
    request({ createdAt: NOW - Math.round(480_000 * part), expiresAt: NOW + Math.round(480_000 * (1 - part)), notices })
  const broken = (ago: number) => approved({ state: 'ended', breakGlass: true, windowStartsAt: NOW - ago, windowExpiresAt: NOW - 1 })
  test.each<[string, AccessRequest, string | undefined]>([
    ['nothing yet', request(), undefined],
    ['expiry', request({ expiresAt: NOW }), 'expired request.expired'],
    ['escalation', request({ createdAt: NOW - 600_000 }), 'pending request.escalated'],
    [
      'escalation, once',
      request({ createdAt: NOW - 600_000, expiresAt: NOW + 600_001, notices: ['escalated', 'reminded', 'reminded-twice'] }),
      undefined,
    ],
    ['a reminder at an eighth of the wait', waiting(1 / 8), 'pending request.reminded'],
    ['… not before', waiting(1 / 8 - 0.001), undefined],
    ['… once', waiting(1 / 4, ['reminded']), undefined],
    ['the next after twice as long', waiting(3 / 8, ['reminded']), 'pending request.reminded'],
    ['the last after twice as long again', waiting(7 / 8, ['reminded', 'reminded-twice']), 'pending request.reminded'],
    ['… and no more', waiting(0.999, ['reminded', 'reminded-twice', 'reminded-thrice']), undefined],
    ['two that were missed are one', waiting(0.9), 'pending request.reminded'],
    ['a break-glass unreviewed for a day', broken(24 * 3600_000), 'ended request.reminded'],
    ['… for less', broken(24 * 3600_000 - 1), undefined],
    ['… sent once', { ...broken(48 * 3600_000), notices: ['review-reminded'] }, undefined],
    ['… on the third day again', { ...broken(72 * 3600_000), notices: ['review-reminded'] }, 'ended request.reminded'],
    [
      '… reviewed',
      { ...broken(48 * 3600_000), review: { by: { issuer: 'people', subject: 'ada' }, at: NOW, text: 'fine' } as never },
      undefined,
    ],
    ['unattended break-glass', request({ ...askedUnder(rules), unattendedAt: NOW }), 'approved request.approved'],
    ['unattended, under rules that changed since', request({ unattendedAt: NOW }), undefined],
    ['expiry goes before it', request({ unattendedAt: NOW, expiresAt: NOW }), 'expired request.expired'],
    ['the end of the window', approved({ windowExpiresAt: NOW }), 'ended request.ended'],
    ['a denied request', request({ state: 'denied', unattendedAt: NOW }), undefined],
  ])('%s', (_name, found, expected) => {
    const change = passTime(found, rules, NOW)
    expect(change && `${change.state} ${change.events[0]?.type}`).toBe(expected)
  })
})

test.each([
  ['a first one', 4, { justification: 'a' }],
  ['none at first', 3, {}],
])('a request with %s refuses more than three others, and says how many it has', (_name, count, first) => {
  const moreJustifications = ['b', 'c', 'd'].map((text) => ({ at: NOW, text }))
  expect(justify(request({ ...first, moreJustifications }), person('dana'), 'e', NOW)).toMatchObject({
    code: 'rate-limited',
    detail: expect.stringContaining(`already has ${count} justifications`),
  })
})

describe('what a decision writes', () => {
  const dana = { issuer: 'people', subject: 'dana', name: 'dana', kind: 'human' } as const
  const ada = { issuer: 'people', subject: 'ada', name: 'ada', kind: 'human' } as const
  const adaActs = actor(person('ada', ['approvers']), [0])
  const danaActs = actor(person('dana'))
  const two = approval({ rules: [{ by: [approvers], count: 2 }] })
  const given = { approver: ada, person: 'people#ada', rules: [0], at: NOW, channel: 'cli' }
  const saidMore = { channel: 'cli', comment: 'ok', limits: { uses: 2 } } as const
  const grant = {
    limits: { duration: 3600, uses: 3, window: 3600 },
    windowStartsAt: NOW,
    windowExpiresAt: NOW + 3_600_000,
    usesLeft: 3,
  }
  const cli = { channel: 'cli' } as const
  const broken = approved({ breakGlass: true })

  test.each<[string, Decided, unknown]>([
    [
      'an approval that others must follow, with a comment and limits',
      approve(request(askedUnder(two)), two, adaActs, saidMore, NOW),
      {
        state: 'pending',
        set: { approvals: [{ ...given, comment: 'ok', limits: { uses: 2 } }] },
        events: [{ type: 'approval.given', by: ada, channel: 'cli', rules: [0], comment: 'ok', limits: { uses: 2 } }],
      },
    ],
    [
      'the last approval, without either',
      approve(request(), approval(), adaActs, cli, NOW),
      {
        state: 'approved',
        set: { approvals: [{ ...given, limits: {} }], ...grant },
        events: [
          { type: 'approval.given', by: ada, channel: 'cli', rules: [0] },
          { type: 'request.approved', uses: 3, expiresAt: NOW + 3_600_000 },
        ],
      },
    ],
    [
      'a denial',
      deny(request(), adaActs, { ...cli, comment: 'no' }, NOW),
      {
        state: 'denied',
        from: ['pending'],
        set: { decidedBy: ada, decision: { at: NOW, comment: 'no' } },
        events: [{ type: 'request.denied', by: ada, channel: 'cli', comment: 'no' }],
      },
    ],
    [
      'a cancellation',
      cancel(request(), danaActs, cli, NOW),
      {
        state: 'cancelled',
        from: ['pending'],
        set: { decidedBy: dana, decision: { at: NOW } },
        events: [{ type: 'request.cancelled', by: dana, channel: 'cli' }],
      },
    ],
    [
      'a revocation, which an approval that comes first does not stop',
      revoke(request(), danaActs, cli, NOW),
      {
        state: 'revoked',
        from: ['pending', 'approved', 'ended'],
        set: { decidedBy: dana, decision: { at: NOW } },
        events: [{ type: 'request.revoked', by: dana, channel: 'cli' }],
      },
    ],
    [
      'a justification',
      justify(request({ moreJustifications: [{ at: NOW - 1, text: 'a' }] }), danaActs.caller, 'b', NOW),
      {
        state: 'pending',
        set: {
          moreJustifications: [
            { at: NOW - 1, text: 'a' },
            { at: NOW, text: 'b' },
          ],
        },
        events: [{ type: 'request.justified', by: dana, justification: 'b' }],
      },
    ],
    [
      'the first justification',
      justify(request(), danaActs.caller, 'b', NOW),
      {
        state: 'pending',
        set: { moreJustifications: [{ at: NOW, text: 'b' }] },
        events: [{ type: 'request.justified', by: dana, justification: 'b' }],
      },
    ],
    [
      'a review',
      review(broken, adaActs, 'seen', NOW),
      {
        state: 'approved',
        set: { review: { by: ada, at: NOW, text: 'seen' } },
        events: [{ type: 'request.reviewed', by: ada, comment: 'seen' }],
      },
    ],
  ])('%s', (_name, decided, expected) => expect(decided).toEqual({ outcome: 'done', value: expected }))

  const state = (name: RequestState) => ({ evidence: { state: name } })
  const reviewed = (subject: string) => ({ ...broken, review: { by: { ...ada, subject }, at: NOW, text: 'x' } })
  const justified = (change: Partial<AccessRequest>, who = 'dana') =>
    justify(request({ justification: 'a', moreJustifications: [{ at: NOW, text: 'b' }], ...change }), person(who), 'c', NOW)
  const strict = approval({ stepUp: true })
  const decidedLate = approved({ approvals: [] })
  test.each<[string, Decided, object]>([
    ['approving what is approved', approve(decidedLate, approval(), adaActs, said, NOW), { code: 'already-decided', ...state('approved') }],
    ['denying what is approved', deny(decidedLate, adaActs, said, NOW), { code: 'already-decided', ...state('approved') }],
    [
      'approving what was cancelled',
      approve(inState.cancelled, approval(), adaActs, said, NOW),
      { code: 'request-not-pending', ...state('cancelled') },
    ],
    [
      'approving without a fresh sign-in',
      approve(request(askedUnder(strict)), strict, adaActs, said, NOW),
      { code: 'auth-too-old', evidence: { reasons: ['auth-too-old'], stepUp: { maxAge: 300 } } },
    ],
    ['a justification by another person', justified({}, 'ada'), { code: 'not-requester' }],
    ['a justification of what is approved', justified({ state: 'approved' }), { code: 'request-not-pending', ...state('approved') }],
    ['a review that another person closed', review(reviewed('bob'), adaActs, 'y', NOW), { code: 'already-decided' }],
  ])('%s is refused', (_name, decided, expected) => expect(decided).toMatchObject({ outcome: 'refused', ...expected }))

  test.each<[string, Decided]>([
    ['the first justification again', justify(request({ justification: 'a' }), danaActs.caller, 'a', NOW)],
    [
      'one of several others again',
      justify(request({ moreJustifications: ['b', 'c'].map((text) => ({ at: NOW, text })) }), danaActs.caller, 'c', NOW),
    ],
    ['an approval again, by someone whose group is gone', approve(inState.approved, approval(), actor(person('ada')), said, NOW)],
    ['one’s own review again', review(reviewed('ada'), adaActs, 'y', NOW)],
  ])('%s changes nothing', (_name, decided) => expect(decided).toEqual({ outcome: 'done', value: 'unchanged' }))
})

describe('parties', () => {
  const byBob = { approver: bob.caller, person: bob.person, rules: [0], at: NOW, channel: 'api', limits: {} } as const
  const byAda = { ...byBob, approver: ada.caller, person: ada.person }
  const stopper = (kind: Caller['kind']) => actor(person('olu', [], { kind }), [], { couldEnter: true })
  test.each<[string, Partial<AccessRequest>, Actor, boolean]>([
    ['someone who approved and may no longer', { approvals: [byAda, byBob] }, actor(person('bob')), true],
    ['someone who did not', { approvals: [byAda, byBob] }, eve, false],
    ['the requester’s subject at another issuer', {}, actor(person('dana', [], { issuer: 'ci' })), false],
    ['an eligible person, of an unattended request', { unattendedAt: NOW }, stopper('human'), true],
    ['an eligible workload, of an unattended request', { unattendedAt: NOW }, stopper('workload'), false],
  ])('%s: %#', (_name, change, who, expected) => expect(isParty(request(change), who)).toBe(expected))
})

test('the table has the transitions that people and time make, and that of a vend', () => {
  // A request whose window has ended can be revoked while one of its sessions has not: see below.
  const made = new Set(['approved vend approved', 'ended revoke revoked'])
  const add = (found: AccessRequest, act: string, decided: Decided) => {
    if (decided.outcome === 'done' && decided.value !== 'unchanged') made.add(`${stateAt(found, NOW)} ${act} ${decided.value.state}`)
  }
  const two = approval({ rules: [{ by: [approvers], count: 2 }] })
  add(request(askedUnder(two)), 'approve', approve(request(askedUnder(two)), two, ada, said, NOW))
  for (const found of Object.values(inState)) {
    add(found, 'justify', justify(found, dana.caller, 'why', NOW))
    for (const who of Object.values(actors))
      for (const [act, decide] of Object.entries(acts)) if (found !== inState['ended-by-time']) add(found, act, decide(found, who))
  }

  const rules = approval({ escalateAfter: '10m' })
  const acted: { [type in Change['events'][number]['type']]?: string } = {
    'request.expired': 'expire',
    'request.escalated': 'escalate',
    'request.reminded': 'remind',
    'request.approved': 'approve-unattended',
    'request.ended': 'end',
  }
  const seen = { breakGlass: true, windowStartsAt: NOW - 100_000_000, windowExpiresAt: NOW + 1 }
  for (const found of [
    request({ expiresAt: NOW }),
    request({ createdAt: NOW - 600_000 }),
    request({ createdAt: NOW - 1_000_000, notices: ['escalated'] }),
    request({ ...askedUnder(rules), unattendedAt: NOW }),
    approved({ windowExpiresAt: NOW }),
    approved(seen),
    approved({ ...seen, state: 'revoked' }),
    approved({ ...seen, state: 'ended' }),
  ]) {
    const change = passTime(found, rules, NOW)
    // Time ends and expires what is stored as pending or approved.
    made.add(`${found.state} ${acted[change?.events[0]?.type ?? 'request.denied']} ${change?.state}`)
  }
  const table = Object.entries(requestTransitions).flatMap(([from, can]) =>
    Object.entries(can).flatMap(([act, to]) => to.map((one) => `${from} ${act} ${one}`)),
  )
  expect(table.sort()).toEqual([...made].sort())
})

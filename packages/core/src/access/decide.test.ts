/** Who may enter: rows from outside inwards, refusals first. */
import { describe, expect, test } from 'vitest'
import type { Profile } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import { caller, NOW, profile, rules } from '../testing/fixtures.ts'
import { decideAccess, isOneOf, standingOf } from './decide.ts'
import { nearestObstacle, obstaclesOf } from './obstacles.ts'

const developers = { issuer: 'people', claims: { groups: { includes: 'developers' } } } as const
const decide = (change: Partial<Profile>, who: Partial<Caller> = {}, id = 'reader', sourceIp = '203.0.113.7') =>
  decideAccess(rules({ reader: profile(change) }), id, caller(who), { sourceIp, now: NOW })

const signedIn = (secondsAgo: number) => ({ signedInAt: NOW - secondsAgo * 1000 })

test.each<[string, Partial<Profile>, Partial<Caller>, string]>([
  ['another issuer with the same claims', {}, { issuer: 'ci' }, 'profile-unknown'],
  ['a missing group', {}, { claims: { groups: ['sales'] } }, 'profile-unknown'],
  ['groups as a string', {}, { claims: { groups: 'developers' } }, 'profile-unknown'],
  ['no claims at all', {}, { claims: {} }, 'profile-unknown'],
  ['no rule', { eligible: [] }, {}, 'profile-unknown'],
  ['a rule without claims', { eligible: [{ issuer: 'people', claims: {} }] }, {}, 'profile-unknown'],
  [
    'one of two claims',
    { eligible: [{ issuer: 'people', claims: { groups: { includes: 'developers' }, region: 'eu' } }] },
    {},
    'profile-unknown',
  ],
  [
    'groups found under the issuer’s other name do not count as groups',
    { eligible: [developers] },
    { claims: {}, groups: ['developers'] },
    'profile-unknown',
  ],
  [
    'visible, not eligible',
    { eligible: [{ issuer: 'people', claims: { groups: { includes: 'oncall' } } }], visibleTo: [developers] },
    {},
    'not-eligible',
  ],
  ['no second factor', { eligible: [{ ...developers, mfa: true }] }, {}, 'mfa-required'],
  ['a sign-in of unknown age', { eligible: [{ ...developers, authAge: '15m' }] }, {}, 'auth-too-old'],
  ['a sign-in too old', { eligible: [{ ...developers, authAge: '15m' }] }, signedIn(901), 'auth-too-old'],
  ['a sign-in in the future', { eligible: [{ ...developers, authAge: '15m' }] }, signedIn(-60), 'auth-too-old'],
  ['another address', { eligible: [{ ...developers, sourceIp: ['10.0.0.0/8'] }] }, {}, 'source-ip'],
  [
    'all hurdles: the first is reported',
    { eligible: [{ ...developers, mfa: true, authAge: '1m', sourceIp: ['10.0.0.0/8'] }] },
    {},
    'mfa-required',
  ],
  [
    'of two rules, the one with fewer hurdles is reported',
    {
      eligible: [
        { ...developers, mfa: true, authAge: '1m' },
        { ...developers, sourceIp: ['10.0.0.0/8'] },
      ],
    },
    {},
    'source-ip',
  ],
  ['a sign-in just recent enough', { eligible: [{ ...developers, authAge: '15m' }] }, signedIn(900), 'allowed'],
  ['the second of two networks', { eligible: [{ ...developers, sourceIp: ['10.0.0.0/8', '203.0.113.0/24'] }] }, {}, 'allowed'],
  ['the second of two rules', { eligible: [{ issuer: 'ci', claims: { sub: 'x' } }, developers] }, {}, 'allowed'],
  [
    'all that the rule says',
    { eligible: [{ ...developers, mfa: true, authAge: '15m', sourceIp: ['203.0.113.0/24'] }] },
    { mfa: true, ...signedIn(60) },
    'allowed',
  ],
])('%s → %s', (_name, change, who, expected) => {
  const access = decide(change, who)
  expect(access.outcome === 'allowed' ? 'allowed' : access.code).toBe(expected)
})

describe('a step-up', () => {
  const stepUpOf = (change: Partial<Profile>, who: Partial<Caller> = {}) =>
    (decide(change, who) as { evidence?: { stepUp?: object } }).evidence?.stepUp
  test.each<[string, Partial<Profile>, object | undefined, Partial<Caller>?]>([
    ['asks for a second factor', { eligible: [{ ...developers, mfa: true }] }, { acrValues: ['phr', 'phrh'] }],
    ['asks for a recent sign-in', { eligible: [{ ...developers, authAge: '15m' }] }, { maxAge: 900 }],
    ['asks for both', { eligible: [{ ...developers, mfa: true, authAge: '1h' }] }, { acrValues: ['phr', 'phrh'], maxAge: 3600 }],
    [
      'does not ask again for a sign-in that is recent enough',
      { eligible: [{ ...developers, mfa: true, authAge: '15m' }] },
      { acrValues: ['phr', 'phrh'] },
      signedIn(60),
    ],
    [
      'names no class of a second factor for an issuer that the config no longer has',
      { eligible: [{ issuer: 'gone', claims: { groups: { includes: 'developers' } }, mfa: true }] },
      { acrValues: [] },
      { issuer: 'gone' },
    ],
    ['is not asked for where only the address is wrong', { eligible: [{ ...developers, sourceIp: ['10.0.0.0/8'] }] }, undefined],
    [
      'is that of the nearest rule',
      {
        eligible: [
          { ...developers, mfa: true, authAge: '1m' },
          { ...developers, authAge: '2m' },
        ],
      },
      { maxAge: 120 },
    ],
  ])('%s', (_name, change, expected, who) => expect(stepUpOf(change, who)).toEqual(expected))
})

describe('an unknown and an invisible profile', () => {
  test('are refused alike, to the letter', () => {
    const { reasons: _a, operator: _c, ...unknown } = decide({}, {}, 'nothing') as any
    const { reasons: _b, operator: _d, ...invisible } = decide({}, { claims: {} }) as any
    expect(unknown).toEqual(invisible)
  })
  test.each(['constructor', '__proto__', 'toString'])('%s is no profile', (id) =>
    expect(decide({}, {}, id)).toMatchObject({ code: 'profile-unknown' }),
  )
})

test('an empty list matches no caller', () => {
  const origin = { sourceIp: '203.0.113.7', now: NOW }
  expect([isOneOf(undefined, caller(), origin), isOneOf([], caller(), origin), isOneOf([developers], caller(), origin)]).toEqual([
    false,
    false,
    true,
  ])
})

describe('what operators learn of a refusal', () => {
  const job = { issuer: 'ci', claims: { ref: 'refs/heads/main', repository_id: '74' } } as const
  const main = { ref: 'refs/heads/main', repository_id: '74' }
  // Situations: issues of aws-actions/configure-aws-credentials ("Not authorized to perform sts:AssumeRoleWithWebIdentity"), where the
  // trust policy names another branch, repository, environment or tag than the token.
  test.each<[string, Partial<Profile>, Partial<Caller>, string]>([
    [
      'another branch',
      { eligible: [job] },
      { claims: { ...main, ref: 'refs/heads/x' } },
      'ref is "refs/heads/x", expected "refs/heads/main"',
    ],
    [
      'a repository one digit off',
      { eligible: [job] },
      { claims: { ...main, repository_id: '75' } },
      'repository_id is "75", expected "74"',
    ],
    ['an id as a number', { eligible: [job] }, { claims: { ...main, repository_id: 74 } }, 'repository_id is 74, expected "74"'],
    ['a missing claim', { eligible: [job] }, { claims: { ref: main.ref } }, 'repository_id is missing, expected "74"'],
    ['a tag', { eligible: [job] }, { claims: { ...main, ref: 'refs/tags/v1' } }, 'ref is "refs/tags/v1"'],
    ['two claims', { eligible: [job] }, { claims: {} }, 'ref is missing, expected "refs/heads/main"; repository_id does not match either'],
    [
      'three claims',
      { eligible: [{ issuer: 'ci', claims: { ref: 'a', repository_id: 'b', environment: 'c' } }] },
      { claims: {} },
      'ref is missing, expected "a"; repository_id and environment do not match either',
    ],
    ['only rules of other issuers', { eligible: [developers] }, { claims: main }, 'issuer is "ci", expected "people"'],
    [
      'the nearer of two rules',
      { eligible: [{ issuer: 'ci', claims: { a: '1', b: '2' } }, job] },
      { claims: { ref: main.ref } },
      'eligible[1]: repository_id',
    ],
    ['its own issuer before another', { eligible: [developers, job] }, { claims: {} }, 'eligible[1]: ref is missing'],
    [
      'a glob',
      { eligible: [{ issuer: 'ci', claims: { ref: { glob: 'refs/heads/r-*' } } }] },
      { claims: main },
      'expected {"glob":"refs/heads/r-*"}',
    ],
    [
      'a group',
      { eligible: [developers] },
      { issuer: 'people', claims: { groups: ['sales'] } },
      'groups is ["sales"], expected {"includes":"developers"}',
    ],
    ['a long claim', { eligible: [job] }, { claims: { ...main, ref: 'x'.repeat(900) } }, `ref is "${'x'.repeat(78)}…`],
    ['no rules', { eligible: [] }, { claims: main }, 'not visible: it has no rules'],
  ])('%s', (_name, change, who, expected) => {
    const access = decide(change, { issuer: 'ci', ...who })
    expect(access).toMatchObject({ code: 'profile-unknown', operator: expect.stringContaining(expected) })
    expect((access as { detail: string }).detail).toBe('Profile not found, or not visible to you.')
  })
})

test.each<[string, Partial<Profile>, Partial<Caller>, string, object]>([
  ['an unknown profile', {}, {}, 'nothing', { reasons: ['not in the config'], operator: 'not in the config' }],
  [
    'an invisible one',
    {},
    { claims: {} },
    'reader',
    { reasons: ['not visible'], operator: 'not visible: eligible[0]: groups is missing, expected {"includes":"developers"}' },
  ],
  [
    'one whose rules do not match',
    { eligible: [{ issuer: 'ci', claims: { sub: 'x' } }], visibleTo: [developers] },
    {},
    'reader',
    {
      reasons: ['no rule fits'],
      operator: 'no rule fits: eligible[0]: issuer is "people", expected "ci"',
      detail: 'You can see this profile, but its rules do not match your token.',
    },
  ],
  [
    'one that requires a second factor',
    { eligible: [{ ...developers, mfa: true, authAge: '1m', sourceIp: ['10.0.0.0/8'] }] },
    {},
    'reader',
    {
      reasons: ['mfa-required', 'auth-too-old', 'source-ip'],
      operator: 'mfa-required, auth-too-old, source-ip',
      detail: 'This profile requires a sign-in with a second factor.',
    },
  ],
  [
    'one that requires a recent sign-in',
    { eligible: [{ ...developers, authAge: '1m' }] },
    {},
    'reader',
    { reasons: ['auth-too-old'], operator: 'auth-too-old', detail: 'This profile requires a recent sign-in.' },
  ],
  [
    'one that requires another address',
    { eligible: [{ ...developers, sourceIp: ['10.0.0.0/8'] }] },
    {},
    'reader',
    { reasons: ['source-ip'], operator: 'source-ip', detail: 'This profile does not allow calls from your IP address.' },
  ],
])('%s: what the caller and the operator read', (_name, change, who, id, expected) => {
  expect(decide(change, who, id)).toMatchObject({ outcome: 'refused', ...expected })
})

test('a caller who only sees a profile has no hurdles to take', () =>
  expect(standingOf(profile({ eligible: [], visibleTo: [developers] }), caller(), { sourceIp: '203.0.113.7', now: NOW })).toEqual({
    visible: true,
    eligible: false,
    hurdles: [],
  }))

describe('the obstacles of a caller', () => {
  const eligible = [developers, { issuer: 'people', claims: { a: '1', b: '2' } }, { issuer: 'people', claims: { a: '1' } }]
  test('do not list a rule whose claims match', () =>
    expect(obstaclesOf({ eligible }, caller())).toEqual([
      { rule: 'eligible[2]', misses: [{ claim: 'a', is: undefined, wanted: '1' }] },
      {
        rule: 'eligible[1]',
        misses: [
          { claim: 'a', is: undefined, wanted: '1' },
          { claim: 'b', is: undefined, wanted: '2' },
        ],
      },
    ]))
  test('are none where all rules match', () => expect(nearestObstacle({ eligible: [developers] }, caller())).toBeUndefined())
  test('end after the only claim', () =>
    expect(nearestObstacle({ eligible: [{ issuer: 'people', claims: { a: '1' } }] }, caller())).toBe(
      'eligible[0]: a is missing, expected "1"',
    ))
})

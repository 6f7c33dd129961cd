/** Who may enter: rows from outside inwards, refusals first. */
import { describe, expect, test } from 'vitest'
import type { Profile } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import { caller, NOW, profile, rules } from '../testing/fixtures.ts'
import { decideAccess, isOneOf } from './decide.ts'

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
  const stepUpOf = (change: Partial<Profile>) => (decide(change) as { evidence?: { stepUp?: object } }).evidence?.stepUp
  test.each<[string, Partial<Profile>, object | undefined]>([
    ['asks for a second factor', { eligible: [{ ...developers, mfa: true }] }, { acrValues: ['phr', 'phrh'] }],
    ['asks for a recent sign-in', { eligible: [{ ...developers, authAge: '15m' }] }, { maxAge: 900 }],
    ['asks for both', { eligible: [{ ...developers, mfa: true, authAge: '1h' }] }, { acrValues: ['phr', 'phrh'], maxAge: 3600 }],
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
  ])('%s', (_name, change, expected) => expect(stepUpOf(change)).toEqual(expected))
})

describe('an unknown and an invisible profile', () => {
  test('are refused alike, to the letter', () => {
    const { reasons: _a, ...unknown } = decide({}, {}, 'nothing') as any
    const { reasons: _b, ...invisible } = decide({}, { claims: {} }) as any
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

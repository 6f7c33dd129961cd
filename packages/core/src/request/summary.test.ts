/** What everybody who decides is shown of a request. */
import { describe, expect, test } from 'vitest'
import type { AccessRequest } from './request.ts'
import { type Fact, liveText, permissionsOf, summaryOf } from './summary.ts'

const NOW = Date.UTC(2026, 10, 24, 3)
const MINUTE = 60_000
const request = (change: object = {}, terms: object = {}): AccessRequest =>
  ({
    id: 'req_01ARYZ6S410000000000000000',
    state: 'pending',
    caller: { issuer: 'people', subject: '6f0c', name: 'Olu On-Call', kind: 'human' },
    profile: 'break-glass',
    target: 'prod-admin',
    terms: {
      role: 'arn:aws:iam::111122223333:role/stint/Admin',
      sourceIdentity: 'acme.6f0c',
      policy: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::acme/*'] }],
      policyArns: [],
      parameters: {},
      maxDuration: 3600,
      uses: 3,
      ...terms,
    },
    expiresAt: NOW + 30 * MINUTE,
    limits: {},
    approvals: [],
    ...change,
  }) as unknown as AccessRequest
const place = { description: 'Administrator of production', account: '111122223333' }

test('says who, what, where, how risky, how long, how often, until when and why', () => {
  const { facts, permissions, justifications } = summaryOf(
    request({
      justification: 'INC-4711\norders are down',
      moreJustifications: [{ at: NOW - MINUTE, text: 'and the queue is full' }],
      ticket: 'OPS-17',
    }),
    place,
    NOW,
  )
  expect(facts).toEqual([
    ['Requester', 'Olu On-Call (acme.6f0c)'],
    ['Profile', 'break-glass: Administrator of production'],
    ['Account', '111122223333 (prod-admin)'],
    ['Role', 'arn:aws:iam::111122223333:role/stint/Admin'],
    ['Risk', 'low: read-only'],
    ['Duration', 'up to 1h per session'],
    ['Uses', '3 sessions'],
    ['Decide by', '2026-11-24 03:30 UTC', NOW + 30 * MINUTE],
    ['Ticket', 'OPS-17'],
  ])
  expect(permissions).toEqual(['s3:GetObject on arn:aws:s3:::acme/*'])
  expect(justifications).toEqual(['INC-4711\norders are down', 'Added 2026-11-24 02:59 UTC: and the queue is full'])
})

test.each<[string, object, object, Fact]>([
  ['without a source identity', {}, { sourceIdentity: undefined }, ['Requester', 'Olu On-Call (people/6f0c)']],
  ['of a subject that is stored as its digest', { fullSubject: 'CN=Olu,OU=\u202EOps' }, {}, ['Subject', 'CN=Olu,OU=‹U+202E›Ops']],
  ['of a job, with who started it', { triggeredBy: 'dana' }, {}, ['Triggered by', 'dana']],
  ['shortened', { limits: { duration: 900, uses: 1 } }, {}, ['Duration', 'up to 15m per session']],
  [
    'shortened by an approver, while others must approve, too',
    {
      approvals: [
        {
          approver: { issuer: 'people', subject: 'ada', name: 'Ada', kind: 'human' },
          at: NOW,
          rules: [0],
          channel: 'api',
          limits: { duration: 900, uses: 1 },
          person: 'x',
        },
      ],
    },
    {},
    ['Duration', 'up to 15m per session'],
  ],
  ['for once', { limits: { uses: 1 } }, {}, ['Uses', '1 session']],
  ['that starts later', { startsAt: NOW + 60 * MINUTE }, {}, ['Starts', '2026-11-24 04:00 UTC', NOW + 60 * MINUTE]],
  ['approved', { state: 'approved', windowExpiresAt: NOW + 5 * MINUTE }, {}, ['Valid until', '2026-11-24 03:05 UTC', NOW + 5 * MINUTE]],
  ['with parameters', {}, { parameters: { bucket: 'a\u202Eb' } }, ['Parameter bucket', 'a‹U+202E›b']],
  ['that extends another', { extends: 'req_01ARYZ6S410000000000000001' }, {}, ['Extends', 'req_01ARYZ6S410000000000000001']],
  ['to a whole role', {}, { policy: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }, ['Risk', 'high: every action']],
])('a request %s', (_name, change, terms, expected) => {
  expect(summaryOf(request(change, terms), place, NOW).facts).toContainEqual(expected)
})

test.each<[string, Parameters<typeof request>[0]]>([
  ['denied', { state: 'denied' }],
  ['cancelled', { state: 'cancelled' }],
  ['not decided in time', { expiresAt: NOW }],
  ['revoked', { state: 'revoked', windowExpiresAt: NOW + 5 * MINUTE }],
])('a request that was %s is not said to be valid', (_name, change) => {
  const names = summaryOf(request(change), place, NOW).facts.map(([name]) => name)
  expect(names).toEqual(['Requester', 'Profile', 'Account', 'Role', 'Risk', 'Duration', 'Uses'])
})

test('a target without a description leaves the profile’s name alone', () => {
  const { facts, justifications } = summaryOf(request(), { account: '111122223333' }, NOW)
  expect(facts).toContainEqual(['Profile', 'break-glass'])
  expect(facts.map(([name]) => name)).toEqual(['Requester', 'Profile', 'Account', 'Role', 'Risk', 'Duration', 'Uses', 'Decide by'])
  expect(justifications).toEqual([])
})
test('terms with which lasting access can be created say so', () => {
  const terms = { policy: [{ Effect: 'Allow', Action: ['kms:CreateGrant'], Resource: ['*'] }] }
  expect(summaryOf(request({}, terms), place, NOW).facts).toContainEqual(['Can create lasting access', 'kms:CreateGrant'])
})

describe('what the session may do', () => {
  const allow = (more: object) => ({ Effect: 'Allow' as const, Action: 's3:*', Resource: '*', ...more })
  const arn = 'arn:aws:iam::aws:policy/SecurityAudit'
  test.each<[string, Parameters<typeof permissionsOf>[0], readonly string[]]>([
    ['neither policy nor ARNs', { policy: [], policyArns: [] }, ['everything the role allows']],
    [
      'Denies alone',
      { policy: [{ Effect: 'Deny', Action: 's3:*', Resource: '*' }], policyArns: [] },
      ['everything the role allows', 'Deny s3:* on *'],
    ],
    ['everything, spelled out', { policy: [allow({ Action: ['*'], Resource: ['*'] })], policyArns: [] }, ['everything the role allows']],
    ['one statement', { policy: [allow({})], policyArns: [] }, ['s3:* on *']],
    ['every action of one thing', { policy: [allow({ Action: '*', Resource: 'arn:x' })], policyArns: [] }, ['* on arn:x']],
    [
      'all but something',
      { policy: [{ Effect: 'Allow', NotAction: ['iam:*', 'sts:*'], NotResource: 'arn:x' }], policyArns: [] },
      ['every action except iam:*, sts:* on everything except arn:x'],
    ],
    [
      'conditions',
      { policy: [allow({ Condition: { StringEquals: { 's3:prefix': 'a' }, Bool: { 'aws:SecureTransport': 'true' } } })], policyArns: [] },
      ['s3:* on *, if {"StringEquals":{"s3:prefix":"a"},"Bool":{"aws:SecureTransport":"true"}}'],
    ],
    [
      'a Deny with a condition',
      {
        policy: [
          allow({}),
          { Effect: 'Deny', Action: '*', Resource: '*', Condition: { DateLessThan: { 'aws:CurrentTime': '2000-01-01T00:00:00Z' } } },
        ],
        policyArns: [],
      },
      ['s3:* on *', 'Deny * on *, if {"DateLessThan":{"aws:CurrentTime":"2000-01-01T00:00:00Z"}}'],
    ],
    [
      'a name that reads like words',
      { policy: [allow({ Resource: 'arn:aws:s3:::a, if "tested"' })], policyArns: [] },
      ['s3:* on "arn:aws:s3:::a, if \\"tested\\""'],
    ],
    ['a name with a space', { policy: [allow({ Resource: 'arn:aws:s3:::a b' })], policyArns: [] }, ['s3:* on "arn:aws:s3:::a b"']],
    [
      'the widest resource last',
      { policy: [allow({ Resource: ['arn:aws:s3:::a', 'arn:aws:s3:::*/*'] })], policyArns: [] },
      ['s3:* on arn:aws:s3:::*/*, arn:aws:s3:::a'],
    ],
    [
      'the riskiest and the widest statement last',
      {
        policy: [
          allow({ Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/*' }),
          allow({ Action: 's3:PutObject', Resource: 'arn:aws:s3:::a' }),
          allow({ Action: 's3:PutObject', Resource: 'arn:aws:s3:::a/*' }),
          allow({ Action: 's3:PutObject', Resource: undefined, NotResource: 'arn:aws:s3:::a' }),
          allow({}),
        ],
        policyArns: [],
      },
      [
        's3:* on *',
        's3:PutObject on everything except arn:aws:s3:::a',
        's3:PutObject on arn:aws:s3:::a/*',
        's3:PutObject on arn:aws:s3:::a',
        's3:GetObject on arn:aws:s3:::a/*',
      ],
    ],
    ['managed policies', { policy: [], policyArns: [arn] }, [`everything ${arn} allows`]],
    ['both', { policy: [allow({})], policyArns: [arn] }, ['s3:* on *', `everything ${arn} allows`]],
  ])('%s', (_name, terms, expected) => expect(permissionsOf(terms)).toEqual(expected))
})

test('a session that is renewed says how often', () => {
  const facts = Object.fromEntries(summaryOf(request({}, { maxDuration: 28_800, renew: 1800 }), place, NOW).facts)
  expect(facts.Duration).toBe('up to 8h per session, with credentials that are renewed every 30m')
})

test.each<[string, readonly object[], string | undefined]>([
  ['none', [], undefined],
  ['one that is over', [{ state: 'issued', expiresAt: NOW }], undefined],
  ['one', [{ state: 'issued', expiresAt: NOW + MINUTE }], '1, until 2026-11-24 03:01 UTC'],
  [
    'an ended one, until its credentials expire',
    [{ state: 'ended', expiresAt: NOW + 60 * MINUTE, issued: { expiration: NOW + 2 * MINUTE } }],
    '1, until 2026-11-24 03:02 UTC',
  ],
  [
    'two, of which one was renewed',
    [
      { state: 'issued', expiresAt: NOW + MINUTE },
      { state: 'issued', expiresAt: NOW + 9 * MINUTE, renewed: { count: 12, at: NOW - 3 * MINUTE } },
    ],
    '2, until 2026-11-24 03:09 UTC, renewed 12 times, last at 2026-11-24 02:57 UTC',
  ],
  [
    'one that was renewed once',
    [{ state: 'issued', expiresAt: NOW + MINUTE, renewed: { count: 1, at: NOW } }],
    '1, until 2026-11-24 03:01 UTC, renewed once, last at 2026-11-24 03:00 UTC',
  ],
  [
    'two that were renewed',
    [
      { state: 'issued', expiresAt: NOW + MINUTE, renewed: { count: 1, at: NOW - MINUTE } },
      { state: 'issued', expiresAt: NOW + MINUTE, renewed: { count: 2, at: NOW - 2 * MINUTE } },
    ],
    '2, until 2026-11-24 03:01 UTC, renewed 3 times, last at 2026-11-24 02:59 UTC',
  ],
])('live sessions: %s', (_name, sessions, expected) => expect(liveText({ sessions: sessions as never }, NOW)).toBe(expected))

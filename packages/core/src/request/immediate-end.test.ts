/** The policy that denies ended sessions of a role: what is in it, what leaves it, and what happens when it is full. */
import { evaluate, policy } from '@stint/iam'
import { describe, expect, test } from 'vitest'
import { crockford } from '../digest.ts'
import type { RequestId, SessionId } from '../ids.ts'
import { seconds } from '../instant.ts'
import { NOW } from '../testing/fixtures.ts'
import {
  END_POLICY_NAME,
  END_SESSION_NAME,
  type EndedSession,
  earlierSessions,
  endedSession,
  endPolicy,
  immediateEndWords,
  MAX_DENIED_SESSIONS,
  MOST_IN_POLICY,
  sessionOf,
} from './immediate-end.ts'
import type { Session } from './session.ts'

const REQUEST = `req_${'0'.repeat(26)}` as RequestId
const suffixOf = (serial: number): string =>
  Array.from({ length: 8 }, (_, at) => crockford[Math.floor(serial / 32 ** (7 - at)) % 32]).join('')
const ended = (serial: number, more: Partial<EndedSession> = {}): EndedSession => ({
  suffix: suffixOf(serial),
  request: REQUEST,
  issuedAt: NOW - seconds(600),
  until: NOW + seconds(1200),
  notedAt: NOW - seconds(60),
  ...more,
})
const many = (count: number, more: Partial<EndedSession> = {}, from = 0) => Array.from({ length: count }, (_, at) => ended(from + at, more))
const suffixes = (sessions: readonly EndedSession[] = []) => sessions.map(({ suffix }) => suffix)
const userIds = (document: string | undefined) =>
  JSON.parse(document ?? '{"Statement":[]}').Statement.flatMap((one: any) => one.Condition.StringLike?.['aws:userid'] ?? []) as string[]

/** Whether a session of the role may still do something. */
function isDenied(document: string, sessionName: string, issuedAt: number): boolean {
  const decision = evaluate({
    principal: { arn: `arn:aws:sts::111122223333:assumed-role/Deploy/${sessionName}`, account: '111122223333' },
    action: 's3:GetObject',
    resource: { arn: 'arn:aws:s3:::logs/a', account: '111122223333' },
    context: { 'aws:userid': `AROAEXAMPLE:${sessionName}`, 'aws:TokenIssueTime': new Date(issuedAt).toISOString() },
    identity: [
      policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }, 'identity'),
      policy(JSON.parse(document), 'identity'),
    ],
  })
  return !decision.allowed
}

describe('the policy', () => {
  test('is absent if nothing is to be denied', () => expect(endPolicy([], undefined, NOW)).toEqual({ denied: [], left: [] }))

  test('denies the ended sessions, and no other session of the role', () => {
    const document = endPolicy([ended(1), ended(2)], undefined, NOW).document ?? ''
    const name = (serial: number) => `dana-req_01kb4q7xk8zv9w2m3n5p6r7s8t.${suffixOf(serial)}`
    expect([1, 2, 3].map((serial) => isDenied(document, name(serial), NOW))).toEqual([true, true, false])
    // The suffix must be the end of the name, after a dot.
    expect(isDenied(document, `${name(1)}x`, NOW)).toBe(false)
    expect(isDenied(document, `dana-${suffixOf(1)}`, NOW)).toBe(false)
  })

  test('is exactly this, under the names that the target kit permits', () => {
    expect([END_POLICY_NAME, END_SESSION_NAME]).toEqual(['stint-end', 'stint-end'])
    const [effect, sids] = [{ Effect: 'Deny', Action: '*', Resource: '*' }, ['StintEndedSessions', 'StintEarlierSessions']]
    expect(JSON.parse(endPolicy([ended(1)], earlierSessions(NOW - seconds(3000)), NOW).document ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Sid: sids[0], ...effect, Condition: { StringLike: { 'aws:userid': [`*.${suffixOf(1)}`] } } },
        { Sid: sids[1], ...effect, Condition: { DateLessThan: { 'aws:TokenIssueTime': '2026-11-24T11:10:00Z' } } },
      ],
    })
  })

  test('no longer has sessions whose credentials have expired', () => {
    const made = endPolicy([ended(1, { until: NOW }), ended(2, { until: NOW + 1 })], undefined, NOW)
    expect(suffixes(made.denied)).toEqual([suffixOf(2)])
    expect(userIds(made.document)).toEqual([`*.${suffixOf(2)}`])
  })

  test('is the same text for the same sessions in any order', () => {
    const some = [ended(3), ended(1, { notedAt: NOW }), ended(2)]
    expect(endPolicy(some.toReversed(), undefined, NOW).document).toBe(endPolicy(some, undefined, NOW).document)
    expect(endPolicy([ended(3, { state: 'written' }), ended(1), ended(2)], undefined, NOW).document).toBe(
      endPolicy(some, undefined, NOW).document,
    )
  })

  test.each([500, MAX_DENIED_SESSIONS, MOST_IN_POLICY, 2000])(
    'of %i ended sessions stays within 8,700 of the 10,240 characters',
    (count) => {
      const made = endPolicy(many(count), earlierSessions(NOW - seconds(3000)), NOW)
      expect(made.document?.length).toBeLessThanOrEqual(8700)
      expect(userIds(made.document)).toHaveLength(Math.min(count, MOST_IN_POLICY))
      expect(made.left).toHaveLength(Math.max(0, count - MOST_IN_POLICY))
    },
  )

  test('keeps what it already denied when it is full, then takes the oldest ends', () => {
    const old = many(MOST_IN_POLICY - 1, { state: 'read-back', notedAt: NOW })
    const [late, early] = [ended(5000, { notedAt: NOW - 1 }), ended(5001, { notedAt: NOW - 2, state: 'full' })]
    const made = endPolicy([late, early, ...old], undefined, NOW)
    expect(suffixes(made.denied)).toEqual([...suffixes(old), early.suffix])
    expect(suffixes(made.left)).toEqual([late.suffix])
  })
  test('keeps what was written and not read back, too', () => {
    const made = endPolicy([...many(MOST_IN_POLICY), ended(5000, { state: 'written', notedAt: NOW })], undefined, NOW)
    expect(made.denied[0]?.suffix).toBe(suffixOf(5000))
  })
  test('takes the ends of one instant in the order of their IDs', () => {
    const made = endPolicy(many(MOST_IN_POLICY + 2).toReversed(), undefined, NOW)
    expect(suffixes(made.left)).toEqual([suffixOf(MOST_IN_POLICY), suffixOf(MOST_IN_POLICY + 1)])
  })
  test('names a suffix once that two sessions have', () => {
    const other = `req_${'0'.repeat(25)}1` as RequestId
    const made = endPolicy([ended(1), ended(1, { request: other })], undefined, NOW)
    expect(userIds(made.document)).toEqual([`*.${suffixOf(1)}`])
    expect(made.denied.map(sessionOf)).toEqual([`${REQUEST}.${suffixOf(1)}`, `${other}.${suffixOf(1)}`])
  })
})

test('each state says when the credentials stop working', () =>
  expect(Object.entries(immediateEndWords).map(([state, words]) => [state, /expire|minutes|adding/.exec(words)?.[0]])).toEqual([
    ['requested', 'adding'],
    ['written', 'minutes'],
    ['read-back', 'minutes'],
    ['full', 'expire'],
  ]))

describe('every earlier session', () => {
  const earlier = earlierSessions(NOW)

  test('is denied by the time of its credentials, and later ones are not', () => {
    const document = endPolicy([], earlier, NOW).document ?? ''
    expect([NOW - 1000, NOW, NOW + 1000].map((at) => isDenied(document, 'dana-x.00000009', at))).toEqual([true, false, false])
  })

  test('need not be listed, unless it was issued in the last minute', () => {
    const [last, first] = [ended(2, { issuedAt: NOW - seconds(60) }), ended(3, { issuedAt: NOW - seconds(60) - 1 })]
    const made = endPolicy([ended(1), last, first], earlier, NOW)
    expect(userIds(made.document)).toEqual([`*.${suffixOf(2)}`])
    expect(suffixes(made.denied)).toEqual([suffixOf(2), suffixOf(1), suffixOf(3)])
  })

  test('is denied even if other policies of the role take the room', () => {
    const made = endPolicy([ended(1, { issuedAt: NOW }), ended(2)], earlier, NOW, true)
    expect(userIds(made.document)).toEqual([])
    expect([made.document?.includes('aws:TokenIssueTime'), suffixes(made.denied), suffixes(made.left)]).toEqual([
      true,
      [suffixOf(2)],
      [suffixOf(1)],
    ])
  })

  test('is no longer denied after an hour and a minute, when the last of their credentials have expired', () => {
    expect(earlier).toEqual({ before: NOW, until: NOW + seconds(3600 + 60) })
    expect(endPolicy([], earlier, earlier.until - 1)?.document).toContain('aws:TokenIssueTime')
    expect(endPolicy([], earlier, earlier.until)).toEqual({ denied: [], left: [] })
  })
})

describe('an ended session', () => {
  const issued = { at: NOW, expiration: NOW + seconds(1800) } as NonNullable<Session['issued']>
  const session = { id: `${REQUEST}.abcdefgh` as SessionId, requestId: REQUEST, state: 'ended', issued } as const
  test.each([
    ['is denied until its credentials have expired at AWS', {}, NOW + seconds(1860)],
    [
      'is denied for at least the shortest life of credentials',
      { issued: { ...issued, expiration: NOW + seconds(60) } },
      NOW + seconds(960),
    ],
    [
      'counts its newest credentials',
      { renewed: { count: 1, at: NOW, accessKeyId: 'A', expiration: NOW + seconds(3000) } },
      NOW + seconds(3060),
    ],
  ])('%s', (_title, more, until) => {
    expect(endedSession({ ...session, ...more }, NOW)).toMatchObject({ suffix: 'abcdefgh', issuedAt: NOW, until })
    expect(endedSession({ ...session, ...more }, until)).toBeUndefined()
  })
  test.each([
    ['is still issued', { state: 'issued' as const }],
    ['never had credentials', { issued: undefined }],
  ])('is not denied if it %s', (_title, more) => expect(endedSession({ ...session, ...more } as never, NOW)).toBeUndefined())
})

describe('a policy for which other policies of the role leave no room', () => {
  test('keeps what it denied, and nothing else', () => {
    const some = [ended(1), ended(2, { state: 'full' }), ended(3, { state: 'written' }), ended(4, { state: 'read-back' })]
    const made = endPolicy(some, undefined, NOW, true)
    expect(userIds(made.document)).toEqual([`*.${suffixOf(3)}`, `*.${suffixOf(4)}`])
    expect([suffixes(made.denied), suffixes(made.left)]).toEqual([
      [suffixOf(3), suffixOf(4)],
      [suffixOf(1), suffixOf(2)],
    ])
  })
  test('is none if it denied nothing', () => expect(endPolicy([ended(1)], undefined, NOW, true)).toEqual({ denied: [], left: [ended(1)] }))
})

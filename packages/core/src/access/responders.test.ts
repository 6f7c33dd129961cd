import { describe, expect, test } from 'vitest'
import type { Rules, Who } from '../config/shape.ts'
import { storedSubject } from '../identity/subject.ts'
import type { FreezeScope } from './freeze.ts'
import { leavesTwoResponders, mayStopResponder } from './responders.ts'

const LONG = `spiffe://acme.example/${'p'.repeat(300)}`
const group = (issuer: string): Who => ({ issuer, claims: { groups: { includes: 'sec' } } })
const named = (issuer: string, ...subjects: string[]): Who => ({ issuer, claims: { sub: { oneOf: subjects } } })
const one = (issuer: string, subject: string): Who => ({ issuer, claims: { sub: subject } })

const rules = (...responders: Who[]): Rules =>
  ({
    issuers: { staff: { kind: 'human' }, other: { kind: 'human' }, ci: { kind: 'workload' } },
    people: {
      rita: [
        { issuer: 'staff', subject: 'r-1' },
        { issuer: 'other', subject: 'r-2' },
        { issuer: 'ci', actor: 'rita' },
      ],
      alex: [{ issuer: 'other', subject: 'a-1' }],
    },
    responders,
  }) as unknown as Rules

describe('a freeze may stop a responder', () => {
  test.each<[string, readonly Who[], FreezeScope, boolean]>([
    ['everything', [group('staff')], { kind: 'all' }, false],
    ['a profile', [group('staff')], { kind: 'profile', id: 'p' }, false],
    ['a target', [group('staff')], { kind: 'target', id: 't' }, false],
    ['their issuer', [group('staff')], { kind: 'issuer', id: 'staff' }, true],
    ['another issuer', [group('staff')], { kind: 'issuer', id: 'elsewhere' }, false],
    ['an issuer at which a responder has another identity', [one('staff', 'r-1')], { kind: 'issuer', id: 'other' }, true],
    ['an issuer whose jobs a responder triggers', [one('staff', 'r-1')], { kind: 'issuer', id: 'ci' }, true],
    ['a subject of an issuer with a group', [group('staff')], { kind: 'subject', issuer: 'staff', id: 'x' }, true],
    ['a subject that is named', [named('staff', 'a', 'b')], { kind: 'subject', issuer: 'staff', id: 'b' }, true],
    ['a subject that is not named', [named('staff', 'a', 'b')], { kind: 'subject', issuer: 'staff', id: 'c' }, false],
    ['the same subject elsewhere', [named('staff', 'a')], { kind: 'subject', issuer: 'other', id: 'a' }, false],
    ['another identity of a responder', [one('staff', 'r-1')], { kind: 'subject', issuer: 'other', id: 'r-2' }, true],
    ['a long subject that is named', [named('staff', 'a', LONG)], { kind: 'subject', issuer: 'staff', id: storedSubject(LONG) }, true],
    ['another long one', [named('staff', 'a', LONG)], { kind: 'subject', issuer: 'staff', id: storedSubject(`${LONG}x`) }, false],
    [
      'a long one, which may fit a pattern',
      [{ issuer: 'staff', claims: { sub: { glob: 'a*' } } }],
      { kind: 'subject', issuer: 'staff', id: storedSubject(LONG) },
      true,
    ],
    [
      'a short one, which does not fit the pattern',
      [{ issuer: 'staff', claims: { sub: { glob: 'a*' } } }],
      { kind: 'subject', issuer: 'staff', id: 'b' },
      false,
    ],
    [
      'an issuer with a group, of which no person is declared',
      [group('staff'), group('elsewhere')],
      { kind: 'issuer', id: 'elsewhere' },
      true,
    ],
    ['a person whom the second of two rules names', [named('staff', 'a'), one('other', 'r-2')], { kind: 'person', id: 'rita' }, true],
    ['a person who is one', [one('other', 'r-2')], { kind: 'person', id: 'rita' }, true],
    ['an undeclared person', [one('other', 'x')], { kind: 'person', id: 'rita' }, false],
  ])('%s: of %j', (_name, responders, scope, expected) => expect(mayStopResponder(rules(...responders), scope)).toBe(expected))
})

describe('two people are left to release', () => {
  test.each<[string, readonly Who[], boolean]>([
    ['no responder', [], false],
    ['a group of the frozen issuer', [group('staff')], false],
    ['a group of another one', [group('staff'), group('other')], true],
    ['one person of another one', [group('staff'), one('other', 'a')], false],
    ['two people of another one', [group('staff'), one('other', 'a'), one('other', 'b')], true],
    ['one person, named twice', [one('other', 'a'), named('other', 'a')], false],
    ['two, of whom one is frozen by another identity', [named('other', 'a', 'r-2')], false],
    ['two, of whom one has further identities elsewhere', [named('other', 'a', 'a-1')], true],
    ['people of an issuer that the config does not have', [group('gone')], false],
    ['jobs, which release nothing', [group('ci')], false],
  ])('%s', (_name, responders, expected) => expect(leavesTwoResponders(rules(...responders), 'staff')).toBe(expected))
})

test('without responders, no freeze stops one, and none is left', () => {
  const { responders: _none, ...without } = rules()
  const scopes: FreezeScope[] = [
    { kind: 'issuer', id: 'staff' },
    { kind: 'person', id: 'rita' },
    { kind: 'subject', issuer: 'staff', id: 'r-1' },
  ]
  expect(scopes.map((scope) => mayStopResponder(without as Rules, scope))).toEqual([false, false, false])
  expect(leavesTwoResponders(without as Rules, 'staff')).toBe(false)
})

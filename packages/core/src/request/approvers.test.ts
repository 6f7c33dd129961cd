/**
 * Who is told at once that no one else can approve. Situations: the documentation and issue trackers of systems with approvals, where a
 * request waited for its only approver, its requester: GitHub Docs, "Managing environments for deployment" (prevent self-reviews);
 * GitLab issue 423448 (no eligible approvers); gravitational/teleport 7423 and 10544 (requests nobody can review); Microsoft Entra PIM,
 * "Approve or deny requests" (approvers cannot approve their own); AWS Change Manager, "self-approval". Nothing is copied.
 */
import { describe, expect, test } from 'vitest'
import type { Approval, ApprovalRule, Matcher, Who } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import type { Person } from '../identity/person.ts'
import { storedSubject } from '../identity/subject.ts'
import { tooFewApprovers } from './approvers.ts'

const NOW = Date.UTC(2026, 10, 27, 12)
const rules = {
  issuers: { staff: { kind: 'human' }, entra: { kind: 'human', identityClaim: 'oid' }, ci: { kind: 'workload' } },
  people: {
    dana: [
      { issuer: 'staff', subject: 'dana' },
      { issuer: 'entra', subject: 'pairwise-dana' },
      { issuer: 'ci', actor: '12' },
    ],
  },
} as never
const caller = (subject = 'dana', issuer = 'staff', identity = subject) => ({ issuer, subject, identity, kind: 'human' }) as Caller
const who = (sub: Matcher, issuer = 'staff', more = {}): Who => ({ issuer, claims: { sub, ...more } })
const group: Who = { issuer: 'staff', claims: { groups: { includes: 'sre' } } }
const oneOf = (...values: string[]) => ({ oneOf: values })
const rule = (by: readonly Who[], count = 1, more: Partial<ApprovalRule> = {}): ApprovalRule => ({ by, count, ...more })
const approval = (given: readonly ApprovalRule[], more: Partial<Approval> = {}): Approval => ({
  rules: given,
  expiresAfter: '1h',
  window: '1h',
  maxUses: 1,
  ...more,
})
/** How many are missing, and who else is named. */
const found = (given: Approval, by = caller(), triggeredBy?: string) => {
  const few = tooFewApprovers(rules, given, by, triggeredBy as Person | undefined, NOW)
  return few && [few.lacking, ...few.others.map(({ issuer, subject }) => `${issuer}/${subject}`)]
}

describe('no one else can', () => {
  test.each<[string, Approval, unknown]>([
    ['the only approver', approval([rule([who('dana')])]), [1]],
    ['the only approver, named twice', approval([rule([who('dana'), who(oneOf('dana'))])]), [1]],
    ['the only approver, by another identity', approval([rule([who('pairwise-dana', 'entra')])]), [1]],
    ['two approvals of two people, one of them the requester', approval([rule([who(oneOf('dana', 'bea'))], 2)]), [1, 'staff/bea']],
    ['three approvals of two others', approval([rule([who(oneOf('ann', 'bea'))], 3)]), [1, 'staff/ann', 'staff/bea']],
    ['one other for two rules', approval([rule([who(oneOf('dana', 'bea'))]), rule([who('bea')])]), [1, 'staff/bea']],
    ['an open rule beside one that only the requester fits', approval([rule([group]), rule([who('dana')])]), [1]],
    ['the target’s rule beside the profile’s', approval([rule([who('bea')]), rule([who('dana')])]), [1, 'staff/bea']],
    ['a person with a claim, which makes them no more', approval([rule([who('dana', 'staff', { groups: { includes: 'sre' } })])]), [1]],
    ['an escalation to the requester', approval([rule([who('dana')], 1, { escalateTo: [who('dana')] })], { escalateAfter: '10m' }), [1]],
    [
      'a stand-in whose time is over',
      approval([rule([who('dana')], 1, { delegates: [{ who: who('bea'), from: '2026-01-01T00:00:00Z', until: '2026-11-27T12:00:00Z' }] })]),
      [1],
    ],
    [
      'a stand-in whose time begins too late',
      approval([rule([who('dana')], 1, { delegates: [{ who: who('bea'), from: '2026-11-27T13:00:00Z', until: '2026-12-01T00:00:00Z' }] })]),
      [1],
    ],
    ['break-glass that a person must approve', approval([rule([who('dana')])], { breakGlass: true }), [1]],
  ])('%s', (_name, given, expected) => expect(found(given)).toEqual(expected))

  test('the only approver by the identity claim of the issuer', () => {
    const given = approval([rule([{ issuer: 'entra', claims: { oid: 'o-1' } }])])
    expect(found(given, caller('pairwise-x', 'entra', 'o-1'))).toEqual([1])
    expect(found(given, caller('pairwise-x', 'entra', 'o-2'))).toBeUndefined()
    // Whose identity this is, no one has declared, so it may be another person's.
    expect(found(given)).toBeUndefined()
    // A subject is not an identity claim, although both can have the same value.
    expect(found(approval([rule([{ issuer: 'entra', claims: { sub: 'o-1' } }])]), caller('pairwise-x', 'entra', 'o-1'))).toBeUndefined()
    expect(found(approval([rule([{ issuer: 'entra', claims: { oid: 'pairwise-dana' } }])]))).toBeUndefined()
    // An identity of the same name at another issuer is not the requester's.
    expect(found(given, caller('dana', 'staff', 'o-1'))).toBeUndefined()
  })
  test('the only approver, whose subject or identity is long', () => {
    const long = `CN=${'ö'.repeat(300)}`
    expect(found(approval([rule([who(long)])]), caller(storedSubject(long), 'staff', long))).toEqual([1])
    const given = approval([rule([{ issuer: 'entra', claims: { oid: long } }])])
    expect(found(given, caller('pairwise-x', 'entra', long))).toEqual([1])
    expect(found(given, caller('pairwise-x', 'entra', `${long}x`))).toBeUndefined()
  })
  test('the job of the only approver', () => {
    const job = { issuer: 'ci', subject: 'repo', identity: 'repo', kind: 'workload' } as Caller
    expect(found(approval([rule([who('dana')])]), job, 'dana')).toEqual([1])
    expect(found(approval([rule([who('dana')])]), job, 'bea')).toBeUndefined()
  })
})

describe('others can, or it is not known', () => {
  test.each<[string, Approval]>([
    ['another person', approval([rule([who('bea')])])],
    ['the requester and another', approval([rule([who(oneOf('dana', 'bea'))])])],
    ['a group', approval([rule([group])])],
    ['a group, and two approvals', approval([rule([group], 2)])],
    ['the requester or a group', approval([rule([who('dana'), group])])],
    ['a pattern', approval([rule([who({ glob: 'd*' })])])],
    ['everyone but', approval([rule([who({ not: 'bea' })])])],
    ['two rules, and one other for each', approval([rule([who(oneOf('ann', 'bea'))]), rule([who('bea')])])],
    ['another person after an escalation', approval([rule([who('dana')], 1, { escalateTo: [who('bea')] })], { escalateAfter: '10m' })],
    ['a group after an escalation', approval([rule([who('dana')], 1, { escalateTo: [group] })], { escalateAfter: '10m' })],
    [
      'a stand-in',
      approval([rule([who('dana')], 1, { delegates: [{ who: who('bea'), from: '2026-11-27T12:59:59Z', until: '2026-12-01T00:00:00Z' }] })]),
    ],
    [
      'a stand-in who is a group',
      approval([rule([who('dana')], 1, { delegates: [{ who: group, from: '2026-11-01T00:00:00Z', until: '2026-12-01T00:00:00Z' }] })]),
    ],
    ['an approval by rule after a delay', approval([rule([who('dana')])], { breakGlass: { delay: '5m' } })],
    ['someone of another issuer, with the same subject', approval([rule([who('dana', 'entra')])])],
  ])('%s', (_name, given) => expect(found(given)).toBeUndefined())
})

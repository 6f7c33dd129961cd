/**
 * Whether the people whom the rules name could approve a request of this caller. The requester cannot, under any declared alias, nor the
 * person who triggered the requester's job.
 *
 * The config lists people only where a rule pins `sub`, or the issuer's `identityClaim`. Who is in a group, in the token or in a
 * directory, is not known here, so a rule with such a `Who` counts as one that others can fulfill.
 */
import { parseDate } from '@stint/iam/date'
import { namedSubjects } from '../access/responders.ts'
import type { Approval, ApprovalRule, Rules, Who } from '../config/shape.ts'
import { durationSeconds } from '../duration.ts'
import type { Caller } from '../identity/caller.ts'
import { type Person, personOf } from '../identity/person.ts'
import { storedSubject } from '../identity/subject.ts'
import { type Instant, seconds } from '../instant.ts'
import { missing } from './approval.ts'

/** Someone whom a rule names: by the `sub` of their token, or by the issuer's `identityClaim`. */
type NamedApprover = { readonly issuer: string; readonly subject: string }

/** How many approvals are missing although everyone who is named approves, and who is named besides the requester. */
export type TooFewApprovers = { readonly lacking: number; readonly others: readonly NamedApprover[] }

/** `triggeredBy`: the person behind a workload. Undefined if enough others could approve, or if that depends on claims. */
export function tooFewApprovers(
  rules: Pick<Rules, 'people' | 'issuers'>,
  approval: Approval,
  caller: Caller,
  triggeredBy: Person | undefined,
  now: Instant,
): TooFewApprovers | undefined {
  // Approved by rule after its delay, without a person.
  if (typeof approval.breakGlass === 'object') return undefined
  const self = [personOf(rules, caller), triggeredBy]
  const others = new Map<string, { readonly approver: NamedApprover; readonly rules: number[] }>()
  const counted: Pick<ApprovalRule, 'count'>[] = []
  for (const rule of approval.rules) {
    const named = namedIn(rules, peopleOf(rule, approval, now))
    if (!named) continue
    const index = counted.push({ count: rule.count }) - 1
    for (const { person, ...approver } of named) {
      const isCaller = approver.issuer === caller.issuer && approver.by !== 'sub' && approver.subject === storedSubject(caller.identity)
      if (isCaller || self.includes(person)) continue
      const known = others.get(person) ?? { approver: { issuer: approver.issuer, subject: approver.subject }, rules: [] }
      known.rules.push(index)
      others.set(person, known)
    }
  }
  const given = [...others].map(([person, { rules: open }]) => ({ person: person as Person, rules: open }))
  const lacking = missing({ rules: counted }, given).reduce((sum, count) => sum + count, 0)
  return lacking === 0 ? undefined : { lacking, others: [...others.values()].map(({ approver }) => approver) }
}

/** Everyone who could fulfill the rule while the request waits. */
function peopleOf(rule: ApprovalRule, approval: Approval, now: Instant): readonly Who[] {
  const end = now + seconds(durationSeconds(approval.expiresAfter))
  // The config check has made sure that both are instants.
  const standIns = (rule.delegates ?? []).filter(({ from, until }) => (parseDate(from) ?? 0) < end && now < (parseDate(until) ?? Infinity))
  return [...rule.by, ...(rule.escalateTo ?? []), ...standIns.map(({ who }) => who)]
}

type Named = NamedApprover & { readonly by: string; readonly person: Person }

/** Undefined if a `Who` does not list its people. Further claims of a `Who` only exclude some of them. */
function namedIn(rules: Pick<Rules, 'people' | 'issuers'>, whos: readonly Who[]): readonly Named[] | undefined {
  const named: Named[] = []
  for (const { issuer, claims } of whos) {
    const by = ['sub', rules.issuers[issuer]?.identityClaim ?? 'sub'].find((claim) => namedSubjects(claims[claim]))
    if (by === undefined) return undefined
    for (const subject of namedSubjects(claims[by]) ?? []) {
      // `people` links subjects. Another claim's value stands for itself.
      const person = by === 'sub' ? personOf(rules, { issuer, subject }) : (`${issuer}#${by}#${subject}` as Person)
      named.push({ issuer, subject, by, person })
    }
  }
  return named
}

/** Who can approve, in words: "1 approver from `people` in group `approvers`". Names are between backticks (`code-text.ts`). */
import { asCode, cutSentence } from '../code-text.ts'
import type { ApprovalRule } from '../config/shape.ts'

/** One line for a rule, such as `{ count: 1, by: [{ issuer, claims: { groups: { includes: 'approvers' } } }] }`. */
export const ruleInWords = ({ by, count }: { readonly by: readonly object[]; readonly count: number }): string =>
  `${count} ${count === 1 ? 'approver' : 'approvers'} ${by.map(approverWords).join(', or ')}`

/** The rules, all of which must be fulfilled: "1 approver from `people` …; and 1 approver from `leads`". */
export const rulesInWords = (rules: readonly Pick<ApprovalRule, 'by' | 'count'>[]): string =>
  rules.map((rule) => cutSentence(ruleInWords(rule))).join('; and ')

/** `from `people` in group `leads``: who can approve by one entry of a rule. */
export function approverWords(who: object): string {
  const { issuer, claims = {}, mfa } = who as { issuer?: string; claims?: Record<string, unknown>; mfa?: boolean }
  const from = issuer === undefined ? 'from any issuer' : `from ${asCode(issuer)}`
  const words = Object.entries(claims).map(([claim, matcher]) => claimWords(claim, matcher))
  return [from, ...(words.length === 0 ? [] : [words.join(' and ')]), ...(mfa ? ['with a second factor'] : [])].join(' ')
}

function claimWords(claim: string, matcher: unknown): string {
  const whose = `whose ${asCode(claim)}`
  if (typeof matcher !== 'object' || matcher === null) return `${whose} is ${asCode(String(matcher))}`
  const [[kind, value] = []] = Object.entries(matcher)
  if (kind === 'includes') return claim === 'groups' ? `in group ${asCode(String(value))}` : `${whose} includes ${asCode(String(value))}`
  if (kind === 'oneOf' && Array.isArray(value)) return `${whose} is ${value.map((one) => asCode(String(one))).join(' or ')}`
  if (kind === 'glob') return `${whose} matches ${asCode(String(value))}`
  return `${whose} fits ${asCode(JSON.stringify(matcher))}`
}

/** Who can approve, in words: `1 of: people with groups approvers`. */
import type { ApprovalRule } from '../config/shape.ts'
import { isolated, shownLine } from '../shown-text.ts'

/** A rule of the config, such as `{ issuer, claims: { groups: { includes: 'approvers' } } }`. */
export function approverWords(rule: object): string {
  const { issuer, claims = {}, mfa } = rule as { issuer?: string; claims?: Record<string, unknown>; mfa?: boolean }
  const words = Object.entries(claims).map(([claim, matcher]) => `${claim} ${matcherWords(matcher)}`)
  return `${issuer ?? 'anyone'} with ${words.join(', ') || 'any claims'}${mfa ? ', with a second factor' : ''}`
}

function matcherWords(matcher: unknown): string {
  if (typeof matcher !== 'object' || matcher === null) return String(matcher)
  const [[kind, value] = []] = Object.entries(matcher)
  return kind === 'includes' ? String(value) : `${kind} ${JSON.stringify(value)}`
}

/** One line for each rule, all of which must be fulfilled. */
export const rulesInWords = (rules: readonly Pick<ApprovalRule, 'by' | 'count'>[]): readonly string[] =>
  rules.map(({ by, count }) => isolated(shownLine(`${count} of: ${by.map(approverWords).join('; or ')}`, 500)))

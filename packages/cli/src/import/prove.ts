/**
 * Proofs that a rule of the config gives no more than its source. They are written apart from the translations, so that a mistake there
 * is found here, and the rule is left out. No proof means no rule.
 */
import { fitsGlob } from '@stint/core/config/matcher'
import type { Matcher, PolicyStatement, Who } from '@stint/core/config/shape'
import { contains, type Policy, parsePolicy, type Statement } from '@stint/iam'
import { covers } from '@stint/iam/pattern'
import { GITHUB_HOST } from './github-conditions.ts'

/** Every token of GitHub that matches `who` meets the conditions of the statement, apart from its audience. */
export const provesSubjects = (who: Who, { conditions }: Pick<Statement, 'conditions'>): boolean =>
  Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => meets(who, operator, key.toLowerCase(), values)),
  )

function meets(who: Who, operator: string, key: string, values: readonly string[]): boolean {
  if (key === 'aws:sourceip')
    return operator === 'IpAddress' && who.sourceIp !== undefined && who.sourceIp.every((block) => values.includes(block))
  if (!key.startsWith(`${GITHUB_HOST}:`)) return false
  const claim = key.slice(GITHUB_HOST.length + 1)
  const plain = operator.replace(/^For(All|Any)Values?:/, '').replace(/IfExists$/, '')
  if (claim === 'aud') return /^String(Equals(IgnoreCase)?|Like)$/.test(plain)
  const matcher = Object.hasOwn(who.claims, claim) ? who.claims[claim] : undefined
  return matcher !== undefined && within(matcher, plain, values)
}

/** The matcher matches no string that the operator refuses. */
function within(matcher: Matcher, operator: string, values: readonly string[]): boolean {
  if (typeof matcher === 'object' && 'all' in matcher) return matcher.all.some((part) => within(part, operator, values))
  if (typeof matcher === 'object' && 'not' in matcher) return excludes(matcher.not, operator, values)
  const one = ({ text, pattern }: Alternative): boolean => {
    switch (operator) {
      case 'StringEquals':
        return !pattern && values.includes(text)
      case 'StringEqualsIgnoreCase':
        return !pattern && values.some((value) => value.toLowerCase() === text.toLowerCase())
      case 'StringLike':
        // As IAM writes it. A star that stops at a slash matches less.
        return values.some((value) => covers(value, pattern ? text.replaceAll(/\*+/g, '*') : text))
      default:
        return false
    }
  }
  return alternativesOf(matcher)?.every(one) ?? false
}

/** What `not` excludes contains all that a negated operator refuses. */
function excludes(inner: Matcher, operator: string, values: readonly string[]): boolean {
  const alternatives = alternativesOf(inner) ?? []
  const literally = (value: string) => alternatives.some(({ text, pattern }) => (pattern ? fitsGlob(text, value) : text === value))
  const asPattern = (value: string) => alternatives.some(({ text, pattern }) => pattern && text === value.replaceAll(/\*+/g, '**'))
  if (operator === 'StringNotEquals') return values.every(literally)
  return (
    operator === 'StringNotLike' &&
    values.every((value) => !value.includes('?') && (value.includes('*') ? asPattern(value) : literally(value)))
  )
}

type Alternative = { readonly text: string; readonly pattern: boolean }

/** The values and patterns of which one must match. Undefined if they are not known. */
function alternativesOf(matcher: Matcher): readonly Alternative[] | undefined {
  if (typeof matcher === 'string') return [{ text: matcher, pattern: false }]
  if (typeof matcher !== 'object') return undefined
  if ('glob' in matcher) return [{ text: matcher.glob, pattern: true }]
  if ('oneOf' in matcher) return matcher.oneOf.map((value) => ({ text: String(value), pattern: false }))
  if (!('any' in matcher)) return undefined
  const parts = matcher.any.map(alternativesOf)
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined
}

/** Every Allow of the profile is one of the source or within one, and every Deny of the source is in the profile. */
export function provesPolicy(profile: readonly PolicyStatement[], source: unknown): boolean {
  const ours = parsePolicy({ Version: '2012-10-17', Statement: profile }, 'session')
  const theirs = parsePolicy(source, 'identity')
  if (!ours.ok || !theirs.ok) return false
  const [allowed, denied] = [keysOf(theirs.policy, 'Allow'), keysOf(ours.policy, 'Deny')]
  return (
    ours.policy.statements.every(
      (statement) =>
        statement.effect === 'Deny' || allowed.has(keyOf(statement)) || theirs.policy.statements.some((wide) => contains(wide, statement)),
    ) && theirs.policy.statements.every((statement) => statement.effect === 'Allow' || denied.has(keyOf(statement)))
  )
}

const keysOf = ({ statements }: Policy, effect: Statement['effect']): ReadonlySet<string> =>
  new Set(statements.filter((statement) => statement.effect === effect).map(keyOf))

/** The same for statements that mean the same. Without `${`, both versions of the language read a text alike. */
function keyOf({ sid: _sid, variables, ...statement }: Statement): string {
  const text = JSON.stringify(statement)
  return text.includes('${') ? `${variables} ${text}` : text
}

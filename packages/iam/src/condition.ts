/**
 * Condition operators. Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued
 * context keys". All conditions of a statement must hold. Within one key, one of the values must match (for a negated
 * operator: none of them).
 */
import { arnMatches } from './arn.ts'
import type { Context } from './context.ts'
import { parseDate } from './date.ts'
import { inCidr } from './ip.ts'
import { type Conditions, isNegated, spell } from './operators.ts'
import { compile, matches } from './pattern.ts'

/** The part of a statement that its conditions depend on. */
type Conditioned = { readonly effect: 'Allow' | 'Deny'; readonly conditions: Conditions; readonly variables: boolean }

/** Compares one value of the request with one of the policy. */
type Compare = (given: string, wanted: string, scope: Scope) => boolean
type Scope = { readonly context: Context; readonly variables: boolean; readonly effect: Conditioned['effect'] }

const text =
  (options: { wildcards: boolean; ignoreCase?: boolean }): Compare =>
  (given, wanted, scope) => {
    const fold = (value: string) => (options.ignoreCase ? value.toLowerCase() : value)
    const pattern = compile(wanted, { ...scope, wildcards: options.wildcards })
    return (
      pattern !== undefined &&
      matches(options.ignoreCase ? pattern.map((token) => (typeof token === 'string' ? fold(token) : token)) : pattern, fold(given))
    )
  }

const ordered =
  (parse: (value: string) => number | undefined, holds: (given: number, wanted: number) => boolean): Compare =>
  (given, wanted) => {
    const [left, right] = [parse(given), parse(wanted)]
    return left !== undefined && right !== undefined && holds(left, right)
  }

const number = (value: string): number | undefined => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined)

/** ISO 8601, or seconds since the epoch. A time without a zone is in UTC, whatever the machine's own zone. */
const date = (value: string): number | undefined =>
  /^\d+$/.test(value) ? Number(value) * 1000 : (parseDate(value) ?? parseDate(`${value}Z`))

const arn: Compare = (given, wanted, scope) => arnMatches(wanted, given, scope.context, scope.variables)
const bool: Compare = (given, wanted) => given.toLowerCase() === wanted.toLowerCase()
const binary: Compare = (given, wanted) => given === wanted
const ip: Compare = (given, wanted) => inCidr(given, wanted)

const orders = {
  Equals: (a: number, b: number) => a === b,
  LessThan: (a: number, b: number) => a < b,
  LessThanEquals: (a: number, b: number) => a <= b,
  GreaterThan: (a: number, b: number) => a > b,
  GreaterThanEquals: (a: number, b: number) => a >= b,
}

const compares: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ['StringEquals', text({ wildcards: false })],
  ['StringNotEquals', text({ wildcards: false })],
  ['StringEqualsIgnoreCase', text({ wildcards: false, ignoreCase: true })],
  ['StringNotEqualsIgnoreCase', text({ wildcards: false, ignoreCase: true })],
  ['StringLike', text({ wildcards: true })],
  ['StringNotLike', text({ wildcards: true })],
  ...Object.entries(orders).map(([name, holds]): [string, Compare] => [`Numeric${name}`, ordered(number, holds)]),
  ...Object.entries(orders).map(([name, holds]): [string, Compare] => [`Date${name}`, ordered(date, holds)]),
  ['NumericNotEquals', ordered(number, orders.Equals)],
  ['DateNotEquals', ordered(date, orders.Equals)],
  ['Bool', bool],
  ['BinaryEquals', binary],
  ['IpAddress', ip],
  ['NotIpAddress', ip],
  ['ArnEquals', arn],
  ['ArnLike', arn],
  ['ArnNotEquals', arn],
  ['ArnNotLike', arn],
])

/** Whether every condition of the statement holds in this request. */
export function conditionsHold(statement: Conditioned, context: Context): boolean {
  const scope: Scope = { context, variables: statement.variables, effect: statement.effect }
  return Object.entries(statement.conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => holds(operator, context.get(key), values, scope)),
  )
}

export type FailedCondition = {
  readonly operator: string
  readonly key: string
  readonly wanted: readonly string[]
  /** The values in the request. Absent if it has none. */
  readonly given?: readonly string[]
}

/** The conditions of the statement that do not hold in this request. */
export function failedConditions(statement: Conditioned, context: Context): readonly FailedCondition[] {
  const scope: Scope = { context, variables: statement.variables, effect: statement.effect }
  return Object.entries(statement.conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, wanted]) => {
      const given = context.get(key)
      return holds(operator, given, wanted, scope) ? [] : [{ operator, key, wanted, ...(given ? { given } : {}) }]
    }),
  )
}

const isOpen = (value: string, scope: Scope): boolean => compile(value, { ...scope, wildcards: true }) === undefined

function holds(operator: string, given: readonly string[] | undefined, wanted: readonly string[], scope: Scope): boolean {
  const spelled = spell(operator)
  if (!spelled) throw new TypeError(`'${operator}' is not a condition operator`)
  const present = given !== undefined && given.length > 0
  if (spelled.name === 'Null') return wanted.some((value) => value.toLowerCase() === String(!present))

  const compare = compares.get(spelled.name) as Compare
  const negated = isNegated(operator)
  // A variable without a value matches nothing. Under a negated operator the condition would then hold, which is safe for a
  // Deny but not for an Allow.
  if (negated && scope.effect === 'Allow' && present && wanted.some((value) => isOpen(value, scope))) return false
  const fits = (value: string) => wanted.some((one) => compare(value, one, scope)) !== negated
  if (!present) {
    // On a missing key, ForAllValues holds and ForAnyValue does not. A plain operator holds if it is negated.
    return spelled.ifExists || spelled.set === 'all' || (spelled.set === undefined && negated)
  }
  if (spelled.set === 'all') return given.every(fits)
  if (spelled.set === 'any') return given.some(fits)
  // AWS does not document a plain operator on a key with several values. A negated operator must hold for each value and any
  // other for one, so that a Deny is not missed because the operator lacks a prefix.
  return negated ? given.every(fits) : given.some(fits)
}

/**
 * The names of condition operators, separate from their comparisons (condition.ts). Code that only parses policies and compares
 * them with each other, like the broker, needs no more.
 */

/** operator → condition key → values, always as a list of strings. */
export type Conditions = { readonly [operator: string]: { readonly [key: string]: readonly string[] } }

const orders = ['Equals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals']
/** Each operator, and whether it is negated. */
const operators: ReadonlyMap<string, boolean> = new Map([
  ...[
    'StringEquals StringEqualsIgnoreCase StringLike Bool BinaryEquals IpAddress ArnEquals ArnLike'.split(' '),
    ...['Numeric', 'Date'].map((kind) => orders.map((order) => kind + order)),
  ]
    .flat()
    .map((name): [string, boolean] => [name, false]),
  ...'StringNotEquals StringNotEqualsIgnoreCase StringNotLike NumericNotEquals DateNotEquals NotIpAddress ArnNotEquals ArnNotLike'
    .split(' ')
    .map((name): [string, boolean] => [name, true]),
])

type Spelled = { readonly name: string; readonly set?: 'all' | 'any'; readonly ifExists: boolean }

export function spell(operator: string): Spelled | undefined {
  const found = /^(?:ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(IfExists)?$/.exec(operator)
  const name = found?.[1]
  if (!name || !(operators.has(name) || operator === 'Null')) return undefined
  const set = operator.startsWith('ForAllValues:') ? 'all' : operator.startsWith('ForAnyValue:') ? 'any' : undefined
  return { name, ifExists: found[2] !== undefined, ...(set ? { set } : {}) }
}

export const isOperator = (operator: string): boolean => spell(operator) !== undefined

/** Whether more values make the operator's condition stricter (`StringNotEquals`) instead of looser. */
export const isNegated = (operator: string): boolean => operators.get(spell(operator)?.name ?? '') ?? false

/**
 * The names of condition operators, separate from their comparisons (condition.ts). Code that only parses policies and compares
 * them with each other, like the broker, needs no more.
 */

/** operator → condition key → values, always as a list of strings. */
export type Conditions = { readonly [operator: string]: { readonly [key: string]: readonly string[] } }

/** Null takes neither a prefix nor IfExists (AWS IAM User Guide, "IAM policy validation check reference", "Null with if exists"). */
const form =
  /^(?:(?:ForAll(Values)|ForAny(Value)):)?(String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)|(?:Numeric|Date)(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)|Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like))(IfExists)?$|^Null$/

type Spelled = { readonly name: string; readonly set?: 'all' | 'any'; readonly ifExists: boolean }

export function spell(operator: string): Spelled | undefined {
  const found = form.exec(operator)
  if (!found) return undefined
  const [, all, any, name = 'Null', ifExists] = found
  return { name, ifExists: ifExists !== undefined, ...(all ? { set: 'all' } : any ? { set: 'any' } : {}) }
}

export const isOperator = (operator: string): boolean => form.test(operator)

/** Whether more values make the operator's condition stricter (`StringNotEquals`) instead of looser. */
export const isNegated = (operator: string): boolean => operator.includes('Not')

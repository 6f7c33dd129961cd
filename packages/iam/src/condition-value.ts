/**
 * Values that a condition can be compared with. A value that its operator cannot read never matches: a Deny with it never denies.
 * Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators".
 */
import { splitArnPattern } from './arn.ts'
import { parseDate } from './date.ts'
import { isCidr } from './ip.ts'

/** `zoneless`: a time without a zone is accepted, as IAM does for identity-based policies. It is then in UTC. */
export function fitsOperator(operator: string, value: string, zoneless?: boolean): boolean {
  const name = operator.replace(/^For(AllValues|AnyValue):/, '')
  if (name.startsWith('Date'))
    return /^\d{1,12}$/.test(value) || (parseDate(value) ?? (zoneless ? parseDate(`${value}Z`) : undefined)) !== undefined
  if (name.startsWith('Numeric')) return /^-?\d+(\.\d+)?$/.test(value)
  if (/^(Bool|Null)/.test(name)) return /^(true|false)$/i.test(value)
  if (/^(Not)?IpAddress/.test(name)) return isCidr(value)
  if (name.startsWith('Arn')) return /^(\*|\$\{[^}]*\})$/.test(value) || (value.startsWith('arn:') && splitArnPattern(value) !== undefined)
  if (name.startsWith('Binary')) return /^([A-Za-z\d+/]{4})*([A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(value)
  return true
}

/**
 * Finds what AWS STS refuses in a session policy although the grammar allows it. A profile's policy was reviewed and deployed.
 * The narrowing policy comes from the caller, so it is refused before anything is reserved.
 * Sources: AWS IAM User Guide, "IAM JSON policy elements: Resource", "Condition", "Condition operators"; AWS STS API
 * Reference, AssumeRole, Policy.
 */
import { MAX_SESSION_POLICY_CHARACTERS, type Statement, splitArn } from '@stint/iam'
import { parseDate } from '@stint/iam/date'
import { isCidr, parseIp } from '@stint/iam/ip'

/** The first fault of a policy that was parsed from `text`, or undefined. */
export function narrowFault(text: string, statements: readonly Statement[]): string | undefined {
  if (text.length > MAX_SESSION_POLICY_CHARACTERS) return `is longer than ${MAX_SESSION_POLICY_CHARACTERS} characters, the AWS limit`
  for (const { resources, conditions } of statements) {
    const resource = resources?.names.find((name) => name !== '*' && !isWholeArn(name))
    if (resource !== undefined) return `'${shown(resource)}' is not a complete ARN with a service`
    for (const [operator, keys] of Object.entries(conditions)) {
      const fault = conditionFault(operator, keys)
      if (fault) return `Condition ${operator} ${fault}`
    }
  }
  return undefined
}

/** AWS's partitions (AWS SDK, partitions.json). */
const PARTITION = /^aws(-cn|-us-gov|-iso|-iso-[bef]|-eusc)?$/

/** Wildcards are allowed anywhere except in the service. The resource part is never empty. */
function isWholeArn(text: string): boolean {
  const [, partition = '', service = '', region = '', account = '', resource = ''] = splitArn(text) ?? []
  return (
    (PARTITION.test(partition) || /^[a-z-]*[*?][a-z*?-]*$/.test(partition)) &&
    /^[A-Za-z0-9-]+$/.test(service) &&
    /^[A-Za-z0-9*?-]*$/.test(region) &&
    /^(\d{12}|[a-z]*|[0-9a-z]*[*?][0-9a-z*?]*)$/.test(account) &&
    resource !== ''
  )
}

function conditionFault(operator: string, keys: { readonly [key: string]: readonly string[] }): string | undefined {
  const name = operator.replace(/^For(AllValues|AnyValue):/, '').replace(/IfExists$/, '')
  if (name === 'Null' && operator !== 'Null') return 'is not an AWS operator; Null takes neither a prefix nor IfExists'
  const entries = Object.entries(keys)
  if (entries.length === 0) return 'has no keys'
  // AWS ignores case in condition keys, so two spellings of one key are the same key twice.
  if (new Set(entries.map(([key]) => key.toLowerCase())).size < entries.length) return 'has the same key twice'
  for (const [key, values] of entries) {
    if (!/^[A-Za-z0-9-]+:./.test(key)) return `has the key '${shown(key)}', which does not begin with a service, such as aws:`
    if (values.length === 0) return `has no values for ${shown(key)}`
    const value = values.find((one) => !fits(name, one))
    if (value !== undefined) return `has the value '${shown(value)}', which is invalid for this operator`
  }
  return undefined
}

function fits(operator: string, value: string): boolean {
  if (operator.startsWith('Date')) return /^\d{1,12}$/.test(value) || parseDate(value) !== undefined
  if (operator.startsWith('Numeric')) return /^-?\d+(\.\d+)?$/.test(value)
  if (operator === 'Bool' || operator === 'Null') return /^(true|false)$/i.test(value)
  if (/^(Not)?IpAddress$/.test(operator)) return isCidr(value) || parseIp(value) !== undefined
  if (operator.startsWith('Arn')) return value === '*' || splitArn(value) !== undefined
  if (operator.startsWith('Binary')) return Buffer.from(value, 'base64').toString('base64') === value
  return true
}

/** Part of the caller's input, cut so that a problem body stays small. */
const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

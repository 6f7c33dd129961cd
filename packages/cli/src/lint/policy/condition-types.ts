/** Conditions that compare a key with what it never is: an operator of another type, or a private address. */
import type { StatementJson } from '@stint/iam'
import { inCidr } from '@stint/iam/ip'
import type { Report } from '../catalogue.ts'
import { typeOfKey } from './reference.ts'

/** RFC 1918, RFC 6598, loopback and link-local, RFC 4193. AWS sees them only through a VPC endpoint. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', 'fc00::/7', 'fe80::/10']
const isPrivate = (block: string): boolean => {
  const [address = '', length] = block.split('/')
  return PRIVATE.some((wide) => inCidr(address, wide) && (length === undefined || Number(length) >= Number(wide.split('/')[1])))
}

/** The types that an operator can compare; the others never match. Source: IAM User Guide, "Condition operators". */
const comparable: readonly (readonly [operator: RegExp, types: RegExp, words: string])[] = [
  [/^(Not)?IpAddress/, /^IPAddress$/, 'an address'],
  [/^Numeric/, /Numeric$|^Date$/, 'a number'],
  [/^Date/, /^Date$/, 'a date'],
  [/^Bool/, /Bool$/, 'true or false'],
  [/^String/, /^(?!IPAddress|Date|Numeric)/, 'a string'],
]

export function lintConditionTypes({ Condition }: StatementJson, path: string, report: Report): void {
  for (const [operator, keys] of Object.entries(Condition ?? {})) {
    const plain = operator.replace(/^For(AllValues|AnyValue):/, '')
    for (const [key, given] of Object.entries(keys)) {
      const at = `${path}.Condition.${operator}.${key}`
      const type = typeOfKey(key)
      const [, types, words] = comparable.find(([form]) => form.test(plain)) ?? []
      const values = [given].flat().map(String)
      // A string operator still finds an address or number that is written the same way.
      const exact = plain.startsWith('String') && !/^Date$/.test(type ?? '') && values.every((value) => !value.includes('/'))
      if (type && types && !types.test(type) && !exact)
        report('condition-type', at, `${operator} compares ${words}, and ${key} is of type ${type}. Use an operator of that type.`)
      if (key.toLowerCase() === 'aws:sourceip' && values.length > 0 && values.every(isPrivate))
        report(
          'condition-type',
          at,
          `aws:SourceIp is a public address, never ${values.join(', ')}. Behind a VPC endpoint, use aws:VpcSourceIp.`,
        )
    }
  }
}

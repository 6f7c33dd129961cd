import type { Profile } from '@stint/core/config/shape'
import { checkParameters } from '@stint/core/scope/parameters'
import { filledFault, profileStatements, sessionPolicy } from '@stint/core/scope/policy'
import { must, type Target } from '../engine.ts'

const rule = (wildcard: boolean) => ({ pattern: '.*', max: 64, ...(wildcard ? { wildcard: true } : {}) })
const declared = { team: rule(false), path: rule(true) } as unknown as Parameters<typeof checkParameters>[0]
const profile = {
  policy: [
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', { join: ['s3:Put', { param: 'team' }] }],
      Resource: { join: ['arn:aws:s3:::b/', { param: 'team' }, '/', { param: 'path' }] },
    },
    {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringNotEquals: { 'aws:PrincipalTag/team': { join: [{ param: 'team' }] } } },
    },
  ],
} as unknown as Profile
const END = 1_800_000_000_000

/** The policy with each string that holds a parameter replaced: what must not depend on the values. */
const shape = (policy: string, parameters: Readonly<Record<string, string>>) => {
  const of = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(of)
    if (typeof value === 'object' && value !== null) return Object.entries(value).map(([name, member]) => [name, of(member)])
    if (value === `s3:Put${parameters.team}`) return 'action'
    if (value === `arn:aws:s3:::b/${parameters.team}/${parameters.path}`) return 'resource'
    return value === parameters.team ? 'tag' : value
  }
  return JSON.stringify(of(JSON.parse(policy)))
}
const policyOf = (parameters: Readonly<Record<string, string>>) =>
  sessionPolicy({ policy: profileStatements(profile, parameters), policyArns: [] } as never, END)
const plain = { team: 'red', path: 'x' }
const expected = shape(policyOf(plain), plain)

/** A line with the value of `team`; the rest is the value of `path`. */
export const policy: Target = {
  name: 'policy',
  oracle:
    'A parameter that is accepted appears only inside string values, adds no variable and no undeclared wildcard, and the policy has the structure that a constant gives it.',
  seeds: [
    'red\nx/*',
    '"},{"Effect":"Allow","Action":"*","Resource":"*"}\n',
    '${aws:userid}\n${*}',
    '\\u002a\n\\"',
    'a*\n?',
    '__proto__\nconstructor',
  ],
  words: ['"', '\\', '${', '}', '$', '*', '?', '\\u0024', '{"', '\n', 'é', '\u0080', '\u0000', '🚀', ','],
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    const at = text.indexOf('\n')
    const given = { team: at < 0 ? text : text.slice(0, at), path: at < 0 ? '' : text.slice(at + 1) }
    const checked = checkParameters(declared, given)
    if (checked.outcome === 'refused') return checked.detail
    const values = checked.value as { team: string; path: string }
    must(values.team === given.team && values.path === given.path, 'a parameter is changed')
    must(!/[*?]/.test(values.team), 'an undeclared wildcard is accepted')
    const made = policyOf(values)
    must(/^[ -~\u00a0-\u00ff]*$/.test(made), 'a character that STS refuses is in the policy')
    must(!made.includes('${'), 'a policy variable is created')
    // `red` and the like may be a string of the policy by chance.
    if (values.team !== '' && !['*', 'Allow', 'Deny', '2012-10-17', 's3:GetObject'].includes(values.team))
      must(shape(made, values) === expected, 'a parameter changes the structure of the policy')
    return `accepted ${filledFault(profileStatements(profile, values)) ?? ''}`.slice(0, 60).replaceAll(/'[^']*'/g, '')
  },
}

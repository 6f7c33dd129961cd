/**
 * Permission sets of IAM Identity Center, as session policies. The union of a session's policies is what the permission set allows, so a
 * session can do no more, whatever the target's role allows.
 *
 * Sources: IAM Identity Center API Reference, "DescribePermissionSet", "ListManagedPoliciesInPermissionSet",
 * "ListCustomerManagedPolicyReferencesInPermissionSet", "GetInlinePolicyForPermissionSet" and "GetPermissionsBoundaryForPermissionSet"
 * (the forms); AWS IAM User Guide, "Session policies" and "AWS global condition context keys".
 */
import type { PolicyStatement } from '@stint/core/config/shape'
import { fitsSts } from '@stint/core/scope/policy'
import { parsePolicy, type StatementJson } from '@stint/iam'
import * as v from 'valibot'
import { ROLE_PATH } from './entries.ts'
import { durationOf } from './limits.ts'
import { provesPolicy } from './prove.ts'
import { callerKeyIn, mintedBy, statementsOf } from './role-policies.ts'
import type { Access, Translated } from './rules.ts'

/** The outputs of the AWS CLI for one permission set, merged into one object. */
export const permissionSet = v.object({
  PermissionSet: v.object({
    Name: v.pipe(v.string(), v.regex(/^[\w+=,.@-]{1,32}$/, 'must be the name of a permission set')),
    PermissionSetArn: v.string(),
    Description: v.optional(v.string(), ''),
    SessionDuration: v.optional(v.pipe(v.string(), v.regex(/^PT(?=\d)(\d{1,3}H)?(\d{1,4}M)?$/, 'must be a duration such as PT8H')), 'PT1H'),
  }),
  AttachedManagedPolicies: v.array(v.object({ Arn: v.string() })),
  CustomerManagedPolicyReferences: v.array(v.object({ Name: v.string(), Path: v.optional(v.string(), '/') })),
  /** Empty if there is none. */
  InlinePolicy: v.string(),
  /** `null` if there is none. Without this property, one could be missed. */
  PermissionsBoundary: v.nullable(v.record(v.string(), v.unknown())),
})
export type PermissionSet = v.InferOutput<typeof permissionSet>

export type SetAccess = Pick<Access, 'policy' | 'policyArns' | 'customerPolicies' | 'mints' | 'duration' | 'role' | 'description'>

/** AWS STS API Reference, AssumeRole, PolicyArns: at most 10. */
const MAX_ARNS = 10

export function translateSet(set: PermissionSet): Translated<SetAccess> {
  const { Name, Description, SessionDuration } = set.PermissionSet
  const no = (why: string): Translated<SetAccess> => ({ value: undefined, notes: [why] })
  if (set.PermissionsBoundary !== null) return no('The permission set has a permissions boundary, which a session policy cannot express.')
  const policyArns = set.AttachedManagedPolicies.map(({ Arn }) => Arn)
  const customerPolicies = set.CustomerManagedPolicyReferences.map(({ Name: name, Path }) => `${Path}${name}`.replace(/^\//, ''))
  const managed = policyArns.length + customerPolicies.length
  // Leaving one out could leave out a Deny.
  if (managed > MAX_ARNS) return no(`The permission set has ${managed} managed policies, and a session can have ${MAX_ARNS}.`)
  const inline = inlineOf(set.InlinePolicy, policyArns)
  if (inline.value === undefined) return { value: undefined, notes: inline.notes }
  const policy = inline.value
  if (managed === 0 && !policy.some(({ Effect }) => Effect === 'Allow'))
    return no('The permission set allows nothing that Stint can express.')
  const mints = [...new Set(policy.flatMap((statement) => mintedBy(statement)))].sort()
  return {
    value: {
      role: `${ROLE_PATH.slice(1)}${Name}`,
      description: Description === '' ? `Permission set ${Name}` : Description.slice(0, 256),
      duration: durationOf(minutesOf(SessionDuration)),
      ...(policy.length > 0 ? { policy } : {}),
      ...(policyArns.length > 0 ? { policyArns } : {}),
      ...(customerPolicies.length > 0 ? { customerPolicies } : {}),
      ...(mints.length > 0 ? { mints } : {}),
    },
    notes: inline.notes,
  }
}

/** The statements of the inline policy that a session policy can have. */
function inlineOf(text: string, policyArns: readonly string[]): Translated<readonly PolicyStatement[]> {
  if (text.trim() === '') return { value: [], notes: [] }
  const no = (why: string) => ({ value: undefined, notes: [why] })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return no('The inline policy is not valid JSON.')
  }
  const parsed = parsePolicy(json, 'identity')
  if (!parsed.ok) return no(`The inline policy is not valid: ${parsed.faults[0]}.`)
  if ((json as { Version?: unknown }).Version !== '2012-10-17' && text.includes('${'))
    return no('The inline policy has the version 2008-10-17 and contains ${, which a session policy would replace.')
  const notes: string[] = []
  const kept: StatementJson[] = []
  for (const statement of statementsOf(json) as unknown as readonly StatementJson[]) {
    const key = callerKeyIn(statement, 'identity-center')
    if (key === undefined) kept.push(statement)
    else if (statement.Effect === 'Deny')
      return no(`The inline policy has a Deny that depends on ${key}, which differs in sessions of Stint.`)
    else notes.push(`An Allow of the inline policy is left out, because it depends on ${key}, which differs in sessions of Stint.`)
  }
  const policy = kept as readonly PolicyStatement[]
  if (policy.length > 0 && !provesPolicy(policy, json))
    return no('No proof was found that the inline policy would allow no more as a session policy.')
  if (fitsSts({ policy: kept, policyArns, mints: [] })) return { value: policy, notes }
  if (policyArns.length === 0 || kept.some(({ Effect }) => Effect === 'Deny'))
    return no(`The inline policy has ${text.length} characters, which is too long for a session policy.`)
  return {
    value: [],
    notes: [...notes, `The inline policy is left out, because with ${text.length} characters it is too long for a session policy.`],
  }
}

const minutesOf = (iso: string): number => {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(iso) ?? []
  return Number(hours) * 60 + Number(minutes)
}

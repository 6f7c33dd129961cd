/**
 * Changes to Stint's roles: to their trust policies, permissions and boundaries. Anyone who can make them can enter without Stint, so
 * each is a finding unless it is made by a principal that the auditor names. Source: AWS IAM API Reference, "Actions".
 */
import type { TrailRecord } from './records.ts'
import { shortRole } from './sessions.ts'

export type RoleChanges = {
  /** What changed, `denied` if AWS denied it, and undefined if the call is none of these. */
  readonly of: (record: TrailRecord) => string | 'denied' | undefined
}

const OF_ROLES = new Set([
  'CreateRole',
  'UpdateRole',
  'DeleteRole',
  'UpdateAssumeRolePolicy',
  'PutRolePolicy',
  'DeleteRolePolicy',
  'AttachRolePolicy',
  'DetachRolePolicy',
  'PutRolePermissionsBoundary',
  'DeleteRolePermissionsBoundary',
  'TagRole',
  'UntagRole',
])
/** A policy that is attached to a role changes what the role may do. */
const OF_POLICIES = new Set(['CreatePolicyVersion', 'SetDefaultPolicyVersion', 'DeletePolicy'])

export function roleChanges(own: ReadonlySet<string>, admins: readonly string[]): RoleChanges {
  const trusted = new Set(admins.map(principalOf))
  /** Policies that were attached to Stint's roles, as far as the records say. */
  const attached = new Set<string>()

  return {
    of({ eventSource, eventName, errorCode, recipientAccountId, requestParameters, userIdentity }) {
      if (eventSource !== 'iam.amazonaws.com') return undefined
      const { roleName, policyArn } = requestParameters ?? {}
      const role = typeof roleName === 'string' ? `${recipientAccountId}/${roleName}` : ''
      const isOwn = OF_ROLES.has(eventName) && own.has(role)
      const isPolicy = OF_POLICIES.has(eventName) && typeof policyArn === 'string' && attached.has(policyArn)
      if (!isOwn && !isPolicy) return undefined
      if (errorCode !== undefined) return 'denied'
      if (eventName === 'AttachRolePolicy' && typeof policyArn === 'string') attached.add(policyArn)
      const who = userIdentity?.arn ?? userIdentity?.principalId ?? 'somebody'
      if (trusted.has(principalOf(who))) return undefined
      const about = isOwn ? `role ${role}` : `policy ${policyArn}, which is attached to a role of Stint`
      return `${who} called ${eventName} on ${about}${isOwn && typeof policyArn === 'string' ? ` (${policyArn})` : ''}`
    },
  }
}

/** A session counts as its role. */
function principalOf(arn: string): string {
  const [, account, role] = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? []
  return role === undefined ? shortRole(arn) || arn : `${account}/${role}`
}

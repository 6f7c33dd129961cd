/**
 * Changes to Stint's roles: to their trust policies, permissions and boundaries. Anyone who can make them can enter without Stint, so
 * each is a finding unless it is made by a principal that the auditor names, or denies ended sessions (`revocation`). Source: AWS IAM API Reference, "Actions".
 */
import { revokerOf } from '@stint/core/config/revoker'
import { END_POLICY_NAME, END_SESSION_NAME } from '@stint/core/request/immediate-end'
import type { TrailRecord } from './records.ts'
import { sessionIn, shortRole } from './sessions.ts'

type Change = { readonly at: string; readonly what: string }

export type RoleChanges = {
  /** Whether the call changes one of Stint's roles, or a policy that can be attached to one. */
  readonly concerns: (record: TrailRecord) => boolean
  /** Takes note of a change that AWS made. */
  readonly take: (record: TrailRecord) => void
  /** All changes to report. Records come in any order, so what was attached is known only at the end. */
  readonly findings: () => readonly Change[]
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
/** Changes of policies that are remembered. More are dropped, and only those of attached policies are findings. */
const MOST_POLICY_CHANGES = 100_000

export function roleChanges(own: ReadonlySet<string>, admins: readonly string[]): RoleChanges {
  const trusted = new Set(admins.map(principalOf))
  /** Policies that were attached to Stint's roles, as far as the records say. */
  const attached = new Set<string>()
  const ofRoles: Change[] = []
  const ofPolicies: (Change & { readonly policy: string })[] = []

  const roleOf = ({ recipientAccountId, requestParameters }: TrailRecord): string =>
    typeof requestParameters?.roleName === 'string' ? `${recipientAccountId}/${requestParameters.roleName}` : ''
  const isOfRole = (record: TrailRecord): boolean => OF_ROLES.has(record.eventName) && own.has(roleOf(record))

  return {
    concerns: (record) => record.eventSource === 'iam.amazonaws.com' && (isOfRole(record) || OF_POLICIES.has(record.eventName)),
    take(record) {
      const { eventName, eventTime: at, requestParameters, userIdentity } = record
      const policy = typeof requestParameters?.policyArn === 'string' ? requestParameters.policyArn : undefined
      const ofRole = isOfRole(record)
      if (eventName === 'AttachRolePolicy' && policy !== undefined) attached.add(policy)
      const who = userIdentity?.arn ?? userIdentity?.principalId ?? 'an unknown principal'
      if (trusted.has(principalOf(who)) || isEnd(record, roleOf(record))) return
      if (ofRole)
        ofRoles.push({ at, what: `${who} called ${eventName} on role ${roleOf(record)}${policy === undefined ? '' : ` (${policy})`}` })
      else if (policy !== undefined && ofPolicies.length < MOST_POLICY_CHANGES)
        ofPolicies.push({ at, policy, what: `${who} called ${eventName} on policy ${policy}, which was attached to a role of Stint` })
    },
    findings: () => [...ofRoles, ...ofPolicies.filter(({ policy }) => attached.has(policy)).map(({ at, what }) => ({ at, what }))],
  }
}

/** A session counts as its role. */
const principalOf = (arn: string): string => sessionIn(arn)?.role ?? (shortRole(arn) || arn)

/** Whether it is the `end` function, which denies ended sessions as the revoker of the role. A policy that does more is a finding. */
function isEnd({ eventName, requestParameters, userIdentity }: TrailRecord, role: string): boolean {
  const session = sessionIn(userIdentity?.arn ?? '')
  if (eventName !== 'PutRolePolicy' || session?.role !== revokerOf(role) || session.name !== END_SESSION_NAME) return false
  const { policyName, policyDocument } = requestParameters ?? {}
  return policyName === END_POLICY_NAME && typeof policyDocument === 'string' && deniesOnly(policyDocument)
}

function deniesOnly(document: string): boolean {
  try {
    const statements = [(JSON.parse(document) as { Statement?: unknown }).Statement].flat() as { Effect?: unknown }[]
    return statements.length > 0 && statements.every((statement) => statement?.Effect === 'Deny')
  } catch {
    return false
  }
}

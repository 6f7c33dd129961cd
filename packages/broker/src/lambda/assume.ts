/**
 * Which roles `vend` and `end` may assume: exactly those of the targets, and their revokers, in managed policies filled up to IAM's limit. If
 * there are too many, all roles under one path within your organization; the config must allow that with `targetRoles`.
 * Source of limits: AWS IAM User Guide, "IAM and AWS STS quotas" (6,144 characters a managed policy, white space not counted; 10 managed
 * policies a role, of which two are left for other uses).
 */
import { REVOKER, revokerOf } from '@stint/core/config/revoker'
import type { Config } from '@stint/core/config/shape'
import { compactPolicy, type StatementJson } from '@stint/iam'

const MAX_CHARACTERS = 6000
const MAX_POLICIES = 8

/** `actions`: what `vend` does with the roles of targets, and `end` with their revokers. */
type Who = { readonly actions: readonly string[]; readonly roles: readonly string[]; readonly ending: string; readonly of: string }

const ofTargets = (targets: Config['targets']): Who => ({
  actions: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
  roles: Object.values(targets).map(({ roleArn }) => roleArn),
  ending: '',
  of: 'targets',
})
const ofRevokers = (targets: Config['targets']): Who => ({
  actions: ['sts:AssumeRole'],
  roles: Object.values(targets).flatMap(({ roleArn, revocation }) => (revocation ? [revokerOf(roleArn)] : [])),
  ending: REVOKER,
  of: 'targets with revocation',
})

type Targets = Pick<Config, 'targets' | 'targetRoles'>

/** The policies of `vend`, as JSON. Throws if the targets do not fit and the config has no `targetRoles`. */
export const assumePolicies = (config: Targets): readonly string[] => policiesFor(config, ofTargets(config.targets))

/** The policies of `end`, as JSON: exactly the revokers of targets with `revocation`. Empty if there are none. */
export const revokerPolicies = (config: Targets): readonly string[] => {
  const revokers = ofRevokers(config.targets)
  return revokers.roles.length > 0 ? policiesFor(config, revokers) : []
}

function policiesFor({ targets, targetRoles }: Targets, { actions, roles, ending, of }: Who): readonly string[] {
  const allowing = (Resource: string | readonly string[], Condition?: StatementJson['Condition']): StatementJson => ({
    Sid: 'AssumeTargets',
    Effect: 'Allow',
    Action: actions,
    Resource,
    ...(Condition ? { Condition } : {}),
  })
  const partition = Object.values(targets)[0]?.roleArn.split(':')[1] ?? 'aws'
  if (targetRoles) {
    const condition = { StringEquals: { 'aws:ResourceOrgID': targetRoles.organization } }
    return [compactPolicy([allowing(`arn:${partition}:iam::*:role${targetRoles.path}*${ending}`, condition)])]
  }
  const shards: string[][] = []
  let room = 0
  // In the order of the config: adding a target at its end moves no other target from one policy to the next. During such a move neither policy
  // would name it for some seconds.
  for (const arn of new Set(roles)) {
    const needed = JSON.stringify(arn).length + 1
    if (needed > room) {
      shards.push([])
      room = MAX_CHARACTERS - compactPolicy([allowing([])]).length
    }
    shards.at(-1)?.push(arn)
    room -= needed
  }
  if (shards.length > MAX_POLICIES)
    throw new Error(
      `${roles.length} ${of} need ${shards.length} policies, but a role can have only ${MAX_POLICIES}. Put the roles under one path and set targetRoles.`,
    )
  return shards.map((arns) => compactPolicy([allowing(arns)]))
}

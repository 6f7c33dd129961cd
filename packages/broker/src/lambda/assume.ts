/**
 * Which roles `vend` may assume: exactly those of the targets, in managed policies filled up to IAM's limit. If there are too many, all
 * roles under one path within your organization; the config must allow that with `targetRoles`.
 * Source of limits: AWS IAM User Guide, "IAM and AWS STS quotas" (6,144 characters a managed policy, white space not counted; 10 managed
 * policies a role, of which two are left for other uses).
 */
import type { Config } from '@stint/core/config/shape'
import { compactPolicy, type StatementJson } from '@stint/iam'

const MAX_CHARACTERS = 6000
const MAX_POLICIES = 8

const ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'] as const
const allowing = (Resource: string | readonly string[], Condition?: StatementJson['Condition']): StatementJson => ({
  Sid: 'AssumeTargets',
  Effect: 'Allow',
  Action: ACTIONS,
  Resource,
  ...(Condition ? { Condition } : {}),
})

/** The policies, as JSON. Throws if the targets do not fit and the config has no `targetRoles`. */
export function assumePolicies({ targets, targetRoles }: Pick<Config, 'targets' | 'targetRoles'>): readonly string[] {
  const partition = Object.values(targets)[0]?.roleArn.split(':')[1] ?? 'aws'
  if (targetRoles) {
    const condition = { StringEquals: { 'aws:ResourceOrgID': targetRoles.organization } }
    return [compactPolicy([allowing(`arn:${partition}:iam::*:role${targetRoles.path}*`, condition)])]
  }
  const shards: string[][] = []
  let room = 0
  // In the order of the config: adding a target at its end moves no other target from one policy to the next. During such a move neither policy
  // would name it for some seconds.
  for (const arn of new Set(Object.values(targets).map(({ roleArn }) => roleArn))) {
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
      `${Object.keys(targets).length} targets need ${shards.length} policies, but a role can have only ${MAX_POLICIES}. Put the roles under one path and set targetRoles.`,
    )
  return shards.map((arns) => compactPolicy([allowing(arns)]))
}

/**
 * Assumes the revoker of a target's role, which may write policies on that role. The session policy leaves it the two calls that are
 * needed, so credentials of it that leaked could do no more.
 */
import { revokerOf, roleName } from '@stint/core/config/revoker'
import type { Rules } from '@stint/core/config/shape'
import { own } from '@stint/core/json'
import { done, refused } from '@stint/core/outcome'
import { END_SESSION_NAME } from '@stint/core/request/immediate-end'
import { faultInAnswer } from '@stint/core/scope/assumed-role'
import { MIN_STS_SECONDS } from '@stint/core/sts-limits'
import { compactPolicy } from '@stint/iam'
import type { OpenRolePolicy } from '../ports/immediate-ends.ts'
import type { Clock } from '../ports/runtime.ts'
import type { Sts } from '../ports/sts.ts'
import type { Wire } from './wire/exchange.ts'
import { rolePolicy } from './wire/iam.ts'
import type { StaticKeys } from './wire/signature.ts'

type RevokerSettings = {
  readonly targets: Rules['targets']
  readonly sts: Sts
  /** IAM in the partition of a role, with these credentials. */
  readonly iam: (roleArn: string, keys: StaticKeys) => Pick<Wire, 'post'>
  readonly clock: Clock
}

export function openRolePolicies({ targets, sts, iam, clock }: RevokerSettings): OpenRolePolicy {
  return async ({ target: id, roleArn }) => {
    const target = own(targets, id)
    // The message can be older than the config.
    if (!target?.revocation || target.roleArn !== roleArn)
      return refused('assume-role-invalid', `The config has no target '${id}' with \`revocation\` for this role.`)
    const { region, externalId } = target
    const input = {
      ...{ region, externalId, roleArn: revokerOf(roleArn), roleSessionName: END_SESSION_NAME, durationSeconds: MIN_STS_SECONDS },
      policy: compactPolicy([{ Effect: 'Allow', Action: ['iam:PutRolePolicy', 'iam:GetRolePolicy'], Resource: roleArn }]),
      ...{ policyArns: [], tags: [] },
    }
    const assumed = await sts.assumeRole(input)
    if (assumed.outcome !== 'done') return assumed
    const fault = faultInAnswer(input, assumed.value, clock())
    if (fault !== undefined) return { outcome: 'unknown', cause: `sts: ${fault}` }
    return done(rolePolicy(iam(roleArn, assumed.value.credentials), roleName(roleArn)))
  }
}

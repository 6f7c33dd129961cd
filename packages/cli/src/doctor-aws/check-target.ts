/** All checks of one target: the role as IAM has it, the permission of the broker, and a call that must fail. */
import { assumePolicies } from '@stint/broker/lambda/assume'
import type { Config } from '@stint/core/config/shape'
import { evaluate, policy } from '@stint/iam'
import type { Check } from '../doctor/check.ts'
import { Unwritable } from '../frame/private-file.ts'
import type { RolePolicies } from '../why/role-policies.ts'
import type { TargetAws } from './aws.ts'
import { type Expected, judgeRole } from './judge-role.ts'

type Targets = Pick<Config, 'targets' | 'targetRoles'>

/** `keep`: what `stint why` will use. */
export async function targetChecks(
  aws: TargetAws,
  expected: Expected,
  config: Targets,
  keep: (found: KeptPolicies) => Promise<void>,
): Promise<readonly Check[]> {
  const { target } = expected
  const permission = callerPermission(expected, config)
  const account = await aws.accountFor(target)
  if (typeof account !== 'string') return [permission, unread(account.denied)]
  if (account !== target.account) {
    const says = `your AWS credentials are for account ${account}, the role is in ${target.account}`
    return [permission, { check: 'role', state: 'skipped', says, fix: `Use credentials of ${target.account}, or --reader NAME.` }]
  }
  const read = await aws.readRole(target)
  if (read.found === 'denied') return [permission, unread(read.says)]
  const judged = judgeRole(read.found === 'role' ? read.role : undefined, expected)
  if (read.found !== 'role') return [...judged, permission]
  return [...judged, permission, await probe(aws, expected), await policies(aws, expected, read.role.boundary, keep)]
}

type KeptPolicies = Omit<RolePolicies, 'readAt'>

/** Not being able to read the policies is no fault of the role, and nothing but `stint why` needs them. */
async function policies(
  aws: TargetAws,
  { target }: Expected,
  boundary: string | undefined,
  keep: (found: KeptPolicies) => Promise<void>,
): Promise<Check> {
  const read = await aws.readPolicies(target, boundary)
  const ok = (says: string): Check => ({ check: 'policies', state: 'ok', says })
  if (read.found === 'denied') return ok(`not read, so stint why knows only the profiles: ${read.says}`)
  const { found: _found, ...known } = read
  const count = known.policies.length
  const counted = `${count} ${count === 1 ? 'policy' : 'policies'} read`
  try {
    await keep({ roleArn: target.roleArn, ...known })
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error
    return ok(`${counted}, but not saved for stint why: ${error.message}`)
  }
  return ok(`${counted}; stint why uses ${count === 1 ? 'it' : 'them'} for 30 days`)
}

const unread = (says: string): Check => ({
  check: 'role',
  state: 'failed',
  says,
  fix: 'Use AWS credentials that allow iam:GetRole on this role. Nothing else is needed.',
})

async function probe(aws: TargetAws, { target }: Expected): Promise<Check> {
  const found = await aws.assumeWithWrongExternalId(target)
  const check = 'must-fail'
  if (found === 'denied') return { check, state: 'ok', says: 'AWS denied you AssumeRole with a wrong external ID' }
  if (found === 'allowed')
    return {
      check,
      state: 'failed',
      gate: 'trust-policy',
      says: 'AWS let you assume the role with a wrong external ID, without Stint. The credentials were discarded',
      fix: `Deploy infra/target/target.yaml again: the trust policy of ${target.roleArn} must name the broker's role alone.`,
    }
  return { check, state: 'warning', says: `not known: ${found.unclear}`, fix: 'Repeat the command.' }
}

/** The permissions that a deployment of this config gives to the broker. What is deployed now is not known here. */
function callerPermission({ target }: Expected, config: Targets): Check {
  const check = 'caller-permission'
  const account = '000000000000'
  const principal = { arn: `arn:aws:sts::${account}:assumed-role/stint-vend/x`, account }
  const identity = assumePolicies(config).map((json) => policy(JSON.parse(json), 'identity'))
  const missing = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'].filter((action) => {
    const context = { 'aws:ResourceOrgID': config.targetRoles?.organization }
    return !evaluate({ principal, action, resource: { arn: target.roleArn, account }, context, identity }).allowed
  })
  if (missing.length === 0) return { check, state: 'ok', says: 'a deployment of this config lets the broker call AssumeRole on it' }
  const says = `a deployment of this config does not give the broker ${missing.join(', ')}`
  return { check, state: 'failed', gate: 'caller-permission', says, fix: 'Deploy Stint with this config: npx sst deploy' }
}

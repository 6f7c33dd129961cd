/** The service control policies of `stint end --person --scp`, evaluated by @cloud-copilot/iam-simulate, which we did not write. */
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { controlPolicies } from '@stint/core/scope/control-policies'
import { expect, test } from 'vitest'

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const many = Array.from({ length: 150 }, (_none, number) => `pe.${String(number).padStart(61, 'x')}`)

async function verdict(sourceIdentities: readonly string[], context: Record<string, string>, action: string): Promise<string> {
  const policies = controlPolicies(sourceIdentities).map((text, index) => ({ name: `stint-${index}`, policy: JSON.parse(text) }))
  const result = await runSimulation(
    {
      request: {
        principal: 'arn:aws:sts::111122223333:assumed-role/Any/session',
        action,
        resource: { resource: '*', accountId: '111122223333' },
        contextVariables: context,
      },
      identityPolicies: [{ name: 'all', policy: everything }],
      serviceControlPolicies: [{ orgIdentifier: 'r-root', policies: [{ name: 'FullAWSAccess', policy: everything }, ...policies] }],
      resourceControlPolicies: [],
    },
    {},
  )
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors))
  return String(result.overallResult)
}

test.each<[string, readonly string[], Record<string, string>, string]>([
  ['a source identity of the person', ['pe.dana', 'en.1'], { 'aws:SourceIdentity': 'en.1' }, 'ExplicitlyDenied'],
  ['the only one', ['pe.dana'], { 'aws:SourceIdentity': 'pe.dana' }, 'ExplicitlyDenied'],
  ['one in the last of several policies', many, { 'aws:SourceIdentity': many[149] as string }, 'ExplicitlyDenied'],
  ['another person', ['pe.dana'], { 'aws:SourceIdentity': 'pe.dana2' }, 'Allowed'],
  ['a session without a source identity', ['pe.dana'], {}, 'Allowed'],
])('%s', async (_name, sourceIdentities, context, expected) => {
  for (const action of ['ec2:DescribeInstances', 's3:ListAllMyBuckets', 'sts:GetSessionToken'])
    expect([action, await verdict(sourceIdentities, context, action)]).toEqual([action, expected])
})

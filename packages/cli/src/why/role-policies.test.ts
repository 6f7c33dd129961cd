import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepRolePolicies, keptRolePolicies, roleVerdict } from './role-policies.ts'

const ROLE = 'arn:aws:iam::111122223333:role/stint/ReadOnly'
const call = { action: 's3:GetObject', resource: 'arn:aws:s3:::b/k' }
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement })
const allow = (more: object = {}) => ({ Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::b/*', ...more })
const deny = (more: object = {}) => ({ Effect: 'Deny', Action: 's3:*', Resource: '*', ...more })
const all = (more: object) => ({ Effect: 'Allow', Action: '*', ...more })
const team = 'arn:aws:s3:::${aws:PrincipalTag/team}/k'
const tagged = { Condition: { StringEquals: { 's3:ExistingObjectTag/team': '${aws:PrincipalTag/team}' } } }
const mfa = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }

test.each<[string, { policies: readonly unknown[]; boundary?: unknown }, object, 'allows' | 'denies' | undefined]>([
  ['an Allow', { policies: [policy(allow())] }, {}, 'allows'],
  ['one of several policies', { policies: [policy(allow({ Action: 'ec2:*', Resource: '*' })), policy(allow())] }, {}, 'allows'],
  ['a single statement without a list', { policies: [{ Version: '2012-10-17', Statement: allow() }] }, {}, 'allows'],
  ['no Allow', { policies: [policy(allow({ Resource: 'arn:aws:s3:::other/*' }))] }, {}, 'denies'],
  ['no policy', { policies: [] }, {}, 'denies'],
  ['a Deny beside the Allow', { policies: [policy(allow(), deny())] }, {}, 'denies'],
  ['an Allow on a condition', { policies: [policy(allow(mfa))] }, {}, undefined],
  ['a Deny on a condition', { policies: [policy(allow(), deny(mfa))] }, {}, undefined],
  ['a Deny, and an Allow on a condition', { policies: [policy(allow(mfa), deny())] }, {}, 'denies'],
  ['a boundary that allows', { policies: [policy(allow())], boundary: policy(allow({ Action: '*', Resource: '*' })) }, {}, 'allows'],
  ['a boundary that does not', { policies: [policy(allow())], boundary: policy(allow({ Action: 'ec2:*', Resource: '*' })) }, {}, 'denies'],
  ['an Allow with a variable', { policies: [policy(allow({ Resource: team }))] }, {}, undefined],
  ['an Allow with a variable that cannot match', { policies: [policy(allow({ Resource: `${team}/x` }))] }, {}, 'denies'],
  ['an Allow with a variable in NotResource', { policies: [policy(all({ NotResource: team }))] }, {}, undefined],
  ['the same beside a resource that is excluded', { policies: [policy(all({ NotResource: [team, 'arn:aws:s3:::b/*'] }))] }, {}, 'denies'],
  ['a Deny with a variable', { policies: [policy(allow(), deny({ Resource: team }))] }, {}, undefined],
  ['a Deny with a variable that cannot match', { policies: [policy(allow(), deny({ Resource: `${team}/x` }))] }, {}, 'allows'],
  ['a Deny of all but a variable', { policies: [policy(allow(), { ...deny(), Resource: undefined, NotResource: [team] })] }, {}, undefined],
  ['an Allow with a variable in its condition', { policies: [policy(allow(tagged))] }, {}, undefined],
  ['a policy that cannot be read', { policies: [policy(allow()), { Statement: [{ Effect: 'Perhaps' }] }] }, {}, undefined],
  ['nothing', { policies: [null] }, {}, 'denies'],
  ['a call without a resource', { policies: [policy(allow())] }, { resource: undefined }, undefined],
  [
    'an action without resources',
    { policies: [policy(allow({ Action: 's3:ListAllMyBuckets', Resource: '*' }))] },
    { action: 's3:ListAllMyBuckets', resource: '*' },
    'allows',
  ],
])('%s', (_what, policies, more, verdict) => {
  expect(roleVerdict({ roleArn: ROLE, readAt: '', ...policies }, { ...call, ...more } as never)).toBe(verdict)
})

test('are kept for 30 days, by role', async () => {
  const env = { HOME: mkdtempSync(join(tmpdir(), 'stint-roles-')) }
  const now = Date.parse('2026-11-27T12:00:00Z')
  const found = { roleArn: ROLE, readAt: '2026-11-27T12:00:00Z', policies: [policy(allow())] }
  expect(await keptRolePolicies(env, ROLE, now)).toBeUndefined()
  await keepRolePolicies(env, found)
  expect(await keptRolePolicies(env, ROLE, now)).toEqual(found)
  expect(await keptRolePolicies(env, ROLE, now + 30 * 86_400_000)).toEqual(found)
  expect(await keptRolePolicies(env, ROLE, now + 30 * 86_400_000 + 1)).toBeUndefined()
  expect(await keptRolePolicies(env, `${ROLE}2`, now)).toBeUndefined()
})

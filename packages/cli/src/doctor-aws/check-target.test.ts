/** What can go wrong between the doctor and AWS, and in which order it is said. */
import type { Config } from '@stint/core/config/shape'
import { expect, test } from 'vitest'
import { Unwritable } from '../frame/private-file.ts'
import { trustPolicyOf } from '../target/trust.ts'
import type { Probe, RoleRead, TargetAws } from './aws.ts'
import { targetChecks } from './check-target.ts'

const BROKER = 'arn:aws:iam::999900001111:role/stint-vend'
const target = {
  account: '111122223333',
  roleArn: 'arn:aws:iam::111122223333:role/stint/Deploy',
  externalId: 'e-1',
  region: 'eu-central-1',
}
const expected = { name: 'prod', target, brokerRole: BROKER, longestSeconds: 3600 }
const config: Pick<Config, 'targets' | 'targetRoles'> = { targets: { prod: target } }
const good: RoleRead = { found: 'role', role: { arn: target.roleArn, trust: trustPolicyOf(target, BROKER), maxSessionSeconds: 3600 } }

type Given = { account?: string | { denied: string }; read?: RoleRead; probe?: Probe }
function fake({ account = target.account, read = good, probe = 'denied' }: Given, asked: string[]): TargetAws {
  return {
    accountFor: async () => account,
    readRole: async () => {
      asked.push('read')
      return read
    },
    readPolicies: async () => ({ found: 'policies', policies: [{}] }),
    assumeWithWrongExternalId: async () => {
      asked.push('probe')
      return probe
    },
  }
}

test.each<[string, Given, Pick<Config, 'targets' | 'targetRoles'>, readonly string[], readonly string[], RegExp]>([
  ['all is well', {}, config, [], ['read', 'probe'], /^$/],
  ['the credentials are for another account', { account: '444455556666' }, config, ['role skipped'], [], /are for account 444455556666/],
  ['the reader cannot be assumed', { account: { denied: 'no' } }, config, ['role failed'], [], /no/],
  [
    'the role cannot be read',
    { read: { found: 'denied', says: 'GetRole failed: AccessDenied' } },
    config,
    ['role failed'],
    ['read'],
    /AccessDenied/,
  ],
  ['there is no role', { read: { found: 'none' } }, config, ['role failed'], ['read'], /does not exist/],
  ['AWS lets you in', { probe: 'allowed' }, config, ['must-fail failed'], ['read', 'probe'], /let you assume the role/],
  ['AWS answers something else', { probe: { unclear: 'Throttling' } }, config, ['must-fail warning'], ['read', 'probe'], /Throttling/],
  [
    'the config lacks the role',
    {},
    { targets: {} },
    ['caller-permission failed'],
    ['read', 'probe'],
    /does not give the broker sts:AssumeRole/,
  ],
  [
    'the role is under the path of targetRoles',
    {},
    { targets: { prod: target }, targetRoles: { path: '/stint/', organization: 'o-acme123456' } },
    [],
    ['read', 'probe'],
    /^$/,
  ],
])('%s', async (_situation, given, rules, found, calls, says) => {
  const asked: string[] = []
  const open = (await targetChecks(fake(given, asked), expected, rules, async () => {})).filter(({ state }) => state !== 'ok')
  expect(open.map(({ check, state }) => `${check} ${state}`)).toEqual(found)
  expect(open.map((one) => one.says).join('')).toMatch(says)
  expect(open.every(({ fix }) => fix !== undefined)).toBe(true)
  expect(asked).toEqual(calls)
})

test('policies that cannot be saved do not lose the other checks', async () => {
  const unwritable = async () => {
    throw new Unwritable('unreachable', '/x cannot be written: full.')
  }
  const checks = await targetChecks(fake({}, []), expected, config, unwritable)
  expect(checks.map(({ check }) => check)).toContain('must-fail')
  expect(checks.at(-1)).toMatchObject({
    check: 'policies',
    state: 'ok',
    says: '1 policy read, but not saved for stint why: /x cannot be written: full.',
  })
  const bug = async () => {
    throw new TypeError('a bug')
  }
  await expect(targetChecks(fake({}, []), expected, config, bug)).rejects.toThrow('a bug')
})

test('the policies that were read are kept, and policies that cannot be read are no fault', async () => {
  const kept: unknown[] = []
  const checksOf = async (readPolicies: TargetAws['readPolicies']) =>
    (await targetChecks({ ...fake({}, []), readPolicies }, expected, config, async (found) => void kept.push(found))).find(
      ({ check }) => check === 'policies',
    )
  expect(await checksOf(async () => ({ found: 'policies', policies: [{ a: 1 }, {}], boundary: {} }))).toEqual({
    check: 'policies',
    state: 'ok',
    says: '2 policies read; stint why uses them for 30 days',
  })
  expect(kept).toEqual([{ roleArn: target.roleArn, policies: [{ a: 1 }, {}], boundary: {} }])
  expect(await checksOf(async () => ({ found: 'denied', says: 'ListRolePolicies failed: AccessDenied' }))).toMatchObject({
    state: 'ok',
    says: expect.stringMatching(/^not read.*ListRolePolicies failed/),
  })
  expect(kept).toHaveLength(1)
})

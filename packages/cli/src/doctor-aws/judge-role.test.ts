/** Roles and what is wrong with each: the gate that is closed, in the words of `assume-role-denied`, and the fix. */
import type { PolicyJson, StatementJson } from '@stint/iam'
import { describe, expect, test } from 'vitest'
import { trustPolicyOf } from '../target/trust.ts'
import { type Expected, judgeRole, type RoleDocument } from './judge-role.ts'

const BROKER = 'arn:aws:iam::999900001111:role/stint-vend'
const target = {
  account: '111122223333',
  roleArn: 'arn:aws:iam::111122223333:role/stint/Deploy',
  externalId: 'stint-111122223333-Deploy',
  region: 'eu-central-1',
}
const expected: Expected = { name: 'prod', target, brokerRole: BROKER, longestSeconds: 3600 }
const good = trustPolicyOf(target, BROKER)
const statements = good.Statement as readonly [StatementJson, StatementJson, StatementJson]
const [assume, tags, names] = statements
const role = (trust: unknown, more: Partial<RoleDocument> = {}): RoleDocument => ({
  arn: target.roleArn,
  trust,
  maxSessionSeconds: 3600,
  ...more,
})
/** A statement that is there twice has its Sid once: IAM takes no Sid twice. */
const of = (...list: readonly unknown[]): PolicyJson => {
  const seen = new Set<unknown>()
  const Statement = (list as StatementJson[]).map(({ Sid, ...rest }) => {
    const first = Sid !== undefined && !seen.has(Sid)
    seen.add(Sid)
    return first ? { Sid, ...rest } : rest
  })
  return { Version: '2012-10-17', Statement }
}
const when = (Condition: StatementJson['Condition']) => of({ ...assume, Condition }, tags, names)
const ids = (found: readonly { readonly check: string; readonly state: string }[]) =>
  found.filter(({ state }) => state !== 'ok').map(({ check, state }) => `${check} ${state}`)

test('the role that the kit creates has nothing wrong', () => {
  const checks = judgeRole(role(good), expected)
  expect(ids(checks)).toEqual([])
  expect(checks.map(({ check }) => check)).toEqual([
    'role',
    'trust-policy',
    'external-id',
    'broker-alone',
    'session-tag',
    'tag-session',
    'source-identity',
    'max-session-duration',
    'permissions-boundary',
  ])
})

test('a role with a revoker needs a boundary', () => {
  const revoking = { ...expected, target: { ...target, revocation: true as const } }
  expect(ids(judgeRole(role(good), revoking))).toEqual(['permissions-boundary failed'])
  expect(ids(judgeRole(role(good, { boundary: 'arn:aws:iam::111122223333:policy/boundary' }), revoking))).toEqual([])
})

type Row = readonly [situation: string, trust: unknown, found: readonly string[], gate: string | undefined, says: RegExp]
const other = (Principal: StatementJson['Principal']) => of(...statements.map((one) => ({ ...one, Principal })))
const only = (Condition: StatementJson['Condition']) => ({ ...assume.Condition, ...Condition })

describe('a trust policy', () => {
  test.each<Row>([
    [
      'that names another role',
      other({ AWS: 'arn:aws:iam::999900001111:role/other' }),
      ['trust-policy failed', 'broker-alone failed', 'tag-session failed', 'source-identity failed'],
      'trust-policy',
      /does not name arn:aws:iam::999900001111:role\/stint-vend/,
    ],
    [
      'that names a role that was deleted',
      other({ AWS: 'AROAEXAMPLEEXAMPLEEX1' }),
      ['trust-policy failed', 'tag-session failed', 'source-identity failed'],
      'trust-policy',
      /names AROAEXAMPLEEXAMPLEEX1: a role that was deleted.* save the policy again/,
    ],
    [
      'that names a service',
      other({ Service: 'ec2.amazonaws.com' }),
      ['trust-policy failed', 'broker-alone failed', 'tag-session failed', 'source-identity failed'],
      'trust-policy',
      /does not name/,
    ],
    [
      'without sts:AssumeRole',
      of({ ...assume, Action: 'sts:AssumeRoleWithSAML' }, tags, names),
      ['trust-policy failed'],
      'trust-policy',
      /names arn:aws:iam::999900001111:role\/stint-vend, but does not allow it sts:AssumeRole/,
    ],
    [
      'with a Deny',
      of(...statements, { Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }),
      ['trust-policy failed'],
      'trust-policy',
      /a Deny statement denies sts:AssumeRole/,
    ],
    [
      'with another external ID',
      when(only({ StringEquals: { 'sts:ExternalId': 'x' } })),
      ['trust-policy failed'],
      'condition',
      /allowed only if StringEquals sts:ExternalId x/,
    ],
    [
      'with a condition on MFA',
      when(only({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } })),
      ['trust-policy failed'],
      'condition',
      /aws:MultiFactorAuthPresent, which can never be met/,
    ],
    [
      'with a condition on the age of MFA',
      when(only({ NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } })),
      ['trust-policy failed'],
      'condition',
      /aws:MultiFactorAuthAge, which can never be met/,
    ],
    [
      'with another session name',
      when(only({ StringLike: { 'sts:RoleSessionName': 'ci-*' } })),
      ['trust-policy failed'],
      'condition',
      /StringLike sts:RoleSessionName ci-\*/,
    ],
    [
      'with a network that is not known here',
      when(only({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })),
      ['trust-policy warning'],
      'condition',
      /cannot be judged here: IpAddress aws:SourceIp/,
    ],
    [
      'without an external ID',
      when({ Null: { 'aws:RequestTag/stint:session': 'false' } }),
      ['external-id failed'],
      'condition',
      /does not require the external ID/,
    ],
    [
      'with any external ID',
      when({ Null: assume.Condition?.Null ?? {}, StringLike: { 'sts:ExternalId': 'stint-*' } }),
      ['external-id failed'],
      'condition',
      /does not require/,
    ],
    [
      'that names the account of the broker',
      other({ AWS: 'arn:aws:iam::999900001111:root' }),
      ['broker-alone failed'],
      'trust-policy',
      /other roles of the broker’s account/,
    ],
    [
      'that names its own account too',
      of(...statements, { ...assume, Principal: { AWS: '111122223333' } }),
      ['broker-alone failed'],
      'trust-policy',
      /other roles of the target’s account/,
    ],
    ['that names everyone', other('*'), ['broker-alone failed'], 'trust-policy', /any AWS account/],
    [
      'without the tag',
      when({ StringEquals: { 'sts:ExternalId': target.externalId } }),
      ['session-tag warning'],
      undefined,
      /does not require the tag/,
    ],
    ['without sts:TagSession', of(assume, names), ['tag-session failed'], 'trust-policy', /does not allow it sts:TagSession/],
    [
      'with sts:TagSession under the external ID',
      of({ ...assume, Action: ['sts:AssumeRole', 'sts:TagSession'] }, names),
      ['tag-session failed'],
      'condition',
      /sts:TagSession is allowed only if StringEquals sts:ExternalId/,
    ],
    [
      'without sts:SetSourceIdentity',
      of(assume, tags),
      ['source-identity failed'],
      'trust-policy',
      /does not allow it sts:SetSourceIdentity/,
    ],
    [
      'with an element that is not known',
      of({ ...assume, Extra: 1 }, tags, names),
      ['trust-policy warning'],
      'trust-policy',
      /cannot be evaluated here/,
    ],
    [
      'that also names another role',
      of(...statements, { ...assume, Principal: { AWS: 'arn:aws:iam::999900001111:role/evil' } }),
      ['broker-alone failed'],
      'trust-policy',
      /also trusts arn:aws:iam::999900001111:role\/evil, which can assume the role without Stint/,
    ],
    [
      'that also names a user',
      of(...statements, { ...assume, Principal: { AWS: 'arn:aws:iam::111122223333:user/dana' } }),
      ['broker-alone failed'],
      'trust-policy',
      /also trusts arn:aws:iam::111122223333:user\/dana/,
    ],
    [
      'that also names a stranger’s account',
      of(...statements, { ...assume, Principal: { AWS: 'arn:aws:iam::555566667777:root' } }),
      ['broker-alone failed'],
      'trust-policy',
      /also trusts arn:aws:iam::555566667777:root/,
    ],
    [
      'that also names a service',
      of(...statements, { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }),
      ['broker-alone failed'],
      'trust-policy',
      /also trusts ec2\.amazonaws\.com/,
    ],
    [
      'that also names an identity provider',
      of(...statements, {
        Effect: 'Allow',
        Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/x' },
        Action: 'sts:AssumeRoleWithWebIdentity',
      }),
      ['broker-alone failed'],
      'trust-policy',
      /oidc-provider\/x/,
    ],
    [
      'that also names another role for tags alone',
      of(...statements, { ...tags, Principal: { AWS: 'arn:aws:iam::999900001111:role/evil' } }),
      [],
      undefined,
      /^/,
    ],
    [
      'that also names a user with MFA',
      of(...statements, {
        ...assume,
        Principal: { AWS: 'arn:aws:iam::111122223333:user/dana' },
        Condition: only({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
      }),
      ['broker-alone failed'],
      'trust-policy',
      /user\/dana/,
    ],
    [
      'that also names everyone of an organization',
      of(...statements, {
        ...assume,
        Principal: '*',
        Condition: only({ StringEquals: { 'sts:ExternalId': target.externalId, 'aws:PrincipalOrgID': 'o-1' } }),
      }),
      ['broker-alone failed'],
      'trust-policy',
      /any AWS account/,
    ],
    [
      'that names everyone, and by a condition the broker alone',
      of({ ...assume, Principal: '*', Condition: only({ ArnEquals: { 'aws:PrincipalArn': BROKER } }) }, tags, names),
      [],
      undefined,
      /^/,
    ],
  ])('%s', (_situation, trust, found, gate, says) => {
    const checks = judgeRole(role(trust), expected)
    expect(ids(checks)).toEqual(found)
    const [first] = checks.filter(({ state }) => state !== 'ok')
    expect(first?.says ?? '').toMatch(says)
    expect(first?.gate).toBe(gate)
    expect(first === undefined || first.fix !== undefined).toBe(true)
  })
  test('has a fix that can be pasted', () => {
    const fix = judgeRole(role(of(assume, tags)), expected).find(({ state }) => state === 'failed')?.fix ?? ''
    expect(JSON.parse(fix.slice(fix.indexOf('{')))).toEqual(good)
  })
  test('under the external ID, says that AWS sets none for sts:TagSession', () => {
    const trust = of({ ...assume, Action: 'sts:*' })
    const checks = judgeRole(role(trust), expected).filter(({ state }) => state === 'failed')
    expect(checks.map(({ fix }) => fix)).toEqual([
      expect.stringMatching(/AWS sets no external ID for sts:TagSession/),
      expect.stringMatching(/AWS sets no external ID for sts:SetSourceIdentity/),
    ])
  })
})

describe('a role', () => {
  test('that does not exist', () => {
    expect(judgeRole(undefined, expected)).toEqual([
      expect.objectContaining({ check: 'role', state: 'failed', gate: 'trust-policy', says: `${target.roleArn} does not exist` }),
    ])
  })
  test('with another path', () => {
    const arn = 'arn:aws:iam::111122223333:role/Deploy'
    expect(ids(judgeRole(role(good, { arn }), expected))).toEqual(['role failed'])
  })
  test('with shorter sessions than the profiles', () => {
    expect(ids(judgeRole(role(good), { ...expected, longestSeconds: 3601 }))).toEqual(['max-session-duration failed'])
  })
  test('with a boundary, names it', () => {
    const boundary = 'arn:aws:iam::111122223333:policy/b'
    expect(judgeRole(role(good, { boundary }), expected).at(-1)).toMatchObject({ state: 'ok', says: expect.stringContaining(boundary) })
  })
})

describe('without --broker-role', () => {
  const { brokerRole: _brokerRole, ...unknown } = expected
  test('takes the one role that the policy names, and says so', () => {
    expect(ids(judgeRole(role(good), unknown))).toEqual(['broker-role warning'])
  })
  test.each([
    ['two roles', of(...statements, { ...assume, Principal: { AWS: 'arn:aws:iam::999900001111:role/other' } })],
    ['an account', other({ AWS: '999900001111' })],
    ['everyone', other('*')],
  ])('does not guess among %s', (_name, trust) => {
    expect(ids(judgeRole(role(trust), unknown))).toEqual(['trust-policy failed'])
  })
})

test('a stranger’s account is found in every partition', () => {
  const elsewhere = (text: unknown) => JSON.parse(JSON.stringify(text).replaceAll('arn:aws:', 'arn:aws-eusc:'))
  const there = { ...elsewhere(expected), target: elsewhere(target) } as Expected
  const trust = (name: string) => elsewhere(of(...statements, { ...assume, Principal: { AWS: name } }))
  const judged = (name: string) => ids(judgeRole(elsewhere(role(trust(name))), there))
  expect([judged('arn:aws:iam::555566667777:root'), judged('555566667777')]).toEqual([['broker-alone failed'], ['broker-alone failed']])
  expect(ids(judgeRole(elsewhere(role(good)), there))).toEqual([])
})

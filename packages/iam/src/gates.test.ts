import { describe, expect, test } from 'vitest'
import type { AccessRequest } from './evaluate.ts'
import { closedGates, parseAccessDenied } from './gates.ts'
import { policy } from './parse.ts'
import type { PolicyJson, StatementJson } from './policy.ts'

const A = '123456789012'
const ROLE = 'arn:aws:iam::987654321098:role/CrossAccountAccessRole'
const user = { arn: `arn:aws:iam::${A}:user/testuser`, account: A }
const of = (...Statement: StatementJson[]): PolicyJson => ({ Version: '2012-10-17', Statement })
const may = of({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ROLE })
const trusts = (more: Partial<StatementJson> = {}) =>
  of({ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${A}:root` }, Action: 'sts:AssumeRole', ...more })

type Case = {
  principal?: AccessRequest['principal']
  trust?: PolicyJson
  identity?: PolicyJson[]
  session?: PolicyJson
  boundary?: PolicyJson
  organization?: PolicyJson | PolicyJson[]
  context?: AccessRequest['context']
}
const gates = ({ principal = user, trust = trusts(), identity = [may], session, boundary, organization, context = {} }: Case) =>
  closedGates({
    principal,
    action: 'sts:AssumeRole',
    resource: { arn: ROLE, account: '987654321098' },
    context,
    identity: identity.map((json) => policy(json, 'identity')),
    resourcePolicy: policy(trust, 'trust'),
    resourcePolicyDecides: true,
    ...(session ? { session: [policy(session, 'session')] } : {}),
    ...(boundary ? { boundary: policy(boundary, 'identity') } : {}),
    ...(organization ? { organization: [organization].flat().map((json) => [policy(json, 'identity')]) } : {}),
  })

const external: StatementJson['Condition'] = { StringEquals: { 'sts:ExternalId': 'unique-external-id' } }
const network: StatementJson['Condition'] = { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }
const mfa: StatementJson['Condition'] = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }

const allowAll: StatementJson = { Effect: 'Allow', Action: '*', Resource: '*' }
const denyAll: StatementJson = { Effect: 'Deny', Action: 'sts:*', Resource: '*' }
const session = {
  arn: `arn:aws:sts::${A}:assumed-role/Developer/dana`,
  account: A,
  roleArn: `arn:aws:iam::${A}:role/Developer`,
}

describe('closedGates', () => {
  test('is empty if the call is allowed', () => expect(gates({})).toEqual([]))
  test.each<[title: string, given: Case, gate: string, layer: string, words: RegExp, fix: RegExp]>([
    [
      'a role that trusts another account',
      { trust: trusts({ Principal: { AWS: '111122223333' } }) },
      'trust-policy',
      'resource',
      /does not name arn:aws:iam::123456789012:user\/testuser or its account/,
      /to the Principal/,
    ],
    [
      'a role that trusts the caller with another action',
      { trust: trusts({ Action: 'sts:TagSession' }) },
      'trust-policy',
      'resource',
      /names arn:aws:iam::123456789012:user\/testuser, but does not allow sts:AssumeRole/,
      /^Add sts:AssumeRole to the Action/,
    ],
    [
      'a Deny in the trust policy',
      { trust: of(...[trusts().Statement].flat(), { Sid: 'NotThem', Effect: 'Deny', Principal: { AWS: A }, Action: 'sts:*' }) },
      'trust-policy',
      'resource',
      /Statement "NotThem" of the trust policy of the role denies/,
      /No Allow overrides it/,
    ],
    [
      'a caller without permission',
      { identity: [] },
      'caller-permission',
      'identity',
      /No statement of the identity-based/,
      /^Attach a policy to/,
    ],
    [
      'permission for another role',
      { identity: [of({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: `${ROLE}2` })] },
      'caller-permission',
      'identity',
      /allows sts:AssumeRole on arn:aws:iam::987654321098:role\/CrossAccountAccessRole\./,
      /^Attach/,
    ],
    [
      'a Deny of the caller',
      { identity: [may, of({ Effect: 'Deny', Action: 'sts:*', Resource: '*' })] },
      'caller-permission',
      'identity',
      /^Statement 1 of the identity-based policies of the caller denies/,
      /Deny/,
    ],
    [
      'a boundary',
      { boundary: of({ Effect: 'Allow', Action: 's3:*', Resource: '*' }) },
      'caller-permission',
      'boundary',
      /permissions boundary/,
      /It limits what other policies grant/,
    ],
    [
      'a session policy',
      { session: of({ Effect: 'Allow', Action: 's3:*', Resource: '*' }) },
      'caller-permission',
      'session',
      /session policy/,
      /limits/,
    ],
    [
      'no external ID',
      { trust: trusts({ Condition: external }) },
      'condition',
      'resource',
      /sts:ExternalId wants unique-external-id, the call has no value/,
      /^Pass the external ID: --external-id unique-external-id\.$/,
    ],
    [
      'another external ID',
      { trust: trusts({ Condition: external }), context: { 'sts:ExternalId': 'other' } },
      'condition',
      'resource',
      /the call has other\.$/,
      /that the policy names/,
    ],
    [
      'another network',
      { trust: trusts({ Condition: network }), context: { 'aws:SourceIp': '198.51.100.9' } },
      'condition',
      'resource',
      /wants 203\.0\.113\.0\/24, the call has 198\.51\.100\.9/,
      /^Call from an address in 203\.0\.113\.0\/24/,
    ],
    [
      'no MFA',
      { trust: trusts({ Condition: mfa }) },
      'condition',
      'resource',
      /MultiFactorAuthPresent/,
      /--serial-number and --token-code/,
    ],
    [
      'a condition of the caller’s own policy',
      { identity: [of({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*', Condition: external })] },
      'condition',
      'identity',
      /^Statement 1 of the identity-based policies of the caller allows sts:AssumeRole, but not in this call/,
      /--external-id/,
    ],
    [
      'a statement for somebody else, whatever its conditions',
      { trust: trusts({ Principal: { AWS: '111122223333' }, Condition: external }) },
      'trust-policy',
      'resource',
      /does not name/,
      /to the Principal/,
    ],
    [
      'a trust policy that names the caller in a Deny of another action only',
      {
        trust: of(
          { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' },
          { Effect: 'Deny', Principal: { AWS: A }, Action: 'sts:TagSession' },
        ),
      },
      'trust-policy',
      'resource',
      /does not name/,
      /to the Principal/,
    ],
    [
      'the Deny that holds, not one whose condition does not',
      { identity: [of(...[may.Statement].flat(), { ...denyAll, Sid: 'Elsewhere', Condition: network }, { ...denyAll, Sid: 'Here' })] },
      'caller-permission',
      'identity',
      /^Statement "Here" of the identity-based policies/,
      /Remove or narrow/,
    ],
    [
      'a Deny of the boundary',
      { boundary: of({ Effect: 'Allow', Action: '*', Resource: '*' }, { ...denyAll, Sid: 'Bound' }) },
      'caller-permission',
      'boundary',
      /^Statement "Bound" of the permissions boundary of the caller denies/,
      /Remove or narrow/,
    ],
    [
      'a Deny of the session policy',
      { session: of({ Effect: 'Allow', Action: '*', Resource: '*' }, { ...denyAll, Sid: 'Session' }) },
      'caller-permission',
      'session',
      /^Statement "Session" of the session policy of the caller denies/,
      /Remove or narrow/,
    ],
    [
      'a Deny of the organization',
      { organization: of({ Effect: 'Allow', Action: '*', Resource: '*' }, { ...denyAll, Sid: 'Organization' }) },
      'caller-permission',
      'organization',
      /^Statement "Organization" of the service control policies of the account denies/,
      /Remove or narrow/,
    ],
    [
      'an organization that does not allow',
      { organization: of({ Effect: 'Allow', Action: 's3:*', Resource: '*' }) },
      'caller-permission',
      'organization',
      /^No statement of the service control policies/,
      /It limits what other policies grant/,
    ],
    [
      'one level of an organization that does not allow, below one that does',
      { organization: [of(allowAll), of({ ...allowAll, Action: 's3:*' })] },
      'caller-permission',
      'organization',
      /^No statement of the service control policies/,
      /It limits what other policies grant/,
    ],
    [
      'a Deny that does not hold is no Allow that almost does',
      { identity: [of({ ...denyAll, Condition: network })] },
      'caller-permission',
      'identity',
      /^No statement of the identity-based policies/,
      /^Attach a policy to/,
    ],
    [
      'a caller who is named by one of two statements',
      {
        trust: of(
          ...[trusts({ Action: 'sts:TagSession' }), trusts({ Principal: { AWS: '111122223333' } })].flatMap(({ Statement }) => Statement),
        ),
      },
      'trust-policy',
      'resource',
      /names arn:aws:iam::123456789012:user\/testuser, but does not allow/,
      /^Add sts:AssumeRole to the Action/,
    ],
    [
      'two conditions',
      { trust: trusts({ Condition: { ...external, ...network } }) },
      'condition',
      'resource',
      /the call has no value; IpAddress aws:SourceIp wants 203\.0\.113\.0\/24, the call has no value\.$/,
      /^Pass the external ID: --external-id unique-external-id\. Call from an address/,
    ],
    [
      'none of two external IDs',
      { trust: trusts({ Condition: { StringEquals: { 'sts:ExternalId': ['a', 'b'] } } }), context: { 'sts:ExternalId': 'c' } },
      'condition',
      'resource',
      /wants a or b, the call has c\.$/,
      /^Pass the external ID that the policy names: a or b\.$/,
    ],
    [
      'none of two networks',
      { trust: trusts({ Condition: { IpAddress: { 'aws:SourceIp': ['203.0.113.0/24', '192.0.2.0/24'] } } }) },
      'condition',
      'resource',
      /wants 203/,
      /^Call from an address in 203\.0\.113\.0\/24 or 192\.0\.2\.0\/24, or add yours to the condition\.$/,
    ],
    [
      'none of two session names',
      { trust: trusts({ Condition: { StringLike: { 'sts:RoleSessionName': ['ci-*', 'cd-*'] } } }) },
      'condition',
      'resource',
      /wants ci/,
      /^Use a --role-session-name that fits ci-\* or cd-\*\.$/,
    ],
    [
      'several values of a key',
      {
        trust: trusts({ Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team', 'run'] } } }),
        context: { 'aws:TagKeys': ['a', 'b'] },
      },
      'condition',
      'resource',
      /wants team or run, the call has a, b\.$/,
      /^Make aws:TagKeys fit team or run, or change the condition\.$/,
    ],
    [
      'a session of a role that is not trusted: the role is to be named',
      { principal: session, trust: trusts({ Principal: { AWS: '111122223333' } }) },
      'trust-policy',
      'resource',
      /does not name arn:aws:iam::123456789012:role\/Developer or its account/,
      /^Add arn:aws:iam::123456789012:role\/Developer /,
    ],
    [
      'a session of a role without permission: the role needs it',
      { principal: session, identity: [] },
      'caller-permission',
      'identity',
      /No statement/,
      /^Attach a policy to arn:aws:iam::123456789012:role\/Developer that allows/,
    ],
    [
      'MFA too long ago',
      {
        trust: trusts({ Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } } }),
        context: { 'aws:MultiFactorAuthAge': '7200' },
      },
      'condition',
      'resource',
      /wants 3600, the call has 7200/,
      /--serial-number and --token-code/,
    ],
    [
      'another session name',
      { trust: trusts({ Condition: { StringLike: { 'sts:RoleSessionName': 'ci-*' } } }), context: { 'sts:RoleSessionName': 'dana' } },
      'condition',
      'resource',
      /wants ci-\*, the call has dana/,
      /^Use a --role-session-name that fits ci-\*\.$/,
    ],
    [
      'no source identity',
      { trust: trusts({ Condition: { StringEquals: { 'sts:SourceIdentity': ['dana', 'kim'] } } }) },
      'condition',
      'resource',
      /wants dana or kim, the call has no value/,
      /^Set --source-identity to dana or kim\.$/,
    ],
    [
      'another condition',
      { trust: trusts({ Condition: { StringEquals: { 'aws:PrincipalTag/team': 'ops' } } }), context: { 'aws:PrincipalTag/team': 'dev' } },
      'condition',
      'resource',
      /wants ops, the call has dev/,
      /^Make aws:PrincipalTag\/team fit ops, or change the condition\.$/,
    ],
  ])('%s', (_title, given, gate, layer, words, fix) => {
    const [first, ...rest] = gates(given)
    expect([first?.gate, first?.layer, rest]).toEqual([gate, layer, []])
    expect(first?.finding).toMatch(words)
    expect(first?.fix).toMatch(fix)
    expect(first?.denied).toBe(first?.finding.includes('denies') ? 'explicitly' : 'implicitly')
    expect(first?.statement).toBe(/^Statement (\S+)/.exec(first?.finding ?? '')?.[1])
    expect(first?.conditions.length === 0).toBe(gate !== 'condition')
  })
  test('names every closed gate, trust first', () => {
    const found = gates({ trust: trusts({ Principal: { AWS: '111122223333' } }), identity: [] })
    expect(found.map(({ gate }) => gate)).toEqual(['trust-policy', 'caller-permission'])
  })
  test.each<[title: string, given: Case, order: string[]]>([
    [
      'permission before a condition of the role',
      { trust: trusts({ Condition: external }), identity: [] },
      ['caller-permission', 'condition'],
    ],
    [
      'trust before a condition of the caller',
      {
        trust: trusts({ Principal: { AWS: '111122223333' } }),
        identity: [of({ Effect: 'Allow', Action: 'sts:*', Resource: '*', Condition: external })],
      },
      ['trust-policy', 'condition'],
    ],
  ])('names %s', (_title, given, order) => expect(gates(given).map(({ gate }) => gate)).toEqual(order))
  test('calls the policy of a bucket what it is, and a federated caller by the provider', () => {
    const bucket = { arn: 'arn:aws:s3:::bucket/key', account: '987654321098' }
    const request = { action: 's3:GetObject', resource: bucket, context: {}, identity: [policy(of({ ...allowAll }), 'identity')] }
    const resourcePolicy = policy(of({ ...allowAll, Principal: { AWS: '111122223333' } }), 'resource')
    expect(closedGates({ ...request, principal: user, resourcePolicy })[0]?.finding).toMatch(/^The resource-based policy does not name/)
    const provider = `arn:aws:iam::${A}:oidc-provider/ci.example`
    const federated = { arn: `arn:aws:sts::${A}:federated-user`, account: A, federated: provider }
    expect(gates({ principal: federated, trust: trusts({ Principal: { AWS: '111122223333' } }) })[0]?.finding).toContain(
      `does not name ${provider}`,
    )
  })
  test('names the resource-based policy of another account that has none', () => {
    const bucket = { arn: 'arn:aws:s3:::bucket/key', account: '987654321098' }
    const request = { principal: user, action: 's3:GetObject', resource: bucket, context: {}, identity: [policy(of(allowAll), 'identity')] }
    expect(closedGates(request)).toMatchObject([
      { gate: 'trust-policy', layer: 'resource', finding: expect.stringMatching(/^The resource-based policy does not name/) },
    ])
  })
  test('shows only the conditions that do not hold', () => {
    const trust = trusts({ Condition: { StringEquals: { 'sts:RoleSessionName': '${aws:username}' }, ...network } })
    const context = { 'sts:RoleSessionName': 'testuser', 'aws:username': 'testuser' }
    expect(gates({ trust, context }).map(({ conditions }) => conditions)).toEqual([
      [{ operator: 'IpAddress', key: 'aws:SourceIp', wanted: ['203.0.113.0/24'] }],
    ])
  })
  test('shows the statement that comes closest', () => {
    const trust = of(
      ...[trusts({ Condition: { ...external, ...network } }).Statement].flat(),
      ...[trusts({ Sid: 'Office', Condition: external }).Statement].flat(),
    )
    expect(gates({ trust })[0]?.statement).toBe('"Office"')
  })
})

describe('parseAccessDenied', () => {
  const start = `User: ${user.arn} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`
  test.each<[string, string, object | undefined]>([
    [
      'no identity-based policy',
      `${start} because no identity-based policy allows the sts:AssumeRole action`,
      { layer: 'identity', denied: 'implicitly' },
    ],
    [
      'no role trust policy',
      `${start} because no role trust policy allows the sts:AssumeRole action`,
      { layer: 'resource', denied: 'implicitly' },
    ],
    ['a Deny of the role', `${start} with an explicit deny in the role trust policy`, { layer: 'resource', denied: 'explicitly' }],
    ['a Deny of a bucket', `${start} with an explicit deny in a resource-based policy`, { layer: 'resource', denied: 'explicitly' }],
    ['a Deny of the caller', `${start} with an explicit deny in an identity-based policy`, { layer: 'identity', denied: 'explicitly' }],
    ['a session policy', `${start} because no session policy allows the sts:AssumeRole action`, { layer: 'session', denied: 'implicitly' }],
    [
      'a boundary',
      `${start} because no permissions boundary allows the sts:AssumeRole action`,
      { layer: 'boundary', denied: 'implicitly' },
    ],
    ['a Deny of a boundary', `${start} with an explicit deny in a permissions boundary`, { layer: 'boundary', denied: 'explicitly' }],
    ['an SCP', `${start} with an explicit deny in a service control policy`, { layer: 'organization', denied: 'explicitly' }],
    ['no reason', start, {}],
    ['another message', 'The security token included in the request is expired', undefined],
  ])('%s', (_title, message, expected) => {
    const parts = { principal: user.arn, action: 'sts:AssumeRole', resource: ROLE }
    expect(parseAccessDenied(message)).toEqual(expected === undefined ? undefined : { ...parts, ...expected })
  })
  test('takes a message without a resource', () => {
    const action = 's3:ListAllMyBuckets'
    const message = `User: ${user.arn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`
    expect(parseAccessDenied(message)).toStrictEqual({ principal: user.arn, action, layer: 'identity', denied: 'implicitly' })
  })
  test('takes the resource in quotes or with a word before it', () => {
    expect(
      parseAccessDenied(`User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no`)
        ?.resource,
    ).toBe('arn:aws:s3:::b/k')
    expect(parseAccessDenied(`User: ${user.arn} is not authorized to perform: iam:GetRole on resource: role X because no`)?.resource).toBe(
      'role X',
    )
  })
})

/**
 * Policy evaluation, case by case as AWS documents it (IAM User Guide: "Policy evaluation logic", "Session policies",
 * "Condition operators", "Variables and tags"). Rows stand in order: what denies, what limits, what grants.
 */
import { describe, expect, test } from 'vitest'
import { type AccessRequest, evaluate, type Principal } from './evaluate.ts'
import { parsePolicy, policy } from './parse.ts'
import type { PolicyJson, StatementJson } from './policy.ts'

const HOME = '111122223333'
const AWAY = '444455556666'
const role = `arn:aws:iam::${HOME}:role/Reader`
const session: Principal = { arn: `arn:aws:sts::${HOME}:assumed-role/Reader/dana`, account: HOME, roleArn: role }
const user: Principal = { arn: `arn:aws:iam::${HOME}:user/dana`, account: HOME }

const of = (...Statement: StatementJson[]): PolicyJson => ({ Version: '2012-10-17', Statement })
const allow = (more: Partial<StatementJson> = {}): StatementJson => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more })
const deny = (more: Partial<StatementJson> = {}): StatementJson => ({ ...allow(more), Effect: 'Deny' })
const grant = (name: string, more: Partial<StatementJson> = {}): StatementJson => ({
  ...allow(more),
  Principal: name === '*' ? '*' : { AWS: name },
})

type Asked = {
  principal?: Principal
  account?: string
  action?: string
  arn?: string
  context?: AccessRequest['context']
  identity?: PolicyJson[]
  session?: PolicyJson[]
  boundary?: PolicyJson
  organization?: PolicyJson[]
  resource?: PolicyJson
  decides?: true
}

const ask = (asked: Asked) =>
  evaluate({
    principal: asked.principal ?? session,
    action: asked.action ?? 's3:GetObject',
    resource: { arn: asked.arn ?? 'arn:aws:s3:::b/k', account: asked.account ?? HOME },
    context: asked.context ?? {},
    identity: (asked.identity ?? []).map((json) => policy(json, 'identity')),
    ...(asked.session ? { session: asked.session.map((json) => policy(json, 'session')) } : {}),
    ...(asked.boundary ? { boundary: policy(asked.boundary, 'identity') } : {}),
    ...(asked.organization ? { organization: asked.organization.map((json) => [policy(json, 'identity')]) } : {}),
    ...(asked.resource ? { resourcePolicy: policy(asked.resource, 'resource') } : {}),
    ...(asked.decides ? { resourcePolicyDecides: true } : {}),
  })

describe('layers', () => {
  const yes = [of(allow())]
  test.each<[string, Asked, string, string[]]>([
    ['nothing said is a no', {}, 'implicit-deny', ['identity']],
    ['an identity policy allows', { identity: yes }, 'allow', []],
    ['a deny in the identity policy ends it', { identity: [of(allow(), deny())] }, 'explicit-deny', ['identity']],
    ['a deny in the session policy ends it', { identity: yes, session: [of(allow(), deny())] }, 'explicit-deny', ['session']],
    ['a deny in the boundary ends it', { identity: yes, boundary: of(allow(), deny()) }, 'explicit-deny', ['boundary']],
    ['a deny of the organization ends it', { identity: yes, organization: [of(allow(), deny())] }, 'explicit-deny', ['organization']],
    [
      'a deny in the resource policy ends it, whomever it grants to',
      { identity: yes, resource: of(grant(session.arn), { ...grant('*'), Effect: 'Deny' }) },
      'explicit-deny',
      ['resource'],
    ],
    ['all denying layers are named', { identity: [of(deny())], session: [of(deny())] }, 'explicit-deny', ['identity', 'session']],
    ['a session policy limits', { identity: yes, session: [of(allow({ Action: 's3:PutObject' }))] }, 'implicit-deny', ['session']],
    ['a session policy never grants', { session: yes }, 'implicit-deny', ['identity']],
    [
      'a session policy of Denies alone allows nothing',
      { identity: yes, session: [of(deny({ Action: 's3:PutObject' }))] },
      'implicit-deny',
      ['session'],
    ],
    [
      'inline session policy and ARNs are a union',
      { identity: yes, session: [of(deny({ Action: 's3:PutObject' })), of(allow())] },
      'allow',
      [],
    ],
    ['a boundary limits', { identity: yes, boundary: of(allow({ Action: 's3:PutObject' })) }, 'implicit-deny', ['boundary']],
    [
      'an organization policy limits',
      { identity: yes, organization: [of(allow({ Action: 's3:PutObject' }))] },
      'implicit-deny',
      ['organization'],
    ],
    ['an organization policy that allows is no limit', { identity: yes, organization: [of(allow()), of(allow())] }, 'allow', []],
    [
      'every level of the organization must allow',
      { identity: yes, organization: [of(allow()), of(allow({ Action: 'ec2:*' }))] },
      'implicit-deny',
      ['organization'],
    ],
    ['a resource policy grants to the role', { resource: of(grant(role)) }, 'allow', []],
    ['a resource policy grants to everyone', { resource: of(grant('*')) }, 'allow', []],
    ['one that names the account leaves it to identity policies', { resource: of(grant(HOME)) }, 'implicit-deny', ['identity']],
    [
      'granted to the role, it stays within the session policy',
      { resource: of(grant(role)), session: [of(allow({ Action: 's3:PutObject' }))] },
      'implicit-deny',
      ['session'],
    ],
    [
      'granted to the session itself, it steps over a missing Allow of session policy and boundary',
      {
        resource: of(grant(session.arn)),
        session: [of(allow({ Action: 's3:PutObject' }))],
        boundary: of(allow({ Action: 's3:PutObject' })),
      },
      'allow',
      [],
    ],
    ...[[HOME], [role], ['*'], [HOME, role]].flatMap((others) =>
      [
        [...others, session.arn],
        [session.arn, ...others],
      ].map((names): [string, Asked, string, string[]] => [
        `of several statements the one that names the session counts: ${names.join(', ')}`,
        { resource: of(...names.map((name) => grant(name))), session: [of(allow({ Action: 's3:PutObject' }))] },
        'allow',
        [],
      ]),
    ),
    ['before the account, the role', { resource: of(grant(role), grant(HOME)) }, 'allow', []],
    ['in any order', { resource: of(grant(HOME), grant('*')) }, 'allow', []],
    ['but never over a Deny', { resource: of(grant(session.arn)), session: [of(allow(), deny())] }, 'explicit-deny', ['session']],
    [
      'nor over the organization',
      { resource: of(grant(session.arn)), organization: [of(allow({ Action: 's3:PutObject' }))] },
      'implicit-deny',
      ['organization'],
    ],
    ['across accounts both sides must allow', { account: AWAY, identity: yes, resource: of(grant(HOME)) }, 'allow', []],
    ['across accounts identity alone is not enough', { account: AWAY, identity: yes }, 'implicit-deny', ['resource']],
    [
      'across accounts the resource alone is not enough',
      { account: AWAY, resource: of(grant(session.arn)) },
      'implicit-deny',
      ['identity'],
    ],
    [
      'across accounts the session policy limits even what names the session',
      { account: AWAY, identity: yes, resource: of(grant(session.arn)), session: [of(allow({ Action: 's3:PutObject' }))] },
      'implicit-deny',
      ['session'],
    ],
    [
      'a trust policy without a matching principal allows no one, not even its own account',
      { identity: yes, decides: true, resource: of(grant(AWAY)) },
      'implicit-deny',
      ['resource'],
    ],
    [
      'a trust policy that names the account needs the identity policy too',
      { decides: true, resource: of(grant(`arn:aws:iam::${HOME}:root`)) },
      'implicit-deny',
      ['identity'],
    ],
    [
      'a trust policy that names the caller needs no identity policy in one account',
      { decides: true, resource: of(grant(role)) },
      'allow',
      [],
    ],
    ['a user is named by its ARN', { principal: user, resource: of(grant(user.arn)) }, 'allow', []],
    ['the role’s ARN does not name a user', { principal: user, resource: of(grant(role)) }, 'implicit-deny', ['identity']],
  ])('%s', (_name, asked, verdict, blockedBy) => {
    const decision = ask(asked)
    expect([decision.verdict, decision.blockedBy]).toEqual([verdict, blockedBy])
    expect(decision.allowed).toBe(verdict === 'allow')
  })
})

describe('NotPrincipal', () => {
  const others = (...names: string[]): PolicyJson =>
    of(allow(), { Effect: 'Deny', NotPrincipal: { AWS: names }, Action: '*', Resource: '*' } as StatementJson)
  const denied = (json: PolicyJson, principal = session) =>
    evaluate({
      principal,
      action: 's3:GetObject',
      resource: { arn: 'arn:aws:s3:::b/k', account: HOME },
      context: {},
      identity: [policy(of(allow()), 'identity')],
      resourcePolicy: policy({ ...json, Statement: (json.Statement as StatementJson[]).slice(1) }, 'resource'),
    }).verdict
  test.each([
    ['a session is spared when account, role and session are all named', [HOME, role, session.arn], 'allow'],
    ['naming the role alone does not spare its sessions', [role], 'explicit-deny'],
    ['naming the account alone does not spare', [HOME], 'explicit-deny'],
    ['nor the session alone', [session.arn], 'explicit-deny'],
    ['nor the account and the role', [HOME, role], 'explicit-deny'],
    ['nor the account and the session', [HOME, session.arn], 'explicit-deny'],
    ['nor the role and the session', [role, session.arn], 'explicit-deny'],
    ['others are not spared', [AWAY], 'explicit-deny'],
  ])('%s', (_name, names, verdict) => expect(denied(others(...names))).toBe(verdict))
  test.each([
    ['a user is spared when account and user are both named', [HOME, user.arn], 'allow'],
    ['naming the account alone does not spare a user', [HOME], 'explicit-deny'],
    ['nor the user alone', [user.arn], 'explicit-deny'],
  ])('%s', (_name, names, verdict) => expect(denied(others(...names), user)).toBe(verdict))
})

describe('a caller with a token of an identity provider', () => {
  const provider = `arn:aws:iam::${HOME}:oidc-provider/ci.example`
  const other = `arn:aws:iam::${HOME}:oidc-provider/other.example`
  const principal: Principal = { arn: `arn:aws:sts::${HOME}:federated-user`, account: HOME, federated: provider }
  const enter: StatementJson = { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRoleWithWebIdentity' }
  const deny: StatementJson = { ...enter, Effect: 'Deny', Principal: undefined as never }
  test.each<[string, StatementJson[], string]>([
    ['is named by its provider', [{ ...enter, Principal: { Federated: provider } }], 'allow'],
    ['or by *', [enter], 'allow'],
    ['but not by another provider', [{ ...enter, Principal: { Federated: other } }], 'implicit-deny'],
    ['nor by its account', [{ ...enter, Principal: { AWS: HOME } }], 'implicit-deny'],
    ['is spared where NotPrincipal names its provider', [enter, { ...deny, NotPrincipal: { Federated: provider } }], 'allow'],
    ['and denied where it names another', [enter, { ...deny, NotPrincipal: { Federated: other } }], 'explicit-deny'],
    ['or only an account', [enter, { ...deny, NotPrincipal: { AWS: HOME } }], 'explicit-deny'],
  ])('%s', (_name, statements, verdict) => {
    const trust = policy(JSON.parse(JSON.stringify(of(...statements))), 'trust')
    const request = {
      principal,
      action: 'sts:AssumeRoleWithWebIdentity',
      resource: { arn: role, account: HOME },
      context: {},
      identity: [],
    }
    expect(evaluate({ ...request, resourcePolicy: trust, resourcePolicyDecides: true }).verdict).toBe(verdict)
  })
})

test('a decision says what each layer decided', () => {
  const limit = of(allow({ Action: 's3:PutObject' }))
  const organization = [of(allow()), of(allow())]
  expect(ask({ identity: [of(allow())], resource: of(grant(role)), boundary: limit, organization }).layers).toEqual({
    identity: 'allow',
    resource: 'allow',
    boundary: 'implicit-deny',
    organization: 'allow',
  })
  const denied = of({ ...grant('*'), Effect: 'Deny' })
  expect([ask({ resource: of(grant(AWAY)) }).layers, ask({ resource: denied }).layers]).toEqual([
    { identity: 'implicit-deny', resource: 'implicit-deny' },
    { identity: 'implicit-deny', resource: 'explicit-deny' },
  ])
})

describe('actions and resources', () => {
  test.each<[string, Partial<StatementJson>, { action?: string; arn?: string; context?: AccessRequest['context'] }, boolean]>([
    ['an action matches without regard to case', { Action: 'S3:getobject' }, {}, true],
    ['* in an action', { Action: 's3:Get*' }, {}, true],
    ['? is exactly one character', { Action: 's3:?etObject' }, {}, true],
    ['? is not none', { Action: 's3:?GetObject' }, {}, false],
    ['NotAction leaves out', { Action: undefined as never, NotAction: 's3:Get*' }, {}, false],
    ['NotAction lets the rest in', { Action: undefined as never, NotAction: 's3:Put*' }, {}, true],
    ['a resource matches with regard to case', { Resource: 'arn:aws:s3:::B/k' }, {}, false],
    ['* in a resource crosses slashes', { Resource: 'arn:aws:s3:::b/*' }, { arn: 'arn:aws:s3:::b/a/b/c' }, true],
    ['a bucket’s ARN is not its objects’', { Resource: 'arn:aws:s3:::b' }, {}, false],
    ['a prefix is not the bucket', { Resource: 'arn:aws:s3:::b*' }, { arn: 'arn:aws:s3:::bb/k' }, true],
    ['* does not cross a colon of the first five', { Resource: 'arn:aws:s3:*::b' }, { arn: 'arn:aws:s3:x:y:::b' }, false],
    ['an incomplete ARN is completed', { Resource: 'arn:aws:s3' }, {}, true],
    ['NotResource leaves out', { Resource: undefined as never, NotResource: 'arn:aws:s3:::b/*' }, {}, false],
    [
      'a variable is what the request brings',
      { Resource: 'arn:aws:s3:::b/${aws:userid}' },
      { arn: 'arn:aws:s3:::b/AROAX:dana', context: { 'aws:userid': 'AROAX:dana' } },
      true,
    ],
    [
      'a variable’s value is literal: its * is a star',
      { Resource: 'arn:aws:s3:::b/${aws:PrincipalTag/t}/x' },
      { arn: 'arn:aws:s3:::b/any/x', context: { 'aws:PrincipalTag/t': '*' } },
      false,
    ],
    ['a variable without value matches nothing', { Resource: 'arn:aws:s3:::b/${aws:PrincipalTag/t}*' }, {}, false],
    ['a default stands in for it', { Resource: "arn:aws:s3:::b/${aws:PrincipalTag/t, 'k'}" }, {}, true],
    [
      'nothing is in a NotResource with a variable without value',
      { Resource: undefined as never, NotResource: ['arn:aws:s3:::c/*', 'arn:aws:s3:::c/${aws:PrincipalTag/t}'] },
      {},
      false,
    ],
    [
      'with a value it leaves out what that names',
      { Resource: undefined as never, NotResource: 'arn:aws:s3:::c/${aws:userid}' },
      { context: { 'aws:userid': 'k' } },
      true,
    ],
    ['a Resource beside one that matches', { Resource: ['arn:aws:s3:::b/${aws:PrincipalTag/t}', 'arn:aws:s3:::b/k'] }, {}, true],
    ['${*} is a star and no wildcard', { Resource: 'arn:aws:s3:::b/${*}' }, {}, false],
    ['${*} meets a star', { Resource: 'arn:aws:s3:::b/${*}' }, { arn: 'arn:aws:s3:::b/*' }, true],
  ])('%s', (_name, statement, asked, allowed) => {
    expect(ask({ ...asked, identity: [of(JSON.parse(JSON.stringify(allow(statement))))] }).allowed).toBe(allowed)
  })
  test('variables are plain text before version 2012-10-17', () => {
    const old: PolicyJson = { Statement: allow({ Resource: 'arn:aws:s3:::b/${aws:userid}' }) }
    expect(ask({ identity: [old], arn: 'arn:aws:s3:::b/me', context: { 'aws:userid': 'me' } }).allowed).toBe(false)
    expect(ask({ identity: [old], arn: 'arn:aws:s3:::b/${aws:userid}' }).allowed).toBe(true)
    const others: PolicyJson = { Statement: { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::b/${aws:userid}' } }
    expect(ask({ identity: [others] }).allowed).toBe(true)
  })
  test('a Deny with NotResource denies if its variable has no value', () => {
    const others: StatementJson = { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:s3:::b/${aws:userid}' }
    expect(ask({ identity: [of(allow(), others)] }).verdict).toBe('explicit-deny')
  })
})

describe('conditions', () => {
  const tags = (...values: string[]) => ({ 'aws:TagKeys': values })
  test.each<[string, NonNullable<StatementJson['Condition']>, AccessRequest['context'], boolean]>([
    ['StringEquals', { StringEquals: { 'aws:k': 'a' } }, { 'aws:k': 'a' }, true],
    ['one of several values is enough', { StringEquals: { 'aws:k': ['b', 'a'] } }, { 'aws:k': 'a' }, true],
    ['all keys must hold', { StringEquals: { 'aws:k': 'a', 'aws:l': 'b' } }, { 'aws:k': 'a', 'aws:l': 'c' }, false],
    ['all operators must hold', { StringEquals: { 'aws:k': 'a' }, Bool: { 'aws:l': 'true' } }, { 'aws:k': 'a', 'aws:l': 'false' }, false],
    ['a missing key does not match', { StringEquals: { 'aws:k': 'a' } }, {}, false],
    ['a missing key matches a negated operator', { StringNotEquals: { 'aws:k': 'a' } }, {}, true],
    ['IfExists holds on a missing key', { StringEqualsIfExists: { 'aws:k': 'a' } }, {}, true],
    ['IfExists compares one that is there', { StringEqualsIfExists: { 'aws:k': 'a' } }, { 'aws:k': 'b' }, false],
    ['a key’s name compares without regard to case', { StringEquals: { 'AWS:SOURCEIP': 'x' } }, { 'aws:SourceIp': 'x' }, true],
    ['StringEquals does not read wildcards', { StringEquals: { 'aws:k': 'a*' } }, { 'aws:k': 'ab' }, false],
    ['StringLike does', { StringLike: { 'aws:k': 'a*' } }, { 'aws:k': 'ab' }, true],
    ['a value compares with regard to case', { StringEquals: { 'aws:k': 'A' } }, { 'aws:k': 'a' }, false],
    ['IgnoreCase does not', { StringEqualsIgnoreCase: { 'aws:k': 'A' } }, { 'aws:k': 'a' }, true],
    ['of a negated operator no value may match', { StringNotEquals: { 'aws:k': ['a', 'b'] } }, { 'aws:k': 'b' }, false],
    ['NumericLessThan', { NumericLessThan: { 'aws:k': 10 } }, { 'aws:k': '9.5' }, true],
    ['what is no number matches no order', { NumericLessThan: { 'aws:k': 10 } }, { 'aws:k': 'nine' }, false],
    ['DateGreaterThan', { DateGreaterThan: { 'aws:k': '2026-01-01T00:00:00Z' } }, { 'aws:k': '2026-01-01T00:00:01Z' }, true],
    ['a time without a zone is in UTC', { DateLessThan: { 'aws:k': '2026-11-27T12:00:00' } }, { 'aws:k': '2026-11-27T12:00:00Z' }, false],
    ['and before it is before', { DateLessThan: { 'aws:k': '2026-11-27T12:00:00' } }, { 'aws:k': '2026-11-27T11:59:59Z' }, true],
    ['a date may be seconds', { DateLessThan: { 'aws:k': '1767225600' } }, { 'aws:k': '2025-12-31T23:59:59Z' }, true],
    [
      'DateGreaterThanEquals holds at the very second',
      { DateGreaterThanEquals: { 'aws:k': '2026-01-01T00:00:00Z' } },
      { 'aws:k': '2026-01-01T00:00:00Z' },
      true,
    ],
    ['Bool', { Bool: { 'aws:k': true } }, { 'aws:k': 'true' }, true],
    ['Bool false does not fire on a missing key', { Bool: { 'aws:k': 'false' } }, {}, false],
    ['BoolIfExists false does', { BoolIfExists: { 'aws:k': 'false' } }, {}, true],
    ['Null true: the key is absent', { Null: { 'aws:k': 'true' } }, {}, true],
    ['Null true: the key is there', { Null: { 'aws:k': 'true' } }, { 'aws:k': 'x' }, false],
    ['Null false: the key is there', { Null: { 'aws:k': 'false' } }, { 'aws:k': 'x' }, true],
    ['IpAddress in a block', { IpAddress: { 'aws:k': '203.0.113.0/24' } }, { 'aws:k': '203.0.113.9' }, true],
    ['all of IPv4', { IpAddress: { 'aws:k': '0.0.0.0/0' } }, { 'aws:k': '203.0.113.9' }, true],
    ['IPv6 is not in all of IPv4', { IpAddress: { 'aws:k': '0.0.0.0/0' } }, { 'aws:k': '2001:db8::1' }, false],
    ['NotIpAddress', { NotIpAddress: { 'aws:k': '203.0.113.0/24' } }, { 'aws:k': '198.51.100.1' }, true],
    ['ArnLike by parts', { ArnLike: { 'aws:k': 'arn:aws:iam::*:role/x' } }, { 'aws:k': 'arn:aws:iam::1:role/x' }, true],
    [
      'ArnLike: a wildcard stays in its part',
      { ArnLike: { 'aws:k': 'arn:aws:*:*:*:role/x' } },
      { 'aws:k': 'arn:aws:iam:::1:role/x' },
      false,
    ],
    ['BinaryEquals', { BinaryEquals: { 'aws:k': 'QmluYXJ5' } }, { 'aws:k': 'QmluYXJ5' }, true],
    ['ForAllValues holds if each value is named', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, tags('a', 'b'), true],
    ['ForAllValues fails on a stranger', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, tags('a', 'c'), false],
    ['ForAllValues holds on nothing at all', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } }, {}, true],
    ['ForAnyValue needs one', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }, tags('b', 'a'), true],
    ['ForAnyValue fails on nothing', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }, {}, false],
    ['a variable in a value', { StringEquals: { 'aws:k': '${aws:SourceIdentity}' } }, { 'aws:k': 'me', 'aws:SourceIdentity': 'me' }, true],
    [
      'a variable’s star is literal in StringLike',
      { StringLike: { 'aws:k': '${aws:SourceIdentity}' } },
      { 'aws:k': 'anything', 'aws:SourceIdentity': '*' },
      false,
    ],
    [
      'a variable’s case does not matter to IgnoreCase',
      { StringEqualsIgnoreCase: { 'aws:k': 'x${aws:SourceIdentity}' } },
      { 'aws:k': 'XDana', 'aws:SourceIdentity': 'dANA' },
      true,
    ],
    ['a variable without a value equals nothing', { StringEquals: { 'aws:k': '${aws:SourceIdentity}' } }, { 'aws:k': '' }, false],
    [
      'nor does it open an Allow with a negated operator',
      { StringNotEquals: { 'aws:k': '${aws:SourceIdentity}' } },
      { 'aws:k': 'a' },
      false,
    ],
    ['even if another of its values has one', { StringNotEquals: { 'aws:k': ['${aws:SourceIdentity}', 'b'] } }, { 'aws:k': 'a' }, false],
    ['a positive one compares the other values', { StringEquals: { 'aws:k': ['${aws:SourceIdentity}', 'a'] } }, { 'aws:k': 'a' }, true],
    [
      'a negated operator holds on a missing key, whatever its variables',
      { StringNotEquals: { 'aws:k': '${aws:SourceIdentity}' } },
      {},
      true,
    ],
    ['StringNotEquals reads no wildcard', { StringNotEquals: { 'aws:k': 'a*' } }, { 'aws:k': 'ab' }, true],
    ['StringNotEquals compares with regard to case', { StringNotEquals: { 'aws:k': 'A' } }, { 'aws:k': 'a' }, true],
    ['StringNotEqualsIgnoreCase', { StringNotEqualsIgnoreCase: { 'aws:k': 'A' } }, { 'aws:k': 'a' }, false],
    ['it reads no wildcard', { StringNotEqualsIgnoreCase: { 'aws:k': 'A*' } }, { 'aws:k': 'ab' }, true],
    ['nor does StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { 'aws:k': 'A*' } }, { 'aws:k': 'ab' }, false],
    ['StringNotLike', { StringNotLike: { 'aws:k': 'a*' } }, { 'aws:k': 'ab' }, false],
    ['StringLike compares with regard to case', { StringLike: { 'aws:k': 'A*' } }, { 'aws:k': 'ab' }, false],
    ['ForAllValues: a key that is there without values', { 'ForAllValues:StringEquals': { 'aws:k': 'a' } }, { 'aws:k': [] }, true],
    ['Null true: a key without values', { Null: { 'aws:k': 'TRUE' } }, { 'aws:k': [] }, true],
    ['Null: one of both values', { Null: { 'aws:k': ['true', 'false'] } }, {}, true],
    ['a plain operator holds for one value of several', { StringEquals: { 'aws:k': 'a' } }, { 'aws:k': ['b', 'a'] }, true],
    ['a negated one for all of them', { StringNotEquals: { 'aws:k': 'a' } }, { 'aws:k': ['b', 'a'] }, false],
    ['ForAnyValue and a negated operator', { 'ForAnyValue:StringNotEquals': { 'aws:k': 'a' } }, { 'aws:k': ['b', 'a'] }, true],
    ['ForAnyValue fails on nothing, negated too', { 'ForAnyValue:StringNotEquals': { 'aws:k': 'a' } }, {}, false],
    ['IfExists holds for ForAnyValue too', { 'ForAnyValue:StringEqualsIfExists': { 'aws:k': 'a' } }, {}, true],
    ...(
      [
        ['Equals', false, true, false],
        ['NotEquals', true, false, true],
        ['LessThan', true, false, false],
        ['LessThanEquals', true, true, false],
        ['GreaterThan', false, false, true],
        ['GreaterThanEquals', false, true, true],
      ] as const
    ).flatMap(([name, ...expected]) =>
      expected.flatMap((holds, at): [string, NonNullable<StatementJson['Condition']>, AccessRequest['context'], boolean][] => {
        const order = `${['less', 'the same', 'more'][at]}: ${holds}`
        const year = 2025 + at
        return [
          [`Numeric${name}, ${order}`, { [`Numeric${name}`]: { 'aws:k': '0' } }, { 'aws:k': String(at - 1) }, holds],
          [`Date${name}, ${order}`, { [`Date${name}`]: { 'aws:k': '2026-01-01T00:00:00Z' } }, { 'aws:k': `${year}-01-01` }, holds],
        ]
      }),
    ),
    ['a fraction', { NumericEquals: { 'aws:k': '10.25' } }, { 'aws:k': '10.25' }, true],
    ['a number after a space is none', { NumericLessThan: { 'aws:k': 10 } }, { 'aws:k': ' 5' }, false],
    ['nor is one with an exponent', { NumericLessThan: { 'aws:k': 10 } }, { 'aws:k': '5e0' }, false],
    ['nor is an empty value', { NumericLessThan: { 'aws:k': 10 } }, { 'aws:k': '' }, false],
    ['what is no date matches no order', { DateLessThan: { 'aws:k': '2026-01-01' } }, { 'aws:k': 'soon' }, false],
    ['a request’s date in seconds', { DateEquals: { 'aws:k': '2026-01-01' } }, { 'aws:k': '1767225600' }, true],
    ['Bool: the case of a value does not matter', { Bool: { 'aws:k': 'TRUE' } }, { 'aws:k': 'true' }, true],
    ['Bool: the request’s neither', { Bool: { 'aws:k': 'true' } }, { 'aws:k': 'True' }, true],
    ['Bool: the other value', { Bool: { 'aws:k': 'true' } }, { 'aws:k': 'false' }, false],
    ['BinaryEquals: another value', { BinaryEquals: { 'aws:k': 'QmluYXJ5' } }, { 'aws:k': 'QQ==' }, false],
    ['NotIpAddress in the block', { NotIpAddress: { 'aws:k': '203.0.113.0/24' } }, { 'aws:k': '203.0.113.9' }, false],
    ...['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'].flatMap((operator) =>
      ['x', 'y'].map((role): [string, NonNullable<StatementJson['Condition']>, AccessRequest['context'], boolean] => [
        `${operator}: role ${role}`,
        { [operator]: { 'aws:k': 'arn:aws:iam::*:role/x' } },
        { 'aws:k': `arn:aws:iam::${HOME}:role/${role}` },
        operator.includes('Not') === (role === 'y'),
      ]),
    ),
    [
      'a variable in an ARN',
      { ArnEquals: { 'aws:k': 'arn:aws:iam::*:role/${aws:SourceIdentity}' } },
      { 'aws:k': `arn:aws:iam::${HOME}:role/dana`, 'aws:SourceIdentity': 'dana' },
      true,
    ],
  ])('%s', (_name, Condition, context, allowed) => {
    expect(ask({ identity: [of(allow({ Condition }))], context }).allowed).toBe(allowed)
  })
  test('a Deny with a negated operator holds if its variable has no value', () => {
    const json = of(allow(), deny({ Condition: { StringNotEquals: { 'aws:k': '${aws:SourceIdentity}' } } }))
    expect(ask({ identity: [json], context: { 'aws:k': 'a' } }).verdict).toBe('explicit-deny')
  })
})

describe('what the parser refuses', () => {
  test.each<[string, unknown, string]>([
    [
      'an operator it does not know',
      of(allow({ Condition: { StringMatches: { 'aws:k': 'a' } } })),
      'StringMatches: is not a condition operator',
    ],
    [
      'an unknown prefix of an operator',
      of(allow({ Condition: { 'ForSomeValues:StringEquals': { 'aws:k': 'a' } } })),
      'is not a condition operator',
    ],
    ['a misspelt Condition', of({ ...allow(), Conditon: {} } as never), 'Conditon: is not a property'],
    ['a statement without an action', of({ Effect: 'Allow', Resource: '*' }), 'needs Action or NotAction'],
    ['Action and NotAction', of(allow({ NotAction: 's3:*' })), 'both Action and NotAction'],
    ['an effect in lower case', of(allow({ Effect: 'allow' as never })), 'must be Allow or Deny'],
    ['a principal in an identity policy', of(grant('*')), 'has no principal'],
    ['no resource', of({ Effect: 'Allow', Action: '*' }), 'needs Resource or NotResource'],
    ['a resource that is not an ARN', of(allow({ Resource: 's3:::b' })), 'is not an ARN'],
    ['an action without service', of(allow({ Action: 'GetObject' })), 'not in the form service:action'],
    ['another version', { Version: '2020-01-01', Statement: [allow()] }, 'Version'],
    ['no statement', { Version: '2012-10-17', Statement: [] }, 'at least one'],
    ['a list', [], 'a policy must be an object'],
    ['a condition value that is an object', of(allow({ Condition: { StringEquals: { 'aws:k': {} as never } } })), 'must be a string'],
  ])('%s', (_name, json, fault) => {
    const parsed = parsePolicy(json, 'identity')
    expect(parsed.ok ? 'accepted' : parsed.faults.join('; ')).toContain(fault)
  })
})

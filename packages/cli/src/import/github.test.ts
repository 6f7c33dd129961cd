/** Trust policies for GitHub's tokens: what becomes of each, and that Stint never admits a job that the trust policy refuses. */
import { matchesClaim } from '@stint/core/config/matcher'
import type { Matcher, Who } from '@stint/core/config/shape'
import { evaluate, policy } from '@stint/iam'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { translateGithub } from './github.ts'
import { emptyMapping, type Mapping } from './mapping.ts'
import { provesSubjects } from './prove.ts'
import { verdictOf } from './rules.ts'

const HOST = 'token.actions.githubusercontent.com'
const ACCOUNT = '210000000001'
const BOUNDARY = `arn:aws:iam::${ACCOUNT}:policy/boundary`
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${HOST}`
const mapping: Mapping = { ...emptyMapping, owners: { acme: '65', other: '66' } }

type Statement = { [name: string]: unknown }
const admits = (Condition: unknown, more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Principal: { Federated: PROVIDER },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition,
  ...more,
})
const like = (...sub: string[]) => ({ StringLike: { [`${HOST}:sub`]: sub } })
const equals = (claims: { [claim: string]: string | string[] }) => ({
  StringEquals: Object.fromEntries(Object.entries(claims).map(([claim, value]) => [`${HOST}:${claim}`, value])),
})
const aud = { [`${HOST}:aud`]: 'sts.amazonaws.com' }

type Given = {
  readonly statements: readonly Statement[]
  readonly role?: object
  readonly policies?: readonly object[]
  readonly map?: Mapping
  readonly encode?: boolean
}

function imported({ statements, role = {}, policies = [], map = mapping, encode = false }: Given) {
  const trust = { Version: '2012-10-17', Statement: statements }
  const details = {
    RoleDetailList: [
      {
        RoleName: 'deploy',
        Arn: `arn:aws:iam::${ACCOUNT}:role/ci/deploy`,
        AssumeRolePolicyDocument: encode ? encodeURIComponent(JSON.stringify(trust)) : trust,
        RolePolicyList: [],
        AttachedManagedPolicies: [],
        ...role,
      },
    ],
    Policies: policies as never[],
    IsTruncated: undefined,
    NextToken: undefined,
  }
  return translateGithub([{ file: 'a.json', details }], { mapping: map, partition: 'aws' }).rules
}

const main = 'repo:acme/web:ref:refs/heads/main'
const eligible = (claims: Who['claims'], more: Partial<Who> = {}): readonly Who[] => [{ issuer: 'github', claims, ...more }]

describe('a statement that admits GitHub', () => {
  test.each<[string, Statement, readonly Who[]]>([
    ['one subject', admits(equals({ sub: main, aud: 'sts.amazonaws.com' })), eligible({ sub: main })],
    ['without a condition on the audience', admits(equals({ sub: main })), eligible({ sub: main })],
    [
      'two subjects',
      admits(equals({ sub: [main, 'repo:acme/api:environment:prod'] })),
      eligible({ sub: { oneOf: [main, 'repo:acme/api:environment:prod'] } }),
    ],
    ['every repository of an owner', admits(like('repo:acme/*')), eligible({ sub: { glob: 'repo:acme/**' } })],
    ['one repository', admits({ ...like('repo:acme/web:*'), StringEquals: aud }), eligible({ sub: { glob: 'repo:acme/web:**' } })],
    [
      'a branch in every repository',
      admits(like('repo:acme/*:ref:refs/heads/main')),
      eligible({ sub: { glob: 'repo:acme/**:ref:refs/heads/main' } }),
    ],
    ['stars in a row', admits(like('repo:acme/web:***')), eligible({ sub: { glob: 'repo:acme/web:**' } })],
    ['a pattern without a wildcard', admits(like(main)), eligible({ sub: main })],
    [
      'a subject with IDs',
      admits(equals({ sub: 'repo:acme@65/web@74:ref:refs/heads/main' })),
      eligible({ sub: 'repo:acme@65/web@74:ref:refs/heads/main' }),
    ],
    [
      'ForAllValues, which a sub always has',
      admits({ 'ForAllValues:StringLike': { [`${HOST}:sub`]: ['repo:acme/web:*'] } }),
      eligible({ sub: { glob: 'repo:acme/web:**' } }),
    ],
    ['ForAnyValue', admits({ 'ForAnyValue:StringEquals': { [`${HOST}:sub`]: [main] } }), eligible({ sub: main })],
    ['IfExists on the sub', admits({ StringEqualsIfExists: { [`${HOST}:sub`]: main } }), eligible({ sub: main })],
    [
      'other claims',
      admits(equals({ sub: main, ref: 'refs/heads/main', repository_id: '74' })),
      eligible({ sub: main, ref: 'refs/heads/main', repository_id: '74' }),
    ],
    ['keys in another case', admits({ StringEquals: { [`${HOST.toUpperCase()}:SUB`]: main } }), eligible({ sub: main })],
    [
      'two operators on one claim',
      admits({ ...equals({ sub: main }), ...like('repo:acme/*') }),
      eligible({ sub: { all: [main, { glob: 'repo:acme/**' }] } }),
    ],
    [
      'an excluded subject',
      admits({ ...like('repo:acme/*'), StringNotLike: { [`${HOST}:sub`]: '*:pull_request' } }),
      eligible({ sub: { all: [{ glob: 'repo:acme/**' }, { not: { glob: '**:pull_request' } }] } }),
    ],
    [
      'an address',
      admits({ ...equals({ sub: main }), IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }),
      eligible({ sub: main }, { sourceIp: ['203.0.113.0/24'] }),
    ],
    [
      'an owner by ID',
      admits(equals({ repository_owner_id: '65', ref: 'refs/heads/main' })),
      eligible({ repository_owner_id: '65', ref: 'refs/heads/main' }),
    ],
    ['an owner by name', admits(equals({ repository_owner: 'acme' })), eligible({ repository_owner: 'acme' })],
    ['a repository by name', admits(equals({ repository: 'acme/web' })), eligible({ repository: 'acme/web' })],
    ['every STS action', admits(equals({ sub: main }), { Action: ['sts:AssumeRole*', 'sts:TagSession'] }), eligible({ sub: main })],
  ])('%s: equal', (_name, statement, expected) => {
    const [rule] = imported({ statements: [statement] })
    expect(rule?.notes).toEqual([])
    expect(rule?.access[0]?.eligible).toEqual(expected)
  })

  test.each<[string, Statement, readonly Who[], RegExp]>([
    [
      'a repository and all that begin like it',
      admits(like('repo:acme/web*')),
      eligible({ sub: { glob: 'repo:acme/web:**' } }),
      /Only the repository acme\/web/,
    ],
    [
      'a subject of an unknown owner beside a known one',
      admits(equals({ sub: [main, 'repo:evil/x:environment:a'] })),
      eligible({ sub: main }),
      /owner 'evil' is not in the mapping/,
    ],
    ['a literal star', admits(equals({ sub: [main, 'repo:acme/api:*'] })), eligible({ sub: main }), /compared literally/],
    ['a question mark', admits(like(main, 'repo:acme/ap?:environment:a')), eligible({ sub: main }), /List the repositories/],
    ['a question mark in a ref', admits(like(main, 'repo:acme/api:ref:refs/heads/v?')), eligible({ sub: main }), /no pattern/],
    ['without regard to case', admits({ StringEqualsIgnoreCase: { [`${HOST}:sub`]: main } }), eligible({ sub: main }), /only in the case/],
    [
      'a claim that may be missing',
      admits({ ...equals({ sub: main }), StringEqualsIfExists: { [`${HOST}:environment`]: 'prod' } }),
      eligible({ sub: main, environment: 'prod' }),
      /without 'environment'/,
    ],
    [
      'ForAllValues on a claim that may be missing',
      admits({ ...equals({ sub: main }), 'ForAllValues:StringEquals': { [`${HOST}:environment`]: 'prod' } }),
      eligible({ sub: main, environment: 'prod' }),
      /without 'environment'/,
    ],
  ])('%s: narrower', (_name, statement, expected, why) => {
    const [rule] = imported({ statements: [statement] })
    expect(rule?.notes.join('\n')).toMatch(why)
    expect(rule?.access[0]?.eligible).toEqual(expected)
  })

  test.each<[string, readonly Statement[], RegExp, Partial<Given>?]>([
    ['no condition on the caller', [admits({ StringEquals: aud })], /names no repository and no owner/],
    ['no condition at all', [admits(undefined)], /names no repository/],
    ['every subject', [admits(like('*'))], /any owner/],
    ['owners that begin alike', [admits(like('repo:acme*'))], /any owner/],
    ['a repository of any owner', [admits(like('repo:*/web:*'))], /any owner/],
    ['repositories that begin alike', [admits(like('repo:acme/web-*'))], /List the repositories/],
    ['repositories that begin alike, and a ref', [admits(like('repo:acme/web*:ref:refs/heads/main'))], /List the repositories/],
    ['a subject of an organization’s own form', [admits(equals({ sub: 'project:web' }))], /does not name the owner/],
    ['an owner without an ID', [admits(equals({ sub: main }))], /owner 'acme' is not in the mapping/, { map: emptyMapping }],
    ['a policy variable', [admits(like('repo:acme/${aws:PrincipalTag/repo}:*'))], /policy variable|List the repositories/],
    [
      'a key that Stint does not know',
      [admits({ ...equals({ sub: main }), StringEquals: { 'aws:RequestTag/team': 'a' } })],
      /aws:RequestTag\/team/,
    ],
    ['a claim that Stint does not know', [admits(equals({ sub: main, colour: 'red' }))], /does not know the claim/],
    ['a key of another provider', [admits({ StringEquals: { 'gitlab.com:sub': 'project_path:acme' } })], /gitlab\.com:sub/],
    ['an operator that is not about text', [admits({ Bool: { [`${HOST}:sub`]: 'true' } })], /no condition for Bool/],
    [
      'addresses that are excluded',
      [admits({ ...equals({ sub: main }), NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })],
      /NotIpAddress/,
    ],
    [
      'a negation without regard to case',
      [admits({ ...like('repo:acme/*'), StringNotEqualsIgnoreCase: { [`${HOST}:sub`]: main } })],
      /case-sensitive/,
    ],
    [
      'a negation that cannot be excluded',
      [admits({ ...like('repo:acme/*'), StringNotLike: { [`${HOST}:sub`]: 'repo:acme/a?:*' } })],
      /has a \?/,
    ],
    ['a negation of a set', [admits({ ...like('repo:acme/*'), 'ForAnyValue:StringNotEquals': { [`${HOST}:sub`]: main } })], /ForAnyValue/],
    ['a Deny', [admits(equals({ sub: main })), { ...admits(like('*:pull_request')), Effect: 'Deny' }], /has a Deny/],
    ['an enterprise’s own issuer', [admits(equals({ sub: main }), { Principal: { Federated: `${PROVIDER}/acme` } })], /Add this issuer/],
    ['an invalid trust policy', [admits({ StringEqual: { [`${HOST}:sub`]: main } })], /not valid/],
    [
      'permissions that depend on the caller',
      [admits(equals({ sub: main }))],
      /depends on aws:userid/,
      {
        role: {
          RolePolicyList: [
            {
              PolicyName: 'own',
              PolicyDocument: { Statement: { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::home/${aws:userid}/*' } },
            },
          ],
        },
      },
    ],
    [
      'a policy that is not in the file',
      [admits(equals({ sub: main }))],
      /not in the file/,
      { role: { AttachedManagedPolicies: [{ PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/own` }] } },
    ],
    [
      'a permissions boundary that depends on the caller',
      [admits(equals({ sub: main }))],
      /depends on sts:RoleSessionName/,
      {
        role: { PermissionsBoundary: { PermissionsBoundaryArn: BOUNDARY } },
        policies: [
          {
            Arn: BOUNDARY,
            PolicyVersionList: [
              {
                IsDefaultVersion: true,
                Document: {
                  Statement: { Effect: 'Deny', Action: '*', Resource: '*', Condition: { StringEquals: { 'sts:RoleSessionName': 'a' } } },
                },
              },
            ],
          },
        ],
      },
    ],
    [
      'a permissions boundary that is not in the file',
      [admits(equals({ sub: main }))],
      /not in the file/,
      { role: { PermissionsBoundary: { PermissionsBoundaryArn: BOUNDARY } } },
    ],
    [
      'a policy that cannot be read',
      [admits(equals({ sub: main }))],
      /not valid JSON/,
      { role: { RolePolicyList: [{ PolicyName: 'p', PolicyDocument: '%7B' }] } },
    ],
    ['a trust policy that cannot be read', [], /not valid/, { role: { AssumeRolePolicyDocument: '%ZZ' } }],
    ['a repository by its ID, and no owner', [admits(equals({ repository_id: '74' }))], /pins the ID of an owner/, { map: emptyMapping }],
    [
      'another partition',
      [admits(equals({ sub: main }))],
      /another AWS partition/,
      { role: { Arn: `arn:aws-cn:iam::${ACCOUNT}:role/deploy` } },
    ],
  ])('%s: needs a decision', (_name, statements, why, more = {}) => {
    const rules = imported({ statements, ...more })
    expect(rules.map(verdictOf)).toEqual(['needs a decision'])
    expect(rules[0]?.notes.join('\n')).toMatch(why)
  })

  test('is ignored if it does not admit GitHub', () => {
    expect(imported({ statements: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }] })).toEqual(
      [],
    )
    expect(
      imported({
        statements: [
          {
            Effect: 'Allow',
            Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/gitlab.com` },
            Action: 'sts:AssumeRoleWithWebIdentity',
          },
        ],
      }),
    ).toEqual([])
  })
  test('is read from a URL-encoded document, as the API returns it', () => {
    expect(imported({ statements: [admits(equals({ sub: main }))], encode: true })[0]?.access[0]?.eligible).toEqual(eligible({ sub: main }))
  })
  test('keeps minting actions that the role names, and no others', () => {
    const PolicyDocument = { Statement: { Effect: 'Allow', Action: ['ecr:getauthorizationtoken', 'iam:*'], Resource: '*' } }
    const [rule] = imported({
      statements: [admits(equals({ sub: main }))],
      role: { RolePolicyList: [{ PolicyName: 'p', PolicyDocument }] },
    })
    expect(rule?.access[0]?.mints).toEqual(['ecr:GetAuthorizationToken'])
  })
})

test('a repository by its ID alone is of the only owner of the mapping', () => {
  const statements = [admits(equals({ repository_id: '74' }))]
  const [rule] = imported({ statements, map: { ...emptyMapping, owners: { acme: '65' } } })
  expect(rule?.access[0]?.eligible).toEqual(eligible({ repository_id: '74' }))
  expect(rule?.notes).toEqual(['Only repositories of the pinned owner match.'])
})

describe('several owners', () => {
  const statements = [admits(equals({ sub: main })), admits(equals({ sub: [main, 'repo:other/x:environment:a'] }))]
  test('without an enterprise, only the most frequent one is kept', () => {
    const [first, second] = imported({ statements })
    expect([first && verdictOf(first), second && verdictOf(second)]).toEqual(['equal', 'narrower'])
    expect(second?.notes.join()).toMatch(/ID 66, and the issuer pins 65/)
  })
  test('with an enterprise, each alternative names its owner', () => {
    const [, second] = imported({ statements, map: { ...mapping, enterprise: '9' } })
    expect(second?.access[0]?.eligible).toEqual([
      { issuer: 'github', claims: { sub: main, repository_owner_id: '65' } },
      { issuer: 'github', claims: { sub: 'repo:other/x:environment:a', repository_owner_id: '66' } },
    ])
  })
})

describe('never wider', () => {
  const owner = fc.constantFrom('acme', 'other', 'acme-evil')
  const repository = fc.constantFrom('web', 'web-evil', 'api')
  const context = fc.constantFrom(
    'ref:refs/heads/main',
    'ref:refs/heads/release-1/x',
    'pull_request',
    'environment:prod',
    'environment:PROD',
  )
  const subject = fc.tuple(owner, repository, context).map(([o, r, c]) => `repo:${o}/${r}:${c}`)
  /** A subject with parts replaced by wildcards, or a piece of one. */
  const pattern = fc
    .tuple(subject, fc.nat(40), fc.nat(12), fc.constantFrom('*', '?', '', '**', '*:'))
    .map(([text, from, length, by]) => `${text.slice(0, from)}${by}${text.slice(from + length)}`)
  const operator = fc.constantFrom(
    'StringEquals',
    'StringLike',
    'StringNotEquals',
    'StringNotLike',
    'StringEqualsIgnoreCase',
    'StringNotEqualsIgnoreCase',
    'ForAllValues:StringLike',
    'ForAnyValue:StringLike',
    'StringLikeIfExists',
    'StringNotLikeIfExists',
  )
  const claim = fc.constantFrom('sub', 'sub', 'sub', 'environment', 'repository_owner', 'repository')
  const conditions = fc.dictionary(
    operator,
    fc.dictionary(
      claim.map((name) => `${HOST}:${name}`),
      fc.array(
        fc.oneof(
          subject,
          pattern,
          fc.constantFrom('prod', 'acme', 'acme/web', 'acme/*', 'repo:acme/*', 'repo:acme/*', 'repo:acme/web:*', 'repo:acme/web*'),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      { minKeys: 1, maxKeys: 1 },
    ),
    { minKeys: 1, maxKeys: 3 },
  )
  const claims = fc
    .record({ sub: subject, environment: fc.option(fc.constantFrom('prod', 'PROD'), { nil: undefined }) })
    .map(({ sub, environment }) => {
      const [, o = '', r = ''] = /^repo:([^/]+)\/([^:]+)/.exec(sub) ?? []
      return {
        sub,
        repository: `${o}/${r}`,
        repository_owner: o,
        repository_owner_id: o === 'acme' ? '65' : o === 'other' ? '66' : '67',
        ...(environment ? { environment } : {}),
      }
    })
  const map: Mapping = { ...mapping, enterprise: '9' }

  test('a job that Stint admits is one that AWS admits', () => {
    let admitted = 0
    fc.assert(
      fc.property(conditions, fc.array(claims, { minLength: 20, maxLength: 30 }), (Condition, tokens) => {
        const statement = admits(Condition)
        const [rule] = imported({ statements: [statement], map })
        const trust = policy({ Version: '2012-10-17', Statement: [statement] } as never, 'trust')
        for (const token of tokens) {
          const ours = (rule?.access ?? []).some(({ eligible: list }) => list.some((who) => matches(who, token)))
          if (!ours) continue
          admitted++
          expect(awsAdmits(trust, token), JSON.stringify({ Condition, token, rule })).toBe(true)
        }
      }),
      { numRuns: 2500, seed: 20261128 },
    )
    // The property says nothing if no job gets in.
    expect(admitted).toBeGreaterThan(500)
  })

  const matches = (who: Who, token: { readonly [claim: string]: string }): boolean =>
    Object.entries(who.claims).every(([name, matcher]) => matchesClaim(matcher as Matcher, token[name]))
  const awsAdmits = (trust: ReturnType<typeof policy>, token: { readonly [claim: string]: string }): boolean =>
    evaluate({
      principal: { arn: PROVIDER, account: ACCOUNT, federated: PROVIDER },
      action: 'sts:AssumeRoleWithWebIdentity',
      resource: { arn: `arn:aws:iam::${ACCOUNT}:role/ci/deploy`, account: ACCOUNT },
      context: {
        [`${HOST}:aud`]: 'sts.amazonaws.com',
        ...Object.fromEntries(Object.entries(token).map(([name, value]) => [`${HOST}:${name}`, value])),
      },
      identity: [],
      resourcePolicy: trust,
      resourcePolicyDecides: true,
    }).allowed
})

describe('the proof of subjects', () => {
  const who = (sub: Matcher): Who => ({ issuer: 'github', claims: { sub } })
  const conditionsOf = (operator: string, ...values: string[]) => ({ conditions: { [operator]: { [`${HOST}:sub`]: values } } })
  test.each<[string, Who, ReturnType<typeof conditionsOf>, boolean]>([
    ['the same', who(main), conditionsOf('StringEquals', main), true],
    ['another', who(main), conditionsOf('StringEquals', 'repo:acme/api:environment:a'), false],
    ['one of the values', who({ oneOf: [main, 'x'] }), conditionsOf('StringEquals', main), false],
    ['a wider pattern', who({ glob: 'repo:acme/**' }), conditionsOf('StringLike', 'repo:acme/web:*'), false],
    ['a narrower pattern', who({ glob: 'repo:acme/web:**' }), conditionsOf('StringLike', 'repo:acme/*'), true],
    ['a pattern for a literal', who({ glob: 'repo:acme/**' }), conditionsOf('StringEquals', 'repo:acme/*'), false],
    ['another claim', { issuer: 'github', claims: { ref: 'refs/heads/main' } }, conditionsOf('StringEquals', main), false],
    ['the excluded one is excluded', who({ not: main }), conditionsOf('StringNotEquals', main), true],
    ['another one is excluded', who({ not: 'x' }), conditionsOf('StringNotEquals', main), false],
    ['less is excluded', who({ not: { glob: 'repo:acme/web:**' } }), conditionsOf('StringNotLike', 'repo:acme/*'), false],
    ['a literal star is excluded', who({ not: 'repo:acme/*' }), conditionsOf('StringNotLike', 'repo:acme/*'), false],
    ['a star that stops at a slash', who({ not: { glob: 'repo:*' } }), conditionsOf('StringNotLike', 'repo:*'), false],
    ['an unknown operator', who(main), conditionsOf('StringMatches', main), false],
  ])('%s', (_name, given, statement, proved) => expect(provesSubjects(given, statement)).toBe(proved))
})

/** Permission sets: what a session policy can say of them, and that it never allows more. */
import { evaluate, policy } from '@stint/iam'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PermissionSet, translateSet } from './permission-set.ts'
import { provesPolicy } from './prove.ts'

const allow = (Action: string | string[], Resource: string | string[] = '*', more = {}) => ({ Effect: 'Allow', Action, Resource, ...more })
const deny = (Action: string | string[], Resource: string | string[] = '*', more = {}) => ({ Effect: 'Deny', Action, Resource, ...more })
const inline = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement })
const set = (more: Partial<PermissionSet>, SessionDuration = 'PT1H'): PermissionSet => ({
  PermissionSet: { Name: 'Work', PermissionSetArn: 'arn:aws:sso:::permissionSet/ssoins-1/ps-1', Description: '', SessionDuration },
  AttachedManagedPolicies: [],
  CustomerManagedPolicyReferences: [],
  InlinePolicy: '',
  PermissionsBoundary: null,
  ...more,
})
const managed = (count: number) => Array.from({ length: count }, (_, index) => ({ Arn: `arn:aws:iam::aws:policy/P${index}` }))
const onTag = { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } } }
const long = Array.from({ length: 200 }, (_, index) => `s3:GetObject${index}`)

describe('a permission set', () => {
  test.each<[string, PermissionSet, object]>([
    [
      'managed policies',
      set({ AttachedManagedPolicies: managed(2) }),
      { policyArns: ['arn:aws:iam::aws:policy/P0', 'arn:aws:iam::aws:policy/P1'] },
    ],
    ['an inline policy', set({ InlinePolicy: inline(allow('s3:GetObject')) }), { policy: [allow('s3:GetObject')] }],
    [
      'both, with a Deny',
      set({ AttachedManagedPolicies: managed(1), InlinePolicy: inline(deny('iam:*')) }),
      { policy: [deny('iam:*')], policyArns: ['arn:aws:iam::aws:policy/P0'] },
    ],
    [
      'NotAction and NotResource',
      set({ InlinePolicy: inline({ Effect: 'Allow', NotAction: 'iam:*', NotResource: 'arn:aws:s3:::secret' }) }),
      { policy: [{ Effect: 'Allow', NotAction: 'iam:*', NotResource: 'arn:aws:s3:::secret' }] },
    ],
    [
      'a variable that is not about the caller',
      set({ InlinePolicy: inline(allow('s3:GetObject', 'arn:aws:s3:::a-${aws:RequestedRegion}/*')) }),
      { policy: [allow('s3:GetObject', 'arn:aws:s3:::a-${aws:RequestedRegion}/*')] },
    ],
    [
      'the old version of the language',
      set({ InlinePolicy: JSON.stringify({ Statement: allow('s3:GetObject') }) }),
      { policy: [allow('s3:GetObject')] },
    ],
    [
      'a policy of the account',
      set({ CustomerManagedPolicyReferences: [{ Name: 'own', Path: '/team/' }] }),
      { customerPolicies: ['team/own'] },
    ],
    [
      'a minting action by its name',
      set({ InlinePolicy: inline(allow('ecr:GetAuthorizationToken')) }),
      { mints: ['ecr:GetAuthorizationToken'] },
    ],
  ])('%s: equal', (_name, given, expected) => {
    const { value, notes } = translateSet(given)
    expect(notes).toEqual([])
    expect(value).toMatchObject(expected)
  })

  test.each<[string, PermissionSet, object, RegExp]>([
    [
      'an Allow that depends on the caller',
      set({ InlinePolicy: inline(allow('s3:GetObject'), allow('s3:PutObject', '*', onTag)) }),
      { policy: [allow('s3:GetObject')] },
      /depends on aws:PrincipalTag\/team/,
    ],
    [
      'a long inline policy beside managed ones',
      set({ AttachedManagedPolicies: managed(1), InlinePolicy: inline(allow(long)) }),
      { policyArns: ['arn:aws:iam::aws:policy/P0'] },
      /too long/,
    ],
  ])('%s: narrower', (_name, given, expected, why) => {
    const { value, notes } = translateSet(given)
    expect(notes.join()).toMatch(why)
    expect(value).toMatchObject(expected)
  })

  test.each<[string, PermissionSet, RegExp]>([
    [
      'a permissions boundary',
      set({ AttachedManagedPolicies: managed(1), PermissionsBoundary: { ManagedPolicyArn: 'arn:aws:iam::aws:policy/B' } }),
      /boundary/,
    ],
    ['more managed policies than a session can have', set({ AttachedManagedPolicies: managed(11) }), /has 11 managed policies/],
    [
      'a Deny that depends on the caller',
      set({ AttachedManagedPolicies: managed(1), InlinePolicy: inline(deny('s3:*', '*', onTag)) }),
      /Deny that depends on aws:PrincipalTag\/team/,
    ],
    [
      'a Deny with a variable of the caller',
      set({ AttachedManagedPolicies: managed(1), InlinePolicy: inline(deny('s3:*', 'arn:aws:s3:::${aws:userid}/*')) }),
      /depends on aws:userid/,
    ],
    ['a long inline policy alone', set({ InlinePolicy: inline(allow(long)) }), /too long/],
    [
      'a long inline policy with a Deny',
      set({ AttachedManagedPolicies: managed(1), InlinePolicy: inline(allow(long), deny('iam:*')) }),
      /too long/,
    ],
    ['an inline policy that is not JSON', set({ InlinePolicy: '{' }), /not valid JSON/],
    [
      'an inline policy with a property that does not exist',
      set({ InlinePolicy: inline({ ...allow('s3:*'), Conditions: {} }) }),
      /not valid/,
    ],
    [
      'a variable in the old version of the language',
      set({ InlinePolicy: JSON.stringify({ Statement: allow('s3:GetObject', 'arn:aws:s3:::a/${b}') }) }),
      /2008-10-17/,
    ],
    ['only a Deny', set({ InlinePolicy: inline(deny('s3:*')) }), /allows nothing/],
    ['only an Allow that depends on the caller', set({ InlinePolicy: inline(allow('s3:*', '*', onTag)) }), /allows nothing|depends on/],
    ['nothing', set({}), /allows nothing/],
  ])('%s: needs a decision', (_name, given, why) => {
    const { value, notes } = translateSet(given)
    expect(value).toBeUndefined()
    expect(notes.join('\n')).toMatch(why)
  })

  test.each([
    ['PT1H', { default: '1h', max: '1h' }],
    ['PT30M', { default: '30m', max: '30m' }],
    ['PT8H', { default: '1h', max: '8h', renew: '1h' }],
    ['PT12H', { default: '1h', max: '12h', renew: '1h' }],
  ])('with a session of %s', (iso, expected) => {
    expect(translateSet(set({ AttachedManagedPolicies: managed(1) }, iso)).value?.duration).toEqual(expected)
  })
})

describe('never wider', () => {
  const action = fc.constantFrom('s3:GetObject', 's3:Get*', 's3:*', '*', 'iam:PassRole', 'ec2:*')
  const resource = fc.constantFrom(
    '*',
    'arn:aws:s3:::a/*',
    'arn:aws:s3:::a/b',
    'arn:aws:s3:::${aws:PrincipalTag/team}/*',
    'arn:aws:s3:::?/*',
  )
  const Condition = fc.option(
    fc.constantFrom(
      { StringEquals: { 'aws:PrincipalTag/team': 'a' } },
      { StringNotEquals: { 'aws:PrincipalTag/team': 'a' } },
      { Null: { 'aws:PrincipalTag/team': 'true' } },
      { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
    ),
    { nil: undefined },
  )
  const statement = fc
    .record({
      Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
      actions: fc.tuple(fc.constantFrom('Action', 'Action', 'NotAction'), fc.array(action, { minLength: 1, maxLength: 2 })),
      resources: fc.tuple(fc.constantFrom('Resource', 'Resource', 'NotResource'), fc.array(resource, { minLength: 1, maxLength: 2 })),
      Condition,
    })
    .map(({ Effect, actions, resources, Condition: condition }) => ({
      Effect,
      [actions[0]]: actions[1],
      [resources[0]]: resources[1],
      ...(condition ? { Condition: condition } : {}),
    }))

  test('what the session policy allows, the permission set allows', () => {
    let allowed = 0
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 4 }), fc.constantFrom('a', 'b', undefined), (Statement, team) => {
        const { value } = translateSet(set({ InlinePolicy: inline(...Statement) }))
        if (!value?.policy) return
        const source = policy({ Version: '2012-10-17', Statement } as never, 'identity')
        const ours = policy({ Version: '2012-10-17', Statement: value.policy } as never, 'session')
        for (const name of ['s3:GetObject', 's3:PutObject', 'iam:PassRole', 'ec2:RunInstances'])
          for (const arn of ['arn:aws:s3:::a/b', 'arn:aws:s3:::a/c', 'arn:aws:s3:::bb/c']) {
            const call = (context: object, identity: typeof source) =>
              evaluate({
                principal: { arn: 'arn:aws:sts::310000000000:assumed-role/r/s', account: '310000000000' },
                action: name,
                resource: { arn, account: '310000000000' },
                context: { 'aws:SourceIp': '203.0.113.7', ...context },
                identity: [identity],
              }).allowed
            // Stint's session lacks the tags that Identity Center sets.
            if (!call({}, ours)) continue
            allowed++
            expect(
              call(team === undefined ? {} : { 'aws:PrincipalTag/team': team }, source),
              JSON.stringify({ Statement, name, arn }),
            ).toBe(true)
          }
      }),
      { numRuns: 1500, seed: 20261128 },
    )
    expect(allowed).toBeGreaterThan(1000)
  })
})

describe('the proof of policies', () => {
  const source = { Version: '2012-10-17', Statement: [allow('s3:*', 'arn:aws:s3:::a/*'), deny('s3:DeleteObject')] }
  test.each<[string, readonly object[], boolean]>([
    ['the same', source.Statement, true],
    ['a narrower Allow', [allow('s3:GetObject', 'arn:aws:s3:::a/b'), deny('s3:DeleteObject')], true],
    ['a wider resource', [allow('s3:*'), deny('s3:DeleteObject')], false],
    ['another action', [allow('iam:*', 'arn:aws:s3:::a/*'), deny('s3:DeleteObject')], false],
    ['without the Deny', [allow('s3:*', 'arn:aws:s3:::a/*')], false],
    ['with a weaker Deny', [allow('s3:*', 'arn:aws:s3:::a/*'), deny('s3:DeleteObject', 'arn:aws:s3:::a/b')], false],
    ['an invalid one', [{ Effect: 'Allow' }], false],
  ])('%s', (_name, profile, proved) => expect(provesPolicy(profile as never, source)).toBe(proved))
})

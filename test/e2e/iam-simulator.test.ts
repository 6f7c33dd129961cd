/** The sandbox's policy simulator by AWS SDK v3: which statements decide, where they stand, and pages of results. */
import { IAMClient, SimulateCustomPolicyCommand, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam'
import type { PolicyJson } from '@stint/iam'
import { addRole, addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const ACCOUNT = '123456789012'
const of = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson
const allow = (Action: string | string[], more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more })
const deny = (Action: string, more: object = {}) => ({ Effect: 'Deny', Action, Resource: '*', ...more })
const JILL = `arn:aws:iam::${ACCOUNT}:user/Jill`
const TARGET = `arn:aws:iam::${ACCOUNT}:role/Target`

let sandbox: TestSandbox
let iam: IAMClient
beforeAll(async () => {
  sandbox = await testSandbox()
  const { world } = sandbox.aws
  const credentials = addUser(world, `arn:aws:iam::${ACCOUNT}:user/Admin`, [of(allow('*'))])
  iam = new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 })
  const readOnly = world.awsPolicies.get('arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess')
  addUser(world, JILL, [of(allow('ec2:*'), allow('sts:AssumeRole'))], { attached: readOnly ? [readOnly] : [] })
  addUser(world, 'arn:aws:iam::987654321098:user/Jill', [of(allow('*'))])
  addRole(world, TARGET, of({ Effect: 'Allow', Principal: { AWS: JILL }, Action: 'sts:AssumeRole' }), [])
})
afterAll(() => sandbox.close())

const custom = async (policies: readonly string[], ActionNames: string[], more: object = {}) =>
  (await iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: [...policies], ActionNames, ...more }))).EvaluationResults ?? []
const jill = async (ActionNames: string[], more: object = {}) =>
  (await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: JILL, ActionNames, ...more }))).EvaluationResults ?? []
const text = (...statements: object[]) => JSON.stringify(of(...statements))
const oneLine = (Column: number, end: number) => ({ StartPosition: { Line: 1, Column }, EndPosition: { Line: 1, Column: end } })

describe('the matched statements', () => {
  test('stand where the example of the AWS CLI reference has them', async () => {
    const Condition = { DateGreaterThan: { 'aws:CurrentTime': '2018-08-16T12:00:00Z' } }
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: allow('dynamodb:*', { Condition }) })
    const entry = { ContextKeyName: 'aws:CurrentTime', ContextKeyType: 'date' as const }
    const [allowed] = await custom([policy], ['dynamodb:CreateBackup'], {
      ContextEntries: [{ ...entry, ContextKeyValues: ['2019-04-25T11:00:00Z'] }],
    })
    expect(allowed).toMatchObject({ EvalDecision: 'allowed', EvalResourceName: '*' })
    expect(allowed?.MatchedStatements).toEqual([{ SourcePolicyId: 'PolicyInputList.1', SourcePolicyType: 'none', ...oneLine(38, 167) }])
    const [denied] = await custom([policy], ['dynamodb:CreateBackup'], {
      ContextEntries: [{ ...entry, ContextKeyValues: ['2014-04-25T11:00:00Z'] }],
    })
    expect([denied?.EvalDecision, denied?.MatchedStatements]).toEqual(['implicitDeny', []])
  })

  test('stand in their lines', async () => {
    const policy = JSON.stringify(of(allow('ec2:*'), allow('s3:*')), null, 2)
    const [result] = await custom([policy], ['s3:GetObject'])
    // The second statement starts where the first ends, behind its brace.
    expect(result?.MatchedStatements).toEqual([
      expect.objectContaining({ StartPosition: { Line: 8, Column: 6 }, EndPosition: { Line: 13, Column: 6 } }),
    ])
    expect(policy.split('\n')[7]).toBe('    },')
  })

  test('are each one that allows, by its policy', async () => {
    const [result] = await custom([text(allow('s3:Get*'), allow('ec2:*'), allow('s3:*')), text(allow('*'))], ['s3:GetObject'])
    expect(result?.MatchedStatements?.map(({ SourcePolicyId }) => SourcePolicyId)).toEqual([
      'PolicyInputList.1',
      'PolicyInputList.1',
      'PolicyInputList.2',
    ])
    const columns = result?.MatchedStatements?.map(({ StartPosition }) => StartPosition?.Column)
    expect(columns?.[0]).toBe(38)
    expect(columns?.[1]).toBeGreaterThan(38)
  })

  test('are the Denies alone if one denies', async () => {
    const policies = [text(allow('s3:*'), deny('s3:Get*')), text(allow('*'))]
    const [result] = await custom(policies, ['s3:GetObject'])
    expect(result?.EvalDecision).toBe('explicitDeny')
    const start = (policies[0]?.indexOf('},{') ?? 0) + 2
    expect(result?.MatchedStatements).toEqual([
      { SourcePolicyId: 'PolicyInputList.1', SourcePolicyType: 'none', ...oneLine(start, (policies[0]?.length ?? 0) - 1) },
    ])
  })

  test('name the inline policy, the managed policy and the trust policy of a principal', async () => {
    const sources = async (action: string, more: object = {}) =>
      (await jill([action], more))[0]?.MatchedStatements?.map((one) => [one.SourcePolicyId, one.SourcePolicyType])
    expect(await sources('ec2:RunInstances')).toEqual([['inline-1', 'user']])
    expect(await sources('s3:GetObject')).toEqual([['AmazonS3ReadOnlyAccess', 'aws-managed']])
    expect(await sources('s3:PutObject')).toEqual([])
    expect(await sources('s3:PutObject', { PolicyInputList: [text(allow('s3:*'))] })).toEqual([['PolicyInputList.1', 'none']])
    expect(await sources('sts:AssumeRole', { ResourceArns: [TARGET] })).toEqual([
      ['inline-1', 'user'],
      ['AssumeRolePolicyDocument', 'resource'],
    ])
  })

  test('name a trust policy that names the account', async () => {
    const arn = `arn:aws:iam::${ACCOUNT}:role/Delegating`
    addRole(sandbox.aws.world, arn, of({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }), [])
    const [result] = await jill(['sts:AssumeRole'], { ResourceArns: [arn] })
    expect(result?.EvalDecision).toBe('allowed')
    expect(result?.MatchedStatements?.map((one) => one.SourcePolicyId)).toEqual(['inline-1', 'AssumeRolePolicyDocument'])
  })

  test('name the resource policy', async () => {
    const ResourcePolicy = text({ ...allow('s3:*'), Principal: '*' }, { ...deny('s3:GetObject'), Principal: { AWS: '111122223333' } })
    const [result] = await custom([text(allow('ec2:*'))], ['s3:GetObject'], { ResourcePolicy, ResourceArns: ['arn:aws:s3:::b/k'] })
    expect(result?.EvalDecision).toBe('allowed')
    expect(result?.MatchedStatements).toEqual([
      { SourcePolicyId: 'ResourcePolicy', SourcePolicyType: 'resource', ...oneLine(38, ResourcePolicy.indexOf('},{') + 2) },
    ])
  })
})

describe('the decision', () => {
  test('is limited by a boundary, which is no matched statement', async () => {
    const PermissionsBoundaryPolicyInputList = [text(allow('ec2:*'))]
    const [within, beyond] = await custom([text(allow('*'))], ['ec2:RunInstances', 's3:GetObject'], { PermissionsBoundaryPolicyInputList })
    expect([within?.EvalDecision, within?.PermissionsBoundaryDecisionDetail]).toEqual(['allowed', { AllowedByPermissionsBoundary: true }])
    expect([beyond?.EvalDecision, beyond?.PermissionsBoundaryDecisionDetail]).toEqual([
      'implicitDeny',
      { AllowedByPermissionsBoundary: false },
    ])
    expect(beyond?.MatchedStatements?.map(({ SourcePolicyId }) => SourcePolicyId)).toEqual(['PolicyInputList.1'])
  })
})

describe('a principal', () => {
  test('is limited by its own boundary, unless the call has another', async () => {
    const bound = `arn:aws:iam::${ACCOUNT}:user/Bound`
    addUser(sandbox.aws.world, bound, [of(allow('*'))], { boundary: of(allow('ec2:*')) })
    const simulate = async (more: object = {}) =>
      (await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: bound, ActionNames: ['s3:GetObject'], ...more })))
        .EvaluationResults?.[0]
    expect(await simulate()).toMatchObject({
      ...{ EvalDecision: 'implicitDeny', PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } },
    })
    expect(await simulate({ PermissionsBoundaryPolicyInputList: [text(allow('s3:*'))] })).toMatchObject({ EvalDecision: 'allowed' })
  })
  test('has the tags and the name that its policies ask for', async () => {
    const tagged = `arn:aws:iam::${ACCOUNT}:user/Tagged`
    const Condition = { StringEquals: { 'aws:PrincipalTag/team': 'web', 'aws:username': 'Tagged' } }
    addUser(sandbox.aws.world, tagged, [of(allow('s3:*', { Condition }))])
    sandbox.aws.world.accounts.get(ACCOUNT)?.users.get('tagged')?.tags.set('team', 'web')
    const { EvaluationResults } = await iam.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn: tagged, ActionNames: ['s3:GetObject'] }),
    )
    expect(EvaluationResults?.[0]).toMatchObject({ EvalDecision: 'allowed', MissingContextValues: [] })
  })
})

describe('missing context values', () => {
  const policy = text(allow('s3:*', { Condition: { Bool: { 'aws:SecureTransport': 'true' }, StringEquals: { 's3:prefix': 'a' } } }))
  test('are the keys of the conditions about this action, whatever their case', async () => {
    const ContextEntries = [{ ContextKeyName: 'AWS:securetransport', ContextKeyType: 'boolean' as const, ContextKeyValues: ['true'] }]
    const [none, one, other] = [
      await custom([policy], ['s3:ListBucket']),
      await custom([policy], ['s3:ListBucket'], { ContextEntries }),
      await custom([policy], ['ec2:RunInstances']),
    ].map(([result]) => result?.MissingContextValues)
    expect([none, one, other]).toEqual([['aws:SecureTransport', 's3:prefix'], ['s3:prefix'], []])
  })
})

describe('the results', () => {
  const ActionNames = ['s3:GetObject', 's3:PutObject', 'ec2:RunInstances']
  const ResourceArns = ['arn:aws:s3:::a/k', 'arn:aws:s3:::b/k']
  const pairs = ActionNames.flatMap((action) => ResourceArns.map((arn) => [action, arn]))
  type Pages = (page: { MaxItems?: number; Marker?: string }) => Promise<any>
  const simulators: Record<string, Pages> = {
    SimulateCustomPolicy: (page) =>
      iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: [text(allow('s3:*'))], ActionNames, ResourceArns, ...page })),
    SimulatePrincipalPolicy: (page) =>
      iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: JILL, ActionNames, ResourceArns, ...page })),
  }

  test.each(Object.entries(simulators))('of %s come in pages, each pair of action and resource once, in order', async (_name, page) => {
    const seen: unknown[] = []
    let Marker: string | undefined
    let count = 0
    do {
      const answer = await page({ MaxItems: 4, ...(Marker ? { Marker } : {}) })
      seen.push(...answer.EvaluationResults.map((one: any) => [one.EvalActionName, one.EvalResourceName]))
      expect(answer.IsTruncated).toBe(answer.Marker !== undefined)
      Marker = answer.Marker
      count++
    } while (Marker && count < 10)
    expect([seen, count]).toEqual([pairs, 2])
    const whole = await page({ MaxItems: 6 })
    expect([whole.EvaluationResults.length, whole.IsTruncated, whole.Marker]).toEqual([6, false, undefined])
    expect(await errorOf(page({ MaxItems: 0 }))).toMatchObject({ name: 'ValidationError' })
    expect(await errorOf(page({ Marker: 'nonsense' }))).toMatchObject({ name: 'ValidationError' })
  })

  test('keep their order beyond ten', async () => {
    const many = Array.from({ length: 120 }, (_, index) => `s3:Action${index}`)
    const page = (more: object = {}) =>
      iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: [text(allow('s3:*'))], ActionNames: many, ...more }))
    const first = await page()
    const last = await page({ Marker: first.Marker })
    const names = [...(first.EvaluationResults ?? []), ...(last.EvaluationResults ?? [])].map(({ EvalActionName }) => EvalActionName)
    expect([first.EvaluationResults?.length, last.IsTruncated, names]).toEqual([100, false, many])
  })
})

describe('the simulator refuses', () => {
  test.each<[title: string, send: () => Promise<unknown>, name: string, message: RegExp]>([
    ['a policy that is not JSON', () => custom(['{'], ['s3:GetObject']), 'InvalidInputException', /^Syntax errors in policy\.$/],
    [
      'an action without a service',
      () => custom([text(allow('*'))], ['GetObject']),
      'InvalidInputException',
      /^Invalid action name: GetObject/,
    ],
    ['no action', () => custom([text(allow('*'))], []), 'ValidationError', /'actionNames'.*must not be null$/],
    ['no policy', () => custom([], ['s3:GetObject']), 'ValidationError', /'policyInputList'.*must not be null$/],
    [
      'a resource that is no ARN',
      () => custom([text(allow('*'))], ['s3:GetObject'], { ResourceArns: ['b/k'] }),
      'InvalidInputException',
      /^Invalid resource ARN: b\/k$/,
    ],
    [
      'too many results',
      () => custom([text(allow('*'))], Array(40).fill('s3:GetObject'), { ResourceArns: Array(26).fill('*') }),
      'InvalidInputException',
      /at most 1000/,
    ],
    [
      'a user that does not exist',
      () => iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: `${JILL}2`, ActionNames: ['s3:GetObject'] })),
      'NoSuchEntityException',
      /^The user with name Jill2 cannot be found\.$/,
    ],
    [
      'a user of another account',
      () =>
        iam.send(
          new SimulatePrincipalPolicyCommand({ PolicySourceArn: 'arn:aws:iam::987654321098:user/Jill', ActionNames: ['s3:GetObject'] }),
        ),
      'NoSuchEntityException',
      /cannot be found\.$/,
    ],
    [
      'what is no user or role',
      () => iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: 'arn:aws:s3:::bucket-of-mine', ActionNames: ['s3:GetObject'] })),
      'InvalidInputException',
      /does not clearly define entity type and name/,
    ],
  ])('%s', async (_title, send, name, message) => {
    const error = await errorOf(send())
    expect(error.name).toBe(name)
    expect(error.message).toMatch(message)
  })
})

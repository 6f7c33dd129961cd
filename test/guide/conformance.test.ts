/**
 * How AWS evaluates policies, as its documentation says: more than 200 situations, each with its page, run against the sandbox by AWS SDK v3.
 * The pages are in conformance/pages.ts.
 */
import { IAMClient, SimulateCustomPolicyCommand } from '@aws-sdk/client-iam'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { type PolicyJson, policy, type StatementJson } from '@stint/iam'
import { addRole, addUser, putObject } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { conditionRows } from './conformance/conditions.ts'
import { A, CALLER, entryRows } from './conformance/entry.ts'
import { languageRows } from './conformance/language.ts'
import { layerRows, ROLE } from './conformance/layers.ts'
import { pages } from './conformance/pages.ts'

const B = '987654321098'
let sandbox: TestSandbox
let iam: IAMClient
beforeAll(async () => {
  sandbox = await testSandbox({ guide: true })
  const credentials = addUser(sandbox.aws.world, `arn:aws:iam::${A}:user/simulator`, [
    of([{ Effect: 'Allow', Action: 'iam:*', Resource: '*' }]),
  ])
  iam = new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 })
})
afterAll(() => sandbox.close())

const of = (Statement: readonly StatementJson[]): PolicyJson => ({ Version: '2012-10-17', Statement })
let serial = 0
const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => '',
    (error: Error) => error.message,
  )

type Simulated = {
  statements: readonly StatementJson[]
  action?: string
  resource?: string
  context?: Record<string, string | readonly string[] | undefined>
  boundary?: readonly StatementJson[]
}
async function simulate({
  statements,
  action = 's3:GetObject',
  resource = 'arn:aws:s3:::bucket/home/dana/notes.txt',
  context = {},
  boundary,
}: Simulated) {
  const { EvaluationResults } = await iam.send(
    new SimulateCustomPolicyCommand({
      PolicyInputList: [JSON.stringify(of(statements))],
      ActionNames: [action],
      ResourceArns: [resource],
      ContextEntries: Object.entries(context).flatMap(([ContextKeyName, value]) =>
        value === undefined ? [] : [{ ContextKeyName, ContextKeyValues: [value].flat(), ContextKeyType: 'stringList' as const }],
      ),
      ...(boundary ? { PermissionsBoundaryPolicyInputList: [JSON.stringify(of(boundary))] } : {}),
    }),
  )
  return EvaluationResults?.[0]?.EvalDecision
}

describe.each(conditionRows)('$page', ({ rows }) => {
  test.each(rows)('%s %s %j, given %j: %s', async (operator, key, wanted, given, allowed) => {
    const statement: StatementJson = { Effect: 'Allow', Action: '*', Resource: '*', Condition: { [operator]: { [key]: wanted } } }
    expect(await simulate({ statements: [statement], context: { [key]: given } })).toBe(allowed ? 'allowed' : 'implicitDeny')
  })
})

describe.each(Object.entries(languageRows))('%s', (_page, rows) => {
  test.each(rows)('$title: $decision', async ({ decision, title: _title, ...asked }) => {
    expect(await simulate(asked)).toBe(decision)
  })
})

/** A boundary as a managed policy that no account lists. */
const boundaryIn = (statements: readonly StatementJson[] | undefined): { boundary?: PolicyJson } =>
  statements ? { boundary: of(statements) } : {}

describe('AssumeRole', () => {
  test.each(entryRows)('$page: $title', async ({ trust, identity, boundary, home, pass = {}, maxSessionSeconds, answer }) => {
    const name = `caller${++serial}`
    const arn = `arn:aws:iam::${home ? A : B}:role/Entry${serial}`
    const named = JSON.parse(
      JSON.stringify(trust ?? [{ Effect: 'Allow', Principal: { AWS: A }, Action: 'sts:*' }]).replaceAll(
        CALLER,
        `arn:aws:iam::${A}:user/${name}`,
      ),
    )
    const { world } = sandbox.aws
    const allowed = [{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }] as const
    const key = addUser(
      world,
      `arn:aws:iam::${A}:user/${name}`,
      (identity ?? allowed).length === 0 ? [] : [of(identity ?? allowed)],
      boundaryIn(boundary),
    )
    addRole(world, arn, of(named), [], maxSessionSeconds ? { maxSessionSeconds } : {})
    const message = await messageOf(
      sts(sandbox.urls.aws, key).send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'dana-1', ...pass })),
    )
    if (answer === '') expect(message).toBe('')
    else expect(message).toContain(answer)
  })
})

describe('what a session may do', () => {
  test.each(layerRows)('$page: $title', async ({ role, boundary, session, sessionArn, bucket, away, tag, answer }) => {
    const id = `Layer${++serial}`
    const { world } = sandbox.aws
    const named = (statements: readonly StatementJson[]) =>
      JSON.parse(JSON.stringify(statements).replaceAll(ROLE.slice(ROLE.indexOf('ROLE')), id)) as StatementJson[]
    const owner = { Effect: 'Allow', Principal: { AWS: A }, Action: ['sts:AssumeRole', 'sts:TagSession'] } as const
    const grants = named(role ?? [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }])
    addRole(world, `arn:aws:iam::${B}:role/${id}`, of([owner]), grants.length === 0 ? [] : [of(grants)], boundaryIn(boundary))
    const name = `layer-${serial}`
    const made = {
      name,
      account: away ? '111122223333' : B,
      createdAt: 0,
      objects: new Map(),
      ...(bucket ? { policy: policy(of(named(bucket)), 'resource') } : {}),
    }
    world.buckets.set(name, made)
    putObject(made, 'object', Buffer.from('x'), 'text/plain', 0, { tags: { Environment: 'Production' } })
    const caller = addUser(world, `arn:aws:iam::${A}:user/${id}`, [of([{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }])])
    const { Credentials } = await sts(sandbox.urls.aws, caller).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${B}:role/${id}`,
        RoleSessionName: 'dana',
        ...(session ? { Policy: JSON.stringify(of(session)) } : {}),
        ...(sessionArn ? { PolicyArns: [{ arn: sessionArn }] } : {}),
        ...(tag ? { Tags: [{ Key: 'team', Value: tag }] } : {}),
      }),
    )
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    const message = await messageOf(s3(sandbox.urls.aws, credentials).send(new GetObjectCommand({ Bucket: name, Key: 'object' })))
    if (answer === '') expect(message).toBe('')
    else expect(message).toContain(answer)
  })
})

test('there are more than 200 rows, and their pages are those of pages.ts', () => {
  const conditions = conditionRows.flatMap(({ page, rows }) => rows.map(() => page))
  const language = Object.entries(languageRows).flatMap(([page, rows]) => rows.map(() => page))
  const named = [...conditions, ...language, ...entryRows.map(({ page }) => page), ...layerRows.map(({ page }) => page)]
  expect([...new Set(named)].sort()).toEqual(Object.keys(pages).sort())
  expect(named.length).toBeGreaterThan(200)
})

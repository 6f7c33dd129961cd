/**
 * The cross-account scenario of the guide through `POST /sessions`: both accounts, with roles that the reader creates over IAM and that
 * trust Stint's role.
 */
import { fileURLToPath } from 'node:url'
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { BROKER_ACCOUNT } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorOf, fromVend, s3 } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox({ guide: true, config: fileURLToPath(new URL('stint.config.ts', import.meta.url)) })
})
afterAll(() => sandbox.close())

const admin = (profile: string) => {
  const credentials = sandbox.aws.guideUsers.find((one) => one.profile === profile)?.key
  if (!credentials) throw new Error(`no user ${profile}`)
  return new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 })
}
const stint = { AWS: `arn:aws:iam::${BROKER_ACCOUNT}:role/stint-vend` }
const trust = (externalId: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: stint, Action: 'sts:AssumeRole', Condition: { StringEquals: { 'sts:ExternalId': externalId } } },
      { Effect: 'Allow', Principal: stint, Action: ['sts:TagSession', 'sts:SetSourceIdentity'] },
    ],
  })
const vend = async (profile: string) => sandbox.vend(await sandbox.token('developer'), { profile })

test('the roles are not there before the reader creates them', async () => {
  expect(sandbox.aws.world.roles.has('arn:aws:iam::987654321098:role/StintProduction')).toBe(false)
  const { status, json } = await vend('production')
  expect([status, json.code]).toEqual([502, 'assume-role-denied'])
})

test('production: the reader’s role, its permissions and the profile’s session policy together', async () => {
  const b = admin('account-b')
  await b.send(new CreateRoleCommand({ RoleName: 'StintProduction', AssumeRolePolicyDocument: trust('prod-access-2024') }))
  const none = await vend('production')
  expect(none.status).toBe(201)
  const read = (body: Record<string, any>) =>
    s3(sandbox.urls.aws, fromVend(body)).send(new GetObjectCommand({ Bucket: 'my-secure-bucket', Key: 'reports/production.csv' }))
  expect((await errorOf(read(none.json))).message).toMatch(/no identity-based policy allows the s3:GetObject action/)
  await b.send(new AttachRolePolicyCommand({ RoleName: 'StintProduction', PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' }))
  const { json } = await vend('production')
  expect(json).toMatchObject({ account: '987654321098', roleArn: 'arn:aws:iam::987654321098:role/StintProduction' })
  expect((await read(json)).ETag).toBeTruthy()
})

test('development: a wrong external ID in the trust policy is denied, and the fix opens it', async () => {
  const a = admin('account-a')
  await a.send(new CreateRoleCommand({ RoleName: 'StintDevelopment', AssumeRolePolicyDocument: trust('another-id') }))
  const denied = await vend('development')
  expect([denied.status, denied.json.code]).toEqual([502, 'assume-role-denied'])
  await a.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'StintDevelopment', PolicyDocument: trust('dev-access-2024') }))
  expect((await vend('development')).json).toMatchObject({ account: '123456789012' })
})

test('an administrator of a guide account cannot rewrite Stint’s role', async () => {
  const put = new PutRolePolicyCommand({
    RoleName: 'stint-vend',
    PolicyName: 'more',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
  })
  for (const profile of ['account-a', 'account-b'])
    expect(await errorOf(admin(profile).send(put))).toMatchObject({ name: 'NoSuchEntityException' })
})

test.each([
  [
    'a policy of AWS that only the sandbox lacks',
    'unknown-here',
    /AmazonChimeFullAccess does not exist in the sandbox, which has \d+ AWS managed policies/,
  ],
  ['a policy that no account has', 'mistaken', /Policy arn:aws:iam::987654321098:policy\/Nothing does not exist or is not attachable/],
])('%s is told apart at vend', async (_title, profile, words) => {
  const { status } = await vend(profile)
  expect(status).toBeGreaterThanOrEqual(500)
  expect(JSON.stringify(sandbox.log.at(-1))).toMatch(words)
})

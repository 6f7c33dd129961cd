/** `stint doctor --aws` with an engineer's own credentials, against the sandbox's IAM and STS: each gate is closed and found. */
import { fileURLToPath } from 'node:url'
import { CreateRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam'
import { trustPolicyOf } from '@stint/cli/target/trust'
import { BROKER_ACCOUNT } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = fileURLToPath(new URL('stint.config.ts', import.meta.url))
const BROKER = `arn:aws:iam::${BROKER_ACCOUNT}:role/stint-vend`
const target = { account: '987654321098', externalId: 'prod-access-2024' }
const RoleName = 'StintProduction'

let sandbox: TestSandbox
let iam: IAMClient
let user: CliUser
let keys: Record<string, string>
beforeAll(async () => {
  sandbox = await testSandbox({ guide: true, config: CONFIG })
  const key = sandbox.aws.guideUsers.find((one) => one.profile === 'account-b')?.key
  if (!key) throw new Error('no administrator of account B')
  iam = new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials: key, maxAttempts: 1 })
  user = cliUser(sandbox, 'developer')
  keys = { AWS_ENDPOINT_URL: sandbox.urls.aws, AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey }
})
afterAll(() => sandbox.close())

const doctor = () => user.run(['doctor', 'production', '--aws', '--config', CONFIG, '--broker-role', BROKER], keys)
type Trust = { Statement: { Principal: object; Action: unknown; Condition?: object }[] }
const good = (): Trust => structuredClone(trustPolicyOf(target, BROKER)) as unknown as Trust
const setTrust = (policy: object) => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(policy) }))

test('the role does not exist', async () => {
  expect(await doctor()).toMatchObject({ code: 1, stdout: expect.stringMatching(/^role +failed .*StintProduction does not exist/m) })
})

test('the role of the target kit: nothing is wrong, and Stint can enter it', async () => {
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(good()) }))
  const { code, stdout } = await doctor()
  expect([code, stdout]).toEqual([0, expect.not.stringMatching(/failed|warning/)])
  expect((await sandbox.vend(await sandbox.token('developer'), { profile: 'production' })).status).toBe(201)
})

test.each<[string, (policy: Trust) => void, RegExp]>([
  [
    'another principal',
    ({ Statement }) => {
      for (const one of Statement) one.Principal = { AWS: 'arn:aws:iam::123456789012:role/DeveloperRole' }
    },
    /gate: trust-policy/,
  ],
  [
    'another external ID',
    ({ Statement: [first] }) => Object.assign(first ?? {}, { Condition: { StringEquals: { 'sts:ExternalId': 'another' } } }),
    /gate: (condition|trust-policy)/,
  ],
  ['no TagSession', ({ Statement }) => Statement.splice(1), /gate: trust-policy/],
  [
    'a second factor, which the broker never has',
    ({ Statement: [first] }) => Object.assign(first?.Condition ?? {}, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
    /gate: condition/,
  ],
])('a closed gate is named: %s', async (_name, change, gate) => {
  const policy = good()
  change(policy)
  await setTrust(policy)
  expect(await doctor()).toMatchObject({ code: 1, stdout: expect.stringMatching(gate) })
  expect((await sandbox.vend(await sandbox.token('developer'), { profile: 'production' })).json.code).toBe('assume-role-denied')
})

test('a trust policy without an external ID lets the engineer in with a wrong one: the probe finds it', async () => {
  const policy = good()
  for (const one of policy.Statement) {
    one.Principal = { AWS: `arn:aws:iam::${target.account}:root` }
    delete one.Condition
  }
  await setTrust(policy)
  expect(await doctor()).toMatchObject({ code: 1, stdout: expect.stringMatching(/^must-fail +failed +AWS let you assume the role/m) })
})

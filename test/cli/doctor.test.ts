/** `stint doctor --aws` against a stand-in for IAM and STS that speaks the Query protocol, and nothing more. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { trustPolicyOf } from '@stint/cli/target/trust'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { cliUser } from '../support/cli-user.ts'

const BROKER = 'arn:aws:iam::999900001111:role/stint-vend'
const CONFIG = fileURLToPath(new URL('../../stint.config.ts', import.meta.url))
const staging = {
  account: '444455556666',
  roleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser',
  externalId: 'stint-staging-c2d5',
  region: 'eu-central-1',
}

type Answer = { readonly status: number; readonly body: string }
const ok = (action: string, result: string): Answer => ({
  status: 200,
  body: `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
})
const error = (status: number, code: string): Answer => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>not &quot;allowed&quot;</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
})
/** As the kit demands for a target with `revocation`. */
const BOUNDARY =
  '<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>arn:aws:iam::444455556666:policy/stint/limit</PermissionsBoundaryArn></PermissionsBoundary>'
const roleXml = (trust: object, more = '') =>
  `<Role><Path>/stint/</Path><AssumeRolePolicyDocument>${encodeURIComponent(JSON.stringify(trust))}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration><RoleName>PowerUser</RoleName><Arn>${staging.roleArn}</Arn>${BOUNDARY}${more}</Role>`

let server: Server
let url: string
let calls: { readonly form: URLSearchParams; readonly authorization: string }[]
let answers: { [action: string]: (form: URLSearchParams) => Answer }
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const form = new URLSearchParams(body)
    calls.push({ form, authorization: request.headers.authorization ?? '' })
    const answer = answers[form.get('Action') ?? '']?.(form) ?? error(400, 'InvalidAction')
    response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(answer.body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  calls = []
  answers = {
    GetCallerIdentity: () => ok('GetCallerIdentity', `<Account>${staging.account}</Account>`),
    GetRole: () => ok('GetRole', roleXml(trustPolicyOf(staging, BROKER))),
    AssumeRole: () => error(403, 'AccessDenied'),
  }
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const user = cliUser({ secret: 'x' }, 'developer')
const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token-of-mine' }
const doctor = (args: readonly string[], more: Record<string, string> = keys) =>
  user.run(['doctor', ...args, '--config', CONFIG], { AWS_ENDPOINT_URL: url, ...more })

describe('one target', () => {
  test('has nothing wrong: every check is named, and the only call that must fail did', async () => {
    const { code, stdout, stderr } = await doctor(['staging', '--aws', '--broker-role', BROKER])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^role +ok +arn:aws:iam::444455556666:role\/stint\/PowerUser exists$/m)
    expect(stdout).toMatch(/^must-fail +ok +AWS denied you AssumeRole with a wrong external ID$/m)
    expect(stdout).toMatch(
      /^policies +ok +not read, so stint why knows only the profiles: AWS answered ListRolePolicies with InvalidAction$/m,
    )
    expect(stdout).not.toMatch(/failed|warning/)
    expect(calls.map(({ form }) => form.get('Action'))).toEqual(['GetCallerIdentity', 'GetRole', 'AssumeRole', 'ListRolePolicies'])
    expect(
      calls.map(({ authorization }) => /Credential=AKIAEXAMPLE\/\d{8}\/([a-z0-9-]+\/[a-z]+)\/aws4_request/.exec(authorization)?.[1]),
    ).toEqual(['eu-central-1/sts', 'us-east-1/iam', 'eu-central-1/sts', 'us-east-1/iam'])
    const probe = calls[2]?.form
    expect([probe?.get('ExternalId'), JSON.parse(probe?.get('Policy') ?? '').Statement[0].Effect]).toEqual([
      'stint-staging-c2d5-wrong',
      'Deny',
    ])
  })
  test('is found by a profile, too', async () => {
    const { code, stdout } = await doctor(['staging-power', '--aws', '--json', '--broker-role', BROKER])
    const found = JSON.parse(stdout)
    expect([code, found.ok, found.targets.map((one: { target: string }) => one.target)]).toEqual([0, true, ['staging']])
  })
  test('with a closed gate: names it, and the trust policy to set', async () => {
    const { Statement } = trustPolicyOf(staging, BROKER)
    answers.GetRole = () => ok('GetRole', roleXml({ Version: '2012-10-17', Statement: (Statement as object[]).slice(0, 1) }))
    const { code, stdout } = await doctor(['staging', '--aws', '--broker-role', BROKER])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^tag-session +failed .*does not allow it sts:TagSession \(gate: trust-policy\)$/m)
    expect(stdout).toMatch(/^tag-session: Deploy infra\/target\/target\.yaml again, or set this trust policy: \{"Version"/m)
  })
  test('that lets you in: fails, and shows no credentials', async () => {
    answers.AssumeRole = () =>
      ok(
        'AssumeRole',
        '<Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>SEKRET</SecretAccessKey><SessionToken>TOKEN-X</SessionToken></Credentials>',
      )
    const { code, stdout, stderr } = await doctor(['staging', '--aws', '--broker-role', BROKER, '--debug'])
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^must-fail +failed +AWS let you assume the role/m)])
    expect(`${stdout}${stderr}`).not.toMatch(/SEKRET|TOKEN-X|token-of-mine/)
  })
  test.each([
    ['that does not exist', 404, 'NoSuchEntity', 'role/stint/PowerUser does not exist'],
    ['that you may not read', 403, 'AccessDenied', 'GetRole failed: AccessDenied: not "allowed"'],
  ])('%s', async (_name, status, code, says) => {
    answers.GetRole = () => error(status, code)
    expect(await doctor(['staging', '--aws', '--broker-role', BROKER])).toMatchObject({ code: 1, stdout: expect.stringContaining(says) })
  })
  test.each([
    ['nonsense', '<html>'],
    ['no JSON', '<Arn>x</Arn><AssumeRolePolicyDocument>%7B</AssumeRolePolicyDocument>'],
    ['no percent encoding', '<Arn>x</Arn><AssumeRolePolicyDocument>%</AssumeRolePolicyDocument>'],
  ])('answered with %s is unreadable', async (_name, body) => {
    answers.GetRole = () => ({ status: 200, body })
    expect((await doctor(['staging', '--aws'])).stdout).toContain('the response of GetRole is unreadable')
  })
})

describe('all targets', () => {
  test('a role that was not read is not ok, whether others are or not', async () => {
    const all = await doctor(['--all', '--json', '--broker-role', BROKER])
    expect([all.code, JSON.parse(all.stdout).ok]).toEqual([1, false])
    const one = await doctor(['prod-admin', '--aws', '--json', '--broker-role', BROKER])
    expect([one.code, JSON.parse(one.stdout).ok]).toEqual([1, false])
  })
  test('ends with a table; those of other accounts are skipped', async () => {
    const { code, stdout } = await doctor(['--all', '--broker-role', BROKER])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^target +result +closed gates +failed checks$/m)
    expect(stdout).toMatch(/^staging +ok +– *$/m)
    expect(stdout).toMatch(/^prod-admin +skipped +– *$/m)
    expect(stdout).toContain('your AWS credentials are for account 444455556666, the role is in 111122223333')
  })
  test('--reader reads in each account through a role there, once', async () => {
    answers.AssumeRole = (form) =>
      form.get('RoleSessionName') === 'stint-doctor'
        ? ok(
            'AssumeRole',
            `<Credentials><AccessKeyId>ASIA${form.get('RoleArn')?.split(':')[4]}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken></Credentials>`,
          )
        : error(403, 'AccessDenied')
    answers.GetCallerIdentity = () =>
      ok('GetCallerIdentity', `<Account>${/ASIA(\d{12})/.exec(calls.at(-1)?.authorization ?? '')?.[1]}</Account>`)
    answers.GetRole = () => error(404, 'NoSuchEntity')
    const { code, stdout } = await doctor(['--all', '--json', '--reader', 'Reader', '--broker-role', BROKER])
    const { targets } = JSON.parse(stdout) as { targets: { target: string; checks: { check: string; says: string }[] }[] }
    expect([code, targets.length]).toEqual([1, 6])
    expect(targets.every(({ checks }) => checks.some(({ says }) => says.endsWith('does not exist')))).toBe(true)
    const assumed = calls.filter(({ form }) => form.get('Action') === 'AssumeRole').map(({ form }) => form.get('RoleArn'))
    expect(assumed).toEqual(['111122223333', '444455556666', '999988887777', '777788889999'].map((id) => `arn:aws:iam::${id}:role/Reader`))
  })
})

test.each([
  ['no credentials', ['staging', '--aws'], { AWS_EC2_METADATA_DISABLED: 'true' }, 5, /There are no AWS credentials/],
  ['no target', ['--aws'], keys, 2, /Missing target/],
  ['an unknown target', ['nowhere', '--aws'], keys, 2, /The config has no target or profile 'nowhere'/],
  ['both a target and --all', ['staging', '--all'], keys, 2, /A target and --all cannot be used together/],
  ['a broker role that is a wildcard', ['staging', '--aws', '--broker-role', '*'], keys, 2, /must be the ARN of one IAM role/],
  ['a reader that is no name', ['staging', '--aws', '--reader', 'a b'], keys, 2, /--reader must be the name of a role/],
] as const)('%s: %s', async (_name, args, env, code, says) => {
  const ran = await doctor(args, env as Record<string, string>)
  expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(says)])
})

test('the trust policy is that of infra/target/target.yaml', () => {
  const { Resources } = parse(readFileSync(new URL('../../infra/target/target.yaml', import.meta.url), 'utf8')) as {
    Resources: { Role: { Properties: { AssumeRolePolicyDocument: object } } }
  }
  const filled = JSON.stringify(Resources.Role.Properties.AssumeRolePolicyDocument)
    .replaceAll('{"Ref":"BrokerRoleArn"}', JSON.stringify(BROKER))
    .replace(/\{"Fn::Sub":"[^"]*"\}/, JSON.stringify(staging.externalId))
  expect(JSON.parse(filled)).toEqual(trustPolicyOf(staging, BROKER))
})

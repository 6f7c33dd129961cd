/**
 * The sandbox's STS as clients other than an SDK ask it: presigned GetCallerIdentity (EKS), a signed request that another program sends
 * on (Vault), GET, and no signature at all. Then what it does not support, and its error messages.
 */
import { AssumeRoleCommand, type AssumeRoleCommandInput, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '@stint/broker/adapters/signed-query'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addRole, addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const ACCOUNT = '123456789012'
const ROLE = `arn:aws:iam::${ACCOUNT}:role/Target`
const USER = `arn:aws:iam::${ACCOUNT}:user/dana`

let sandbox: TestSandbox
let key: SigningKey
beforeAll(async () => {
  sandbox = await testSandbox()
  const { world } = sandbox.aws
  const allow = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } as const
  key = addUser(world, USER, [allow])
  const trust = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: USER }, Action: ['sts:AssumeRole', 'sts:TagSession'] },
  } as const
  addRole(world, ROLE, trust, [allow])
})
afterAll(() => sandbox.close())

const signer = () => new SignatureV4({ service: 'sts', region: 'eu-central-1', credentials: key, sha256: Sha256 })
const home = () => new URL(sandbox.urls.aws)
const identity = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
const unsigned = (query: Record<string, string>, headers: Record<string, string> = {}) => ({
  method: 'GET',
  protocol: 'http:',
  hostname: home().host,
  path: '/',
  query,
  headers: { host: home().host, ...headers },
})
async function get(query: Record<string, unknown>, headers: Record<string, string> = {}) {
  const answer = await fetch(`${sandbox.urls.aws}/?${new URLSearchParams(query as Record<string, string>)}`, { headers })
  return { status: answer.status, text: await answer.text() }
}
const signedGet = async (query: Record<string, string>) => {
  const request = await signer().sign(unsigned(query), { signingDate: new Date(sandbox.now()) })
  const { host: _host, ...headers } = request.headers
  return get(query, headers)
}
const codeOf = (text: string) => /<Code>(.*?)<\/Code>/.exec(text)?.[1]
const messageOf = (text: string) => /<Message>(.*?)<\/Message>/s.exec(text)?.[1]
const is = (arn: string) => ({ status: 200, text: expect.stringContaining(`<Arn>${arn}</Arn>`) })

describe('how a call can arrive', () => {
  const presign = async (headers: Record<string, string> = {}, expiresIn = 60) =>
    (
      await signer().presign(unsigned(identity, headers), {
        expiresIn,
        signingDate: new Date(sandbox.now()),
        unhoistableHeaders: new Set(Object.keys(headers)),
      })
    ).query ?? {}

  test('a presigned GetCallerIdentity with a signed header of the receiver, as EKS takes it', async () => {
    const cluster = { 'x-k8s-aws-id': 'cluster-1' }
    const query = await presign(cluster)
    expect(await get(query, cluster)).toEqual(is(USER))
    expect(codeOf((await get(query, { 'x-k8s-aws-id': 'cluster-2' })).text)).toBe('SignatureDoesNotMatch')
    expect(codeOf((await get(query)).text)).toBe('SignatureDoesNotMatch')
    expect(codeOf((await get({ ...query, Action: 'GetSessionToken' }, cluster)).text)).toBe('SignatureDoesNotMatch')
  })
  test('it is good for 15 minutes, whatever X-Amz-Expires says', async () => {
    const query = await presign({}, 60)
    sandbox.advance(14 * 60_000)
    expect(await get(query)).toEqual(is(USER))
    sandbox.advance(2 * 60_000)
    const late = await get(query)
    expect([late.status, codeOf(late.text), messageOf(late.text)]).toEqual([
      403,
      'SignatureDoesNotMatch',
      expect.stringMatching(/^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$/),
    ])
    sandbox.advance(-16 * 60_000)
  })
  test('a URL with a lifetime out of bounds is refused', async () => {
    const query = await presign()
    for (const expires of ['0', '-1', '604801', 'x'])
      expect(codeOf((await get({ ...query, 'X-Amz-Expires': expires })).text)).toBe('IncompleteSignature')
  })
  test('a signed POST that somebody else sends, as Vault does, with a header of the receiver', async () => {
    const body = 'Action=GetCallerIdentity&Version=2011-06-15'
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'x-vault-aws-iam-server-id': 'vault.example' }
    const request = await signer().sign({ ...unsigned({}, headers), method: 'POST', body }, { signingDate: new Date(sandbox.now()) })
    const { host: _host, ...sent } = request.headers
    const post = (more: Record<string, string> = {}, other = body) =>
      fetch(sandbox.urls.aws, { method: 'POST', headers: { ...sent, ...more }, body: other }).then((answer) => answer.text())
    expect(await post()).toContain(`<Arn>${USER}</Arn>`)
    expect(codeOf(await post({ 'x-vault-aws-iam-server-id': 'other.example' }))).toBe('SignatureDoesNotMatch')
    expect(codeOf(await post({}, body.replace('GetCallerIdentity', 'GetSessionToken')))).toBe('SignatureDoesNotMatch')
  })
  test('a GET with its signature in the header', async () => {
    expect(await signedGet(identity)).toEqual(is(USER))
    expect(await signedGet({ Action: 'AssumeRole', Version: '2011-06-15', RoleArn: ROLE, RoleSessionName: 'by-get' })).toMatchObject({
      status: 200,
      text: expect.stringContaining('assumed-role/Target/by-get'),
    })
  })
  test('AssumeRoleWithWebIdentity without a signature, by GET and by POST', async () => {
    const query = {
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'web',
      WebIdentityToken: 'not.a.jwt',
    }
    expect(codeOf((await get(query)).text)).toBe('InvalidIdentityToken')
    const post = await fetch(sandbox.urls.aws, { method: 'POST', body: new URLSearchParams(query) })
    expect(codeOf(await post.text())).toBe('InvalidIdentityToken')
  })
  test('every other operation needs one', async () => {
    expect(await get(identity)).toMatchObject({ status: 403, text: expect.stringContaining('MissingAuthenticationToken') })
    expect(await get(identity, { authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/r/sts/aws4_request' })).toMatchObject({
      status: 400,
      text: expect.stringContaining("Authorization header requires 'SignedHeaders' parameter."),
    })
  })
})

test.each(['aws:owner', 'AWS: Deploy'])('no session tag has the reserved value %j', async (value) => {
  const assume = { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: ROLE, RoleSessionName: 'dana' }
  const answer = await signedGet({ ...assume, 'Tags.member.1.Key': 'run', 'Tags.member.1.Value': value })
  expect([answer.status, codeOf(answer.text)]).toEqual([400, 'InvalidParameterValue'])
})

describe('what is not supported', () => {
  const assume = { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: ROLE, RoleSessionName: 'dana' }
  test.each<[string, Record<string, string>]>([
    ['ProvidedContexts', { ...assume, 'ProvidedContexts.member.1.ProviderArn': 'arn:aws:iam::aws:contextProvider/IdentityCenter' }],
    ['an unknown parameter', { ...assume, Unheard: 'of' }],
    ['a list that starts at zero', { ...assume, 'Tags.member.0.Key': 'a' }],
    ['a parameter of another operation', { ...assume, WebIdentityToken: 'x' }],
    ['MFA where the operation has none', { ...identity, SerialNumber: 'arn:aws:iam::123456789012:mfa/dana', TokenCode: '123456' }],
    ['GetFederationToken', { Action: 'GetFederationToken', Version: '2011-06-15', Name: 'x' }],
    ['AssumeRoleWithSAML', { Action: 'AssumeRoleWithSAML', Version: '2011-06-15' }],
    ['AssumeRoot', { Action: 'AssumeRoot', Version: '2011-06-15' }],
    ['DecodeAuthorizationMessage', { Action: 'DecodeAuthorizationMessage', Version: '2011-06-15', EncodedMessage: 'x' }],
  ])('%s', async (_name, query) => {
    const answer = await signedGet(query)
    expect([answer.status, codeOf(answer.text)]).toEqual([501, 'NotImplemented'])
  })
  test('a web identity from another kind of provider', async () => {
    const query = { Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: ROLE, RoleSessionName: 'web' }
    expect(codeOf((await get({ ...query, WebIdentityToken: 'a.b.c', ProviderId: 'www.amazon.com' })).text)).toBe('NotImplemented')
  })
  test('a parameter twice, and an operation that does not exist', async () => {
    const request = await signer().sign(
      { ...unsigned({ ...identity, Version: ['2011-06-15', '2011-06-15'] as never }) },
      { signingDate: new Date(sandbox.now()) },
    )
    const { host: _host, ...headers } = request.headers
    const twice = await fetch(`${sandbox.urls.aws}/?Action=GetCallerIdentity&Version=2011-06-15&Version=2011-06-15`, { headers })
    expect(codeOf(await twice.text())).toBe('InvalidQueryParameter')
    for (const Action of ['MakeTea', 'constructor', '__proto__'])
      expect(await signedGet({ Action, Version: '2011-06-15' })).toMatchObject({
        status: 400,
        text: expect.stringContaining('InvalidAction'),
      })
  })
})

describe('errors as AWS words them', () => {
  const assume = (more: Partial<AssumeRoleCommandInput>) =>
    sts(sandbox.urls.aws, key).send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'dana', ...more }))
  const PATTERN = '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+'
  const at = (value: string, member: string, rule: string) =>
    `Value ${value} at '${member}' failed to satisfy constraint: Member must ${rule}`
  test.each<[string, Partial<AssumeRoleCommandInput>, string]>([
    ['no role', { RoleArn: undefined }, `1 validation error detected: ${at('null', 'roleArn', 'not be null')}`],
    [
      'nothing',
      { RoleArn: undefined, RoleSessionName: undefined },
      `2 validation errors detected: ${at('null', 'roleArn', 'not be null')}; ${at('null', 'roleSessionName', 'not be null')}`,
    ],
    [
      'an empty role',
      { RoleArn: '' },
      `2 validation errors detected: ${at("''", 'roleArn', `satisfy regular expression pattern: ${PATTERN}`)}; ${at("''", 'roleArn', 'have length greater than or equal to 20')}`,
    ],
    [
      'a short role',
      { RoleArn: 'Target' },
      `1 validation error detected: ${at("'Target'", 'roleArn', 'have length greater than or equal to 20')}`,
    ],
    ['a name instead of an ARN', { RoleArn: 'the-role-that-i-mean' }, 'the-role-that-i-mean is invalid'],
    ['an ARN without an account', { RoleArn: 'arn:aws:iam:::role/Target' }, 'Request ARN is invalid'],
    ['an ARN with a placeholder', { RoleArn: 'arn:aws:iam::ACCOUNT_ID:role/Target' }, 'Request ARN is invalid'],
    ['the ARN of a session', { RoleArn: `arn:aws:sts::${ACCOUNT}:assumed-role/Target/x` }, 'Request ARN is invalid'],
    ['the ARN of a provider', { RoleArn: `arn:aws:iam::${ACCOUNT}:oidc-provider/example.com` }, 'Request ARN is invalid'],
    [
      'a session name with a space, and a short duration',
      { RoleSessionName: 'dana d', DurationSeconds: 60 },
      `2 validation errors detected: ${at("'dana d'", 'roleSessionName', 'satisfy regular expression pattern: [\\w+=,.@-]*')}; ${at("'60'", 'durationSeconds', 'have value greater than or equal to 900')}`,
    ],
    [
      'an external ID of one character',
      { ExternalId: 'x' },
      `1 validation error detected: ${at("'x'", 'externalId', 'have length greater than or equal to 2')}`,
    ],
    [
      'a serial number without a code',
      { SerialNumber: 'arn:aws:iam::123456789012:mfa/dana' },
      `1 validation error detected: ${at('null', 'tokenCode', 'not be null')}`,
    ],
    ['a policy that is no JSON', { Policy: '{' }, 'This policy contains invalid Json'],
  ])('%s', async (_name, more, message) => {
    const error = await errorOf(assume(more))
    expect([error.message, error.$metadata?.httpStatusCode]).toEqual([message, 400])
  })

  test('PackedPolicySize is there only if something was packed', async () => {
    expect((await assume({})).PackedPolicySize).toBeUndefined()
    expect((await assume({ Tags: [{ Key: 'team', Value: 'dev' }] })).PackedPolicySize).toBeGreaterThan(0)
    expect((await assume({ PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] })).PackedPolicySize).toBeDefined()
  })
  test('a clock that is wrong', async () => {
    const client = sts(sandbox.urls.aws, key)
    client.config.systemClockOffset = 3_600_000
    const error = await errorOf(client.send(new GetCallerIdentityCommand({})))
    expect([error.name, error.message]).toEqual([
      'SignatureDoesNotMatch',
      expect.stringMatching(/^Signature not yet current: .* \+ 15 min\.\)$/),
    ])
  })
})

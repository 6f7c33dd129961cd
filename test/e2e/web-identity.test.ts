/**
 * AssumeRoleWithWebIdentity with an issuer of the test's own: what the sandbox's STS checks of a JWT, of the issuer's documents, and of the
 * claims that become condition keys, tags and the source identity. Source: AWS STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide,
 * "Available keys for AWS OIDC federation".
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { PolicyJson } from '@stint/iam'
import { addRole } from '@stint/sandbox/aws/world'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const ACCOUNT = '111122223333'
const AUDIENCE = 'https://stint.example'
const of = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson

let sandbox: TestSandbox
let server: Server
let privateKey: CryptoKey
let url: string
/** What the issuer serves, by path. */
let documents: Record<string, unknown>

beforeAll(async () => {
  sandbox = await testSandbox()
  server = createServer((request, response) => {
    const document = documents[request.url ?? '']
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(typeof document === 'string' ? document : JSON.stringify(document ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const pair = await generateKeyPair('ES256')
  privateKey = pair.privateKey
  documents = {
    '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
    '/keys': { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }] },
  }
  const providers = sandbox.aws.world.oidcProviders as Map<string, { url: string; audiences: readonly string[] }>
  providers.set(host(), { url, audiences: [AUDIENCE, 'second'] })
})
afterAll(async () => {
  await sandbox.close()
  await new Promise((resolve) => server.close(resolve))
})

const host = () => url.replace('http://', '')
const now = () => Math.floor(sandbox.now() / 1000)
const jwt = (claims: JWTPayload = {}, header: object = {}) =>
  new SignJWT({ iss: url, sub: 'job', aud: AUDIENCE, iat: now(), exp: now() + 300, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'one', ...header })
    .sign(privateKey)

let serial = 0
type Given = { Condition?: object; Action?: string[] }
const ALL = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity']
async function enter(token: string | Promise<string>, { Condition, Action = ALL }: Given = {}, more: object = {}) {
  const arn = `arn:aws:iam::${ACCOUNT}:role/Web${++serial}`
  const Principal = { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${host()}` }
  addRole(sandbox.aws.world, arn, of({ Effect: 'Allow', Principal, Action, ...(Condition ? { Condition } : {}) }), [])
  const client = new STSClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', maxAttempts: 1 })
  const WebIdentityToken = await token
  return client.send(new AssumeRoleWithWebIdentityCommand({ RoleArn: arn, RoleSessionName: 'job', WebIdentityToken, ...more }))
}
const refusal = async (answer: Promise<unknown>) => (await errorOf(answer)).name.replace(/Exception$/, '')

describe('a JWT', () => {
  test('of the issuer opens a session', async () => {
    const answer = await enter(jwt())
    expect(answer).toMatchObject({ SubjectFromWebIdentityToken: 'job', Audience: AUDIENCE })
    expect(answer.Provider).toBe(`arn:aws:iam::${ACCOUNT}:oidc-provider/${host()}`)
    const who = await sts(sandbox.urls.aws, {
      accessKeyId: answer.Credentials?.AccessKeyId ?? '',
      secretAccessKey: answer.Credentials?.SecretAccessKey ?? '',
      sessionToken: answer.Credentials?.SessionToken ?? '',
    }).send(new GetCallerIdentityCommand({}))
    expect(who.Arn).toMatch(/:assumed-role\/Web\d+\/job$/)
  })
  test.each<[title: string, claims: () => JWTPayload, name: string]>([
    ['that has expired', () => ({ iat: now() - 600, exp: now() - 300 }), 'ExpiredToken'],
    ['without an end', () => ({ exp: undefined as never }), 'InvalidIdentityToken'],
    ['without a time of issue', () => ({ iat: undefined as never }), 'InvalidIdentityToken'],
    ['that is not valid yet', () => ({ nbf: now() + 300 }), 'InvalidIdentityToken'],
    ['for another audience', () => ({ aud: 'https://other.example' }), 'InvalidIdentityToken'],
    ['without an audience', () => ({ aud: undefined as never }), 'InvalidIdentityToken'],
    ['whose issuer differs in the scheme', () => ({ iss: url.replace('http:', 'https:') }), 'InvalidIdentityToken'],
    ['whose issuer has a path', () => ({ iss: `${url}/other` }), 'InvalidIdentityToken'],
  ])('%s is refused', async (_title, claims, name) => {
    expect(await refusal(enter(jwt(claims())))).toBe(name)
  })
  test('of an issuer that differs in the scheme is not looked up', async () => {
    const other = url.replace('http:', 'https:')
    expect((await errorOf(enter(jwt({ iss: other })))).message).toBe(`No OpenIDConnect provider found in your account for ${other}`)
  })
  test('signed by an unknown key, or by no key, is refused', async () => {
    expect(await refusal(enter(jwt({}, { kid: 'two' })))).toBe('InvalidIdentityToken')
    const [, payload = ''] = (await jwt()).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect(await refusal(enter(`${none}.${payload}.`))).toBe('InvalidIdentityToken')
    const [header = '', , signature = ''] = (await jwt()).split('.')
    const other = Buffer.from(JSON.stringify({ iss: url, sub: 'admin', aud: AUDIENCE, iat: now(), exp: now() + 300 })).toString('base64url')
    expect(await refusal(enter(`${header}.${other}.${signature}`))).toBe('InvalidIdentityToken')
  })
  test('above 20,000 characters is refused before anything is read', async () => {
    expect(await refusal(enter(jwt({ filler: 'x'.repeat(20_000) })))).toBe('ValidationError')
    expect(await refusal(enter('abc'))).toBe('ValidationError')
  })
  test('for several audiences has the one that the provider knows; azp comes first', async () => {
    expect((await enter(jwt({ aud: ['https://other.example', AUDIENCE] }))).Audience).toBe(AUDIENCE)
    expect((await enter(jwt({ aud: [AUDIENCE, 'https://other.example'], azp: 'second' }))).Audience).toBe('second')
  })
})

describe('the issuer', () => {
  /** Serves other documents during one call. */
  async function during(other: Record<string, unknown>, call: () => Promise<unknown>) {
    const usual = documents
    documents = { ...documents, ...other }
    try {
      return await call()
    } finally {
      documents = usual
    }
  }
  const discovery = '/.well-known/openid-configuration'
  test.each<[title: string, other: () => Record<string, unknown>]>([
    ['that names another issuer', () => ({ [discovery]: { issuer: 'http://other.example', jwks_uri: `${url}/keys` } })],
    ['without an address of its keys', () => ({ [discovery]: { issuer: url } })],
    ['whose keys are on another origin', () => ({ [discovery]: { issuer: url, jwks_uri: `${sandbox.urls.issuer}/people/jwks` } })],
    [
      'whose keys are on the same host under another name',
      () => ({ [discovery]: { issuer: url, jwks_uri: `${url.replace('127.0.0.1', 'localhost')}/keys` } }),
    ],
    ['without a discovery document', () => ({ [discovery]: undefined })],
    ['whose discovery document is no JSON', () => ({ [discovery]: '<html>' })],
    ['without keys', () => ({ '/keys': undefined })],
    ['whose keys are no list', () => ({ '/keys': { keys: 'none' } })],
    ['whose keys are too large', () => ({ '/keys': { ...(documents['/keys'] as object), filler: 'x'.repeat(200_000) } })],
  ])('%s is refused', async (_title, other) => {
    expect(await during(other(), () => refusal(enter(jwt())))).toBe('InvalidIdentityToken')
  })
})

describe('the trust policy', () => {
  const key = (name: string) => `${host()}:${name}`
  test.each<[title: string, given: () => Given, claims: JWTPayload, allowed: boolean]>([
    ['the audience', () => ({ Condition: { StringEquals: { [key('aud')]: AUDIENCE } } }), {}, true],
    ['another audience of the provider', () => ({ Condition: { StringEquals: { [key('aud')]: 'second' } } }), {}, false],
    ['the subject', () => ({ Condition: { StringEquals: { [key('sub')]: 'job' } } }), {}, true],
    ['another subject', () => ({ Condition: { StringEquals: { [key('sub')]: 'job2' } } }), {}, false],
    [
      'how the caller signed in',
      () => ({ Condition: { 'ForAnyValue:StringEquals': { [key('amr')]: 'mfa' } } }),
      { amr: ['pwd', 'mfa'] },
      true,
    ],
    [
      'how the caller did not sign in',
      () => ({ Condition: { 'ForAnyValue:StringEquals': { [key('amr')]: 'mfa' } } }),
      { amr: ['pwd'] },
      false,
    ],
    ['the session name', () => ({ Condition: { StringEquals: { 'sts:RoleSessionName': 'job' } } }), {}, true],
    ['another session name', () => ({ Condition: { StringEquals: { 'sts:RoleSessionName': 'dana' } } }), {}, false],
    ['the address', () => ({ Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } }), {}, true],
    ['another address', () => ({ Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } }), {}, false],
    ['the provider', () => ({ Condition: { StringLike: { 'aws:FederatedProvider': '*oidc-provider/127.0.0.1:*' } } }), {}, true],
    ['the time', () => ({ Condition: { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } } }), {}, false],
  ])('can ask for %s', async (_title, given, claims, allowed) => {
    const answer = enter(jwt(claims), given())
    if (allowed) expect((await answer).Credentials).toBeDefined()
    else expect(await refusal(answer)).toBe('AccessDenied')
  })

  const tags = { 'https://aws.amazon.com/tags': { principal_tags: { team: ['web'] }, transitive_tag_keys: ['team'] } }
  const source = { 'https://aws.amazon.com/source_identity': 'dana' }
  const [assume = '', tag = '', set = ''] = ALL
  test.each<[title: string, claims: JWTPayload, given: Given, allowed: boolean]>([
    ['tags', tags, {}, true],
    ['tags that it does not allow', tags, { Action: [assume, set] }, false],
    ['tags with this value', tags, { Condition: { StringEquals: { 'aws:RequestTag/team': 'web' } } }, true],
    ['tags with another value', tags, { Condition: { StringEquals: { 'aws:RequestTag/team': 'ops' } } }, false],
    ['transitive tags', tags, { Condition: { 'ForAllValues:StringEquals': { 'sts:TransitiveTagKeys': 'other' } } }, false],
    ['these tag keys', tags, { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'other' } } }, false],
    ['a source identity', source, {}, true],
    ['a source identity that it does not allow', source, { Action: [assume, tag] }, false],
    ['this source identity', source, { Condition: { StringEquals: { 'sts:SourceIdentity': 'dana' } } }, true],
    ['another source identity', source, { Condition: { StringEquals: { 'sts:SourceIdentity': 'kim' } } }, false],
    ['neither, without permission for them', {}, { Action: [assume] }, true],
  ])('decides on %s of the JWT', async (_title, claims, given, allowed) => {
    const answer = enter(jwt(claims), given)
    if (allowed) expect((await answer).SourceIdentity).toBe(claims === source ? 'dana' : undefined)
    else expect(await refusal(answer)).toBe('AccessDenied')
  })
})

/**
 * A session makes nothing that outlives it, unless its profile says so; and what it makes is never a caller of Stint. The
 * sandbox's STS is asked by AWS's own SDK, and its JWTs are verified by a library that is not ours.
 */

import { fileURLToPath } from 'node:url'
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetWebIdentityTokenCommand,
  type GetWebIdentityTokenCommandInput,
} from '@aws-sdk/client-sts'
import type { PolicyJson } from '@stint/iam'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addRole, addSession, addUser } from '@stint/sandbox/aws/world'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, fromVend, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const PRODUCTION = '111122223333'
const STINT = 'https://stint.acme.example'
const AWS_CLAIM = 'https://sts.amazonaws.com/'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox({ config: fileURLToPath(new URL('../support/minting.config.ts', import.meta.url)) })
})
afterAll(() => sandbox.close())

type Key = SigningKey | ReturnType<typeof fromVend>
const ask = (key: Key, change: Partial<GetWebIdentityTokenCommandInput> = {}) =>
  sts(sandbox.urls.aws, key as never).send(
    new GetWebIdentityTokenCommand({ Audience: [STINT], SigningAlgorithm: 'ES384', ...change } as GetWebIdentityTokenCommandInput),
  )
const tokenOf = async (key: Key, change: Partial<GetWebIdentityTokenCommandInput> = {}) => (await ask(key, change)).WebIdentityToken ?? ''

async function sessionOf(profile: string): Promise<Key> {
  const vended = await sandbox.vend(await sandbox.token('developer'), { profile })
  expect(vended.status).toBe(201)
  return fromVend(vended.json)
}

const allowAll: PolicyJson = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const trustOfEc2: PolicyJson = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
}
let serial = 0
/** Credentials such as a workload finds in its environment: a session of a role, made without Stint. */
function workload(arn = `arn:aws:iam::${PRODUCTION}:role/ci/Runner${++serial}`, change: { policy?: PolicyJson; seconds?: number } = {}) {
  const { world } = sandbox.aws
  const role = world.roles.get(arn) ?? addRole(world, arn, trustOfEc2, [change.policy ?? allowAll])
  const issuedAt = sandbox.now()
  const expiresAt = issuedAt - (issuedAt % 1000) + (change.seconds ?? 3600) * 1000
  const session = addSession(world, {
    role,
    sessionName: 'i-1',
    issuedAt,
    expiresAt,
    chained: false,
    tags: { team: 'ci' },
    transitiveTagKeys: [],
  })
  return { arn, key: session.key }
}
const why = () => JSON.stringify(sandbox.log.at(-1))

describe('a session of a profile without mints', () => {
  test('may do what its role may, but make no token and assume no role', async () => {
    const key = await sessionOf('everything')
    expect((await sts(sandbox.urls.aws, key as never).send(new GetCallerIdentityCommand({}))).Account).toBe(PRODUCTION)
    const denied = await errorOf(ask(key))
    expect(denied).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
    expect(denied.message).toMatch(/sts:GetWebIdentityToken on resource: \* with an explicit deny in a session policy$/)
    const { arn } = workload()
    const chained = new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'next' })
    expect(await errorOf(sts(sandbox.urls.aws, key as never).send(chained))).toMatchObject({ name: 'AccessDenied' })
  })
})

describe('a token that is shown to Stint', () => {
  test('lets a workload of the account in', async () => {
    const { key, arn } = workload()
    const vended = await sandbox.vend(await tokenOf(key), { profile: 'workload' })
    expect(vended.status).toBe(201)
    expect(vended.json.sourceIdentity).toContain('aws.')
    expect(arn).toMatch(/Runner/)
  })
  test('is refused if a session of Stint made it', async () => {
    const token = await tokenOf(await sessionOf('minting'))
    const refused = await sandbox.vend(token, { profile: 'workload' })
    expect([refused.status, refused.json.code]).toEqual([401, 'token-invalid'])
    expect(why()).toContain('it has the tag stint:session')
  })
  test('is refused if it is about the role of a target, however that was entered', async () => {
    const { key } = workload(`arn:aws:iam::${PRODUCTION}:role/stint/Admin`)
    const refused = await sandbox.vend(await tokenOf(key), { profile: 'workload' })
    expect([refused.status, refused.json.code]).toEqual([401, 'token-invalid'])
    expect(why()).toContain("the role of target 'prod-admin'")
  })
  test('is refused by the other routes too', async () => {
    const token = await tokenOf(await sessionOf('minting'))
    expect((await sandbox.get('/profiles', token)).status).toBe(401)
    expect((await sandbox.get('/credentials/workload', token)).status).toBe(401)
  })
})

describe('GetWebIdentityToken', () => {
  test.each(['ES384', 'RS256'])('is signed with %s by a key that the issuer publishes', async (SigningAlgorithm) => {
    const { key, arn } = workload()
    const answer = await ask(key, { SigningAlgorithm, Tags: [{ Key: 'job', Value: '7' }] })
    const url = `${sandbox.urls.aws}/outbound/${PRODUCTION}`
    const discovery = (await (await fetch(`${url}/.well-known/openid-configuration`)).json()) as { issuer: string; jwks_uri: string }
    expect(discovery.issuer).toBe(url)
    const { payload, protectedHeader } = await jwtVerify(answer.WebIdentityToken ?? '', createRemoteJWKSet(new URL(discovery.jwks_uri)), {
      issuer: url,
      audience: STINT,
    })
    expect(protectedHeader.alg).toBe(SigningAlgorithm)
    expect(payload.sub).toBe(arn)
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
    expect(answer.Expiration?.getTime()).toBe((payload.exp ?? 0) * 1000)
    expect(payload[AWS_CLAIM]).toMatchObject({
      aws_account: PRODUCTION,
      source_region: 'eu-central-1',
      principal_tags: { team: 'ci' },
      request_tags: { job: '7' },
    })
  })
  test('a user has a token about the user, and no session that it could outlive', async () => {
    const arn = `arn:aws:iam::${PRODUCTION}:user/dana`
    const answer = await ask(addUser(sandbox.aws.world, arn, [allowAll]), { DurationSeconds: 3600 })
    const claims = JSON.parse(Buffer.from(answer.WebIdentityToken?.split('.')[1] ?? '', 'base64url').toString())
    expect(claims.sub).toBe(arn)
    expect(claims[AWS_CLAIM].original_session_exp).toBeUndefined()
  })
  const audiences = (count: number) => Array.from({ length: count }, (_, index) => `https://${index}.example`)
  test.each<[string, Partial<GetWebIdentityTokenCommandInput>, number, string | undefined]>([
    ['ten audiences', { Audience: audiences(10) }, 3600, undefined],
    ['eleven', { Audience: audiences(11) }, 3600, 'ValidationError'],
    ['none', { Audience: [] }, 3600, 'ValidationError'],
    ['an empty one', { Audience: [''] }, 3600, 'ValidationError'],
    ['one of 1,000 characters', { Audience: ['a'.repeat(1000)] }, 3600, undefined],
    ['one of 1,001', { Audience: ['a'.repeat(1001)] }, 3600, 'ValidationError'],
    ['60 seconds', { DurationSeconds: 60 }, 3600, undefined],
    ['59 seconds', { DurationSeconds: 59 }, 3600, 'ValidationError'],
    ['3,600 seconds', { DurationSeconds: 3600 }, 7200, undefined],
    ['3,601 seconds', { DurationSeconds: 3601 }, 7200, 'ValidationError'],
    ['another algorithm', { SigningAlgorithm: 'ES256' }, 3600, 'ValidationError'],
    ['longer than the session', { DurationSeconds: 900 }, 600, 'SessionDurationEscalationException'],
    ['five minutes, which is the default, near the end of the session', {}, 240, 'SessionDurationEscalationException'],
    ['shorter than what is left of the session', { DurationSeconds: 120 }, 240, undefined],
  ])('%s', async (_name, change, seconds, code) => {
    const { key } = workload(undefined, { seconds })
    if (code === undefined) expect((await ask(key, change)).WebIdentityToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    else expect(await errorOf(ask(key, change))).toMatchObject({ name: code })
  })
  test('needs a permission of its own, and one for its tags', async () => {
    const policy = (Action: string, Condition?: object): PolicyJson =>
      ({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*', ...(Condition ? { Condition } : {}) } }) as PolicyJson
    const none = workload(undefined, { policy: policy('sts:AssumeRole') })
    expect(await errorOf(ask(none.key))).toMatchObject({ name: 'AccessDenied' })
    const untagged = workload(undefined, { policy: policy('sts:GetWebIdentityToken') })
    expect(await tokenOf(untagged.key)).not.toBe('')
    const tagged = await errorOf(ask(untagged.key, { Tags: [{ Key: 'job', Value: '7' }] }))
    expect(tagged.message).toContain('sts:TagGetWebIdentityToken')
    const condition = { 'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': STINT } }
    const limited = workload(undefined, { policy: policy('sts:GetWebIdentityToken', condition) })
    expect(await tokenOf(limited.key)).not.toBe('')
    expect(await errorOf(ask(limited.key, { Audience: ['https://other.example'] }))).toMatchObject({ name: 'AccessDenied' })
  })
  test('is refused in an account that has not switched it on, whose issuer publishes nothing', async () => {
    const { key } = workload('arn:aws:iam::555566667777:role/Runner')
    const refused = await errorOf(ask(key))
    expect(refused).toMatchObject({ name: 'OutboundWebIdentityFederationDisabledException', $metadata: { httpStatusCode: 403 } })
    const keys = await fetch(`${sandbox.urls.aws}/outbound/555566667777/.well-known/jwks.json`)
    expect(keys.status).toBe(403)
  })
})

describe('an approver', () => {
  test('sees what access a session could leave behind', async () => {
    const asked = await sandbox.vend(await sandbox.token('developer'), { profile: 'grants-read' })
    expect(asked.status).toBe(202)
    const request = await sandbox.get(`/requests/${asked.json.requestId}`, await sandbox.token('approver'))
    expect(request.json.lastingAccess).toEqual([
      'ecr:GetAuthorizationToken',
      'kms:CreateGrant',
      'ecr:SetRepositoryPolicy',
      'ecr:PutRegistryPolicy',
    ])
    expect(request.json.terms.mints).toEqual(['ecr:GetAuthorizationToken'])
  })
})

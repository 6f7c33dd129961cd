/** The federation endpoint, by the rules of AWS's documentation, over HTTP as `stint console` and a browser meet it. */
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { addRole, addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }
const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
beforeAll(async () => {
  sandbox = await testSandbox()
  credentials = (await sandbox.vend(await sandbox.token('developer'), logs)).json.credentials
})
afterAll(() => sandbox.close())

const session = (change: Record<string, unknown> = {}) => {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken, ...change })
}
const federation = async (form: Record<string, string>, method = 'POST') => {
  const words = new URLSearchParams(form)
  const url = `${sandbox.urls.aws}/federation`
  const answer = method === 'POST' ? await fetch(url, { method, body: words }) : await fetch(`${url}?${words}`)
  return { status: answer.status, text: await answer.text() }
}
const tokenFor = async () => JSON.parse((await federation({ Action: 'getSigninToken', Session: session() })).text).SigninToken
const login = (SigninToken: string, Destination = 'https://console.aws.amazon.com/') =>
  federation({ Action: 'login', Issuer: 'https://stint.example', Destination, SigninToken }, 'GET')

describe('getSigninToken', () => {
  test.each(['POST', 'GET'])('returns a token for temporary credentials, by %s', async (method) => {
    const { status, text } = await federation({ Action: 'getSigninToken', Session: session() }, method)
    expect([status, JSON.parse(text)]).toEqual([200, { SigninToken: expect.stringMatching(/^[\w-]{64}$/) }])
  })
  test.each<[string, () => Record<string, string>]>([
    ['another secret', () => ({ Session: session({ sessionKey: 'x' }) })],
    ['another session token', () => ({ Session: session({ sessionToken: 'x' }) })],
    ['no session token', () => ({ Session: session({ sessionToken: undefined }) })],
    ['an unknown key', () => ({ Session: session({ sessionId: 'ASIANOBODY' }) })],
    ['no JSON', () => ({ Session: '{' })],
    ['null', () => ({ Session: 'null' })],
    ['nothing', () => ({})],
    ['a duration, with chained credentials', () => ({ Session: session(), SessionDuration: '3600' })],
  ])('refuses %s', async (_what, more) => {
    expect((await federation({ Action: 'getSigninToken', ...more() })).status).toBe(400)
  })
  test('accepts a duration with a session that a user opened with an access key', async () => {
    const { world } = sandbox.aws
    const arn = 'arn:aws:iam::111122223333:role/Console'
    const user = 'arn:aws:iam::111122223333:user/dana'
    const allow = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } as const
    addRole(world, arn, { ...allow, Statement: { Effect: 'Allow', Principal: { AWS: user }, Action: 'sts:AssumeRole' } }, [allow])
    const { Credentials } = await sts(sandbox.urls.aws, addUser(world, user, [allow])).send(
      new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'dana' }),
    )
    const { AccessKeyId: sessionId, SecretAccessKey: sessionKey, SessionToken: sessionToken } = Credentials ?? {}
    const Session = JSON.stringify({ sessionId, sessionKey, sessionToken })
    expect((await federation({ Action: 'getSigninToken', Session, SessionDuration: '43200' })).status).toBe(200)
  })
  test('refuses an unknown action', async () => expect((await federation({ Action: 'logout' })).status).toBe(400))
})

describe('login', () => {
  test('shows which session the URL of POST /sessions opens, and no secret', async () => {
    const { json } = await sandbox.vend(await sandbox.token('developer'), { ...logs, format: 'console' })
    const page = await fetch(json.signInUrl)
    const text = await page.text()
    expect([page.status, text]).toEqual([200, expect.stringContaining('assumed-role/ReadOnly/Dana=20Developer-req_')])
    expect(text).not.toContain('SigninToken')
    expect(text).not.toContain(json.signInUrl.split('SigninToken=')[1])
  })
  test.each([
    ['https://console.aws.amazon.com/', 200],
    ['https://eu-central-1.console.aws.amazon.com/s3/home?region=eu-central-1', 200],
    ['https://console.amazonaws-us-gov.com/', 200],
    ['https://console.amazonaws.cn/', 200],
    ['https://console.amazonaws-eusc.eu/', 200],
    ['https://console.amazonaws.com/', 400],
    ['https://console.aws.amazon.com.evil.example/', 400],
    ['https://evil.example/https://console.aws.amazon.com/', 400],
    ['http://console.aws.amazon.com/', 400],
    ['javascript:alert(1)//https://console.aws.amazon.com/', 400],
  ])('to %s: %i', async (destination, status) => expect((await login(await tokenFor(), destination)).status).toBe(status))
  test('shows the destination as text', async () => {
    const { text } = await login(await tokenFor(), 'https://console.aws.amazon.com/<script>alert(1)</script>')
    expect(text).not.toContain('<script>')
  })
  test('a token ends after 15 minutes, and the credentials with their session', async () => {
    const token = await tokenFor()
    sandbox.advance(15 * 60_000)
    expect((await login(token)).status).toBe(400)
    sandbox.advance(15 * 60_000)
    expect((await federation({ Action: 'getSigninToken', Session: session() })).status).toBe(400)
  })
  test('an invented token', async () => expect((await login('x')).status).toBe(400))
})

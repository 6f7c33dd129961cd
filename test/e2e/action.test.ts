/**
 * The GitHub Action as it is committed, run as a runner runs it, against the sandbox: GitHub's token endpoint on one side,
 * the broker on the other, and AWS's own SDK with what it leaves for later steps.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { fromHttp } from '@aws-sdk/credential-provider-http'
import { buildAction, DIST } from '@stint/action/build/build'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Job, runAction, type Step, startJob } from '../support/actions-runner.ts'
import { s3 } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let job: Job
/** What stands between the action and the broker in a row; it may answer itself. */
let between: (path: string) => { status: number; body: string; headers?: Record<string, string> } | undefined
let asked: string[] = []
let front: { url: string; close: () => void }

beforeAll(async () => {
  sandbox = await testSandbox({ config: fileURLToPath(new URL('../support/ci.config.ts', import.meta.url)) })
  job = startJob(gitHub('ci-main'))
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const own = between(request.url ?? '')
    if (own) return response.writeHead(own.status, own.headers).end(own.body)
    const body: Buffer[] = []
    for await (const part of request) body.push(part)
    const answer = await fetch(`${sandbox.urls.broker}${request.url}`, {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => ['authorization', 'content-type', 'prefer'].includes(name)),
      ) as never,
      ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
    })
    return response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  front = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() }
  between = () => undefined
})
afterAll(async () => {
  job.end()
  front.close()
  await sandbox.close()
})

/** What the runner hands to a job of this name. The real URL has a query, to which the audience is appended. */
const gitHub = (name: string) => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: `${sandbox.urls.issuer}/actions/jobs/${name}/token?api-version=2.0`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: sandbox.secret,
})
const audience = 'https://stint.acme.example'
const deploy = () => ({ 'stint-url': sandbox.urls.broker, profile: 'deploy-prod', audience })
const run = (inputs: Record<string, string>, as: Job = job) => runAction(as, inputs)
const message = (step: Step) => step.errors.map((error) => `${error.title}\n${error.message}`).join('\n')

/** Exports nothing, outputs no credential, prints none of the tokens. */
function expectNothing(step: Step): void {
  expect(step.code).toBe(1)
  expect(step.env).toEqual({})
  expect(Object.keys(step.outputs).filter((name) => name !== 'request-id')).toEqual([])
  expect(step.log).not.toMatch(/eyJ[\w-]{20}|ASIA[A-Z0-9]{12}/)
  expect(step.errors).toHaveLength(1)
}

test('dist is what the source makes', async () => {
  const made = await buildAction()
  for (const [name, text] of Object.entries(made)) expect(readFileSync(`${DIST}${name}`, 'utf8')).toBe(text)
  expect(readdirSync(DIST).sort()).toEqual(Object.keys(made).sort())
})

describe('a job that may', () => {
  test('has masked credentials in its environment that AWS takes', async () => {
    const step = await run(deploy())
    expect(message(step)).toBe('')
    expect(step.code).toBe(0)
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ...rest } = step.env
    expect(rest).toEqual({ AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'eu-central-1' })
    for (const secret of [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN]) {
      expect(step.masked).toContain(secret)
      expect(step.log).not.toContain(secret)
    }
    expect(step.masked.some((secret) => secret.startsWith('eyJ'))).toBe(true) // the job's token too
    expect(step.outputs).toEqual({
      'aws-account-id': '111122223333',
      'aws-expiration': expect.stringMatching(/^2\d{3}-/),
      'authenticated-arn': expect.stringMatching(/^arn:aws:sts::111122223333:assumed-role\/Deploy\//),
      'session-id': expect.stringMatching(/^req_/),
      'request-id': expect.stringMatching(/^req_/),
    })
    const client = s3(sandbox.urls.aws, {
      accessKeyId: AWS_ACCESS_KEY_ID as string,
      secretAccessKey: AWS_SECRET_ACCESS_KEY as string,
      sessionToken: AWS_SESSION_TOKEN as string,
    })
    await client.send(new PutObjectCommand({ Bucket: 'acme-web-assets', Key: 'index.html', Body: 'new' }))
    const session = await sandbox.get(`/sessions/${step.outputs['session-id']}`, await sandbox.token('auditor'))
    expect(session.json).toMatchObject({ state: 'issued', caller: { issuer: 'github', name: 'acme/web:refs/heads/main' } })
  })
  test('takes names as configure-aws-credentials has them', async () => {
    const step = await run({
      ...deploy(),
      'aws-region': 'us-east-1',
      'role-duration-seconds': '900',
      'inline-session-policy': JSON.stringify({ Statement: { Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' } }),
      'output-credentials': 'true',
      'output-env-credentials': 'false',
      'mask-aws-account-id': 'true',
      'allowed-account-ids': '999988887777, 111122223333',
    })
    expect(message(step)).toBe('')
    expect(step.env).toEqual({})
    expect(Object.keys(step.outputs).sort()).toEqual([
      'authenticated-arn',
      'aws-access-key-id',
      'aws-account-id',
      'aws-expiration',
      'aws-secret-access-key',
      'aws-session-token',
      'request-id',
      'session-id',
    ])
    expect(step.masked).toContain('111122223333')
  })
  test('unsets what was there before', async () => {
    const step = await run({ ...deploy(), 'unset-current-credentials': 'true', profile: 'nothing' })
    expect(step.code).toBe(1)
    expect(step.env).toEqual({
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: '',
      AWS_DEFAULT_REGION: '',
    })
  })
  test('has nothing left after its post step', async () => {
    const step = await run(deploy())
    const post = await runAction(job, deploy(), { entry: 'post', state: step.state })
    expect(post.code).toBe(0)
    expect(post.env).toEqual({
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: '',
      AWS_DEFAULT_REGION: '',
    })
  })
})

describe('a job whose profile has endOnExit', () => {
  const errand = () => ({ ...deploy(), profile: 'errand' })
  const stateOf = async (step: Pick<Step, 'state'>) =>
    (await sandbox.get(`/sessions/${step.state.session}`, await sandbox.token('auditor'))).json.state
  test('ends its session in its post step', async () => {
    const step = await run(errand())
    expect([message(step), await stateOf(step)]).toEqual(['', 'issued'])
    const post = await runAction(job, errand(), { entry: 'post', state: step.state })
    expect([post.code, await stateOf(step)]).toEqual([0, 'ended'])
    expect(post.log).toContain(`Ended the session ${step.outputs['session-id']}.`)
    expect(post.masked.some((secret) => secret.startsWith('eyJ'))).toBe(true)
    expect(post.env).toMatchObject({ AWS_SESSION_TOKEN: '' })
  })
  test('ends it even if its step failed', async () => {
    const step = await run({ ...errand(), 'allowed-account-ids': '999988887777' })
    expect(step.code).toBe(1)
    await runAction(job, errand(), { entry: 'post', state: step.state })
    expect(await stateOf(step)).toBe('ended')
  })
  test('is told of a session that was not ended, and does not fail', async () => {
    const step = await run(errand())
    const warned = (reason: string) =>
      `warning: Stint: The session ${step.state.session} was not ended, so it lasts until it expires: ${reason}`
    const post = (state: Record<string, string>, env = job.env) =>
      runAction({ ...job, env }, errand(), { entry: 'post', state: { ...step.state, ...state } })
    const refused = await post({ audience: 'sts.amazonaws.com' })
    expect([refused.code, refused.log]).toEqual([0, expect.stringContaining(warned('Your issuer signed this token'))])
    const tokenless = await post({}, { PATH: process.env.PATH ?? '' })
    expect([tokenless.code, tokenless.log]).toEqual([0, expect.stringContaining(warned('This job cannot request a token.'))])
    const alone = await post({ url: 'http://127.0.0.1:9' })
    expect([alone.code, alone.log]).toEqual([0, expect.stringContaining(warned('DELETE '))])
    expect(await stateOf(step)).toBe('issued')
  })
  test('a job of another profile leaves its session as it is', async () => {
    const step = await run(deploy())
    expect(step.state).toEqual({ exported: 'true' })
  })
})

describe('a job that may not', () => {
  test.each<[string, () => Promise<Step>, RegExp]>([
    [
      'no permission to ask for a token',
      () => runAction({ ...job, env: { PATH: process.env.PATH ?? '' } }, deploy()),
      /permissions: \{ id-token: write \}/,
    ],
    [
      'a pull request from a fork',
      () => runAction({ ...job, env: { ...job.env, ...gitHub('ci-fork') } }, deploy()),
      /^Stint: profile-unknown\n[\s\S]*Code profile-unknown, trace [0-9a-f]{32}/,
    ],
    ['another audience', () => run({ ...deploy(), audience: 'sts.amazonaws.com' }), /token-invalid/],
    [
      'the broker’s URL as its audience, where that is another',
      () => run({ 'stint-url': sandbox.urls.broker, profile: 'deploy-prod' }),
      /token-invalid/,
    ],
    [
      'another account than it expects',
      () => run({ ...deploy(), 'allowed-account-ids': '999988887777' }),
      /^Stint\nThe account ID of the provided credentials \(111122223333\) does not match any of the expected account IDs: 999988887777$/,
    ],
    ['a duration beyond the profile', () => run({ ...deploy(), 'role-duration-seconds': '3600' }), /duration-invalid[\s\S]*Next: /],
    [
      'a policy that is wider',
      () => run({ ...deploy(), 'inline-session-policy': '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}' }),
      /narrow-too-wide/,
    ],
    ['no profile', () => run({ 'stint-url': sandbox.urls.broker }), /Input required and not supplied: profile/],
    ['a broker over http', () => run({ ...deploy(), 'stint-url': 'http://stint.acme.example' }), /stint-url must be an https URL/],
    ['a policy that is no JSON', () => run({ ...deploy(), 'inline-session-policy': '{' }), /inline-session-policy is not valid JSON/],
    ['an account that is none', () => run({ ...deploy(), 'allowed-account-ids': 'prod' }), /12 digits/],
    ['neither true nor false', () => run({ ...deploy(), refresh: 'yes' }), /refresh must be true or false/],
    ['a parameter without a value', () => run({ ...deploy(), parameters: 'bucket' }), /one name=value per line/],
    ['a parameter of no profile', () => run({ ...deploy(), parameters: 'bucket=x\nkey = y' }), /parameter-invalid/],
    [
      'a password in the URL',
      () => run({ ...deploy(), 'stint-url': 'https://:hunter2@stint.acme.example' }),
      /^Stint\nstint-url must be an https URL$/,
    ],
    ['a list of no account', () => run({ ...deploy(), 'allowed-account-ids': ' , ' }), /has no account ID/],
    ['a timeout that no timer holds', () => run({ ...deploy(), 'action-timeout-s': '2147484' }), /action-timeout-s must be at most/],
    ['a region that is none', () => run({ ...deploy(), 'aws-region': 'eu central' }), /Invalid region: eu central/],
    [
      'a broker that is not there',
      () => run({ ...deploy(), 'stint-url': 'http://127.0.0.1:9', 'disable-retry': 'true' }),
      /is unreachable: .*/,
    ],
  ])('%s', async (_name, act, said) => {
    const step = await act()
    expectNothing(step)
    expect(message(step)).toMatch(said)
  })
})

describe('people who have to agree', () => {
  const gated = () => ({ ...deploy(), profile: 'gated' })
  const approve = async (request: string) => {
    const answer = await fetch(`${sandbox.urls.broker}/requests/${request}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await sandbox.token('approver')}`, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(answer.status).toBe(200)
  }
  test('are named by the request that fails, and it is used when they have', async () => {
    const first = await run(gated())
    expectNothing(first)
    const request = first.outputs['request-id'] as string
    expect(message(first)).toMatch(new RegExp(`^Stint: approval-required\n[\\s\\S]*request-id[\\s\\S]*request ${request}$`))
    await approve(request)
    const second = await run({ ...gated(), 'request-id': request })
    expect(message(second)).toBe('')
    expect(second.outputs['request-id']).toBe(request)
  })
  test('are waited for', async () => {
    const running = run({ ...gated(), 'approval-timeout-s': '30' })
    let request: string | undefined
    while (request === undefined) {
      await sleep(100)
      const { json } = await sandbox.get('/requests?approvable=true', await sandbox.token('approver'))
      request = json.requests.find(
        ({ profile, state }: { profile: string; state: string }) => profile === 'gated' && state === 'pending',
      )?.id
    }
    await approve(request)
    const step = await running
    expect(message(step)).toBe('')
    expect(step.log).toContain(`Request ${request} for gated needs approval`)
    expect(step.outputs['request-id']).toBe(request)
  })
  test('are not waited for without an end', async () => {
    const step = await run({ ...gated(), ticket: 'OPS-2', 'approval-timeout-s': '1' })
    expectNothing(step)
    expect(message(step)).toMatch(/Request req_\w+ was not approved within 1 seconds/)
  })
})

describe('trouble on the way', () => {
  const through = () => ({ ...deploy(), 'stint-url': front.url })
  const failing = (times: number, answer: { status: number; body: string; headers?: Record<string, string> }) => {
    let left = times
    asked = []
    between = () => (left-- > 0 ? answer : undefined)
  }
  const busy = { status: 503, body: '{"code":"ledger-unavailable","title":"t","detail":"d"}', headers: { 'retry-after': '0' } }

  test('is tried again, with a token of its own each time', async () => {
    failing(2, busy)
    const step = await run(through())
    expect(message(step)).toBe('')
    expect(asked).toEqual(Array(3).fill('POST /sessions'))
    expect(step.log).toMatch(/Attempt 1 of 12 failed: ledger-unavailable/)
    expect(step.masked.filter((secret) => secret.startsWith('eyJ')).length).toBe(3)
  })
  test('is not tried again where that was said', async () => {
    failing(9, busy)
    expectNothing(await run({ ...through(), 'disable-retry': 'true' }))
    expect(asked).toHaveLength(1)
    failing(9, busy)
    expectNothing(await run({ ...through(), 'retry-max-attempts': '3' }))
    expect(asked).toHaveLength(3)
  })
  test('that is a refusal is not tried again', async () => {
    failing(0, busy)
    expectNothing(await run({ ...through(), profile: 'nothing' }))
    expect(asked).toHaveLength(1)
  })
  test('that is no answer of Stint is told as such', async () => {
    failing(9, { status: 404, body: '<html>nginx</html>' })
    expect(message(await run(through()))).toMatch(/HTTP 404: The response is not from Stint\. Check stint-url\./)
  })
  test('that leads elsewhere is not followed: the token would go with it', async () => {
    failing(9, { status: 307, body: '', headers: { location: `${front.url}/elsewhere` } })
    const step = await run({ ...through(), 'disable-retry': 'true' })
    expectNothing(step)
    expect(asked).toEqual(['POST /sessions'])
  })
  test('has an end', async () => {
    failing(99, { ...busy, headers: { 'retry-after': '60' } })
    const step = await run({ ...through(), 'action-timeout-s': '1' })
    expect(step.code).toBe(1)
    expect(message(step)).toMatch(/timed out after 1 seconds/)
  })
  test('a command in what is only told stays words', async () => {
    failing(1, {
      status: 503,
      body: JSON.stringify({ code: 'x', title: 't', detail: 'a\n  ::add-mask::b ##[add-mask]c' }),
      headers: { 'retry-after': '0' },
    })
    const step = await run(through())
    expect(message(step)).toBe('')
    expect(step.log).toContain('failed: x: a   : :add-mask: :b # #[add-mask]c')
  })
  test('a command in what a server says stays words', async () => {
    failing(9, {
      status: 403,
      body: JSON.stringify({ code: 'not-eligible', title: 't', detail: 'x\n::set-env name=PATH::/evil\n::add-mask::a' }),
    })
    const step = await run(through())
    expect(step.masked).not.toContain('a')
    expect(message(step)).toContain('::set-env name=PATH::/evil')
  })
})

describe('a job that outlasts a session', () => {
  const nightly = () => ({ ...deploy(), profile: 'nightly', refresh: 'true' })
  test('leaves SDKs an endpoint and a token file, and no key', async () => {
    const before = sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
    const step = await run({ ...nightly(), 'allowed-account-ids': '111122223333' })
    expect(message(step)).toBe('')
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file = '', AWS_CONTAINER_CREDENTIALS_FULL_URI: uri = '', ...rest } = step.env
    expect(rest).toEqual({
      AWS_SHARED_CREDENTIALS_FILE: expect.stringMatching(/\/empty$/),
      AWS_CONFIG_FILE: expect.stringMatching(/\/empty$/),
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
    })
    expect(uri).toBe(`${sandbox.urls.broker}/credentials/nightly`)
    expect(readFileSync(file, 'utf8')).toMatch(/^Bearer eyJ\S+$/)
    expect([statSync(file).mode & 0o777, statSync(join(file, '..')).mode & 0o777]).toEqual([0o600, 0o700])

    expect(refreshers(file)).toHaveLength(1)
    // Nothing was vended to find out that it would be.
    expect(sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length).toBe(before)
    const credentials = await fromHttp({ awsContainerCredentialsFullUri: uri, awsContainerAuthorizationTokenFile: file })()
    await s3(sandbox.urls.aws, credentials).send(new PutObjectCommand({ Bucket: 'acme-web-assets', Key: 'nightly.html', Body: 'x' }))

    const post = await runAction(job, nightly(), { entry: 'post', state: step.state })
    expect(post.code).toBe(0)
    expect(post.env).toMatchObject({ AWS_CONTAINER_CREDENTIALS_FULL_URI: '', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '' })
    expect(existsSync(file)).toBe(false)
    await expect.poll(() => refreshers(file), { timeout: 15_000 }).toEqual([])
  })
  test('parameters stand in the address', async () => {
    const step = await run({ ...nightly(), parameters: 'a=1 & 2' })
    expectNothing(step)
    expect(message(step)).toMatch(/parameter-invalid/)
  })
  test('is told at once what SDKs would only meet later', async () => {
    const step = await run({ ...nightly(), profile: 'deploy-prod' })
    expectNothing(step)
    expect(message(step)).toMatch(
      /^Stint: refresh\nThis profile cannot be refreshed: This endpoint does not serve profiles with a default duration under 30 minutes/,
    )
    expect(message(await run({ ...nightly(), profile: 'gated' }))).toMatch(/profiles that need approval/)
    expectNothing(await run({ ...nightly(), 'allowed-account-ids': '999988887777' }))
    expect(message(await run({ ...nightly(), 'role-duration-seconds': '900' }))).toMatch(/refresh cannot be used with ro/)
  })
  test.each(['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN', 'AWS_PROFILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'])(
    'is refused where SDKs would take %s before the endpoint',
    async (name) => {
      const step = await runAction({ ...job, env: { ...job.env, [name]: 'x' } }, nightly())
      expectNothing(step)
      expect(message(step)).toContain(`${name} is set on this runner`)
    },
  )
  test('has a fresh token in the file before the last one is half over', async () => {
    let given = 0
    const short = () => {
      const now = Math.floor(Date.now() / 1000)
      return `e30.${Buffer.from(JSON.stringify({ iat: now, exp: now + 2, n: ++given })).toString('base64url')}.c2ln`
    }
    const issuer = createServer((request, response) => {
      expect(request.url).toBe('/token?api-version=2.0&audience=https%3A%2F%2Fstint.acme.example')
      // Every second time it fails; the job must not notice.
      return given % 2 === 1 && request.headers['x-seen'] === undefined && given > 5
        ? response.writeHead(500).end()
        : response.end(JSON.stringify({ value: short() }))
    })
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
    const tokens = {
      ...gitHub('ci-main'),
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token?api-version=2.0`,
    }
    between = (path) =>
      path.startsWith('/profiles/')
        ? {
            status: 200,
            body: '{"account":"111122223333","region":"eu-central-1","roleArn":"arn:aws:iam::111122223333:role/x","access":"allowed","missing":[],"parameters":{}}',
          }
        : { status: 200, body: '{}' }
    const step = await runAction({ ...job, env: { ...job.env, ...tokens } }, { ...nightly(), 'stint-url': front.url })
    const file = step.env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE as string
    const first = readFileSync(file, 'utf8')
    await expect
      .poll(() => readFileSync(file, 'utf8') !== first && readFileSync(file, 'utf8').startsWith('Bearer e30.'), { timeout: 20_000 })
      .toBe(true)
    const second = readFileSync(file, 'utf8')
    await expect.poll(() => readFileSync(file, 'utf8') !== second, { timeout: 20_000 }).toBe(true)
    expect(readdirSync(join(file, '..')).sort()).toEqual(['empty', 'token'])
    await runAction(job, nightly(), { entry: 'post', state: step.state })
    issuer.close()
    between = () => undefined
  })
})

/** Processes that keep this file fresh. */
const refreshers = (file: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file)
      } catch {
        return false
      }
    })

test('every input and output of action.yml is one that the code knows, and the other way round', () => {
  const yml = readFileSync(fileURLToPath(new URL('../../packages/action/action.yml', import.meta.url)), 'utf8')
  const [inputs = '', outputs = ''] = yml.slice(yml.indexOf('inputs:')).split('outputs:')
  const names = (text: string) => [...text.matchAll(/^ {2}([a-z-]+):/gm)].map((found) => found[1]).sort()
  const code = ['inputs', 'main']
    .map((name) => readFileSync(fileURLToPath(new URL(`../../packages/action/src/${name}.ts`, import.meta.url)), 'utf8'))
    .join('')
  const used = (pattern: RegExp) => [...new Set([...code.matchAll(pattern)].map((found) => found[1]))].sort()
  expect(used(/(?:runner\.(?:required|input|flag|number)|optional|parametersOf\(runner\.input)\('([a-z-]+)'/g)).toEqual(names(inputs))
  expect(used(/runner\.output\('([a-z-]+)'/g)).toEqual(names(outputs))
})

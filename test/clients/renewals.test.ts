/**
 * Clients that we did not write, over hours of one session: they fetch its renewed credentials by themselves, and stop once it was ended.
 * The broker's clock is moved, and the clients' clocks with it.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { STINT } from '../support/cli.ts'
import { cliUser } from '../support/cli-user.ts'
import { type ClientClock, clientClock } from '../support/client-clock.ts'
import { type Client, clientPath, isOldBoto3, versionsOf } from '../support/client-tools.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { hasTool, type Tool, testWith } from '../support/tools.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
const PROFILE = 'all'
const RENEW_MS = 30 * 60_000
const MINUTE = 60_000
/** Commands of the AWS CLI in one session: `npm run verify:all clients` runs 200. They take half a second of CPU each. */
const COMMANDS = Number(process.env.STINT_AWS_COMMANDS ?? 20)
const MOST_MS = 180_000 + COMMANDS * 6000
/** Minutes of the session that pass while those run. */
const MINUTES = 200

let lab: Lab
let sandbox: TestSandbox
let clock: ClientClock
let base: Record<string, string>
let tokenFile: string
let serial = 0
let ahead = 0
/** The access keys with which the clients called AWS. */
const used = new Set<string>()
const children: ChildProcessWithoutNullStreams[] = []
const env = { ...process.env, PATH: clientPath }
const hasFaketime = hasTool('faketime', env)
/** A test with a client that is here: it also needs the clock. */
const withClient = (found: readonly Client[], tool: Tool) =>
  found.length === 0 ? testWith(tool, env) : hasFaketime ? test : testWith('faketime', env)

beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({
    config: CONFIG,
    bindings: lab.bindings,
    intercept: (_service, action, next, { headers }) => {
      const key = /Credential=(ASIA\w+)/.exec(String(headers.authorization))?.[1]
      if (key !== undefined && (action === 'GetCallerIdentity' || action === 'GetObject')) used.add(key)
      return next()
    },
  })
  const user = cliUser(sandbox, 'developer')
  tokenFile = join(user.home, 'token')
  if (!hasFaketime) return
  clock = clientClock(user.home)
  base = {
    ...user.env,
    ...clock.env,
    PATH: clientPath,
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: sandbox.urls.aws,
    AWS_MAX_ATTEMPTS: '1',
    STINT_URL: sandbox.urls.broker,
    STINT_TOKEN_FILE: tokenFile,
  }
})
afterAll(async () => {
  for (const child of children) child.kill()
  await sandbox.close()
  await lab.close()
})

const freshToken = () => lab.token({ sub: `engineer-${serial}`, role: 'engineer', groups: [] })
/** Moves all clocks, and puts a fresh token where the clients read it, as a kubelet does. */
async function pass(milliseconds: number): Promise<void> {
  ahead += milliseconds
  sandbox.advance(milliseconds)
  clock.set(ahead)
  writeFileSync(tokenFile, await freshToken())
}
/** Each test has an engineer of its own. */
async function nextEngineer(): Promise<void> {
  serial++
  await pass(0)
}

/** A process that answers each line with a line. */
type Lines = { readonly ask: () => Promise<string>; readonly close: () => void }
function started(program: string, args: readonly string[], variables: Record<string, string>): Lines & { readonly errors: () => string } {
  const child = spawn(program, args, { env: variables })
  children.push(child)
  let errors = ''
  child.stderr.on('data', (part) => void (errors += part))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async () => {
    child.stdin.write('go\n')
    const { value, done } = await lines.next()
    if (done) throw new Error(`${program} ended: ${errors}`)
    return value
  }
  return { ask, close: () => void child.kill(), errors: () => errors }
}

/** Both clients keep their client objects for as long as they run, and print what AWS answers to each call, or the error. */
const BOTO3 = `
import boto3, json, sys
session = boto3.Session()
sts, s3 = session.client('sts'), session.client('s3')
for line in sys.stdin:
    try:
        arn = sts.get_caller_identity()['Arn']
        text = s3.get_object(Bucket='acme-staging-uploads', Key='hello.txt')['Body'].read().decode()
        print(json.dumps({'arn': arn, 'text': text}), flush=True)
    except Exception as error:
        print(json.dumps({'error': str(error)}), flush=True)`
const JAVASCRIPT = `
import { createInterface } from 'node:readline'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
const [sts, s3] = [new STSClient({}), new S3Client({ forcePathStyle: true })]
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { Arn: arn } = await sts.send(new GetCallerIdentityCommand({}))
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'acme-staging-uploads', Key: 'hello.txt' }))
    console.log(JSON.stringify({ arn, text: await Body.transformToString() }))
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }))
  }
}`
/** Node's timers fail an assertion, or end a request early, if the monotonic clock moves with the other one. Python needs both to. */
const REAL_TIMERS = { FAKETIME_DONT_FAKE_MONOTONIC: '1' }
const pythons = await versionsOf('python3', ['-c', 'import boto3; print(boto3.__version__)'])
// A version that does not know the token file says so in s3.test.ts.
const python = pythons.filter(({ version }) => !isOldBoto3(version))
const { version: sdk } = (await import('@aws-sdk/client-sts/package.json', { with: { type: 'json' } })).default
const clients: readonly [string, ReturnType<typeof withClient>, string, readonly string[]][] = [
  ...(pythons.length > 0 ? python : [{ path: 'python3', version: 'missing' }]).map(
    ({ path, version }) => [`boto3 ${version}`, withClient(python, 'boto3'), path, ['-c', BOTO3]] as const,
  ),
  [
    `AWS SDK for JavaScript ${sdk}`,
    withClient([{ path: process.execPath, version: sdk }], 'faketime'),
    process.execPath,
    ['--input-type=module', '-e', JAVASCRIPT],
  ],
] as never

const sessionOf = async (id: string) => (await sandbox.get(`/sessions/${id}`, await freshToken())).json
const arnOf = (id: string) => `arn:aws:sts::444455556666:assumed-role/PowerUser/Dana-${id}`
const requestsOf = async () => (await storedRequests(sandbox)).filter(({ events }) => events[0]?.caller?.subject === `engineer-${serial}`)

/** Access keys that were used and are not of the engineer's session. */
async function strangers(): Promise<readonly string[]> {
  const issued = (await requestsOf()).flatMap(({ events }) => events.flatMap((event) => ('accessKeyId' in event ? event.accessKeyId : [])))
  return [...used].filter((key) => !issued.includes(key))
}

/** The session itself, over the broker's own endpoint. */
async function directly() {
  const { json } = await sandbox.vend(await freshToken(), { profile: PROFILE })
  const variables = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.urls.broker}/sessions/${json.id}/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  }
  return { variables, id: json.id as string }
}
/** A session that `stint serve` holds. */
async function served() {
  const server = started(process.execPath, [STINT, 'serve', PROFILE, '--json'], base)
  const variables = JSON.parse(await server.ask())
  return { variables, id: (await requestsOf())[0]?.sessions[0]?.id as string }
}

describe.each(clients)('%s', (_name, withTool, program, args) => {
  for (const [way, start] of Object.entries({ 'GET /sessions/{id}/credentials': directly, 'stint serve': served }))
    withTool(`keeps one session over hours through ${way}, and stops within renew after its end`, async () => {
      await nextEngineer()
      const { variables, id } = await start()
      used.clear()
      const client = started(program, args, { ...base, ...variables, ...(program === process.execPath ? REAL_TIMERS : {}) })
      const call = async () => JSON.parse(await client.ask()) as { arn: string; text: string } | { error: string }
      const works = { arn: arnOf(id), text: 'hello from staging\n' }

      for (let minute = 0; minute <= 150; minute += 5) {
        expect(await call()).toEqual(works)
        await pass(5 * MINUTE)
      }
      const endedAt = sandbox.now()
      const ended = (await sandbox.call('DELETE', `/sessions/${id}`, await freshToken())).json
      // Not before the end: some clients renew in the background.
      const { count } = (await sessionOf(id)).renewed
      expect([count >= 3, used.size >= 4, await strangers()]).toEqual([true, true, []])
      const expireBy = Date.parse(ended.credentialsExpireBy)
      expect([ended.state, expireBy - endedAt <= RENEW_MS]).toEqual(['ended', true])
      for (; sandbox.now() < expireBy; await pass(5 * MINUTE)) {
        const answer = await call()
        // Some clients give their credentials up before they expire.
        if (!('error' in answer)) expect(answer).toEqual(works)
      }
      for (let again = 0; again < 3; again++, await pass(30 * MINUTE)) expect(await call()).toEqual({ error: expect.any(String) })
      expect([(await sessionOf(id)).renewed.count, await strangers()]).toEqual([count, []])
      client.close()
    })
})

const aws = await versionsOf('aws', ['--version'])
describe.each(aws.length > 0 ? aws : [{ path: 'aws', version: 'missing' }])('AWS CLI $version', ({ path }) => {
  withClient(aws, 'aws')(
    `${COMMANDS} commands under one stint exec are one session, until it is ended`,
    async () => {
      await nextEngineer()
      const assumed = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
      const before = assumed()
      const loop = `while read -r _; do '${path}' --endpoint-url '${sandbox.urls.aws}' sts get-caller-identity --query Arn --output text 2>&1 || echo failed; done`
      const shell = started(process.execPath, [STINT, 'exec', PROFILE, '--', 'sh', '-c', loop], base)
      const arns = []
      for (let command = 0; command < COMMANDS; command++) {
        arns.push(await shell.ask())
        await pass((MINUTES / COMMANDS) * MINUTE)
      }
      const [request, ...others] = await requestsOf()
      const [session, ...more] = request?.sessions ?? []
      const id = session?.id as string
      const { renewed } = await sessionOf(id)
      expect([others, more, request?.uses, request?.usesLeft]).toEqual([[], [], 1, 0])
      expect(new Set(arns)).toEqual(new Set([arnOf(id)]))
      expect([renewed.count >= 3, renewed.count <= 10]).toEqual([true, true])
      expect(assumed() - before).toBe(1 + renewed.count)

      expect((await sandbox.call('DELETE', `/sessions/${id}`, await freshToken())).json.state).toBe('ended')
      expect(await shell.ask()).toBe(arnOf(id))
      await pass(RENEW_MS)
      const words: string[] = []
      while (words.at(-1) !== 'failed') words.push(await shell.ask())
      expect(words.join('\n')).toContain('"session-ended"')
      expect((await sessionOf(id)).renewed.count).toBe(renewed.count)
      shell.close()
    },
    MOST_MS,
  )
})

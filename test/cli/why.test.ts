/** Denials of the sandbox's AWS, from a real session, through `stint why`. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { CONFIG, type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let user: CliUser
let s3: S3Client
beforeAll(async () => {
  sandbox = await testSandbox()
  user = cliUser(sandbox, 'developer')
  expect((await user.run(['login', sandbox.urls.broker])).code).toBe(0)
  const { stdout } = await user.run(['credential-process', 'logs-read', '-p', 'bucket=acme-orders-logs', '-d', '15m'])
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(stdout)
  s3 = new S3Client({
    region: 'eu-central-1',
    endpoint: sandbox.urls.aws,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
  })
})
afterAll(() => sandbox.close())

const messageOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => Promise.reject(new Error('expected a denial')),
    ({ name, message }: Error) => `An error occurred (${name}) when calling it: ${message}`,
  )
const why = async (message: string, ...more: string[]) => {
  const { code, stdout, stderr } = await user.run(['why', '--json', ...more], {}, message)
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

test('another bucket: the session policy, and the profile with the parameter that allows it', async () => {
  const message = await messageOf(s3.send(new GetObjectCommand({ Bucket: 'acme-payments-logs', Key: 'x' })))
  expect(await why(message)).toMatchObject({
    layer: 'session',
    effect: 'implicit',
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::acme-payments-logs/x',
    account: '111122223333',
    role: 'ReadOnly',
    session: expect.stringMatching(/^req_\w{26}\.\w{8}$/),
    profiles: [{ profile: 'logs-read', certainty: 'allows', command: 'stint exec logs-read -p bucket=acme-payments-logs -- COMMAND' }],
  })
})
test('an action of no profile: nothing is promised', async () => {
  const message = await messageOf(s3.send(new PutObjectCommand({ Bucket: 'acme-orders-logs', Key: 'x', Body: 'x' })))
  expect(await why(message)).toMatchObject({ action: 's3:PutObject', profiles: [] })
})
test('the session it names is one that stint show finds', async () => {
  const { session } = await why(await messageOf(s3.send(new GetObjectCommand({ Bucket: 'acme-payments-logs', Key: 'x' }))))
  const { code, stdout } = await user.run(['show', session.split('.')[0]])
  expect([code, stdout]).toEqual([0, expect.stringContaining('logs-read')])
})
test('once doctor has read the role: what its policies say', async () => {
  const message = await messageOf(s3.send(new GetObjectCommand({ Bucket: 'acme-payments-logs', Key: 'x' })))
  const admin = addUser(sandbox.aws.world, 'arn:aws:iam::111122223333:user/admin', [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: ['iam:*', 'sts:*'], Resource: '*' } },
  ])
  const env = { AWS_ENDPOINT_URL: sandbox.urls.aws, AWS_ACCESS_KEY_ID: admin.accessKeyId, AWS_SECRET_ACCESS_KEY: admin.secretAccessKey }
  const doctor = await user.run(['doctor', 'logs-read', '--aws', '--config', CONFIG], env)
  expect(doctor.stdout).toMatch(/^policies +ok +\d+ polic(y|ies) read; stint why uses (it|them) for 30 days$/m)
  const [best] = (await why(message)).profiles
  expect(best).toMatchObject({ profile: 'logs-read', role: 'allows' })
  const { stdout } = await user.run(['why'], {}, message)
  expect(stdout).toMatch(/session policy allows it, and the role’s policies, as read by stint doctor on \d{4}-\d\d-\d\d, allow it\./)
})
test('after its end: expired', async () => {
  sandbox.advance(16 * 60_000)
  const message = await messageOf(s3.send(new GetObjectCommand({ Bucket: 'acme-orders-logs', Key: 'x' })))
  expect((await why(message)).layer).toMatch(/^(expired|clock)$/)
})

describe('what a message contains', () => {
  test('never moves the cursor, and does not start a line of its own', async () => {
    const hostile = `User: arn:aws:sts::111122223333:assumed-role/a/b\u001b]0;x\u0007\u202e is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/\u001b[2Jk" with an explicit deny in a session policy`
    const { code, stdout, stderr } = await user.run(['why', hostile])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/Denied by/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
  test('is not repeated where it is not needed: keys and tokens', async () => {
    const secret = 'FwoGZXIvYXdzEXAMPLETOKEN'
    const message = `AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE AWS_SESSION_TOKEN=${secret} An error occurred (AccessDenied): User: arn:aws:iam::111122223333:user/AKIAIOSFODNN7EXAMPLE is not authorized to perform: s3:GetObject. Encoded authorization failure message: ${secret}`
    for (const args of [['why'], ['why', '--json']]) {
      const { stdout, stderr } = await user.run(args, {}, message)
      expect(stdout).toContain('s3:GetObject')
      expect(`${stdout}${stderr}`).not.toMatch(/FwoGZX|IOSFODNN7/)
    }
  })
  test.each([
    [6, 1, '1 more denial was not read. Pass it separately.'],
    [9, 4, '4 more denials were not read. Pass them separately.'],
  ])('is read up to five denials: of %i, %i are not read, and it says so', async (count, unread, words) => {
    const message = Array.from({ length: count }, (_none, at) => `User: x${at} is not authorized to perform: s3:GetObject`).join('\n')
    expect((await user.run(['why'], {}, message)).stdout).toMatch(new RegExp(`\\n\\n${words}\\n$`))
    expect(await why(message)).toMatchObject({ others: { length: 4 }, unread })
  })
  test('is bounded: a megabyte of noise before it is passed over, and an endless stream ends', async () => {
    const denied = 'An error occurred (AccessDenied) when calling the GetObject operation: Access Denied'
    expect((await user.run(['why'], {}, `${'noise '.repeat(100_000)}\n${denied}`)).stdout).toContain('Denied by')
    expect((await user.run(['why'], {}, 'noise '.repeat(1_000_000))).code).toBe(1)
  })
})

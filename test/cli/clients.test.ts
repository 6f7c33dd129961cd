/** Clients that we did not write, unmodified: the AWS CLI and boto3, through credential_process, the container endpoint and `env`. */
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser, spawned } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { hasTool, testWith } from '../support/tools.ts'

const ran = promisify(execFile)
const versionOf = (program: string, args: readonly string[]) =>
  ran(program, args).then(
    ({ stdout, stderr }) => `${stdout}${stderr}`.trim().split(' ')[0] ?? '',
    () => '',
  )
/** Every `aws` on PATH and Debian's, one of each version. A shim without its Python does not start. */
const candidates = [...new Set([...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'aws')), '/usr/bin/aws'])].filter(
  existsSync,
)
const found = await Promise.all(candidates.map(async (path) => ({ path, version: await versionOf(path, ['--version']) })))
const clis = found.filter(({ version }, at) => version !== '' && found.findIndex((other) => other.version === version) === at)
const boto3 = hasTool('boto3') ? await versionOf('python3', ['-c', "import boto3; print('boto3/' + boto3.__version__)"]) : 'boto3'
/** `testWith` looks at the first `aws` on PATH alone, so it is asked only where no other one runs either. */
const withAws = clis.length > 0 ? test : testWith('aws')
const withBoto3 = testWith('boto3')

const BUCKET = 'acme-orders-logs'
const PROFILE = ['logs-read', '-p', `bucket=${BUCKET}`]
const READ = `
import os, sys, boto3
session = boto3.Session(**({'profile_name': sys.argv[1]} if len(sys.argv) > 1 else {}))
s3 = session.client('s3', endpoint_url=os.environ['ENDPOINT'], region_name='eu-central-1')
print(s3.get_object(Bucket='${BUCKET}', Key='2026/11/24/orders.log')['Body'].read().decode().splitlines()[0])
print(session.get_credentials().method)
`

let sandbox: TestSandbox
let user: CliUser
let env: Record<string, string>
beforeAll(async () => {
  sandbox = await testSandbox()
  user = cliUser(sandbox, 'developer')
  // As after `npx stint configure`: there is no `stint` on the PATH of those clients.
  const folders = (user.env.PATH ?? '').split(delimiter).filter((folder) => !existsSync(join(folder, 'stint')))
  env = { ...user.env, PATH: folders.join(delimiter), ENDPOINT: sandbox.urls.aws, AWS_MAX_ATTEMPTS: '1' }
  expect((await user.run(['login', sandbox.urls.broker])).code).toBe(0)
  expect((await user.run(['configure', ...PROFILE])).code).toBe(0)
})
afterAll(() => sandbox.close())

const copyWith = (aws: string, more: readonly string[] = []) => [
  aws,
  '--endpoint-url',
  sandbox.urls.aws,
  ...more,
  's3',
  'cp',
  `s3://${BUCKET}/2026/11/24/orders.log`,
  '-',
]

describe.each(clis.length > 0 ? clis : [{ path: 'aws', version: 'AWS CLI' }])('$version at $path', ({ path }) => {
  const copy = (more: readonly string[] = []) => copyWith(path, more)

  withAws('reads the log through credential_process', async () => {
    const [program = '', ...args] = copy(['--profile', 'logs-read'])
    const { code, stdout } = await spawned(program, args, env)
    expect([code, stdout.split('\n')[0]]).toEqual([0, '10:00:01 order 4711 paid'])
  })
  withAws('reads the log through the container endpoint of stint exec, whatever the credentials file holds', async () => {
    writeFileSync(join(user.home, '.aws/credentials'), '[default]\naws_access_key_id = AKIAOLDOLDOLDOLDOLD1\naws_secret_access_key = old\n')
    const { code, stdout } = await user.run(['exec', ...PROFILE, '--', ...copy()], env)
    expect([code, stdout.split('\n')[0]]).toEqual([0, '10:00:01 order 4711 paid'])
  })
  withAws('may not read more than the profile, and stint exec passes its exit code', async () => {
    const { code, stderr } = await user.run(
      ['exec', ...PROFILE, '--', path, '--endpoint-url', sandbox.urls.aws, 's3', 'cp', 's3://acme-customers/customers.csv', '-'],
      env,
    )
    expect([code, stderr]).toEqual([1, expect.stringMatching(/AccessDenied|Forbidden/)])
  })
  withAws('reads the log with fixed variables', async () => {
    const { code, stdout } = await user.run(['exec', ...PROFILE, '--static', '--', ...copy()], env)
    expect([code, stdout.split('\n')[0]]).toEqual([0, '10:00:01 order 4711 paid'])
  })
  withAws('reads the log after eval of stint env', async () => {
    const { code, stdout } = await spawned(
      'sh',
      ['-c', `eval "$('${process.execPath}' '${STINT}' env ${PROFILE.join(' ')})" && ${copy().join(' ')}`],
      env,
    )
    expect([code, stdout.split('\n')[0]]).toEqual([0, '10:00:01 order 4711 paid'])
  })
})

describe(boto3, () => {
  withBoto3.each([
    ['credential_process', 'logs-read', 'custom-process'],
    ['the container endpoint', undefined, 'container-role'],
  ] as const)('reads the log through %s', async (_way, profile, method) => {
    const python = ['python3', '-c', READ]
    const done =
      profile === undefined
        ? await user.run(['exec', ...PROFILE, '--', ...python], env)
        : await spawned('python3', [...python.slice(1), profile], env)
    expect([done.code, done.stdout, done.stderr]).toEqual([0, `10:00:01 order 4711 paid\n${method}\n`, ''])
  })
})

test('stint exec hides an AWS config whose default profile has credentials, and says so', async () => {
  const file = join(user.home, 'config')
  writeFileSync(file, '[profile other]\nregion = x\n[default]\nsso_session = corp\n')
  const print = ['exec', ...PROFILE, '--', 'sh', '-c', 'echo $AWS_CONFIG_FILE']
  const hidden = await user.run(print, { AWS_CONFIG_FILE: file })
  expect([hidden.stdout, hidden.stderr]).toEqual(['/dev/null\n', expect.stringMatching(/default profile of .*config has credentials/)])
  // What `aws login` writes.
  writeFileSync(file, '[default]\nlogin_session = arn:aws:iam::111122223333:user/x\n')
  expect((await user.run(print, { AWS_CONFIG_FILE: file })).stdout).toBe('/dev/null\n')
  writeFileSync(file, '[default]\nregion = x\n[profile other]\nsso_session = corp\n')
  const seen = await user.run(print, { AWS_CONFIG_FILE: file })
  expect([seen.stdout, seen.stderr]).toEqual([`${file}\n`, ''])
})

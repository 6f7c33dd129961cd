/**
 * The same with an unmodified AWS CLI: every `aws` on the PATH, and Debian's. Where no AWS CLI runs, the tests show as skipped.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { testWith } from '../support/tools.ts'

const run = promisify(execFile)
const candidates = [...new Set([...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'aws')), '/usr/bin/aws'])].filter(
  existsSync,
)

/** Those that start at all; a shim without its Python does not. */
const clis = (
  await Promise.all(
    candidates.map(async (path) => {
      const version = await run(path, ['--version']).catch(() => undefined)
      return version ? [{ path, version: `${version.stdout}${version.stderr}`.split(' ')[0] ?? '' }] : []
    }),
  )
)
  .flat()
  .filter(({ version }, index, all) => all.findIndex((other) => other.version === version) === index)
/** `testWith` looks at the first `aws` on PATH alone, so it is asked only where no other one runs either. */
const withAws = clis.length > 0 ? test : testWith('aws')

describe.each(clis.length > 0 ? clis : [{ path: 'aws', version: 'AWS CLI' }])('$version at $path', ({ path }) => {
  let sandbox: TestSandbox
  let home: string
  beforeAll(async () => {
    sandbox = await testSandbox()
    home = await mkdtemp(join(tmpdir(), 'stint-cli-'))
  })
  afterAll(async () => {
    await sandbox.close()
    await rm(home, { recursive: true })
  })

  async function aws(environment: Record<string, string>, ...args: string[]): Promise<{ ok: boolean; text: string }> {
    // Nothing of the machine's own AWS settings; endpoint by flag, since older CLIs ignore the variable and call Amazon.
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      AWS_CONFIG_FILE: join(home, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_REGION: 'eu-central-1',
      AWS_MAX_ATTEMPTS: '1',
      PYENV_VERSION: process.env.PYENV_VERSION,
      PYENV_ROOT: process.env.PYENV_ROOT,
      ...environment,
    }
    const done = await run(path, ['--endpoint-url', sandbox.urls.aws, ...args], { env }).catch(
      (error: { stdout: string; stderr: string }) => ({ ...error, failed: true }),
    )
    return { ok: !('failed' in done), text: `${done.stdout}${done.stderr}` }
  }

  withAws('format env: the log is read, the customers are not, the session is who Stint said', async () => {
    const { text, headers } = await sandbox.vend(await sandbox.token('developer'), {
      profile: 'logs-read',
      parameters: { bucket: 'acme-orders-logs' },
      format: 'env',
    })
    const environment = Object.fromEntries(
      [...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name, value]),
    ) as Record<string, string>
    const who = await aws(environment, 'sts', 'get-caller-identity', '--output', 'json')
    expect(JSON.parse(who.text).Arn).toContain(headers.get('location')?.slice('/sessions/'.length))
    expect(await aws(environment, 's3', 'cp', 's3://acme-orders-logs/2026/11/24/orders.log', '-')).toMatchObject({
      ok: true,
      text: expect.stringContaining('order 4711'),
    })
    expect(await aws(environment, 's3', 'ls', 's3://acme-orders-logs/2026/11/24/')).toMatchObject({
      ok: true,
      text: expect.stringContaining('orders.log'),
    })
    expect(
      await aws(environment, 's3api', 'get-object', '--bucket', 'acme-customers', '--key', 'customers.csv', join(home, 'out')),
    ).toMatchObject({ ok: false, text: expect.stringContaining('AccessDenied') })
    expect(
      await aws(
        environment,
        'sts',
        'assume-role',
        '--role-arn',
        'arn:aws:iam::111122223333:role/stint/Deploy',
        '--role-session-name',
        'hop',
      ),
    ).toMatchObject({ ok: false, text: expect.stringContaining('AccessDenied') })
  })

  withAws('the container endpoint: the CLI fetches by itself', async () => {
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.urls.broker}/credentials/staging-power`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: `Bearer ${await sandbox.token('developer')}`,
    }
    expect(await aws(environment, 's3', 'cp', 's3://acme-staging-uploads/hello.txt', '-')).toMatchObject({
      ok: true,
      text: expect.stringContaining('hello from staging'),
    })
    expect(await aws(environment, 's3', 'cp', 's3://acme-staging-secrets/key.pem', '-')).toMatchObject({ ok: false })
  })

  withAws('a refusal reaches the person who typed the command', async () => {
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.urls.broker}/credentials/break-glass`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: `Bearer ${await sandbox.token('oncall')}`,
    }
    expect(await aws(environment, 'sts', 'get-caller-identity')).toMatchObject({
      ok: false,
      text: expect.stringContaining('approval-required'),
    })
  })
})

/**
 * `eval "$(curl …)"` as users write it, at every status: credentials are set, or the old ones are gone, the message is on stderr and the status is not 0.
 * And `credential_process`, in clients that we did not write.
 */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRefusalFormat } from '@stint/broker/http/refusal-formats'
import { shownLine } from '@stint/core/shown-text'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawned } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { hasTool, testWith } from '../support/tools.ts'

let sandbox: TestSandbox
let isBroken = false
beforeAll(async () => {
  sandbox = await testSandbox({
    deadlines: { connect: 5000, ledger: 5000, sts: 5000 },
    intercept: (_service, action, next) => {
      if (!isBroken || action !== 'UpdateItem') return next()
      return Promise.resolve({ status: 500, headers: {}, body: '{"__type":"InternalServerError","message":"broken"}' })
    },
  })
})
afterAll(() => sandbox.close())

type Case = {
  readonly who?: string
  readonly path?: string
  readonly curl?: readonly string[]
  readonly body: unknown
}
const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' }, format: 'env' }
/** Each refusal by what made it, and what stderr must say. */
const refusals: readonly [name: string, call: Case, said: RegExp][] = [
  ['no token', { body: logs }, /HTTP 401, code token-missing/],
  ['an unknown profile', { who: 'developer', body: { profile: "no'such", format: 'env' } }, /HTTP 404, code profile-unknown/],
  [
    'an invalid parameter',
    { who: 'developer', body: { ...logs, parameters: { bucket: '$(touch PWNED)' } } },
    /HTTP 422, code parameter-invalid/,
  ],
  [
    'an approval',
    { who: 'oncall', body: { profile: 'break-glass', format: 'env', justification: 'test' } },
    /Request req_\w{26} is waiting/,
  ],
  ['a body that is too large', { who: 'developer', body: { ...logs, ticket: 'x'.repeat(30_000) } }, /HTTP 413, code body-too-large/],
  ['an unknown property', { who: 'developer', body: { ...logs, colour: 'red' } }, /HTTP 400, code body-invalid/],
  ['a body that is not JSON', { who: 'developer', body: `${JSON.stringify(logs)}}` }, /HTTP 400, code body-invalid/],
  ['a media type', { who: 'developer', body: logs, curl: ['-H', 'content-type: text/plain'] }, /HTTP 415, code media-type/],
  ['a method', { who: 'developer', body: logs, curl: ['-X', 'DELETE'] }, /HTTP 405, code method-not-allowed/],
  ['an unknown route', { who: 'developer', path: '/session', body: logs }, /HTTP 404, code route-unknown/],
  ['a slash at the end', { who: 'developer', path: '/sessions/', body: logs }, /HTTP 404, code route-unknown/],
  ['a route of the other function', { who: 'developer', path: '/requests', body: logs }, /HTTP 400, code body-invalid/],
  ['a route that only reads', { who: 'developer', path: '/profiles', body: logs }, /HTTP 405, code method-not-allowed/],
  ['a query', { who: 'developer', path: '/sessions?format=env', body: { profile: 'none' } }, /HTTP 404, code profile-unknown/],
  ['the container endpoint', { path: '/credentials/x?format=env', curl: ['-X', 'GET'], body: '' }, /HTTP 401, code token-missing/],
]

const shells: readonly ['bash' | 'dash' | 'zsh', readonly string[]][] = [
  ['bash', ['--norc', '--noprofile']],
  ['dash', []],
  ['zsh', ['-f']],
]

/** Runs a script in a new folder, with credentials of an earlier session in the environment. */
async function inShell(program: string, options: readonly string[], script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'stint-refusal-'))
  writeFileSync(join(folder, 'script'), script)
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    AWS_ACCESS_KEY_ID: 'OLD',
    AWS_SECRET_ACCESS_KEY: 'OLD',
    AWS_SESSION_TOKEN: 'OLD',
  }
  const ran = await spawned('env', ['-C', folder, program, ...options, join(folder, 'script')], env)
  return { ...ran, files: readdirSync(folder).filter((name) => name === 'PWNED') }
}

async function curlOf({ who, path = '/sessions', curl = [], body }: Case): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const words = [
    ...(who ? ['-H', `authorization: Bearer ${await sandbox.token(who)}`] : []),
    ...(curl.includes('-H') ? [] : ['-H', 'content-type: application/json']),
    ...curl,
    ...(text ? ['-d', text] : []),
    `${sandbox.urls.broker}${path}`,
  ]
  return `curl -q -sS ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`
}
const look = 'echo "status=$? key=${AWS_ACCESS_KEY_ID-none}${AWS_SECRET_ACCESS_KEY-}${AWS_SESSION_TOKEN-}"'

describe.each(shells)('%s', (program, options) => {
  const withShell = hasTool('curl') ? testWith(program) : testWith('curl')
  withShell.each(refusals.map(([name, call, said]): [string, Case, RegExp] => [name, call, said]))(
    '%s leaves no old key behind',
    async (_name, call, said) => {
      const ran = await inShell(program, options, `eval "$(${await curlOf(call)})"; ${look}\necho went on`)
      expect(ran.stdout).toMatch(/^status=[18] key=none\nwent on\n$/)
      expect(ran.stderr).toMatch(said)
      expect(ran.stderr.split('\n').every((line) => line === '' || line.startsWith('stint: '))).toBe(true)
      expect(ran.files).toEqual([])
    },
  )
  withShell('a dependency that is down leaves no old key behind', async () => {
    isBroken = true
    const ran = await inShell(program, options, `eval "$(${await curlOf({ who: 'developer', body: logs })})"; ${look}`)
    isBroken = false
    expect([ran.stdout, ran.stderr]).toEqual(['status=1 key=none\n', expect.stringContaining('HTTP 503, code ledger-unavailable')])
  })
  withShell('set -e ends the script', async () => {
    const ran = await inShell(program, options, `set -eu\neval "$(${await curlOf({ body: logs })})"\necho went on`)
    expect([ran.code, ran.stdout]).toEqual([1, ''])
  })
  withShell('credentials replace those of before', async () => {
    const ran = await inShell(program, options, `eval "$(${await curlOf({ who: 'developer', body: logs })})"; ${look}`)
    expect([ran.stdout, ran.stderr]).toEqual([expect.stringMatching(/^status=0 key=ASIA\w{16}/), ''])
  })

  const special = fc.constantFrom("'", '"', '\\', '$', '`', '!', '\n', '\r', '%', '#', ';', '|', '\0', '\u001b', '\u202e', '😀', '\ud800')
  const text = fc.oneof(
    fc.array(special, { minLength: 1, maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.constantFrom('$(touch PWNED)', "'; touch PWNED; '", "'\\''; touch PWNED #", '`touch PWNED`', '%s%n', '-n', '!!'),
  )
  testWith(program)('prints any text as it is shown, and runs none of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 20, maxLength: 40 }), async (details) => {
        const scripts = details.map((detail) => {
          const problem = { title: 'A', detail: `A${detail}`, next: 'B', code: 'internal', trace: 't' }
          const headers = { 'content-type': 'application/problem+json' }
          return inRefusalFormat({ status: 500, headers, body: JSON.stringify(problem) }, () => 'env').body
        })
        const ran = await inShell(program, options, scripts.join(''))
        expect(ran.stderr.split('\n').filter((_line, at) => at % 3 === 0 && at < 3 * details.length)).toEqual(
          details.map((detail) => `stint: ${shownLine(`A${detail}`, 1000)}`),
        )
        expect([ran.code, ran.stdout, ran.files]).toEqual([1, '', []])
      }),
      { numRuns: 8 },
    )
  })
})

describe('credential_process', () => {
  const configured = async (call: Case) => {
    const home = mkdtempSync(join(tmpdir(), 'stint-process-'))
    // The AWS CLI splits the line as a shell would, and runs no shell.
    writeFileSync(join(home, 'config'), `[profile p]\nregion = eu-central-1\ncredential_process = ${await curlOf(call)}\n`)
    const env = { PATH: process.env.PATH ?? '', HOME: home, AWS_CONFIG_FILE: join(home, 'config'), AWS_EC2_METADATA_DISABLED: 'true' }
    const ran = await spawned('aws', ['--profile', 'p', '--endpoint-url', sandbox.urls.aws, 'sts', 'get-caller-identity'], {
      ...env,
      ...(Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('PYENV_'))) as Record<string, string>),
    })
    return ran
  }
  testWith('aws').each<[string, Case, RegExp]>([
    [
      'a refusal',
      { who: 'developer', body: { profile: 'none', format: 'process' } },
      /Profile not found, or not visible to you.*GET \/profiles lists/,
    ],
    [
      'an approval',
      { who: 'oncall', body: { profile: 'break-glass', format: 'process', justification: 'test' } },
      /Approval is required\. Request req_\w{26} is waiting/,
    ],
  ])('the AWS CLI shows %s', async (_name, call, said) => {
    const ran = await configured(call)
    expect(ran.code).not.toBe(0)
    expect(ran.stderr).toMatch(said)
  })
  testWith('aws')('the AWS CLI takes credentials', async () => {
    const ran = await configured({ who: 'developer', body: { ...logs, format: 'process' } })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
  })
})

test.each<[string, string, object | undefined, number]>([
  ['a refusal', '/sessions', { profile: 'none', format: 'process' }, 401],
  ['the container endpoint', '/credentials/x?format=process', undefined, 401],
  ['an unknown route', '/session', { format: 'process' }, 404],
])('process: %s has its message in Version', async (_name, path, body, status) => {
  const answer = await sandbox.call(body ? 'POST' : 'GET', path, undefined, body)
  expect(answer.status).toBe(status)
  expect(answer.json.Version).toMatch(/HTTP \d{3}, code/)
  expect(answer.headers.get('content-type')).toMatch(/json/)
})

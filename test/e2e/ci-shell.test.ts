/**
 * GitLab's template and Buildkite's plugin: one shell function behind both, run in dash and bash against the sandbox, as the
 * runner and the agent run them; and read by shellcheck.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { gitlabTemplate, TEMPLATE } from '@stint/action/build/gitlab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { testWith } from '../support/tools.ts'

const withCurl = testWith('curl')

const CONFIG = fileURLToPath(new URL('../support/renew.config.ts', import.meta.url))

const plugin = fileURLToPath(new URL('../../packages/action/stint-buildkite-plugin', import.meta.url))
const read = (path: string) => readFileSync(`${plugin}/${path}`, 'utf8')
const [lib, libEnd] = [read('lib/stint.sh'), read('lib/stint-end.sh')]

let lab: Lab
let sandbox: TestSandbox
let folder: string
let people: string
beforeAll(async () => {
  lab = await startLab()
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings })
  people = await sandbox.token('developer')
  folder = mkdtempSync(`${tmpdir()}/stint-ci-`)
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
  rmSync(folder, { recursive: true })
})

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
const run = (shell: string, script: string, env: Record<string, string>, cwd = folder): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(shell, ['-c', script], { cwd, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part) => void (stdout += part))
    child.stderr.on('data', (part) => void (stderr += part))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })

const variables = (text: string) => Object.fromEntries([...text.matchAll(/^(AWS_[A-Z_]+)=(.*)$/gm)].map((found) => [found[1], found[2]]))
const shells = ['bash', 'dash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0)
test('there is a shell other than bash to try', () => expect(shells).toContain('dash'))

describe('shellcheck', () => {
  const check = (script: string, ...options: readonly string[]) => {
    const ran = spawnSync(process.execPath, [fileURLToPath(new URL('../support/shellcheck.ts', import.meta.url)), ...options], {
      input: script,
    })
    return JSON.parse(String(ran.stdout)).map(({ line, code, message }: any) => `${line}: SC${code} ${message}`)
  }
  test.each<[string, () => string, readonly string[]]>([
    ['lib/stint.sh', () => `#!/bin/sh\n${lib}`, ['sh']],
    // What it sources stands in front of it, or its variables would look unused.
    ['hooks/environment', () => `#!/usr/bin/env bash\n${lib}\n${read('hooks/environment')}`, ['bash', '1091']],
    ['lib/stint-end.sh', () => `#!/bin/sh\n${libEnd}`, ['sh']],
    ['hooks/pre-exit', () => `#!/usr/bin/env bash\n${libEnd}\n${read('hooks/pre-exit')}`, ['bash', '1091']],
    ["GitLab's script", () => `#!/bin/sh\n${scriptsOf(templateWith({})).join('\n')}`, ['sh']],
    ["GitLab's script after the job", () => `#!/bin/sh\n${templateWith({}).after_script.join('\n')}`, ['sh']],
  ])('%s', (_name, script, options) => expect(check(script(), ...options)).toEqual([]))
  test('does find what is wrong', () => expect(check('#!/bin/sh\nrm $1\n', 'sh')).toEqual([expect.stringMatching(/^2: SC2086/)]))
})

// ── GitLab ───────────────────────────────────────────────────────────────────────────────────────────────────────────

test('the template is what the build makes', () => expect(readFileSync(TEMPLATE, 'utf8')).toBe(gitlabTemplate()))

type Template = {
  readonly id_tokens: Record<string, { aud: string }>
  readonly variables: Record<string, string>
  readonly before_script: string[]
  readonly after_script: string[]
}

/** As GitLab does it: inputs are checked against the header, then put into the values of what follows (not into its text). */
function templateWith(given: Record<string, string>): Template {
  const [header, body] = parseAllDocuments(readFileSync(TEMPLATE, 'utf8')).map((document) => document.toJS())
  const inputs = Object.fromEntries(
    Object.entries<{ default?: string; regex?: string }>(header.spec.inputs).map(([name, spec]) => {
      const value = given[name] ?? spec.default ?? (name === 'stint-url' ? 'https://stint.example' : name)
      if (spec.regex && !new RegExp(spec.regex).test(value)) throw new Error(`input ${name} does not fit`)
      return [name, value]
    }),
  )
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(inputs, name))
  if (unknown.length > 0) throw new Error(`unknown input ${unknown}`)
  const put = (node: any): any =>
    typeof node === 'string'
      ? node.replace(/\$\[\[ inputs\.([a-z-]+) \]\]/g, (_found, name) => inputs[name] ?? '')
      : Array.isArray(node)
        ? node.map(put)
        : typeof node === 'object'
          ? Object.fromEntries(Object.entries(node).map(([name, member]) => [put(name), put(member)]))
          : node
  return put(body)[`.${inputs.as}`]
}
const scriptsOf = ({ before_script }: Template) => before_script

describe.each(shells)("GitLab's template in %s", (shell) => {
  /** before_script and script are one script; each line that fails ends it. */
  const job = async (inputs: Record<string, string>, token: string, script = 'env', env: Record<string, string> = {}) => {
    const template = templateWith({ 'stint-url': sandbox.urls.broker, audience: 'https://stint.acme.example', ...inputs })
    expect(template.id_tokens.STINT_ID_TOKEN?.aud).toBe('https://stint.acme.example')
    return run(shell, ['set -e', ...scriptsOf(template), script].join('\n'), { ...template.variables, STINT_ID_TOKEN: token, ...env })
  }

  withCurl('gives the job credentials', async () => {
    const ran = await job(
      { profile: 'lab', 'allowed-account-ids': '111122223333, 444455556666', 'role-duration-seconds': '900' },
      await lab.token(),
    )
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(variables(ran.stdout)).toMatchObject({
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
      AWS_SECRET_ACCESS_KEY: expect.any(String),
      AWS_SESSION_TOKEN: expect.any(String),
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ACCOUNT_ID: '444455556666',
    })
  })
  withCurl('with parameters, a justification, a ticket and another region', async () => {
    const ran = await job(
      {
        profile: 'logs-read',
        parameters: 'bucket=acme-orders-logs\n',
        justification: 'say "why"\\',
        ticket: 'OPS-17',
        'aws-region': 'us-east-1',
      },
      people,
    )
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(variables(ran.stdout)).toMatchObject({ AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' })
    sandbox.settle()
    const { json } = await sandbox.get('/sessions?limit=1', people)
    expect(json.sessions[0]).toMatchObject({ profile: 'logs-read' })
  })

  withCurl.each<[string, Record<string, string>, () => Promise<string> | string, RegExp]>([
    [
      'a refusal',
      { profile: 'moon' },
      () => lab.token(),
      /^stint: Profile not found, or not visible to you: .*\nstint: HTTP 404, code profile-unknown, trace [0-9a-f]{32}\n$/,
    ],
    [
      'another account',
      { profile: 'lab', 'allowed-account-ids': '111122223333' },
      () => lab.token(),
      /\(444455556666\) does not match any of the expected account IDs: 111122223333/,
    ],
    ['no token', { profile: 'lab' }, () => '', /has no OIDC token/],
    [
      'people who must agree',
      { profile: 'lab-one' },
      () => lab.token({ role: 'engineer', sub: `shell-${shell}` }),
      /request req_\w{26} needs approval/,
    ],
    ['a control character', { profile: 'lab', justification: 'a\tb' }, () => lab.token(), /control character/],
    ['a parameter without a value', { profile: 'logs-read', parameters: 'bucket' }, () => people, /one name=value per line/],
    ['a user in the URL', { profile: 'lab', 'stint-url': 'http://127.0.0.1:x@127.0.0.2:4598' }, () => lab.token(), /must be an https URL/],
    ['a broker over http', { profile: 'lab', 'stint-url': 'http://stint.acme.example' }, () => lab.token(), /must be an https URL/],
  ])('%s ends the job, and no variable is set', async (_name, inputs, token, said) => {
    const ran = await job(inputs, await token(), 'echo went on')
    expect(ran.code).toBe(1)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toMatch(said)
    expect(ran.stderr).not.toMatch(/eyJ[\w-]{20}/)
  })
  withCurl('trouble in which nothing was handed out is tried again; each answer is an answer of its own', async () => {
    const answers = [503, 429, 201]
    const front = createServer(async (request, response) => {
      const status = answers.shift() ?? 500
      if (status !== 201) return response.writeHead(status).end('{"code":"ledger-unavailable","title":"t","detail":"d"}')
      const body: Buffer[] = []
      for await (const part of request) body.push(part)
      const answer = await fetch(`${sandbox.urls.broker}/sessions`, {
        method: 'POST',
        headers: { authorization: String(request.headers.authorization), 'content-type': 'application/json' },
        body: Buffer.concat(body),
      })
      return response.writeHead(answer.status).end(await answer.text())
    })
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
    const ran = await job({ profile: 'lab', 'stint-url': url }, await lab.token(), 'env', { STINT_PAUSE: '0' })
    expect([ran.code, ran.stderr]).toEqual([0, 'stint: attempt 1 of 5 failed; trying again\nstint: attempt 2 of 5 failed; trying again\n'])
    expect(variables(ran.stdout).AWS_ACCESS_KEY_ID).toMatch(/^ASIA/)
    answers.push(504, 201)
    const lost = await job({ profile: 'lab', 'stint-url': url }, await lab.token(), 'env', { STINT_PAUSE: '0' })
    expect(lost.code).toBe(1) // it may have been made: another would be a second one
    expect(answers).toEqual([201])
    front.close()
  })
  withCurl('a broker that is not there', async () => {
    const ran = await job({ profile: 'lab', 'stint-url': 'http://127.0.0.1:9' }, 'x.y.z', 'env', { STINT_PAUSE: '0' })
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/attempt 4 of 5 failed[\s\S]*the broker is unreachable/)
  })
  withCurl('nobody’s settings of curl are read', async () => {
    writeFileSync(`${folder}/.curlrc`, 'verbose\n')
    const ran = await job({ profile: 'lab' }, await lab.token(), 'env', { HOME: folder })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
  })
  withCurl('what is no answer of Stint is not run', async () => {
    const evil = createServer((_request, response) => response.writeHead(201).end(`export AWS_REGION='x'; touch ${folder}/evil\n`))
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    const ran = await job({ profile: 'lab', 'stint-url': `http://127.0.0.1:${(evil.address() as AddressInfo).port}` }, 'x.y.z')
    evil.close()
    expect([ran.code, ran.stderr]).toEqual([1, 'stint: the response is not from Stint; check the URL\n'])
    expect(spawnSync('test', ['-e', `${folder}/evil`]).status).toBe(1)
  })
  test('a session ends also if the policy of its role has no room', () => expect(libEnd).toContain('?everyEarlierSession=keep"'))
  test.each([
    ['stint.sh', lib],
    ['stint-end.sh', libEnd],
  ])('the token is no argument of any process of %s', (_name, script) => {
    expect(script.split('\n').flatMap((line) => (line.includes('$STINT_ID_TOKEN') ? [line.trim()] : []))).toEqual([
      `printf 'header = "Authorization: Bearer %s"\\n' "$STINT_ID_TOKEN" |`, // a builtin, into curl's standard input
    ])
  })

  /** The job and then after_script, which has a shell of its own in the same working tree, and the same token. */
  async function wholeJob(inputs: Record<string, string>, token: string, { git = true, env = {} } = {}) {
    const tree = mkdtempSync(`${folder}/tree-`)
    if (git) mkdirSync(`${tree}/.git`)
    const template = templateWith({ 'stint-url': sandbox.urls.broker, audience: 'https://stint.acme.example', ...inputs })
    const script = ['set -e', ...scriptsOf(template), 'echo went on'].join('\n')
    const job = await run(shell, script, { ...template.variables, STINT_ID_TOKEN: token }, tree)
    const left = readdirSync(tree)
    const after = ['set -e', ...template.after_script].join('\n')
    return { job, left, after: await run(shell, after, { ...template.variables, STINT_ID_TOKEN: token, ...env }, tree) }
  }
  const onceToken = (jti: string) => lab.token({ iss: lab.issuers.once, sub: `ci-${shell}`, role: 'job', jti })
  const newest = async (token: string) => {
    sandbox.settle()
    return (await sandbox.get('/sessions?limit=1', token)).json.sessions[0]
  }

  withCurl.each<[boolean]>([[true], [false]])('ends the session after the job, with its only token (.git: %s)', async (git) => {
    const token = await onceToken(`end-${shell}-${git}`)
    const { job, left, after } = await wholeJob({ profile: 'errand' }, token, { git })
    expect([job.code, job.stdout, job.stderr, left]).toEqual([0, 'went on\n', '', [git ? '.git' : '.stint-session']])
    const session = await newest(token)
    expect(after).toEqual({ code: 0, stdout: '', stderr: `stint: ended the session ${session.id}\n` })
    expect(session).toMatchObject({ profile: 'errand', state: 'ended', endedBy: 'caller' })
  })
  withCurl('says which session was not ended, and does not fail', async () => {
    const token = await onceToken(`not-${shell}`)
    const tried: [Record<string, string>, string][] = [
      [{ STINT_ID_TOKEN: 'x.y.z' }, '401'],
      [{ STINT_ID_TOKEN: '' }, '000'],
      [{ STINT_URL: 'http://127.0.0.1:9' }, '000'],
      [{ STINT_URL: 'http://stint.acme.example' }, '000'],
    ]
    for (const [env, status] of tried) {
      const { after } = await wholeJob({ profile: 'errand' }, await onceToken(`not-${shell}-${status}-${Object.values(env)}`), { env })
      expect([after.code, after.stdout]).toEqual([0, ''])
      expect(after.stderr).toMatch(
        new RegExp(`stint: the session req_\\S+ was not ended, so it lasts until it expires \\(HTTP ${status}\\)\n$`),
      )
    }
    expect(await newest(token)).toMatchObject({ state: 'issued' })
  })
  withCurl('a profile without endOnExit leaves the session as it is', async () => {
    const { left, after } = await wholeJob({ profile: 'lab' }, await lab.token())
    expect([left, after]).toEqual([['.git'], { code: 0, stdout: '', stderr: '' }])
  })
})

test.each([
  [{ profile: 'a; rm -rf /' }],
  [{ profile: 'lab', 'stint-url': 'https://x/$(id)' }],
  [{ profile: 'lab', 'role-duration-seconds': '1;id' }],
  [{ profile: 'lab', 'request-id': '"' }],
  [{ profile: 'lab', parameters: 'a=$CI_JOB_TOKEN' }],
  [{ profile: 'lab', justification: '$CI_JOB_TOKEN' }],
  [{ profile: 'lab', ticket: 'a b' }],
])('input %j is refused by the header', (inputs) => expect(() => templateWith({ audience: 'a', ...inputs })).toThrow('does not fit'))

// ── Buildkite ────────────────────────────────────────────────────────────────────────────────────────────────────────

describe("Buildkite's plugin", () => {
  /** As the agent: configuration to variables, the hook sourced between two looks at the environment. */
  async function job(config: Record<string, string | string[]>, token: string, agent = '', then = 'echo went on; env') {
    const env = Object.fromEntries(
      Object.entries(config).flatMap(([name, value]) => {
        const key = `BUILDKITE_PLUGIN_STINT_${name.toUpperCase().replace(/[-\s]/g, '_')}`
        return Array.isArray(value) ? value.map((item, index) => [`${key}_${index}`, item]) : [[key, value]]
      }),
    )
    writeFileSync(
      `${folder}/buildkite-agent`,
      agent ||
        `#!/bin/sh\necho "$@" >> "${folder}/asked"\ncase "$1" in oidc) printf '%s\\n' "$FAKE_TOKEN" ;; redactor) cat >> "${folder}/redacted"; echo >> "${folder}/redacted" ;; esac\n`,
    )
    chmodSync(`${folder}/buildkite-agent`, 0o755)
    for (const name of ['asked', 'redacted']) writeFileSync(`${folder}/${name}`, '')
    return run('bash', `. "${plugin}/hooks/environment"; false; ${then}`, {
      PATH: `${folder}:${process.env.PATH}`,
      FAKE_TOKEN: token,
      ...env,
    })
  }
  const note = (name: string) => readFileSync(`${folder}/${name}`, 'utf8').trim().split('\n')

  withCurl('gives the job credentials, and has them starred out', async () => {
    const ran = await job({ 'stint-url': sandbox.urls.broker, profile: 'lab', audience: 'https://stint.acme.example' }, await lab.token())
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toContain('went on') // the hook leaves no `set -e` behind
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = variables(ran.stdout)
    expect(AWS_ACCESS_KEY_ID).toMatch(/^ASIA/)
    expect(note('redacted')).toEqual([AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN])
    expect(note('asked')[0]).toBe('oidc request-token --audience https://stint.acme.example --claim organization_id --claim pipeline_id')
    expect(ran.stdout).not.toMatch(/^STINT_ID_TOKEN/m)
  })
  withCurl('with parameters', async () => {
    const ran = await job(
      { 'stint-url': sandbox.urls.broker, profile: 'logs-read', parameters: ['bucket=acme-orders-logs'], 'role-duration-seconds': '900' },
      people,
    )
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(note('asked')[0]).toContain(`--audience ${sandbox.urls.broker} `)
  })
  withCurl.each<[string, Record<string, string>, string, RegExp]>([
    ['a refusal', { profile: 'moon' }, '', /No credentials for profile 'moon'/],
    ['no token', { profile: 'lab' }, '#!/bin/sh\nexit 1\n', /Buildkite returned no OIDC token/],
    [
      'an agent that stars nothing out',
      { profile: 'lab', audience: 'https://stint.acme.example' },
      '#!/bin/sh\ncase "$1" in oidc) printf \'%s\\n\' "$FAKE_TOKEN" ;; *) exit 1 ;; esac\n',
      /cannot redact secrets/,
    ],
  ])('%s ends the job', async (_name, config, agent, said) => {
    const ran = await job({ 'stint-url': sandbox.urls.broker, ...config }, await lab.token(), agent)
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(said)
    expect(ran.stdout).not.toContain('went on')
  })
  /** The agent sources the hook when the job is done, with what the first one exported. */
  const preExit = `bash -c '. "${plugin}/hooks/pre-exit"; echo "left $?"'`
  withCurl('ends the session when the job is done, with a token of its own', async () => {
    const token = await lab.token({ sub: 'buildkite', role: 'engineer' })
    const ran = await job(
      { 'stint-url': sandbox.urls.broker, profile: 'errand', audience: 'https://stint.acme.example' },
      token,
      '',
      preExit,
    )
    sandbox.settle()
    const [session] = (await sandbox.get('/sessions?limit=1', token)).json.sessions
    expect(ran).toEqual({ code: 0, stdout: 'left 0\n', stderr: `stint: ended the session ${session.id}\n` })
    expect(session).toMatchObject({ state: 'ended', endedBy: 'caller' })
    expect(note('asked').filter((line) => line.startsWith('oidc'))).toHaveLength(2)
  })
  withCurl('warns if the agent has no token any more, and asks for none without endOnExit', async () => {
    const token = await lab.token({ sub: 'buildkite', role: 'engineer' })
    const config = { 'stint-url': sandbox.urls.broker, audience: 'https://stint.acme.example' }
    const tokenless = `printf '#!/bin/sh\\nexit 1\\n' > "${folder}/buildkite-agent"; ${preExit}`
    const warned = await job({ ...config, profile: 'errand' }, token, '', tokenless)
    expect([warned.code, warned.stdout]).toEqual([0, 'left 0\n'])
    expect(warned.stderr).toMatch(/^stint: the session req_\S+ was not ended, so it lasts until it expires \(HTTP 000\)\n$/)
    const silent = await job({ ...config, profile: 'once' }, token, '', preExit)
    expect(silent).toEqual({ code: 0, stdout: 'left 0\n', stderr: '' })
    expect(note('asked').filter((line) => line.startsWith('oidc'))).toHaveLength(1)
  })
  test('the names are those of the GitHub action and of the template', () => {
    const names = Object.keys(parse(read('plugin.yml')).configuration.properties).sort()
    const header = parseAllDocuments(readFileSync(TEMPLATE, 'utf8'))[0]?.toJS()
    expect(
      Object.keys(header.spec.inputs)
        .filter((name) => name !== 'as')
        .sort(),
    ).toEqual(names)
    const action = parse(readFileSync(fileURLToPath(new URL('../../packages/action/action.yml', import.meta.url)), 'utf8'))
    expect(names.filter((name) => !Object.hasOwn(action.inputs, name))).toEqual([])
  })
})

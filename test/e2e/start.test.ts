/**
 * `npm start` as a newcomer meets it: the very scripts, as processes of their own, and the very lines that they print.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import { s3 } from '../support/aws.ts'
import { compileCache } from '../support/compile-cache.ts'
import { freePorts } from '../support/sandbox.ts'
import { testWith } from '../support/tools.ts'

const withCurl = testWith('curl')

const root = fileURLToPath(new URL('../..', import.meta.url))
const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}, program = ['packages/sandbox/src/main.ts']) {
  const child = spawn('node', [...program, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, ...compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let text = ''
  let errors = ''
  child.stdout.on('data', (part) => void (text += part))
  child.stderr.on('data', (part) => void (errors += part))
  const saying = async (words: string) => {
    for (let waited = 0; !text.includes(words); waited += 50) {
      if (child.exitCode !== null || waited > 150_000) throw new Error(`it said: ${text}${errors}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return text
  }
  const ended = async () => {
    if (child.exitCode === null) await once(child, 'exit')
    return { code: child.exitCode, text: errors + text }
  }
  return { child, saying, ended }
}

const shell = (script: string, home = tmpdir()) =>
  promisify(execFile)('bash', ['-ec', script], {
    cwd: root,
    env: { PATH: `${root}/node_modules/.bin:${process.env.PATH}`, HOME: home },
  })

describe('npm start', () => {
  test('npm run token says whether there is no sandbox, or one of another folder', async () => {
    const token = (port: number) => start([], {}, ['packages/sandbox/src/token.ts', 'developer', '--port', String(port)]).ended()
    const port = await freePorts(4)
    await start(['--port', String(port)]).saying('Other identities')
    // The secret of a sandbox is in the folder that it was started in.
    await rm(join(root, 'node_modules/.cache/stint-sandbox', String(port + 1)))
    const none = await freePorts(4)
    expect(await token(none)).toEqual({
      code: 1,
      text: `No sandbox is running on port ${none}. Start one in another terminal: npm start\n`,
    })
    expect(await token(port)).toEqual({ code: 1, text: expect.stringContaining('was started in another folder. Run this command there') })
  })
  withCurl('prints lines that work as they are pasted, and ends on Ctrl-C with its ports free', async () => {
    const port = await freePorts(4)
    const sandbox = start(['--port', String(port)])
    const said = await sandbox.saying('Other identities')
    const lines = said
      .slice(said.indexOf('  1. '))
      .split('\n')
      .map((line) => line.trim())
    const step = (number: number) =>
      lines
        .slice(
          lines.findIndex((line) => line.startsWith(`${number}.`)) + 1,
          lines.findIndex((line) => line.startsWith(`${number + 1}.`)),
        )
        .join('\n')
    const home = await mkdtemp(join(tmpdir(), 'stint-home-'))
    const { stdout: listed } = await shell(`${step(1)}\n${step(2)}`, home)
    expect(listed).toMatch(/^logs-read +allowed/m)
    // Step 3 without the AWS CLI, which not every machine has.
    const { stdout: variables } = await shell(
      step(3)
        .split('\n')[0]
        ?.replace(/-- aws .*/, '-- env') ?? '',
      home,
    )
    expect(variables).toMatch(/AWS_CONTAINER_CREDENTIALS_FULL_URI=http:\S+/)
    const { stdout } = await shell(step(4))
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'logs-read', credentials: { accessKeyId: expect.stringMatching(/^ASIA/) } })
    const copy = await mkdtemp(join(tmpdir(), 'stint-copy-'))
    const audit = lines.filter((line) => line.includes('stint audit')).join('\n')
    const { stdout: proved } = await shell(audit.replaceAll('./log-copy', copy))
    expect(proved).toMatch(/Nothing is missing or altered/)

    sandbox.child.kill('SIGINT')
    expect((await sandbox.ended()).code).toBe(130)
    const again = start(['--port', String(port)])
    await again.saying('Other identities')
  })

  withCurl('reads no AWS_ variable and no shared AWS file: both may point anywhere', async () => {
    const home = await mkdtemp(join(tmpdir(), 'stint-home-'))
    await mkdir(join(home, '.aws'))
    const elsewhere = '[default]\nendpoint_url = http://127.0.0.1:1\nregion = nowhere-1\nmax_attempts = 0\nuse_fips_endpoint = maybe\n'
    await writeFile(join(home, '.aws/config'), elsewhere)
    await writeFile(join(home, '.aws/credentials'), '[default]\naws_access_key_id = AKIAWRONG\naws_secret_access_key = wrong\n')
    const port = await freePorts(4)
    const env = {
      HOME: home,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
      AWS_PROFILE: 'none',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_USE_FIPS_ENDPOINT: 'maybe',
      AWS_REGION: 'nowhere-1',
    }
    await start(['--port', String(port)], env).saying('Other identities')
    const { stdout } = await shell(
      `curl -s http://127.0.0.1:${port}/sessions -H "Authorization: Bearer $(npm run -s token -- tool --port ${port})" -H 'Content-Type: application/json' -d '{"profile":"report-export"}'`,
    )
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'report-export' })
    await rm(home, { recursive: true })
  })

  test('a taken port is a clear error', async () => {
    const port = await freePorts(4)
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port + 1, '127.0.0.1', resolve))
    const { code, text } = await start(['--port', String(port)]).ended()
    expect([code, text]).toEqual([1, expect.stringContaining(`Port ${port + 1} is already in use.`)])
    other.close()
  })

  test.each([
    [['--port', 'x'], 'Use a number'],
    [['--port', '65535'], 'Use a number'],
    [['--only', 'issuer'], "Invalid --only. Use 'aws,issuer' or 'broker'."],
    [['--nonsense'], '--nonsense'],
  ])('%j is a usage error', async (args, words) => {
    const { code, text } = await start(args).ended()
    expect([code, text]).toEqual([2, expect.stringContaining(words)])
  })

  withCurl('a config from another folder runs; a faulty one says where and how to fix it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stint-config-'))
    const file = join(folder, 'mine.ts')
    const config = (max: string) => `
      import { binding, defineConfig, includes } from 'stint'
      export default defineConfig({
        issuers: { people: { url: binding('PEOPLE_ISSUER'), jwksUri: binding('PEOPLE_JWKS'), key: 'me', kind: 'human', audiences: ['https://mine.example'], tokenUse: 'access', algorithms: ['ES256'] } },
        targets: { mine: { account: '222233334444', roleArn: 'arn:aws:iam::222233334444:role/Mine', externalId: 'mine-1', region: 'eu-west-1' } },
        profiles: { mine: { target: 'mine', eligible: [{ issuer: 'people', claims: { groups: includes('developers') } }], duration: { default: '15m', max: '${max}' } } },
      })`
    await writeFile(file, config('2h'))
    const faulty = await start(['--config', file]).ended()
    expect([faulty.code, faulty.text]).toEqual([1, expect.stringContaining('profiles.mine.duration.max: must be at most 1h')])

    await writeFile(file, config('1h'))
    const port = await freePorts(4)
    await start(['--config', file, '--port', String(port)]).saying('Other identities')
    const { stdout } = await shell(
      `curl -s http://127.0.0.1:${port}/sessions -H "Authorization: Bearer $(npm run -s token -- developer --port ${port})" -H 'Content-Type: application/json' -d '{"profile":"mine"}'`,
    )
    expect(JSON.parse(stdout)).toMatchObject({ account: '222233334444', sourceIdentity: expect.stringMatching(/^me\./) })
    await rm(folder, { recursive: true })
  })
})

describe('npm start with your own config', () => {
  const config = (profiles: string, more = '') => `
    import { binding, defineConfig, includes, param, text } from 'stint'
    const developers = [{ issuer: 'people', claims: { groups: includes('developers') } }]
    export default defineConfig({
      issuers: { people: { url: binding('PEOPLE_ISSUER'), jwksUri: binding('PEOPLE_JWKS'), key: 'me', kind: 'human', audiences: ['https://mine.example'], tokenUse: 'access', algorithms: ['ES256'], groupsClaim: 'groups', maxTokenLife: '1h' } },
      targets: { mine: { account: '222233334444', roleArn: 'arn:aws:iam::222233334444:role/Mine', externalId: 'mine-1', region: 'eu-west-1' } },
      profiles: { ${profiles} },
      ${more}
    })`
  const duration = "duration: { default: '15m', max: '1h' }"
  async function started(text: string) {
    const folder = await mkdtemp(join(tmpdir(), 'stint-config-'))
    await writeFile(join(folder, 'mine.ts'), text)
    const port = await freePorts(4)
    const sandbox = start(['--config', join(folder, 'mine.ts'), '--port', String(port)])
    return { port, sandbox, said: await sandbox.saying('Other identities') }
  }
  /** The lines from this one to the next empty one. */
  const linesFrom = (said: string, words: string) => {
    const lines = said.slice(said.indexOf(words)).split('\n')
    return lines.slice(0, lines.indexOf('')).join('\n')
  }

  withCurl('prints lines for its profiles, with a bucket that the policy names', async () => {
    const { port, said } = await started(
      config(`
        closed: { target: 'mine', eligible: [{ issuer: 'people', claims: { groups: includes('nobody-there') } }], ${duration} },
        'read-reports': {
          target: 'mine', eligible: developers, ${duration},
          parameters: { team: { pattern: '[a-z]{3,20}', max: 20 } },
          policy: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: ['arn:aws:s3:::mine-reports', text\`arn:aws:s3:::mine-reports/\${param('team')}/*\`] }],
        }`),
    )
    expect(said).not.toContain('logs-read')
    const { stdout } = await shell(linesFrom(said, 'TOKEN='))
    const { credentials, profile } = JSON.parse(stdout)
    expect(profile).toBe('read-reports')
    const client = s3(`http://127.0.0.1:${port + 2}`, { ...credentials, expiration: undefined })
    const object = await client.send(new GetObjectCommand({ Bucket: 'mine-reports', Key: 'aaa/hello.txt' }))
    expect(await object.Body?.transformToString()).toContain('for profile read-reports')
  })
  test('says so if no identity of the sandbox can enter', async () => {
    const { said } = await started(
      config(`closed: { target: 'mine', eligible: [{ issuer: 'people', claims: { groups: includes('nobody-there') } }], ${duration} }`),
    )
    expect(said).toContain('No profile in this config matches an identity of the sandbox')
  })
  withCurl('names itself as the cause where a managed policy of AWS is missing here', async () => {
    const { sandbox, said } = await started(
      config(
        `missing: { target: 'mine', eligible: developers, ${duration}, policyArns: ['arn:aws:iam::aws:policy/AmazonUnheardOfFullAccess'] }`,
      ),
    )
    const { stdout } = await shell(linesFrom(said, 'TOKEN='))
    const problem = JSON.parse(stdout)
    expect([problem.code, problem.detail]).toEqual(['assume-role-invalid', expect.stringContaining('does not exist in the sandbox')])
    expect(JSON.stringify(problem)).not.toContain('profile must change')
    sandbox.child.kill('SIGINT')
    expect((await sandbox.ended()).text).toContain(
      'Profile missing: Policy arn:aws:iam::aws:policy/AmazonUnheardOfFullAccess does not exist in the sandbox',
    )
  })
})

describe('the parts apart', () => {
  withCurl('aws,issuer prints what a broker needs, and a broker with it vends', async () => {
    const port = await freePorts(4)
    const said = await start(['--only', 'aws,issuer', '--port', String(port)]).saying('--only broker')
    const variables = Object.fromEntries([...said.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name, value]))
    expect(Object.keys(variables).sort()).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_DEFAULT_REGION',
      'AWS_ENDPOINT_URL_DYNAMODB',
      'AWS_ENDPOINT_URL_S3',
      'AWS_ENDPOINT_URL_STS',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
    ])
    await start(['--only', 'broker', '--port', String(port)], variables).saying('Broker')
    const { stdout } = await shell(
      `curl -s http://127.0.0.1:${port}/sessions -H "Authorization: Bearer $(npm run -s token -- tool --port ${port})" -H 'Content-Type: application/json' -d '{"profile":"report-export"}'`,
    )
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'report-export' })
  })

  const whole = {
    AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_SESSION_TOKEN: 'c',
  }
  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['nothing set', {}, 'Missing environment variables: AWS_ENDPOINT_URL_STS'],
    ['one missing', { ...whole, AWS_SESSION_TOKEN: '' }, 'Missing environment variables: AWS_SESSION_TOKEN.'],
    [
      'a real endpoint beside the sandbox’s issuers',
      { ...whole, AWS_ENDPOINT_URL_STS: 'https://sts.eu-central-1.amazonaws.com' },
      'Anyone who can sign in to the sandbox would get access to AWS',
    ],
    [
      'an endpoint that only looks like loopback',
      { ...whole, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1.evil.example' },
      'Anyone who can sign in',
    ],
    ['no AWS at the address', whole, 'AWS is unavailable at http://127.0.0.1:1: '],
  ])('the broker does not start: %s', async (_name, env, words) => {
    const { code, text } = await start(['--only', 'broker', '--port', String(await freePorts(4))], env).ended()
    expect([code, text]).toEqual([2, expect.stringContaining(words)])
  })
})

describe('npm run token', () => {
  test('without a sandbox, or with an unknown name, it says what to do', async () => {
    const port = await freePorts(4)
    const failing = (args: string) =>
      shell(`node packages/sandbox/src/token.ts ${args}`).catch((error: { code: number; stderr: string }) => [error.code, error.stderr])
    expect(await failing(`developer --port ${port}`)).toEqual([1, expect.stringContaining('Start one in another terminal: npm start')])
    expect(await failing('nobody')).toEqual([
      2,
      expect.stringContaining('developer, second-developer, approver, oncall, auditor, tool, ci-main, ci-branch, ci-fork, ci-tag'),
    ])
  })
})

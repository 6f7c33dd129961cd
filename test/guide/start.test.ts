/** `npm start -- --guide` as a reader meets it: what it prints, the files it writes and removes, and the code of `npm run mfa`. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sts } from '../support/aws.ts'
import { freePorts } from '../support/sandbox.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const config = fileURLToPath(new URL('stint.config.ts', import.meta.url))
let port: number
let child: ReturnType<typeof spawn>
let said = ''
let warned = ''

beforeAll(async () => {
  port = await freePorts(4)
  child = spawn('node', ['packages/sandbox/src/main.ts', '--guide', '--config', config, '--port', String(port)], { cwd: root })
  child.stderr?.on('data', (part) => void (warned += part))
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`it ended: ${said}${warned}`)))
    child.stdout?.on('data', (part) => {
      said += part
      if (said.includes('Other identities')) resolve()
    })
  })
})
afterAll(() => void child.kill('SIGKILL'))

const printed = (name: string) => new RegExp(`export ${name}='([^']+)'`).exec(said)?.[1] ?? ''
function keyOf(profile: string) {
  const text = readFileSync(printed('AWS_SHARED_CREDENTIALS_FILE'), 'utf8')
  const section = text.slice(text.indexOf(`[${profile}]`))
  const value = (name: string) => new RegExp(`${name} = (\\S+)`).exec(section)?.[1] ?? ''
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') }
}
const endpoint = () => `http://127.0.0.1:${port + 2}`

test('writes keys to files that only this user can read, and prints none', () => {
  for (const name of ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']) expect(statSync(printed(name)).mode & 0o777).toBe(0o600)
  expect(said).not.toMatch(/AKIA/)
  expect(said).not.toContain(keyOf('account-a').secretAccessKey)
})
test.each([
  ['account-a', 'arn:aws:iam::123456789012:user/Administrator'],
  ['account-b', 'arn:aws:iam::987654321098:user/Administrator'],
  ['testuser', 'arn:aws:iam::123456789012:user/testuser'],
])('profile %s is %s', async (profile, arn) => {
  expect((await sts(endpoint(), keyOf(profile)).send(new GetCallerIdentityCommand({}))).Arn).toBe(arn)
})
test('npm run mfa prints a code that AWS accepts', async () => {
  const code = spawnSync('node', ['packages/sandbox/src/mfa.ts', '--port', String(port)], { cwd: root, encoding: 'utf8' })
  expect(code.stdout).toMatch(/^\d{6}\n$/)
  const given = { SerialNumber: 'arn:aws:iam::123456789012:mfa/testuser', TokenCode: code.stdout.trim() }
  expect((await sts(endpoint(), keyOf('testuser')).send(new GetSessionTokenCommand(given))).Credentials).toBeDefined()
})
test('names a policy of AWS that only the sandbox lacks, and starts', () => {
  expect(warned).toMatch(/^Profile unknown-here: Policy arn:aws:iam::aws:policy\/AmazonChimeFullAccess does not exist in the sandbox/m)
  expect(warned).not.toContain('mistaken')
})
test('removes the files when it ends', async () => {
  const file = printed('AWS_SHARED_CREDENTIALS_FILE')
  child.removeAllListeners('exit')
  child.kill('SIGINT')
  await once(child, 'exit')
  expect(existsSync(file)).toBe(false)
  const code = spawnSync('node', ['packages/sandbox/src/mfa.ts', '--port', String(port)], { cwd: root, encoding: 'utf8' })
  expect([code.status, code.stderr]).toEqual([1, expect.stringContaining('Run npm start -- --guide in another terminal first')])
})

/**
 * A release as its users get it: from a registry, on a machine without this repository, with an empty home. They type what
 * docs/guides/adopt.md and docs/guides/upgrade.md say, with Node 24, and then with Node 20.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Company, company } from '../adopt/machine.ts'
import { freePorts } from '../support/sandbox.ts'

type Release = { readonly version: string; readonly tarballs: readonly string[] }
type Tools = { readonly verdaccio: string; readonly node20: string }

const TRIES = 120
const PAUSE_MS = 500
const PUBLISH_MS = 60_000
const CREATE =
  'npm create stint@latest access -- --domain acme.com --issuer okta --issuer-at https://acme.okta.com/oauth2/aus1 --account 123456789012 --yes'

/** Throws with what was printed if a step fails. */
export async function adoptFromRegistry(tools: Tools, releases: { readonly first: Release; readonly next: Release }): Promise<void> {
  const registry = await startRegistry(tools.verdaccio)
  const user = company()
  try {
    writeFileSync(join(user.home, '.npmrc'), `registry=${registry.url}\naudit=false\n`)
    registry.publish(releases.first)
    await enter(user, `cd .. && ${CREATE}`)
    await enter(user, 'npm install')
    await expectToPass(user, releases.first)
    await vendAndVerify(user)
    registry.publish(releases.next)
    await enter(user, 'npm update stint')
    await expectToPass(user, releases.next)
    rmSync(join(user.home, 'bin/node'))
    symlinkSync(tools.node20, join(user.home, 'bin/node'))
    await expectClearRefusals(user)
  } finally {
    user.close()
    registry.stop()
  }
}

const run = (user: Company, line: string) => user.run('sh', ['-c', line])

/** Runs a line as a user types it, in the folder of the company. Throws if it fails. Returns what it printed. */
async function enter(user: Company, line: string): Promise<string> {
  const { code, stdout, stderr } = await run(user, line)
  return checked(`${stdout}${stderr}`, code === 0, `$ ${line}`, 'no failure')
}

/** Returns `printed`, or throws with it. */
function checked(printed: string, holds: boolean, what: string, expected: string): string {
  if (!holds) throw new Error(`${what}: expected ${expected}\n${printed}`)
  return printed
}

async function expectToPass(user: Company, { version }: Release): Promise<void> {
  const printed = await enter(user, 'npx stint --version')
  checked(printed, printed === `${version}\n`, 'npx stint --version', version)
  await enter(user, 'npx stint lint')
  const tested = await enter(user, 'npm test')
  checked(tested, /^\d+ cases passed\.$/m.test(tested), 'npm test', 'the number of cases')
}

/** Vends a session from the sandbox, and verifies its audit log offline. */
async function vendAndVerify(user: Company): Promise<void> {
  const { broker, port, stop } = await user.sandbox()
  const token = async (name: string) => (await enter(user, `npx stint sandbox token ${name} -- --port ${port}`)).trim()
  const headers = { authorization: `Bearer ${await token('developer')}`, 'content-type': 'application/json' }
  const vended = await fetch(`${broker}/sessions`, { method: 'POST', headers, body: '{"profile":"read-only"}' })
  checked(await vended.text(), vended.status === 201, 'POST /sessions', '201')
  const copy = `STINT_TOKEN=${await token('auditor')} npx stint audit copy --from ${broker}/audit/log --to log-copy`
  const verify = 'npx stint audit verify --from log-copy'
  // The log has the session a moment later.
  await until('stint audit verify', async () => {
    await enter(user, copy)
    return /sessions +1 issued[\s\S]*Nothing is missing or altered/.test(await enter(user, verify))
  })
  stop()
}

/** Each program of the packages says in one sentence which Node it needs, and npm warns when it installs. */
async function expectClearRefusals(user: Company): Promise<void> {
  for (const line of ['npx stint lint', 'npm test', `cd .. && ${CREATE.replace(' access ', ' other ')}`]) {
    const { code, stdout, stderr } = await run(user, line)
    const own = stderr.split('\n').filter((text) => text !== '' && !text.startsWith('npm '))
    const isClear = own.length === 1 && /^stint needs Node 24 or newer, and this is Node 20\.\d+\.\d+\. Install Node 24 /.test(own[0] ?? '')
    checked(`${stdout}${stderr}`, code !== 0 && isClear, `$ ${line}, with Node 20`, 'one sentence about Node 24, and a failure')
  }
  const installed = await enter(user, 'npm install')
  checked(installed, installed.includes('EBADENGINE'), '$ npm install, with Node 20', 'a warning about the engine')
}

type Registry = { readonly url: string; readonly publish: (release: Release) => void; readonly stop: () => void }

/** Verdaccio, with everything that it does not have from the registry that npm uses here. */
async function startRegistry(program: string): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'stint-registry-'))
  const url = `http://127.0.0.1:${await freePorts(1)}/`
  const upstream = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim()
  const ours = { access: '$all', publish: '$all' }
  const config = join(folder, 'config.yaml')
  // JSON is YAML, too.
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(folder, 'storage'),
      uplinks: { upstream: { url: upstream } },
      packages: { stint: ours, 'create-stint': ours, '@stint/*': ours, '**': { access: '$all', proxy: 'upstream' } },
      log: { type: 'stdout', format: 'json', level: 'error' },
    }),
  )
  // npm publishes nothing without a token. The registry accepts any.
  writeFileSync(join(folder, 'npmrc'), `${url.slice('http:'.length)}:_authToken=local\n`)
  const server: ChildProcess = spawn(process.execPath, [program, '--config', config, '--listen', url], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const stop = () => {
    server.kill('SIGTERM')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await until('Verdaccio', async () => (await fetch(`${url}-/ping`)).ok)
  } catch (error) {
    stop()
    throw error
  }
  return {
    url,
    publish({ tarballs }) {
      for (const file of tarballs) {
        const options = ['--access', 'public', '--registry', url, '--userconfig', join(folder, 'npmrc')]
        const published = spawnSync('npm', ['publish', ...options, file], { cwd: folder, encoding: 'utf8', timeout: PUBLISH_MS })
        checked(published.stderr, published.status === 0, `npm publish ${file}`, 'no failure')
      }
    },
    stop,
  }
}

/** Throws if it still does not hold after a minute of pauses. An exception means not yet. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  let last: unknown
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  throw new Error(`${what}: not ready after ${TRIES} tries`, { cause: last })
}

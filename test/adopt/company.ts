/** A company that has the published packages and no repository: a folder elsewhere, with a PATH that contains nothing of this checkout. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, test } from 'vitest'
import { pack } from '../../packages/stint/build/pack.ts'
import type { Ran } from '../support/cli.ts'
import { freePorts } from '../support/sandbox.ts'

export const repository: string = fileURLToPath(new URL('../..', import.meta.url))

type Adopter = {
  /** Where the packages are packed. */
  readonly packed: string
  readonly acme: Company
  /** A test that needs the installed packages. It is skipped if npm cannot install them. */
  readonly installed: (title: string, body: () => Promise<void>) => void
}

/** Before the tests of a file, packs all packages and installs some of them, by the names of their folders, at a new company. */
export function adopter(folders: readonly string[]): Adopter {
  const packed = mkdtempSync(join(tmpdir(), 'stint-packed-'))
  const acme = company()
  let cannot: string | undefined
  beforeAll(async () => {
    const tarballs = await pack(packed, () => {})
    cannot = await install(
      acme,
      folders.map((name) => tarballs[name] ?? ''),
    )
  })
  afterAll(() => {
    acme.close()
    rmSync(packed, { recursive: true, force: true })
  })
  return {
    packed,
    acme,
    installed: (title, body) =>
      test(title, ({ skip }) => {
        if (cannot !== undefined) skip(cannot)
        return body()
      }),
  }
}

type Running = { readonly broker: string; readonly output: string; readonly port: number; readonly stop: () => void }

type Company = {
  readonly folder: string
  readonly run: (program: string, args: readonly string[], env?: Record<string, string>) => Promise<Ran>
  /** `npx stint …`, without the second that npx takes. */
  readonly stint: (args: readonly string[], env?: Record<string, string>) => Promise<Ran>
  /** Starts a sandbox with the config of the folder. */
  readonly sandbox: (options?: readonly string[]) => Promise<Running>
  readonly close: () => void
}

function company(): Company {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'stint-company-')))
  const folder = join(home, 'access')
  const bin = join(home, 'bin')
  for (const path of [folder, bin]) mkdirSync(path)
  symlinkSync(process.execPath, join(bin, 'node'))
  // npm's own commands are elsewhere on the PATH, so a PATH without this checkout still has npm and npx.
  const elsewhere = (process.env.PATH ?? '').split(delimiter).filter((entry) => !`${entry}/`.startsWith(repository))
  const environment = {
    PATH: [bin, ...elsewhere].join(delimiter),
    HOME: home,
    NO_COLOR: '1',
    TZ: 'UTC',
    npm_config_update_notifier: 'false',
  }
  const started: ChildProcess[] = []
  const run: Company['run'] = (program, args, env = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: folder, env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (part) => void (stdout += part))
      child.stderr.on('data', (part) => void (stderr += part))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
  const command = join(folder, 'node_modules/stint/bin/stint.cjs')
  return {
    folder,
    run,
    stint: (args, env) => run('node', [command, ...args], env),
    async sandbox(options = []) {
      const port = await freePorts(4)
      const child = spawn('node', [command, 'sandbox', '--', '--port', String(port), ...options], {
        cwd: folder,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      started.push(child)
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => void (output += part))
      for (let waited = 0; !output.includes('Other identities'); waited += 50) {
        if (child.exitCode !== null || waited > 150_000) throw new Error(`The sandbox did not start:\n${output}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return { broker: `http://127.0.0.1:${port}`, output, port, stop: () => void child.kill('SIGTERM') }
    },
    close() {
      // It passes the signal on to the sandbox itself.
      for (const child of started) child.kill('SIGTERM')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/**
 * Installs these tarballs as `npm install` does, from npm's cache as far as possible. Returns why it cannot, if the registry is
 * unreachable.
 */
async function install({ folder, run }: Company, tarballs: readonly string[]): Promise<string | undefined> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const { code, stdout, stderr } = await run(
    'npm',
    [
      'install',
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=0',
      '--fetch-timeout=20000',
      ...tarballs,
    ],
    connection(),
  )
  if (code === 0) return undefined
  if (UNREACHABLE.test(stderr)) return 'npm cannot install the packages, because its registry is unreachable'
  throw new Error(`npm install failed:\n${stdout}${stderr}`)
}

const UNREACHABLE = /\b(ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/

/**
 * What this checkout was installed with: npm's cache and settings in the user's home, a proxy, a registry. Not what npm says of its own
 * run to `npm test`, such as the folder.
 */
function connection(): Record<string, string> {
  const isOurs = (name: string) =>
    !/^(npm_|PATH$|INIT_CWD$|NODE_OPTIONS$)/i.test(name) || /^npm_config_(registry|cache|userconfig)$/i.test(name)
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && isOurs(name) ? [[name, value]] : [])),
  )
}

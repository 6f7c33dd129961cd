/** A company that has the published packages and no repository: a folder elsewhere, with a PATH on which nothing of this checkout is. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ran } from '../support/cli.ts'
import { freePorts } from '../support/sandbox.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

type Running = { readonly broker: string; readonly output: string; readonly port: number; readonly stop: () => void }

export type Company = {
  readonly folder: string
  readonly run: (program: string, args: readonly string[], env?: Record<string, string>) => Promise<Ran>
  /** `npx stint …`, without the second that npx takes. */
  readonly stint: (args: readonly string[], env?: Record<string, string>) => Promise<Ran>
  /** Starts a sandbox with the config of the folder. */
  readonly sandbox: (options?: readonly string[]) => Promise<Running>
  readonly close: () => void
}

export function company(): Company {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'stint-company-')))
  const folder = join(home, 'access')
  const bin = join(home, 'bin')
  for (const made of [folder, bin]) mkdirSync(made)
  symlinkSync(process.execPath, join(bin, 'node'))
  // npm's bare commands live next to it, so a PATH without this checkout still has npm and npx.
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
export async function install({ folder, run }: Company, tarballs: Readonly<Record<string, string>>): Promise<string | undefined> {
  const dependencies = Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  return npmInstall(run)
}

const UNREACHABLE = /\b(ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/

async function npmInstall(run: Company['run']): Promise<string | undefined> {
  const { code, stdout, stderr } = await run(
    'npm',
    ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0', '--fetch-timeout=20000'],
    connection(),
  )
  if (code === 0) return undefined
  if (UNREACHABLE.test(stderr)) return 'npm cannot install the packages, because its registry is unreachable'
  throw new Error(`npm install failed:\n${stdout}${stderr}`)
}

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

/** The machine of a company, which has no repository: a folder elsewhere, with a PATH that contains nothing of this checkout. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ran } from '../support/cli.ts'
import { freePorts } from '../support/sandbox.ts'

export const repository: string = fileURLToPath(new URL('../..', import.meta.url))

const MAX_RUN_MS = 10 * 60_000

type Running = { readonly broker: string; readonly output: string; readonly port: number; readonly stop: () => void }

export type Company = {
  /** Its home directory on this machine. */
  readonly home: string
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
      const child = spawn(program, args, {
        cwd: folder,
        env: { ...environment, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: MAX_RUN_MS,
      })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (part) => void (stdout += part))
      child.stderr.on('data', (part) => void (stderr += part))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
  const command = join(folder, 'node_modules/stint/bin/stint.cjs')
  return {
    home,
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

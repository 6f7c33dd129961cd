/** Installs moto into `.tools` and starts it. Remove the folder to install it anew. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CANNOT } from '../../support/cannot.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const MOTO = '5.2.5'
/** Ignored by git. Remove it to install moto anew. */
const FOLDER = `${ROOT}/.tools/moto`
const SERVER = `${FOLDER}/bin/moto_server`
/** moto needs it, so it is installed with it. */
export const CFN_LINT: string = `${FOLDER}/bin/cfn-lint`
const MAX_INSTALL_MS = 10 * 60_000
const MAX_START_MS = 60_000

/** Ends the process with the code for a skipped check if moto cannot be installed. */
export function requireMoto(): void {
  if (isInstalled()) return
  console.error(
    `skipped: moto ${MOTO} is not installed; install Python 3.10 or newer with venv and pip, and let pip reach PyPI or a mirror of it`,
  )
  process.exit(CANNOT)
}

function isInstalled(): boolean {
  if (existsSync(SERVER)) return true
  const run = (file: string, args: readonly string[]) => spawnSync(file, args, { stdio: 'inherit', timeout: MAX_INSTALL_MS }).status === 0
  return (
    run('python3', ['-m', 'venv', FOLDER]) &&
    run(`${FOLDER}/bin/pip`, ['install', '--quiet', `moto[server]==${MOTO}`]) &&
    existsSync(SERVER)
  )
}

/** A server on this port, once it answers. */
export async function startMoto(port: number): Promise<{ readonly endpoint: string; readonly close: () => void }> {
  const server = spawn(SERVER, ['--host', '127.0.0.1', '--port', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' },
  })
  const endpoint = `http://127.0.0.1:${port}`
  const close = () => void server.kill()
  try {
    await untilReady(endpoint, server)
  } catch (error) {
    close()
    throw error
  }
  return { endpoint, close }
}

async function untilReady(endpoint: string, server: ChildProcess): Promise<void> {
  for (let waited = 0; waited < MAX_START_MS; waited += 200) {
    if (server.exitCode !== null) throw new Error(`moto ended with ${server.exitCode} before it answered`)
    const answer = await fetch(`${endpoint}/moto-api/data.json`).catch(() => undefined)
    if (answer?.ok) return
    await sleep(200)
  }
  throw new Error(`moto did not answer within ${MAX_START_MS / 1000} s`)
}

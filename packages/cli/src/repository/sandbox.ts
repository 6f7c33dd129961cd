/** `stint sandbox`: runs the sandbox of the repository as a child process, because the command line must not depend on it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'

export function sandboxCommand({ process }: Context, _flags: Record<never, never>, ...options: string[]): Promise<number> {
  const file = fileURLToPath(new URL('../../../sandbox/src/main.ts', import.meta.url))
  if (!existsSync(file))
    throw new Failure('failed', 'The sandbox is part of the repository.', {
      next: 'Clone the repository and run npm ci && npm start there.',
    })
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...options], { stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
    // The terminal sends Ctrl-C to both. The sandbox closes its ports; this process ends with it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  })
}

/** `stint sandbox`: runs the sandbox, or a program beside it, as a child process, because the command line must not depend on it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { programFile } from './programs.ts'

/** Programs beside the sandbox. They use the secret of one that runs. */
const PROGRAMS = ['token', 'browser', 'mfa']

export function sandboxCommand({ process }: Context, _flags: Record<never, never>, ...words: string[]): Promise<number> {
  const [name = '', ...rest] = words
  const isProgram = PROGRAMS.includes(name)
  const [file, options] = isProgram ? [programFile(name), rest] : [programFile('main'), words]
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

/** A user of the command line: a home of their own, and a browser that signs in as them. */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ran, STINT, wellSaid } from './cli.ts'
import { compileCache } from './compile-cache.ts'
import type { TestSandbox } from './sandbox.ts'

const ROBOT = fileURLToPath(new URL('robot.ts', import.meta.url))

export type CliUser = {
  readonly home: string
  readonly env: Record<string, string>
  readonly run: (args: readonly string[], more?: Record<string, string>, input?: string) => Promise<Ran>
}

export function cliUser(sandbox: Pick<TestSandbox, 'secret'>, person: string): CliUser {
  const home = mkdtempSync(join(tmpdir(), 'stint-home-'))
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    NO_COLOR: '1',
    TZ: 'UTC',
    SHELL: '/bin/sh',
    BROWSER: `${process.execPath} ${ROBOT} ${person} ${sandbox.secret}`,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...compileCache,
    // A shim of a version manager finds its Python by these.
    ...(process.env.PYENV_ROOT ? { PYENV_ROOT: process.env.PYENV_ROOT } : {}),
    ...(process.env.PYENV_VERSION ? { PYENV_VERSION: process.env.PYENV_VERSION } : {}),
  }
  return {
    home,
    env,
    run: async (args, more = {}, input = '') => wellSaid(await spawned(process.execPath, [STINT, ...args], { ...env, ...more }, input)),
  }
}

export function spawned(program: string, args: readonly string[], env: Record<string, string>, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part) => void (stdout += part))
    child.stderr.on('data', (part) => void (stderr += part))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.on('error', () => {}) // It may not read its input.
    child.stdin.end(input)
  })
}

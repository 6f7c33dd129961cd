/**
 * GitHub's runner, as an action sees it: inputs and state in the environment, results in files, commands on stdout.
 * No toolkit: these few formats are all of it, and `@actions/core` would be 429 KB around them. Sources: GitHub Docs,
 * "Workflow commands for GitHub Actions"; the toolkit's own `file-command.ts` and `command.ts` for the escapes.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync } from 'node:fs'

export type Env = Readonly<Record<string, string | undefined>>
export type Runner = ReturnType<typeof runnerOf>

/** An input that cannot be used. */
export class InputError extends Error {}

export function runnerOf(env: Env, write: (line: string) => void, newId: () => string = randomUUID) {
  /** `%`, CR and LF would end a command; in its properties `:` and `,` too. */
  const message = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const property = (text: string) => message(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

  /** A value of many lines, between two lines that nobody can guess. */
  function append(file: 'GITHUB_ENV' | 'GITHUB_OUTPUT' | 'GITHUB_STATE', name: string, value: string): void {
    const path = env[file]
    if (!path || !existsSync(path)) throw new Error(`${file} is not there: is this a runner of GitHub Actions?`)
    const delimiter = `ghadelimiter_${newId()}`
    if (name.includes(delimiter) || value.includes(delimiter)) throw new Error('a value holds the delimiter')
    appendFileSync(path, `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
  }

  const input = (name: string): string => (env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '').trim()
  return {
    env,
    input,
    required(name: string): string {
      const value = input(name)
      if (value === '') throw new InputError(`Input required and not supplied: ${name}`)
      return value
    },
    /** YAML's true and false, as the toolkit takes them. */
    flag(name: string, fallback = false): boolean {
      const value = input(name)
      if (value === '') return fallback
      if (/^(true|True|TRUE)$/.test(value)) return true
      if (/^(false|False|FALSE)$/.test(value)) return false
      throw new InputError(`Input ${name} must be true or false`)
    },
    /** A whole number, or nothing. */
    number(name: string): number | undefined {
      const value = input(name)
      if (value === '') return undefined
      if (!/^\d{1,9}$/.test(value)) throw new InputError(`Input ${name} must be a whole number`)
      return Number(value)
    },
    /** First of all that is done with a secret: whatever is printed after this, by anybody, is starred out. */
    mask(secret: string): void {
      if (secret.trim() !== '') write(`::add-mask::${message(secret)}`)
    },
    exportVariable: (name: string, value: string) => append('GITHUB_ENV', name, value),
    output: (name: string, value: string) => append('GITHUB_OUTPUT', name, value),
    saveState: (name: string, value: string) => append('GITHUB_STATE', name, value),
    state: (name: string): string => env[`STATE_${name}`] ?? '',
    /** Words, whatever they hold: the runner looks for commands at the beginning of a line (`::`) and within one (`##[`). */
    info: (text: string) =>
      write(
        text
          .replaceAll(/[\r\n]+/g, ' ')
          .replaceAll('::', ': :')
          .replaceAll('##[', '# #['),
      ),
    notice: (title: string, text: string) => write(`::notice title=${property(title)}::${message(text)}`),
    error: (title: string, text: string) => write(`::error title=${property(title)}::${message(text)}`),
  }
}

/**
 * The interface between GitHub's runner and an action: inputs and state in the environment, results in files, commands on stdout.
 * It does not use the toolkit: `@actions/core` would add 429 KB for these few formats. Sources: GitHub Docs,
 * "Workflow commands for GitHub Actions"; the toolkit's own `file-command.ts` and `command.ts` for the escapes.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync } from 'node:fs'

export type Env = Readonly<Record<string, string | undefined>>
export type Runner = ReturnType<typeof runnerOf>

/** An invalid input. */
export class InputError extends Error {}

export function runnerOf(env: Env, write: (line: string) => void, newId: () => string = randomUUID) {
  /** `%`, CR and LF would end a command. In its properties, `:` and `,` would as well. */
  const message = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const property = (text: string) => message(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

  /** Writes a multiline value between two unpredictable delimiters. */
  function append(file: 'GITHUB_ENV' | 'GITHUB_OUTPUT' | 'GITHUB_STATE', name: string, value: string): void {
    const path = env[file]
    if (!path || !existsSync(path)) throw new Error(`${file} is missing. This action runs only on GitHub Actions.`)
    const delimiter = `ghadelimiter_${newId()}`
    if (name.includes(delimiter) || value.includes(delimiter)) throw new Error('a value contains the delimiter')
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
    /** YAML's true and false, in the forms that the toolkit accepts. */
    flag(name: string, fallback = false): boolean {
      const value = input(name)
      if (value === '') return fallback
      if (/^(true|True|TRUE)$/.test(value)) return true
      if (/^(false|False|FALSE)$/.test(value)) return false
      throw new InputError(`Input ${name} must be true or false`)
    },
    /** A whole number, or undefined. */
    number(name: string): number | undefined {
      const value = input(name)
      if (value === '') return undefined
      if (!/^\d{1,9}$/.test(value)) throw new InputError(`Input ${name} must be a whole number`)
      return Number(value)
    },
    /** Call this before any other use of a secret. The runner masks the secret in all later output. */
    mask(secret: string): void {
      if (secret.trim() !== '') write(`::add-mask::${message(secret)}`)
    },
    exportVariable: (name: string, value: string) => append('GITHUB_ENV', name, value),
    output: (name: string, value: string) => append('GITHUB_OUTPUT', name, value),
    saveState: (name: string, value: string) => append('GITHUB_STATE', name, value),
    state: (name: string): string => env[`STATE_${name}`] ?? '',
    /** Prints any text safely: the runner looks for commands at the start of a line (`::`) and within a line (`##[`). */
    info: (text: string) =>
      write(
        text
          .replaceAll(/[\r\n]+/g, ' ')
          .replaceAll('::', ': :')
          .replaceAll('##[', '# #['),
      ),
    notice: (title: string, text: string) => write(`::notice title=${property(title)}::${message(text)}`),
    warning: (title: string, text: string) => write(`::warning title=${property(title)}::${message(text)}`),
    error: (title: string, text: string) => write(`::error title=${property(title)}::${message(text)}`),
  }
}

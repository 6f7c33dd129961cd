/** Runs the words of a command line through the tree of commands. */
import { ExitCode, run } from '@stricli/core'
import { allCommands, applicationFor } from './commands/tree.ts'
import type { Context } from './context.ts'
import { exitCode } from './frame/exit.ts'
import { Failure } from './frame/failure.ts'
import { failureText } from './frame/run.ts'
import { withSafeStderr } from './frame/stderr.ts'
import { unknownCommandText, usageText } from './frame/usage.ts'
import { forPeople } from './output.ts'

export async function runCommand(words: readonly string[]): Promise<void> {
  // What stricli says of the words is an error like every other, so it does not get the real stderr. The command does.
  const said: string[] = []
  const outside: { exitCode: number | null } & Pick<NodeJS.Process, 'env' | 'stdout'> & { stderr: { write: (text: string) => void } } = {
    env: process.env,
    stdout: process.stdout,
    stderr: { write: (text) => void said.push(text.trim()) },
    exitCode: null,
  }
  await run(applicationFor(process, messages), argumentsOf(words), {
    process: outside,
    command: { process: withSafeStderr(process) },
  } as unknown as Parsing)
  const code = outside.exitCode ?? 0
  if (code === 0) return
  if (!USAGE.includes(code)) {
    // A bug, with its stack.
    process.stderr.write(`${said.join('\n')}\n`)
    process.exitCode = exitCode('failed')
    return
  }
  process.exitCode = exitCode('usage')
  const end = words.indexOf('--')
  const json = (end < 0 ? words : words.slice(0, end)).includes('--json')
  process.stderr.write(failureText(new Failure('usage', said.join(' '), { next: `Run stint${commandIn(words)} --help` }), json))
  // `eval "$(stint env --mistyped)"` must fail too.
  if (words[0] === 'env' && !json) process.stdout.write((await import('./credentials/env.ts')).failureCode(process, process.exitCode))
}

const messages = {
  exceptionWhileParsingArguments: usageText,
  noCommandRegisteredForInput: unknownCommandText,
  // A bug is shown with its stack. Its message may quote a server or a file, so it is made safe for the terminal.
  formatException: (thrown: unknown) => forPeople(String(thrown instanceof Error ? (thrown.stack ?? thrown) : thrown)),
}

type Parsing = Context & { process: { exitCode: number | null } }

const USAGE: readonly number[] = [ExitCode.UnknownCommand, ExitCode.InvalidArgument]

/** The command that the words begin with, or the group of commands. */
function commandIn([first = '', second = '']: readonly string[]): string {
  const names = allCommands().map(({ name }) => name)
  if (names.includes(`${first} ${second}`)) return ` ${first} ${second}`
  return names.some((name) => name === first || name.startsWith(`${first} `)) ? ` ${first}` : ''
}

/** `stint`, `stint help` and `stint help COMMAND` print help. */
function argumentsOf(given: readonly string[]): readonly string[] {
  if (given.length === 0) return ['--help']
  if (given[0] === 'help') return [...given.slice(1), '--help']
  return given
}

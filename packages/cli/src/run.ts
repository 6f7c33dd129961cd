/** Runs the words of a command line through the tree of commands. */
import { run } from '@stricli/core'
import { applicationFor, commandNames } from './commands/tree.ts'
import type { Context } from './context.ts'
import { exitCode } from './frame/exit.ts'
import { forPeople } from './output.ts'

type Stricli = Context & { process: { exitCode: number | null } }

export async function runCommand(words: readonly string[]): Promise<void> {
  await run(applicationFor(process, forPeople), argumentsOf(words), { process } as Stricli)
  // stricli's own exit codes are negative. All of them mean invalid usage.
  if (typeof process.exitCode !== 'number' || process.exitCode >= 0) return
  process.exitCode = exitCode('usage')
  const command = words[0] !== undefined && Object.hasOwn(commandNames, words[0]) ? ` ${words[0]}` : ''
  process.stderr.write(`  Run stint${command} --help\n`)
  // `eval "$(stint env --mistyped)"` must fail too.
  if (words[0] === 'env') process.stdout.write((await import('./credentials/env.ts')).failureCode(process, process.exitCode))
}

/** `stint`, `stint help` and `stint help COMMAND` print help. */
function argumentsOf(given: readonly string[]): readonly string[] {
  if (given.length === 0) return ['--help']
  if (given[0] === 'help') return [...given.slice(1), '--help']
  return given
}

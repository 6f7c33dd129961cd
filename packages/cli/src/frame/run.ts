/** Runs a command: the one place that turns a `Failure` into words and an exit code. */
import type { Context } from '../context.ts'
import { jsonLine, shownLine } from '../output.ts'
import { type Exit, exitCode } from './exit.ts'
import { Failure } from './failure.ts'

/** What a command does. It returns how it ended; nothing means `ok`. A number is the exit code of a child process. */
// biome-ignore lint/suspicious/noConfusingVoidType: most commands have nothing to return
type Ended = Exit | number | void
export type Run<F, A extends readonly unknown[]> = (context: Context, flags: F, ...args: A) => Ended | Promise<Ended>

type CommonFlags = { readonly json?: boolean }

/** Runs the work and returns the exit code. A bug is thrown, and shown with its stack. */
export async function end(context: Context, flags: CommonFlags, work: () => Promise<Ended>): Promise<number> {
  try {
    const ended = await work()
    return typeof ended === 'number' ? ended : exitCode(ended ?? 'ok')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    context.process.stderr.write(failureText(error, flags.json === true))
    return exitCode(error.exit)
  }
}

/** The longest error message, in characters. Some contain the response of a server. */
const LONGEST = 2000
/** The most details that a person is shown. `--json` has all of them. */
const MOST_DETAILS = 50

export function failureText({ message, exit, facts }: Failure, json: boolean): string {
  if (json) return jsonLine({ error: { exit: exitCode(exit), message, ...facts } })
  const { next, code, trace, details = [] } = facts
  const origin = code === undefined ? '' : ` (${code}${trace === undefined ? '' : `, trace ${trace}`})`
  const lines = [
    `stint: ${shownLine(`${message}${origin}`, LONGEST)}`,
    ...details.slice(0, MOST_DETAILS).map((detail) => `  ${shownLine(detail, LONGEST)}`),
    ...(details.length > MOST_DETAILS ? [`  … and ${details.length - MOST_DETAILS} more`] : []),
    ...(next === undefined ? [] : [`  ${shownLine(next, LONGEST)}`]),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * What only a terminal gets: prompts, a picker, and a line that shows how long a wait has taken. A prompt appears only if stdin and
 * stderr are terminals and STINT_NO_INPUT is not set; every prompt has a flag that answers it.
 */
import type { Context } from '../context.ts'
import { shownLine } from '../output.ts'
import { Failure } from './failure.ts'
import { realStream } from './stderr.ts'

/** stdout may be a pipe while a prompt is shown (`eval "$(stint env)"`), because prompts go to stderr. */
export const canAsk = ({ process: { stdin, stderr, env } }: Context): boolean =>
  stdin.isTTY === true && stderr.isTTY === true && !env.STINT_NO_INPUT && env.TERM !== 'dumb'

const interrupted = () => new Failure('interrupted', 'Interrupted.', { next: 'Nothing was requested.' })

export type Choice = { readonly value: string; readonly label: string; readonly hint?: string }

/** Lets the user choose by typing a part of the name. */
export async function pick({ process: { stdin, stderr } }: Context, message: string, choices: readonly Choice[]): Promise<string> {
  const { autocomplete, isCancel } = await import('@clack/prompts')
  const output = realStream(stderr)
  widen(output)
  const options = choices.map(({ value, label, hint }) => ({ value, label: shownLine(label), ...(hint ? { hint: shownLine(hint) } : {}) }))
  const chosen = await autocomplete({ message, options, input: stdin, output, filter: fuzzy })
  if (isCancel(chosen)) throw interrupted()
  return chosen as string
}

/** A terminal that does not know its width says 0, and a prompt would have one character a line. */
function widen(stream: { columns?: number; rows?: number }): void {
  if (stream.columns === 0) stream.columns = 80
  if (stream.rows === 0) stream.rows = 24
}

/** The letters of the search, in this order, anywhere in the name. */
export function fuzzy(
  search: string,
  option: { readonly value: unknown; readonly label?: string | undefined; readonly hint?: string | undefined },
): boolean {
  const name = `${option.label ?? ''} ${option.hint ?? ''}`.toLowerCase()
  let at = 0
  for (const letter of search.toLowerCase().replaceAll(' ', '')) {
    at = name.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}

export async function askText(
  { process: { stdin, stderr } }: Context,
  message: string,
  check: (value: string) => string | undefined,
): Promise<string> {
  const { text, isCancel } = await import('@clack/prompts')
  const output = realStream(stderr)
  widen(output)
  const answer = await text({ message, input: stdin, output, validate: (value) => check(value ?? '') })
  if (isCancel(answer)) throw interrupted()
  return answer
}

/** A line on stderr that is written over, on a terminal only. */
export function liveLine(
  { process: { stderr } }: Context,
  quiet: boolean,
): { readonly show: (line: string) => void; readonly clear: () => void } {
  if (!stderr.isTTY || quiet) return { show: () => {}, clear: () => {} }
  const output = realStream(stderr)
  return {
    show: (line) => void output.write(`\r\u001B[2K${shownLine(line, Math.max(20, (output.columns || 80) - 1))}`),
    clear: () => void output.write('\r\u001B[2K'),
  }
}

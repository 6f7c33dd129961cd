/**
 * The only error of the command line that is not a bug. It says what is wrong and why (`message`), what to do (`next`), and how the
 * command exits. `frame/run.ts` alone prints it.
 */
import type { Exit } from './exit.ts'

type FailureFacts = {
  /** What to do next: a command, if there is one. */
  readonly next?: string
  /** What was found wrong, one line each, if there is more than one fault. */
  readonly details?: readonly string[]
  /** The broker's problem code, if it refused. */
  readonly code?: string
  readonly trace?: string
  /** The request that waits, if one does. */
  readonly requestId?: string
}

export class Failure extends Error {
  readonly exit: Exit
  readonly facts: FailureFacts
  constructor(exit: Exit, message: string, facts: FailureFacts = {}) {
    super(message)
    this.exit = exit
    this.facts = facts
  }
}

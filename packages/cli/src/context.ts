/** The environment of a command. */
import type { CommandContext } from '@stricli/core'

export type Context = CommandContext & {
  readonly process: NodeJS.Process
  /** The context of the command itself, if this is that of the parser, whose stderr is not the real one. */
  readonly command?: Context
}

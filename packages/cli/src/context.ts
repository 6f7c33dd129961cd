/** The environment of a command. */
import type { CommandContext } from '@stricli/core'

export type Context = CommandContext & { readonly process: NodeJS.Process }

/** What a command has of its surroundings. */
import type { CommandContext } from '@stricli/core'

export type Context = CommandContext & { readonly process: NodeJS.Process }

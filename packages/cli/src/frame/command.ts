/** Builds a command from its documentation, its parameters and the code that runs it, which is loaded when the command runs. */
import { type BaseArgs, type BaseFlags, buildCommand, type Command, type CommandBuilderArguments } from '@stricli/core'
import type { Context } from '../context.ts'
import type { Run } from './run.ts'

type Built<F extends BaseFlags, A extends BaseArgs> = CommandBuilderArguments<F, A, Context>

export function command<F extends BaseFlags, A extends BaseArgs>(given: {
  readonly docs: { readonly brief: string; readonly fullDescription?: string }
  readonly load: () => Promise<Run<F, A>>
  readonly parameters: NoInfer<Built<F, A>['parameters']>
}): Command<Context> {
  const { docs, parameters, load } = given
  // Loaded late, like the command itself: a completion needs neither.
  const loader = async () => {
    const { end } = await import('./run.ts')
    return async function (this: Context, flags: F, ...args: A): Promise<void> {
      const { json, debug } = flags as { readonly json?: boolean; readonly debug?: boolean }
      const context = this.command ?? this
      if (debug) context.process.env.STINT_DEBUG = '1'
      context.process.exitCode = await end(context, { json: json === true }, async () => (await load())(context, flags, ...args))
    }
  }
  return buildCommand<F, A, Context>({ docs, parameters, loader } as unknown as Built<F, A>)
}

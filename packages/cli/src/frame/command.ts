/** Builds a command from its documentation, its parameters and the code that runs it, which is loaded when the command runs. */
import { type BaseArgs, type BaseFlags, buildCommand, type Command, type CommandBuilderArguments } from '@stricli/core'
import type { Context } from '../context.ts'
import type { Run } from './run.ts'

type Built<F extends BaseFlags, A extends BaseArgs> = CommandBuilderArguments<F, A, Context>

export function command<F extends BaseFlags, A extends BaseArgs>(given: {
  /** `usage`: the lines of the help, where one line of the parameters does not say what goes together. */
  readonly docs: { readonly brief: string; readonly fullDescription?: string; readonly usage?: readonly string[] }
  readonly load: () => Promise<Run<F, A>>
  readonly parameters: NoInfer<Built<F, A>['parameters']>
}): Command<Context> {
  const { parameters, load } = given
  const { usage = usageOf(parameters), ...texts } = given.docs
  const docs = { ...texts, ...(usage.length > 0 ? { customUsage: usage } : {}) }
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

type Shape = { readonly placeholder?: string; readonly optional?: boolean; readonly default?: unknown }
type Positional = { readonly kind: 'tuple'; readonly parameters: readonly Shape[] } | { readonly kind: 'array'; readonly parameter: Shape }

/** What a command takes, without optional flags. Stricli would also leave out optional words. */
function usageOf(parameters: object): readonly string[] {
  const { positional, flags = {} } = parameters as { readonly positional?: Positional; readonly flags?: Readonly<Record<string, Shape>> }
  const isOptional = (shape: Shape) => shape.optional === true || shape.default !== undefined
  const words =
    positional === undefined
      ? []
      : positional.kind === 'array'
        ? [`${positional.parameter.placeholder}...`]
        : positional.parameters.map((shape) => (isOptional(shape) ? `[${shape.placeholder}]` : `${shape.placeholder}`))
  const required = Object.entries(flags)
    .filter(([, shape]) => !isOptional(shape))
    .map(([name, { placeholder = 'VALUE' }]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${placeholder}`)
  const line = [...words, ...required].join(' ')
  return line === '' ? [] : [line]
}

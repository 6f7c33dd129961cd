/** What the user asks for: a profile with its parameters and a justification. What is missing is asked for on a terminal. */
import { defined } from '@stint/core/defined'
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { pairs, type SessionFlags } from '../frame/flags.ts'
import { askText, canAsk } from '../frame/terminal.ts'

export type Wanted = {
  readonly profile: string
  readonly parameters: Readonly<Record<string, string>>
  readonly duration?: string
  readonly justification?: string
  readonly ticket?: string
}

export async function wantedFrom(context: Context, profile: ProfileView, flags: SessionFlags, command: string): Promise<Wanted> {
  const parameters = pairs(flags.parameter)
  const ending = command === 'stint exec' ? ' -- COMMAND' : ''
  const names = Object.keys(profile.parameters)
  for (const name of Object.keys(parameters))
    if (!names.includes(name))
      throw new Failure(
        'usage',
        `The profile ${profile.id} has no parameter '${name}'${names.length > 0 ? `. Its parameters: ${names.join(', ')}` : ''}.`,
        {
          next: `Show the profile: stint profiles ${profile.id}`,
        },
      )
  for (const name of names.filter((one) => !Object.hasOwn(parameters, one))) {
    if (!canAsk(context))
      throw new Failure('usage', `Missing parameter '${name}' of the profile ${profile.id}.`, {
        next: `${command} ${profile.id} -p ${name}=VALUE${ending}`,
      })
    const pattern = profile.parameters[name]?.pattern ?? ''
    parameters[name] = await askText(context, `${name} (${pattern})`, (value) => (value === '' ? `A value like ${pattern}` : undefined))
  }
  let { justification } = flags
  if (justification === undefined && profile.justification === 'required' && flags.request === undefined) {
    if (!canAsk(context))
      throw new Failure('usage', `The profile ${profile.id} needs a justification.`, {
        next: `${command} ${profile.id} -j 'why you need access'${ending}`,
      })
    justification = await askText(context, 'Why do you need access?', (value) => (value.trim() === '' ? 'Give a justification' : undefined))
  }
  return {
    profile: profile.id,
    parameters,
    ...defined({ duration: flags.duration, justification, ticket: flags.ticket }),
  }
}

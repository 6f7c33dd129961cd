/** What the commands of this folder have in common: from flags to credentials. */
import { defined } from '@stint/core/defined'
import { type Broker, brokerFor } from '../broker/broker.ts'
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import type { BrokerFlags, SessionFlags } from '../frame/flags.ts'
import { chosenProfile } from '../profiles/read.ts'
import { type Wanted, wantedFrom } from '../requests/wanted.ts'
import { type Obtained, type ObtainOptions, obtain, obtainAgain } from './obtain.ts'

export type CredentialFlags = BrokerFlags & SessionFlags
export type Entry = { readonly broker: Broker; readonly profile: ProfileView; readonly wanted: Wanted; readonly options: ObtainOptions }

export async function entryOf(context: Context, flags: CredentialFlags, id: string | undefined, command: string): Promise<Entry> {
  const broker = await brokerFor(context, flags)
  const profile = await chosenProfile(context, broker, id)
  const wanted = await wantedFrom(context, profile, flags, command)
  return { broker, profile, wanted, options: optionsFrom(flags, `${command} ${profile.id}`) }
}

const optionsFrom = (flags: CredentialFlags, command: string): ObtainOptions => ({
  quiet: flags.quiet,
  command,
  ...defined({ request: flags.request, waitSeconds: flags.wait }),
})

export const obtainFor = (context: Context, { broker, profile, wanted, options }: Entry): Promise<Obtained> =>
  obtain(context, broker, profile, wanted, options)

/** What `last` is replaced with before it expires. */
export const obtainAgainFor = (context: Context, { broker, profile, wanted, options }: Entry, last: Obtained): Promise<Obtained> =>
  obtainAgain(context, broker, profile, wanted, options, last)

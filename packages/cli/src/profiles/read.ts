/** Reads profiles, and keeps their names for completions. */
import type { Broker } from '../broker/broker.ts'
import { pages } from '../broker/pages.ts'
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { writePrivate } from '../frame/private-file.ts'
import { canAsk, pick } from '../frame/terminal.ts'
import { profilesFileOf } from '../sign-in/contexts.ts'

export async function readProfile(broker: Broker, id: string): Promise<ProfileView> {
  return (await broker.call('GET', `/profiles/${encodeURIComponent(id)}`, { profile: id })).body as ProfileView
}

export async function listProfiles({ process: { env } }: Context, broker: Broker): Promise<readonly ProfileView[]> {
  const list = await pages<ProfileView>(broker, '/profiles', {}, 'profiles')
  // Without its cache, completion only knows fewer names.
  await writePrivate(profilesFileOf(env, broker.url), `${JSON.stringify(list.map(({ id }) => id))}\n`).catch(() => {})
  return list
}

/** The profile that was named, or that the user picks from the list. */
export async function chosenProfile(context: Context, broker: Broker, id: string | undefined): Promise<ProfileView> {
  if (id !== undefined) return readProfile(broker, id)
  if (!canAsk(context)) throw new Failure('usage', 'Missing profile.', { next: 'Name one of yours: stint profiles' })
  const list = await listProfiles(context, broker)
  const open = list.filter(({ access }) => access !== 'refused')
  if (open.length === 0) throw new Failure('denied', 'You cannot use any profile yet.', { next: 'See what is missing: stint profiles' })
  const picked = await pick(
    context,
    'Which profile?',
    open.map(({ id: value, description, access }) => ({
      value,
      label: value,
      hint: `${description ?? ''}${access === 'needs-approval' ? ' (needs approval)' : ''}`.trim(),
    })),
  )
  return readProfile(broker, picked)
}

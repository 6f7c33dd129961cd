/** `stint profiles` */
import { command } from '../frame/command.ts'
import { broker } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const profiles = command({
  docs: {
    brief: 'List the profiles you can see, or show one',
    fullDescription: 'Shows whether you can use each profile, its terms, and how to get access if you cannot use it yet.',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ ...profileName, brief: 'The profile to show', optional: true }] },
    flags: broker,
  },
  load: async () => (await import('../profiles/profiles.ts')).profiles,
})

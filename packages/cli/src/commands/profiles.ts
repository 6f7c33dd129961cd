/** `stint profiles` */
import { command } from '../frame/command.ts'
import { broker } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const profiles = command({
  docs: {
    brief: 'List the profiles you can see, or show one',
    fullDescription: 'Shows whether you can enter, on what terms, what is missing and how to get it.',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ ...profileName, brief: 'The profile to show', optional: true }] },
    flags: broker,
  },
  load: async () => (await import('../profiles/profiles.ts')).profiles,
})

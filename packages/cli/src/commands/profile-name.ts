/** The PROFILE of a command, completed from the names that the broker listed last. */
import { knownProfiles } from '../completion/profile-names.ts'
import type { Context } from '../context.ts'
import { text } from '../frame/flags.ts'

export const profileName = {
  parse: text,
  brief: 'The profile (on a terminal, the default is to choose)',
  placeholder: 'PROFILE',
  async proposeCompletions(this: Context, partial: string): Promise<readonly string[]> {
    return (await knownProfiles(this.process.env)).filter((name) => name.startsWith(partial))
  },
} as const

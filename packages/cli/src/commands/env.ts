/** `stint env` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const env = command({
  docs: {
    brief: 'Print shell code that sets the credentials of a profile',
    fullDescription:
      'For eval: eval "$(stint env PROFILE)". In fish: stint env PROFILE --shell fish | source. In PowerShell: stint env PROFILE --shell powershell | Out-String | Invoke-Expression. On failure, the printed code unsets the AWS variables and fails.\n\n' +
      'Exit codes: 0 done · 3 denied · 4 sign in first · 5 unreachable · 8 waiting for approval · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile (on a terminal, the default is to choose)', optional: true }],
    },
    flags: {
      shell: {
        kind: 'enum',
        values: ['posix', 'bash', 'zsh', 'fish', 'powershell'],
        optional: true,
        brief: 'The shell to print code for (default: from $SHELL; if that is fish, code that also runs in POSIX shells)',
      },
      ...session,
      ...broker,
    },
    aliases: sessionAliases,
  },
  load: async () => (await import('../credentials/env.ts')).envCommand,
})

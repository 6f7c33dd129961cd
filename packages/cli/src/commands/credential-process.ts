/** `stint credential-process` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const credentialProcess = command({
  docs: {
    brief: 'Print credentials for credential_process of the AWS config',
    fullDescription:
      'The credentials are cached until 5 minutes before they expire, so that parallel calls share one session. stint configure writes the AWS config.\n\n' +
      'Exit codes: 0 done · 3 denied · 4 sign in first · 5 unreachable · 8 waiting for approval · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ ...profileName, brief: 'The profile' }] },
    flags: {
      ...session,
      ...broker,
    },
    aliases: sessionAliases,
  },
  load: async () => (await import('../credentials/process.ts')).credentialProcess,
})

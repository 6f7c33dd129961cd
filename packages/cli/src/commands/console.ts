/** `stint console` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases, text } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const console = command({
  docs: {
    brief: 'Open the AWS console with a session of a profile',
    fullDescription:
      'Prints the sign-in URL with --no-browser. The URL is a secret until it expires.\n\n' +
      'Exit codes: 0 done · 3 denied · 4 sign in first · 5 unreachable · 8 waiting for approval · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile (on a terminal, the default is to choose)', optional: true }],
    },
    flags: {
      service: { kind: 'parsed', parse: text, optional: true, brief: 'The service to open, such as s3 or cloudwatch', placeholder: 'NAME' },
      browser: { kind: 'boolean', default: true, brief: 'Open the browser. --no-browser prints the URL' },
      ...session,
      ...broker,
    },
    aliases: { ...sessionAliases, s: 'service' },
  },
  load: async () => (await import('../credentials/console.ts')).consoleCommand,
})

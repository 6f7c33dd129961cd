/** `stint serve` */
import { command } from '../frame/command.ts'
import { broker, port, session, sessionAliases } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const serve = command({
  docs: {
    brief: 'Serve credentials to IDEs and containers on this machine',
    fullDescription:
      'Serves the container credentials protocol of the AWS SDKs on loopback, with a random token, until you stop it. Prints the variables to set.\n\n' +
      'Exit codes: 0 done · 3 denied · 4 sign in first · 5 unreachable · 8 waiting for approval · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile (on a terminal, the default is to choose)', optional: true }],
    },
    flags: {
      port: { kind: 'parsed', parse: port, optional: true, brief: 'The port (default: a free one)', placeholder: 'N' },
      ...session,
      ...broker,
    },
    aliases: sessionAliases,
  },
  load: async () => (await import('../credentials/serve.ts')).serveCommand,
})

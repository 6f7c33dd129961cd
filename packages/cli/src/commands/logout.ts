/** `stint logout` */
import { command } from '../frame/command.ts'
import { talk, text } from '../frame/flags.ts'

export const logout = command({
  docs: {
    brief: 'Sign out, and delete stored tokens and credentials',
    fullDescription:
      'Revokes the sign-in at the issuer, and removes tokens, cached credentials and the context from this machine. Credentials that you have work until they expire.',
  },
  parameters: {
    flags: {
      context: { kind: 'parsed', parse: text, optional: true, brief: 'The context (default: the current one)', placeholder: 'NAME' },
      all: { kind: 'boolean', default: false, brief: 'Sign out of every broker' },
      ...talk,
    },
  },
  load: async () => (await import('../account/login.ts')).logout,
})

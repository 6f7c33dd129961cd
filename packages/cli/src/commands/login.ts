/** `stint login` */
import { command } from '../frame/command.ts'
import { talk, text } from '../frame/flags.ts'

export const login = command({
  docs: {
    brief: 'Sign in to a broker',
    fullDescription:
      'Opens your browser at your identity provider, and keeps the tokens in the keychain or in a file that only you can read. The broker becomes the current context.\n\n' +
      'Exit codes: 0 signed in · 3 the issuer refused · 4 you did not sign in in time · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: text, brief: 'The URL of the broker (default: that of the current context)', placeholder: 'URL', optional: true },
      ],
    },
    flags: {
      device: { kind: 'boolean', default: false, brief: 'Sign in on another device, with a code' },
      browser: { kind: 'boolean', default: true, brief: 'Open the browser. --no-browser only prints the URL' },
      again: { kind: 'boolean', default: false, brief: 'Enter your credentials again, even if you are signed in at the issuer' },
      issuer: { kind: 'parsed', parse: text, optional: true, brief: 'The issuer, if the broker has several', placeholder: 'URL' },
      name: { kind: 'parsed', parse: text, optional: true, brief: 'A name for the context (default: the host)', placeholder: 'NAME' },
      ...talk,
    },
  },
  load: async () => (await import('../account/login.ts')).login,
})

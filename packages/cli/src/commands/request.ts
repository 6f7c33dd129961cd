/** `stint request` */
import { command } from '../frame/command.ts'
import { broker, instant, session, sessionAliases } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const request = command({
  docs: {
    brief: 'Request approval for a profile',
    fullDescription:
      'Prints the ID of the request. With --wait, waits until it is decided. Ctrl-C leaves the request open.\n\nExit codes: 0 requested, or with --wait approved · 3 denied · 4 sign in first · 5 unreachable · 8 still waiting · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile (on a terminal, the default is to choose)', optional: true }],
    },
    flags: {
      parameter: session.parameter,
      duration: session.duration,
      justification: session.justification,
      ticket: session.ticket,
      start: {
        kind: 'parsed',
        parse: instant,
        optional: true,
        brief: 'When the access starts (default: on approval)',
        placeholder: 'TIME',
      },
      wait: session.wait,
      ...broker,
    },
    aliases: sessionAliases,
  },
  load: async () => (await import('../requests/ask.ts')).ask,
})

/** `stint extend` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases, text } from '../frame/flags.ts'

export const extend = command({
  docs: {
    brief: 'Request more time before a session ends',
    fullDescription:
      'Creates a new request with the same terms and the same approvers, and prints its ID. Nothing changes until it is approved. Then start a session with --request ID; you can do this before the current session ends. You can extend a session that needed approval, in the second half of its duration. A break-glass request must be reviewed first.\n\n' +
      'Exit codes: 0 requested, or with --wait approved · 3 denied · 4 sign in first · 5 unreachable · 8 still waiting · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: text,
          optional: true,
          brief: 'The ID of the request or session (default: the only one that can be extended)',
          placeholder: 'ID',
        },
      ],
    },
    flags: {
      duration: session.duration,
      justification: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Why you need more time (default: that of the first request)',
        placeholder: 'TEXT',
      },
      wait: session.wait,
      ...broker,
    },
    aliases: { d: sessionAliases.d, j: sessionAliases.j },
  },
  load: async () => (await import('../requests/extend.ts')).extend,
})

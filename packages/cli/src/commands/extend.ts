/** `stint extend` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases, text } from '../frame/flags.ts'

export const extend = command({
  docs: {
    brief: 'Request more time before a session ends',
    fullDescription:
      'Makes a request of its own on the same terms, which the same people approve, and prints its ID. Until it is approved, nothing changes. Then use it by its ID, also while the old session still works. Possible in the last half of a session that people approved; a break-glass must be reviewed first.\n\n' +
      'Exit codes: 0 requested, or with --wait approved · 3 denied · 4 sign in first · 5 unreachable · 8 still waits · 2 invalid usage',
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

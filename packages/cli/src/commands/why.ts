/** `stint why` */
import { command } from '../frame/command.ts'
import { broker, text } from '../frame/flags.ts'

export const why = command({
  docs: {
    brief: 'Explain why AWS denied a call, and find a profile that allows it',
    usage: ['[MESSAGE...]'],
    fullDescription:
      "stint why 'MESSAGE', or pipe the output of the failed command. Says which layer denied the call (session, role, boundary, organization, endpoint, resource), and which of your profiles allow it, narrowest first. The message stays on this machine: only the profiles are read from the broker.\n\n" +
      'Exit codes: 0 explained · 1 Stint does not recognize the message as a denial · 4, 5 explained, but your profiles are unreadable · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'array',
      parameter: { parse: text, brief: "AWS's message, in quotes (default: stdin)", placeholder: 'MESSAGE' },
    },
    flags: {
      action: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'The action, if the message does not name it',
        placeholder: 'SERVICE:ACTION',
      },
      resource: { kind: 'parsed', parse: text, optional: true, brief: 'The resource, if the message does not name it', placeholder: 'ARN' },
      ...broker,
    },
  },
  load: async () => (await import('../why/command.ts')).whyCommand,
})

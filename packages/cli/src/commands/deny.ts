/** `stint deny` */
import { command } from '../frame/command.ts'
import { broker, text } from '../frame/flags.ts'

export const deny = command({
  docs: {
    brief: 'Deny a request; one denial is enough',
    fullDescription: 'Exit codes: 0 done · 1 failed · 3 denied · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The ID of the request', placeholder: 'ID' }] },
    flags: {
      comment: { kind: 'parsed', parse: text, optional: true, brief: 'A comment, for the log and the requester', placeholder: 'TEXT' },
      ...broker,
    },
    aliases: { m: 'comment' },
  },
  load: async () => (await import('../requests/decide.ts')).decide('deny'),
})

/** `stint review` */
import { command } from '../frame/command.ts'
import { broker, text } from '../frame/flags.ts'

export const review = command({
  docs: {
    brief: 'Complete the review of a break-glass request',
    fullDescription: 'Exit codes: 0 done · 1 failed · 3 denied · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The ID of the request', placeholder: 'ID' }] },
    flags: {
      text: { kind: 'parsed', parse: text, brief: 'The result of the review', placeholder: 'TEXT' },
      ...broker,
    },
    aliases: { m: 'text' },
  },
  load: async () => (await import('../requests/decide.ts')).review,
})

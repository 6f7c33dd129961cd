/** `stint show` */
import { command } from '../frame/command.ts'
import { broker, text, wait } from '../frame/flags.ts'

export const show = command({
  docs: {
    brief: 'Show a request, a session or a refusal',
    fullDescription:
      'Shows the terms, who can approve and who has, and what you can do. For a refusal, shows the reason. Only auditors and the caller who was refused can see it.\n\nExit codes: 0 shown, or with --wait approved · 3 denied · 4 sign in first · 5 unreachable · 8 still waiting · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The ID of a request or of a session', placeholder: 'ID' }] },
    flags: { wait, ...broker },
  },
  load: async () => (await import('../requests/look.ts')).show,
})

/** `stint context` */
import { command } from '../frame/command.ts'
import { talk, text } from '../frame/flags.ts'

export const context = command({
  docs: {
    brief: 'List your brokers, or choose the current one',
    fullDescription: 'A context is a broker that you have signed in to. --context and $STINT_URL choose one for a single command.',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, brief: 'The context to use from now on', placeholder: 'NAME', optional: true }],
    },
    flags: talk,
  },
  load: async () => (await import('../account/login.ts')).chooseContext,
})

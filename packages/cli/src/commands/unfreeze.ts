/** `stint unfreeze` */
import { command } from '../frame/command.ts'
import { broker, text } from '../frame/flags.ts'

export const unfreeze = command({
  docs: {
    brief: 'Release a freeze; this takes two responders',
    fullDescription: 'Exit codes: 0 done · 1 failed · 3 denied · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, brief: 'The ID of the freeze, as stint freeze lists it', placeholder: 'ID' }],
    },
    flags: broker,
  },
  load: async () => (await import('../requests/freeze.ts')).unfreeze,
})

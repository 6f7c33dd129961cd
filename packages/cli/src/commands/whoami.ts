/** `stint whoami` */
import { command } from '../frame/command.ts'
import { broker } from '../frame/flags.ts'

export const whoami = command({
  docs: {
    brief: 'Show who you are to the broker',
    fullDescription: 'Exit codes: 0 signed in · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: { flags: broker },
  load: async () => (await import('../account/whoami.ts')).whoami,
})

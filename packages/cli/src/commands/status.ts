/** `stint status` */
import { command } from '../frame/command.ts'
import { broker } from '../frame/flags.ts'

export const status = command({
  docs: {
    brief: 'Show your sign-in, open requests and live sessions',
    fullDescription: 'Exit codes: 0 signed in · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: { flags: broker },
  load: async () => (await import('../account/whoami.ts')).status,
})

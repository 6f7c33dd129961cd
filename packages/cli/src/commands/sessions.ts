/** `stint sessions` */
import { command } from '../frame/command.ts'
import { broker, limit } from '../frame/flags.ts'

export const sessions = command({
  docs: {
    brief: 'List sessions',
  },
  parameters: {
    flags: {
      live: { kind: 'boolean', default: false, brief: 'Only sessions that are still valid' },
      all: { kind: 'boolean', default: false, brief: 'For auditors: the sessions of all callers' },
      limit: { kind: 'parsed', parse: limit, default: '50', brief: 'At most this many', placeholder: 'N' },
      ...broker,
    },
  },
  load: async () => (await import('../requests/look.ts')).sessions,
})

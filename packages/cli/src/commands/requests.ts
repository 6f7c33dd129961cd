/** `stint requests` */
import { command } from '../frame/command.ts'
import { broker, limit, text } from '../frame/flags.ts'

export const requests = command({
  docs: {
    brief: 'List requests',
    fullDescription: 'Without flags: your own, newest first.',
  },
  parameters: {
    flags: {
      approvable: { kind: 'boolean', default: false, brief: 'Those that wait for your approval' },
      review: { kind: 'boolean', default: false, brief: 'Break-glass requests that nobody has reviewed' },
      all: { kind: 'boolean', default: false, brief: 'For auditors: those of everyone' },
      state: { kind: 'parsed', parse: text, optional: true, brief: 'Only those in this state, such as pending', placeholder: 'STATE' },
      limit: { kind: 'parsed', parse: limit, default: '50', brief: 'At most this many', placeholder: 'N' },
      ...broker,
    },
  },
  load: async () => (await import('../requests/look.ts')).requests,
})

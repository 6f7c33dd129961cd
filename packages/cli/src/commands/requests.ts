/** `stint requests` */
import { command } from '../frame/command.ts'
import { broker, limit, text } from '../frame/flags.ts'

export const requests = command({
  docs: {
    brief: 'List requests',
    fullDescription: 'Without flags, lists your own requests, newest first.',
  },
  parameters: {
    flags: {
      approvable: { kind: 'boolean', default: false, brief: 'Only requests that wait for your approval' },
      review: { kind: 'boolean', default: false, brief: 'Only break-glass requests that have not been reviewed' },
      all: { kind: 'boolean', default: false, brief: 'For auditors: the requests of all callers' },
      state: { kind: 'parsed', parse: text, optional: true, brief: 'Only those in this state, such as pending', placeholder: 'STATE' },
      limit: { kind: 'parsed', parse: limit, default: '50', brief: 'At most this many', placeholder: 'N' },
      ...broker,
    },
  },
  load: async () => (await import('../requests/look.ts')).requests,
})

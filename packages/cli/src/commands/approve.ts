/** `stint approve` */
import { numberParser } from '@stricli/core'
import { command } from '../frame/command.ts'
import { broker, durationText, text } from '../frame/flags.ts'

export const approve = command({
  docs: {
    brief: 'Approve a request',
    fullDescription:
      'Shows the request first. Approves exactly what was shown: if the request has changed in the meantime, the approval fails. Limits can only shorten the terms.\n\n' +
      'Exit codes: 0 done · 1 failed · 3 denied · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The ID of the request', placeholder: 'ID' }] },
    flags: {
      comment: { kind: 'parsed', parse: text, optional: true, brief: 'A comment, for the log and the requester', placeholder: 'TEXT' },
      duration: {
        kind: 'parsed',
        parse: durationText,
        optional: true,
        brief: 'The longest session that you allow',
        placeholder: 'DURATION',
      },
      uses: { kind: 'parsed', parse: numberParser, optional: true, brief: 'How many sessions you allow', placeholder: 'N' },
      window: { kind: 'parsed', parse: durationText, optional: true, brief: 'How long sessions can be started', placeholder: 'DURATION' },
      yes: { kind: 'boolean', default: false, brief: 'Skip the confirmation' },
      ...broker,
    },
    aliases: { m: 'comment', y: 'yes' },
  },
  load: async () => (await import('../requests/decide.ts')).approve,
})

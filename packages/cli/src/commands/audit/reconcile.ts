/** `stint audit reconcile` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { from, token, trust } from './flags.ts'

export const reconcile = command({
  docs: {
    brief: 'Reconcile CloudTrail with the audit log',
    fullDescription:
      'Matches AssumeRole calls by role session name, source identity and access key ID. Reports calls that bypassed Stint, sessions that AWS never saw, and what each session did.\n\n' +
      'Exit codes: 0 no findings · 1 findings · 5 something is unreadable · 2 invalid usage; others as for verify',
  },
  parameters: {
    flags: {
      from,
      trail: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        brief: 'A folder of CloudTrail files, from one or more accounts',
        placeholder: 'DIR',
      },
      role: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'The ARN of a target role that no session has used yet',
      },
      vkey: trust.vkey,
      ...token,
      ...talk,
    },
  },
  load: async () => (await import('../../audit/read-commands.ts')).reconcileCommand,
})

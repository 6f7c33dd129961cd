/** `stint audit reconcile` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { from, token, trust } from './flags.ts'

export const reconcile = command({
  docs: {
    brief: 'Reconcile CloudTrail with the audit log',
    fullDescription:
      'Matches calls by the ARN of their session and by source identity. Reports sessions in your target roles that did not come from Stint, sessions that AWS never saw, changes to the roles, and what each session did.\n\n' +
      'Exit codes: 0 no findings · 1 findings · 9 not judged, because there are no records of an account · 5 something is unreadable · 2 invalid usage; others as for verify',
  },
  parameters: {
    flags: {
      from,
      trail: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        brief: 'A folder of CloudTrail files (JSON, NDJSON or CSV of CloudTrail Lake), from one or more accounts',
        placeholder: 'DIR',
      },
      role: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'The ARN of a target role that no session has used yet',
      },
      admin: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'The ARN of a role or user that may change the target roles, such as that of your pipeline. Repeatable',
        placeholder: 'ARN',
      },
      vkey: trust.vkey,
      ...token,
      ...talk,
    },
  },
  load: async () => (await import('../../audit/read-commands.ts')).reconcileCommand,
})

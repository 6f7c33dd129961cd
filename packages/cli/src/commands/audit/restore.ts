/** `stint audit restore` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { from, table, token, trust } from './flags.ts'

export const restore = command({
  docs: {
    brief: 'Restore items that a restored table lacks, from the log',
    fullDescription:
      'Lists requests, links, freezes and facts that the table lacks, or that differ from the log. With --yes, restores the journal of each. A restored request is ended, Slack users must link again, and a freeze that was active is active again. Events written after the backup are appended after those of the log. --yes needs --operator, and a key that you trust: --vkey, here or when you verified the log.\n\n' +
      'Exit codes: 0 done · 1 some items changed meanwhile and were skipped · 5 unreachable, or the log is invalid · 2 invalid usage',
  },
  parameters: {
    flags: {
      from,
      ...token,
      vkey: trust.vkey,
      operator: { kind: 'parsed', parse: text, optional: true, brief: 'Who runs the command: preferably a team, not a person' },
      table: { kind: 'parsed', parse: text, brief: 'The story table', placeholder: 'NAME' },
      region: table.region,
      yes: { kind: 'boolean', default: false, brief: 'Apply the changes' },
      ...talk,
    },
  },
  load: async () => (await import('../../audit/write-commands.ts')).restoreCommand,
})

/** `stint audit erase` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { sideTable, table } from './flags.ts'

export const erase = command({
  docs: {
    brief: "Erase a person's data from requests, and keep the log verifiable",
    usage: ['--request ID', '--issuer ID --subject ID'].map(
      (scope) => `${scope} --operator TEXT --justification TEXT --table NAME --side-table NAME --events-bucket NAME`,
    ),
    fullDescription:
      'Erases the events of ended requests from the table and the event store, and records the erasure in the journal. Without --yes, it only lists them.\n\n' +
      'Exit codes: 0 erased · 1 some could not be erased · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    flags: {
      request: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'A request. Repeatable', placeholder: 'ID' },
      issuer: { kind: 'parsed', parse: text, optional: true, brief: 'With --subject: every request of this caller', placeholder: 'ID' },
      subject: { kind: 'parsed', parse: text, optional: true, brief: "The subject, as in the issuer's tokens", placeholder: 'ID' },
      operator: { kind: 'parsed', parse: text, brief: 'Who runs the command: preferably a team, not a person', placeholder: 'TEXT' },
      justification: { kind: 'parsed', parse: text, brief: 'The justification, without the name of the person', placeholder: 'TEXT' },
      table: { kind: 'parsed', parse: text, brief: 'The story table', placeholder: 'NAME' },
      sideTable,
      eventsBucket: { kind: 'parsed', parse: text, brief: 'The bucket of the events', placeholder: 'NAME' },
      region: table.region,
      yes: { kind: 'boolean', default: false, brief: 'Apply the changes' },
      ...talk,
    },
  },
  load: async () => (await import('../../audit/write-commands.ts')).eraseCommand,
})

/** `stint audit verify` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { from, table, token, trust } from './flags.ts'

export const verify = command({
  docs: {
    brief: 'Verify the audit log',
    fullDescription:
      'Reads the whole log and checks every hash, signature, commitment and rule. Stores the checkpoint, and checks at the next run that the log continues it. With several logs, each is verified on its own, and the exit code is that of the worst.\n\n' +
      'Exit codes: 0 verified · 1 tampered with · 6 a rule is broken · 7 table and log differ · 5 something is unreadable · 2 invalid usage',
  },
  parameters: {
    flags: {
      from: {
        ...from,
        variadic: true,
        brief: `${from.brief}. Repeat it to verify the logs of several cells`,
      },
      ...trust,
      ...token,
      ...table,
      remember: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'The file that stores the checkpoint (default: one in your state folder)',
      },
      tilesOnly: {
        kind: 'boolean',
        default: false,
        brief: 'Check entries and hashes only, for a copy of a public log, which has no events',
      },
      forget: { kind: 'boolean', default: false, brief: 'Neither read nor write the stored checkpoint' },
      ...talk,
    },
  },
  load: async () => (await import('../../audit/read-commands.ts')).verifyCommand,
})

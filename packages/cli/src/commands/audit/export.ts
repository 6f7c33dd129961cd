/** `stint audit export` */
import { command } from '../../frame/command.ts'
import { instant, talk, text } from '../../frame/flags.ts'
import { from, token, trust } from './flags.ts'

export const exportEvents = command({
  docs: {
    brief: 'Export the events of a period with their proofs',
    fullDescription: 'Each line has the event and a receipt that proves it against the current checkpoint.',
  },
  parameters: {
    flags: {
      from,
      ...token,
      vkey: trust.vkey,
      since: { kind: 'parsed', parse: instant, optional: true, brief: 'The start, inclusive', placeholder: 'TIME' },
      until: { kind: 'parsed', parse: instant, optional: true, brief: 'The end, exclusive', placeholder: 'TIME' },
      format: { kind: 'enum', values: ['ndjson', 'csv'], default: 'ndjson', brief: 'ndjson or csv' },
      out: { kind: 'parsed', parse: text, default: '-', brief: 'The file to write, or - for stdout', placeholder: 'FILE' },
      ...talk,
    },
  },
  load: async () => (await import('../../audit/read-commands.ts')).exportCommand,
})

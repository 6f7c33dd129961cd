/** `stint audit rebuild` */
import { command } from '../../frame/command.ts'
import { talk } from '../../frame/flags.ts'
import { from, sideTable, table, token } from './flags.ts'

export const rebuild = command({
  docs: {
    brief: 'Rebuild the search index from the log',
    fullDescription: 'The search index is derived from the log, so you can rebuild it at any time.',
  },
  parameters: { flags: { from, ...token, sideTable, region: table.region, ...talk } },
  load: async () => (await import('../../audit/write-commands.ts')).rebuildCommand,
})

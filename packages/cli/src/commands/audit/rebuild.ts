/** `stint audit rebuild` */
import { buildCommand } from '@stricli/core'
import { from, sideTable, table, token } from './flags.ts'

export const rebuild = buildCommand({
  docs: {
    brief: 'Rebuild the search index from the log',
    fullDescription: 'The look-up rows are derived from the log, so they can be rebuilt at any time.',
  },
  parameters: { flags: { from, ...token, sideTable, region: table.region } },
  loader: async () => (await import('../../audit/commands.ts')).rebuildCommand,
})

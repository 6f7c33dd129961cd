/** `stint audit copy` */
import { buildCommand } from '@stricli/core'
import { text } from '../../frame/flags.ts'
import { from, token } from './flags.ts'

export const copy = buildCommand({
  docs: {
    brief: 'Copy the log to a folder, or update a copy',
    fullDescription: 'Anyone can verify the copy without access to Stint: stint audit verify --from DIR.',
  },
  parameters: { flags: { from, ...token, to: { kind: 'parsed', parse: text, brief: 'The folder', placeholder: 'DIR' } } },
  loader: async () => (await import('../../audit/commands.ts')).copyCommand,
})

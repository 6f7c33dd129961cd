/** `stint audit copy` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { from, token } from './flags.ts'

export const copy = command({
  docs: {
    brief: 'Copy the log to a folder, or update a copy',
    fullDescription: 'Anyone can verify the copy without access to Stint: stint audit verify --from DIR.',
  },
  parameters: { flags: { from, ...token, to: { kind: 'parsed', parse: text, brief: 'The folder', placeholder: 'DIR' }, ...talk } },
  load: async () => (await import('../../audit/read-commands.ts')).copyCommand,
})

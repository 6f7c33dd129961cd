/** `stint version` */
import { command } from '../frame/command.ts'
import { talk } from '../frame/flags.ts'

export const version = command({
  docs: { brief: 'Print the version', fullDescription: 'stint --version prints the same.' },
  parameters: { flags: talk },
  load: async () => (await import('../frame/version.ts')).versionCommand,
})

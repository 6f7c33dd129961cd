/** `stint import github` */
import { command } from '../../frame/command.ts'
import { files, importFlags, importText } from './flags.ts'

export const importGithub = command({
  docs: {
    brief: 'Import roles that trust GitHub Actions',
    fullDescription: `Reads the output of aws iam get-account-authorization-details, one file for each account. ${importText}`,
  },
  parameters: { positional: files('Authorization details of an account'), flags: importFlags },
  load: async () => (await import('../../import/command.ts')).githubCommand,
})

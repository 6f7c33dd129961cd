/** `stint import team` */
import { command } from '../../frame/command.ts'
import { text } from '../../frame/flags.ts'
import { files, importText, peopleFlags } from './flags.ts'

const table = (brief: string) => ({ kind: 'parsed', parse: text, brief, placeholder: 'FILE' }) as const

export const importTeam = command({
  docs: {
    brief: 'Import the tables of AWS TEAM',
    fullDescription: `Reads the output of aws dynamodb scan for the tables of AWS TEAM, and the file of Identity Center for the permission sets. ${importText}`,
  },
  parameters: {
    positional: files('The file of Identity Center, or authorization details'),
    flags: {
      eligibility: table('The table Eligibility'),
      approvers: table('The table Approvers'),
      settings: table('The table Settings'),
      ...peopleFlags,
    },
  },
  load: async () => (await import('../../import/command.ts')).teamCommand,
})

/** `stint import sso-elevator` */
import { command } from '../../frame/command.ts'
import { text } from '../../frame/flags.ts'
import { files, importText, peopleFlags } from './flags.ts'

export const importSsoElevator = command({
  docs: {
    brief: 'Import the configuration of SSO Elevator',
    fullDescription: `Reads the variables of the module terraform-aws-sso-elevator, as .tfvars or .tfvars.json with literal values, and the file of Identity Center for the permission sets. ${importText}`,
  },
  parameters: {
    positional: files('The file of Identity Center, or authorization details'),
    flags: {
      tfvars: { kind: 'parsed', parse: text, brief: 'The variables of the module', placeholder: 'FILE' },
      ...peopleFlags,
    },
  },
  load: async () => (await import('../../import/command.ts')).ssoElevatorCommand,
})

/** `stint import identity-center` */
import { command } from '../../frame/command.ts'
import { files, importText, peopleFlags } from './flags.ts'

export const importIdentityCenter = command({
  docs: {
    brief: 'Import permission sets and account assignments',
    fullDescription: `Reads the file that docs/examples/collect-identity-center.sh writes and, for customer managed policies, authorization details of accounts. ${importText}`,
  },
  parameters: { positional: files('The file of Identity Center, or authorization details'), flags: peopleFlags },
  load: async () => (await import('../../import/command.ts')).identityCenterCommand,
})

/** `stint audit receipt` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'
import { trust } from './flags.ts'

export const receipt = command({
  docs: {
    brief: 'Verify a receipt offline',
    usage: ['FILE --vkey VKEY'],
    fullDescription:
      'Checks a .tlog-proof from Stint: event, commitment, entry, tree and signature. Needs --vkey, from a source other than the receipt.\n\nExit codes: 0 verified · 1 invalid · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The receipt, or - for stdin', placeholder: 'FILE' }] },
    flags: { ...trust, ...talk },
  },
  load: async () => (await import('../../audit/read-commands.ts')).receiptCommand,
})

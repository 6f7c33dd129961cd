/** `stint audit receipt` */
import { buildCommand } from '@stricli/core'
import { json, text } from '../../frame/flags.ts'
import { trust } from './flags.ts'

export const receipt = buildCommand({
  docs: {
    brief: 'Verify a receipt offline',
    fullDescription:
      'Checks a .tlog-proof from Stint: event, commitment, entry, tree and signature.\n\nExit codes: 0 verified · 1 invalid · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The receipt, or - for stdin', placeholder: 'FILE' }] },
    flags: { ...trust, json },
  },
  loader: async () => (await import('../../audit/commands.ts')).receiptCommand,
})

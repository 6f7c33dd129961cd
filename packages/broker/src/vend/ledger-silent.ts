/** The refusal of a vend whose read or count the ledger did not answer. Nothing was issued. */
import { refused } from '@stint/core/outcome'

/** `cause`: for the operator's log. */
export const ledgerSilent = (cause: string) =>
  refused('ledger-unavailable', 'The ledger did not answer, so no credentials were returned.', { operator: cause })

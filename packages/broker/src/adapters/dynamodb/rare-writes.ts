/** The writes of the vend path for calls that are refused, need approval, or come from an SDK's container provider. `vend` loads them on first use (./vend-ledger.ts). */
import type { VendLedger } from '../../ports/ledger.ts'
import { asks } from './new-request.ts'
import { refusals } from './refusals.ts'
import { changes } from './request-changes.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { sessionCounter } from './session-counter.ts'
import { places } from './waiting-places.ts'

export type RareWrites = Pick<VendLedger, 'refuse' | 'countSession' | 'countAsk' | 'ask' | 'change' | 'takePlace' | 'leavePlace'>

export const rareWrites = (settings: LedgerSettings, send: Sender, reader: Parameters<typeof changes>[2]): RareWrites => ({
  ...refusals(settings, send),
  ...sessionCounter(settings, send),
  ...asks(settings, send),
  change: changes(settings, send, reader).change,
  ...places(settings, send),
})

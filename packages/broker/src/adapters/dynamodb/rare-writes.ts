/** The parts of the vend path for calls that are refused, need approval, renew a session, or come from an SDK's container provider. `vend` loads them on first use (./vend-ledger.ts). */
import { asks } from './new-request.ts'
import type { RareWrites } from './rare-names.ts'
import { refusals } from './refusals.ts'
import { renewals } from './renewals.ts'
import { changes } from './request-changes.ts'
import { reading } from './request-reader.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { sessionCounter } from './session-counter.ts'
import { sessionEnd } from './session-end.ts'
import { places } from './waiting-places.ts'

export function rareWrites(settings: LedgerSettings, send: Sender): RareWrites {
  const reader = reading(settings, send)
  return {
    ...refusals(settings, send),
    ...sessionCounter(settings, send),
    ...asks(settings, send),
    change: changes(settings, send, reader).change,
    ...places(settings, send),
    ...renewals(settings, send, reader),
    ...sessionEnd(settings, send, reader),
    request: reader.request,
    ping: reader.ping,
  }
}

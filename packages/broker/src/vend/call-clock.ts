/**
 * A machine's clock can be set back in the middle of a call. The events of one call are read in order (`stint audit verify` reports a
 * session that was issued before it was reserved), so no time of a call is before its beginning.
 */
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'

export const fromCallOn = (broker: Broker, { now }: Call): Broker => ({ ...broker, clock: () => Math.max(broker.clock(), now) })

/**
 * Prepares what a first call would otherwise wait for: the issuers' keys and a connection to the ledger. A failure here does not fail the
 * call; the call meets the same failure itself and answers accordingly.
 */
import type { Broker } from '../ports/broker.ts'

export async function warmUp(broker: Broker): Promise<void> {
  await Promise.allSettled([...Object.values(broker.rules.issuers).map((issuer) => broker.keys.ready(issuer)), broker.ledger.ping()])
}

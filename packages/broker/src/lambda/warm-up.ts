/**
 * What a first call would otherwise wait for: the issuers' keys and a connection to the ledger. A failure here is not one
 * of the call; the call meets it again and answers for it.
 */
import type { Broker } from '../ports/broker.ts'

export async function warmUp(broker: Broker): Promise<void> {
  await Promise.allSettled([...Object.values(broker.rules.issuers).map((issuer) => broker.keys.ready(issuer)), broker.ledger.ping()])
}

/**
 * Freezes that a deployment releases, because there are not two responders left to do so. This runs before the first call that an instance
 * of the new deployment answers, and again before the next call if the ledger did not answer. A name identifies one freeze, so releasing it
 * twice changes nothing.
 */
import type { NamedFreeze } from '@stint/core/access/freeze'
import type { Broker } from '../ports/broker.ts'
import type { Ledger } from '../ports/ledger.ts'

type Releasing = Pick<Broker, 'clock' | 'log'> & { readonly ledger: Pick<Ledger, 'releaseByDeploy'> }

export function deployRelease({ ledger, clock, log }: Releasing, freezes: readonly NamedFreeze[]): () => Promise<void> {
  let left = freezes
  return async () => {
    const unanswered: NamedFreeze[] = []
    for (const freeze of left) {
      const released = await ledger.releaseByDeploy(freeze.id, freeze.generation, clock())
      if (released.outcome === 'unknown') {
        log({ level: 'error', event: 'freeze-not-released', ...freeze, cause: released.cause })
        unanswered.push(freeze)
      } else if (released.value) log({ event: 'freeze-released', ...freeze })
    }
    left = unanswered
  }
}

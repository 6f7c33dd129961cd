/**
 * Prepares what a first call would otherwise wait for: connections, and the keys of issuers. Nothing waits for any of it. If something
 * fails here, the call meets the same failure itself and answers accordingly.
 */
import type { Broker } from '../ports/broker.ts'

/** A config with at most this many issuers gets the keys of all of them in init; otherwise only those of the first. */
const FEW = 3

/** Returns what to run at the start of each call. */
export function warmUp({ rules, keys }: Pick<Broker, 'rules' | 'keys'>): () => void {
  const issuers = Object.values(rules.issuers)
  let next = issuers.length <= FEW ? issuers.length : 1
  for (const issuer of issuers.slice(0, next)) keys.prefetch(issuer)
  let isCold = true
  /** Each call but the first fetches the keys of one more issuer, while it waits for AWS itself: a frozen instance fetches nothing. */
  return () => {
    const issuer = isCold ? undefined : issuers[next++]
    isCold = false
    if (issuer) keys.prefetch(issuer)
  }
}

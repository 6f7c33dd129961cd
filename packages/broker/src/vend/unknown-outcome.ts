/**
 * A write that was sent and never answered may have taken effect. The caller learns exactly that, and where to look; the response never
 * claims that nothing changed. (A vend is different: there, no answer means that no credentials were returned.)
 */
import { type Refused, refused } from '@stint/core/outcome'

/** `what` completes "it is not known whether …". `next` says how to find out, in whole sentences. */
export const outcomeUnknown = (cause: string, what: string, next: string): Refused<'ledger-unavailable'> =>
  refused('ledger-unavailable', `The ledger did not answer, so it is not known whether ${what}. ${next}`, {
    operator: cause,
    evidence: { next, outcome: 'unknown' },
  })

export const decisionUnknown = (cause: string): Refused<'ledger-unavailable'> =>
  outcomeUnknown(
    cause,
    'your decision took effect',
    'Read the request again to see its state. If it is unchanged, send the same decision again.',
  )

/**
 * A write that was sent and never answered may have taken effect. Whoever sent it is told exactly that, and where to look; never
 * that nothing was changed. (For a vend it is different: there, no answer means that nothing was handed out.)
 */
import { type Refused, refused } from '@stint/core/outcome'

/** `what` completes "it is not known whether …"; `next` says how to find out, in whole sentences. */
export const outcomeUnknown = (cause: string, what: string, next: string): Refused =>
  refused('ledger-unavailable', `The ledger did not answer, so it is not known whether ${what}. ${next}`, {
    operator: cause,
    extra: { next, outcome: 'unknown' },
  })

export const decisionUnknown = (cause: string): Refused =>
  outcomeUnknown(
    cause,
    'your decision took effect',
    'Look at the request again: its state says what holds. If it is unchanged, send the same decision again.',
  )

/** Why a session cannot be reserved. `vend` loads this on first use. */
import { sessionSuffix } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Refused, refused } from '@stint/core/outcome'
import { stateAt } from '@stint/core/request/request'
import type { Intent, ReserveRefusal } from '../../ports/ledger.ts'
import type { Item } from './items.ts'
import { callerKey } from './table.ts'

/** Why a request cannot be used, from the item that failed the condition. Another caller's request is reported as not found. */
export function reasonToRefuse(item: Item | undefined, intent: Intent, epoch: Instant, now: Instant): Refused<ReserveRefusal> {
  const { caller, scope, fingerprint } = intent
  if (!item || item.callerKey !== callerKey(caller)) return refused('request-unknown', 'Request not found, or not visible to you.')
  const ended = (state: string) =>
    refused('request-ended', state === 'ended' ? 'The request has ended.' : `The request is ${state}.`, { evidence: { state } })
  // A single-use token renewed a session, and its request says no more.
  if ((item.state as string) === 'used') return refused('token-used', 'This token was already used.')
  // Restored from the log: only the log knows what it was for.
  if (item.terms === undefined) return ended(item.state)
  if (!intent.named && fingerprint !== undefined && item.fingerprint !== fingerprint)
    return refused('idempotency-mismatch', 'This Idempotency-Key was already used with different content. Use a new key.')
  // What time has made of it: a request that was not decided in time is not pending any more.
  const state = stateAt({ ...item, expiresAt: item.expiresAt ?? 0 }, now)
  if (state === 'pending') return refused('approval-required', 'The request is waiting for approval.')
  if (state !== 'approved') return ended(state)
  if (item.createdAt <= epoch) return ended('ended')
  if ((item.windowStartsAt ?? 0) > now) return refused('window-not-started', 'The window of this request has not started.')
  const earlier = item.sessions[sessionSuffix(intent.session)]
  if (earlier && fingerprint === undefined) return refused('token-used', 'This token has already been used for this request.')
  if (earlier && earlier.fingerprint !== fingerprint)
    return refused('idempotency-mismatch', 'This Idempotency-Key was already used with different content. Use a new key.')
  if (earlier) {
    const [detail, evidence] = ['This Idempotency-Key already has a session.', { session: intent.session }]
    if (earlier.state === 'issued') return refused('already-issued', detail, { evidence })
    return earlier.state === 'reserved' ? refused('in-progress', detail, { evidence }) : refused('request-exhausted', detail)
  }
  if ((item.usesLeft ?? 0) <= 0) return exhausted(item)
  if (item.termsHash !== scope.termsHash)
    return refused('terms-changed', 'The terms of this request have changed since its approval.', { evidence: { approved: item.terms } })
  const longest = item.limits?.duration
  if (scope.durationAsked && longest !== undefined && scope.duration > longest)
    return refused('duration-invalid', `An approver allowed at most ${longest} seconds.`)
  return refused(
    'request-exhausted',
    'The request has reached its maximum number of attempts or events, or its maximum size. Make a new request.',
  )
}

/** Names a reserved or issued session, if there is one, so that `idempotentSlot` can report the first call's outcome. */
function exhausted(item: Item): Refused<'request-exhausted'> {
  const detail = 'The request has no uses left.'
  for (const [suffix, { state }] of Object.entries(item.sessions))
    if (state === 'issued' || state === 'reserved')
      return refused('request-exhausted', detail, { evidence: { session: `${item.id}.${suffix}`, sessionState: state } })
  return refused('request-exhausted', detail)
}

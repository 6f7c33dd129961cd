/**
 * Refusals of verified callers: one item each, until a caller has too many in an hour; then one item that says so, and after that only a
 * count.
 */
import { type AuditEvent, brief, journalEntry } from '@stint/core/audit/event'
import { textEvents } from '@stint/core/audit/event-texts'
import { callerRef } from '@stint/core/identity/caller'
import { hex128, newRequestId } from '@stint/core/ids'
import { done } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import { counter } from './counter.ts'
import { provenanceOf } from './event-facts.ts'
import { refusedDayKey } from './refused-day.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { asksKey, callerKey, refusalsKey, requestKey, shardOf, timeKey } from './table.ts'

/** Longer than the hour that is counted. */
const COUNTER_SECONDS = 7200
/** How many refusals of a caller per hour get an item of their own. */
const REFUSALS_AN_HOUR = 20
/** Room for the nearest rule and the claim that stands in its way. If the event has less, it cuts the reason. */
const MAX_REASON_BYTES = 400

export function refusals(settings: LedgerSettings, sender: Sender): Pick<Ledger, 'refuse' | 'countAsk'> {
  const { random } = settings
  const { create } = sender
  const { count } = counter(settings, sender)

  return {
    countAsk: (caller, request, most, now) => count(asksKey(caller, now), most, COUNTER_SECONDS, now, request),

    async refuse({ call, caller, profile, code, reason }) {
      const ref = callerRef(caller)
      const times = await count(refusalsKey(ref, call.now), REFUSALS_AN_HOUR + 1, COUNTER_SECONDS, call.now)
      if (times.outcome === 'unknown') return times
      if (times.value === undefined) return done(true)

      const request = newRequestId(call.now, random)
      const common = { request, at: call.now, caller: ref }
      const isCapped = times.value > REFUSALS_AN_HOUR
      const event: AuditEvent = isCapped
        ? { ...common, type: 'request.refusals-capped', cap: REFUSALS_AN_HOUR }
        : {
            ...common,
            type: 'request.refused',
            profile: brief(profile, 48),
            code,
            reason: brief(reason, MAX_REASON_BYTES),
            ...provenanceOf({ call, caller }),
          }
      const made = await create(requestKey(request), {
        attempt: hex128(random),
        id: request,
        state: 'refused',
        createdAt: call.now,
        caller: ref,
        fullSubject: caller.fullSubject,
        // The item holds no more than its event: erasure would miss any lookup by something else.
        ...(isCapped ? {} : { profile: brief(profile, 48) }),
        callerKey: callerKey(ref),
        dayKey: refusedDayKey(call.now, shardOf(request)),
        at: timeKey(call.now, request),
        events: [event, ...textEvents(event, caller.fullSubject)].map((one) => journalEntry(one, settings)),
      })
      if (made.outcome === 'unknown') return made
      return made.outcome === 'done' ? done(true) : { outcome: 'unknown', cause: 'ledger: the ID of the refusal is already in use' }
    },
  }
}

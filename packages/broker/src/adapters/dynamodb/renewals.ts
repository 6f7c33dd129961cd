/**
 * The part of the ledger that renews sessions. As for a first set of credentials (./sessions.ts), each write is one conditional UpdateItem of
 * the request's item. `vend` loads this on first use.
 */
import { journalEntry } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { callerRef } from '@stint/core/identity/caller'
import { hex128, onceRequestId, type RequestId, sessionSuffix } from '@stint/core/ids'
import { done, refused } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import { renewalOutcomes } from './renewal-outcomes.ts'
import { reservingRenewals, seenIn } from './renewal-reserve.ts'
import type { reading } from './request-reader.ts'
import type { LedgerSettings, Sender } from './sender.ts'
import { callerKey, dayKey, requestKey, shardOf, timeKey } from './table.ts'

export function renewals(
  settings: LedgerSettings,
  sender: Sender,
  { stored }: Pick<ReturnType<typeof reading>, 'stored'>,
): Pick<Ledger, 'renewable' | 'takeToken' | 'reserveRenewal'> & ReturnType<typeof renewalOutcomes> {
  const { epoch = 0 } = settings
  return {
    reserveRenewal: reservingRenewals(settings, sender),
    ...renewalOutcomes(settings, sender),

    async renewable(id) {
      const request = id.slice(0, id.indexOf('.')) as RequestId
      const found = await stored(request)
      if (found.outcome === 'unknown') return found
      const { item, request: whole } = found.value ?? {}
      const session = whole?.sessions.find((one) => one.id === id)
      if (!item || !whole || !session) return done(undefined)
      const { tags = [], job } = item.sessions[sessionSuffix(id)] ?? {}
      return done({ request: whole, session, tags, seen: seenIn(item, sessionSuffix(id)), ...defined({ job }) })
    },

    async takeToken(call, caller, session, profile) {
      const id = onceRequestId(caller, profile)
      if (caller.token.issuedAt <= epoch) return refused('token-used', 'The token was issued before this table was restored.')
      const attempt = hex128(settings.random)
      const ref = callerRef(caller)
      const made = await sender.create(requestKey(id), {
        attempt,
        id,
        state: 'used',
        createdAt: call.now,
        caller: ref,
        fullSubject: caller.fullSubject,
        callerKey: callerKey(ref),
        dayKey: dayKey(call.now, shardOf(id)),
        at: timeKey(call.now, id),
        events: [
          journalEntry(
            { type: 'token.used', request: id, at: call.now, caller: ref, session, source: call.source, token: caller.token.hash },
            settings,
          ),
        ],
      })
      if (made.outcome === 'unknown') return made
      return made.outcome === 'done' ? done(true) : refused('token-used', 'This token was already used.')
    },
  }
}

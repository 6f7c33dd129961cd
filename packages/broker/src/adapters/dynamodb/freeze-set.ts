/** Setting a freeze. */

import { formatScope, freezeId } from '@stint/core/access/freeze'
import { defined } from '@stint/core/defined'
import { hex128 } from '@stint/core/ids'
import { done } from '@stint/core/outcome'
import type { Ledger } from '../../ports/ledger.ts'
import { freezeOf, type StoredFreeze } from './freeze-item.ts'
import { FREEZES, type FreezeDirectory } from './freeze-list.ts'
import type { FreezeStore } from './freeze-store.ts'
import type { LedgerSettings } from './sender.ts'
import { OTHER_DAY } from './table.ts'

/** How often a set starts again because the freeze was released in the meantime. Each release takes two responders. */
const MAX_ROUNDS = 5
/** Sets in one generation that are remembered by their attempt. */
const MOST_ATTEMPTS = 500
export function freezeSet(settings: LedgerSettings, { find, change }: FreezeStore, { enter }: FreezeDirectory): Ledger['freeze'] {
  const { random } = settings

  return async (scope, by, justification, expiresAt, now) => {
    const id = freezeId(scope)
    const attempt = hex128(random)
    const event = { type: 'freeze.set', at: now, scope: formatScope(scope), by, justification, ...defined({ expiresAt }) } as const
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await find(id)
      if (found.outcome === 'unknown') return found
      const generation = found.value?.generation ?? 0
      const restored = found.value?.restored
      const unreleased = generation === 0 ? '(attribute_not_exists(generation) OR generation = :seen)' : 'generation = :seen'
      const unrestored = restored === undefined ? 'attribute_not_exists(restored)' : 'restored = :restored'
      const fresh = `${unreleased} AND NOT contains(attempts, :attempt) AND ${unrestored}`
      // An item that was put back has the events, and no attempts.
      const isOurs = (freeze: StoredFreeze, isRecorded: boolean) =>
        (isRecorded || freeze.attempts.has(attempt)) &&
        freeze.active &&
        freeze.generation === generation &&
        freezeId(freeze.scope) === id &&
        (freeze.expiresAt === undefined || (expiresAt !== undefined && freeze.expiresAt >= expiresAt))
      // Only the latest attempts are kept. An older send that still arrives would freeze again what is frozen.
      const isFull = (found.value?.attempts.size ?? 0) >= MOST_ATTEMPTS
      const [kept, added] = isFull ? [', attempts = :attempts', ''] : ['', ' ADD attempts :attempts']
      const values = {
        ':seen': generation,
        ':attempt': attempt,
        ':attempts': new Set([attempt]),
        ...defined({ ':restored': restored }),
      }
      const [written] = await Promise.all([
        change(
          id,
          event,
          (append) => ({
            // Never shorten a freeze: a responder who could end one by setting another would release it alone.
            ConditionExpression: `${fresh}${expiresAt === undefined ? '' : ' AND (attribute_not_exists(active) OR active = :no OR #expiresAt <= :end)'}`,
            UpdateExpression: `SET #scope = :scope, #by = :by, justification = :justification, frozenAt = :now, active = :yes, generation = :seen, lastSet = :attempt, callerKey = :freezes, dayKey = :other${append}${kept}${expiresAt === undefined ? ' REMOVE #expiresAt, releaseAskedBy' : ', #expiresAt = :end REMOVE releaseAskedBy'}${added}`,
            ExpressionAttributeNames: { '#scope': 'scope', '#by': 'by', '#expiresAt': 'expiresAt' },
          }),
          {
            ...values,
            ':scope': scope,
            ':by': by,
            ':justification': justification,
            ':now': now,
            ':yes': true,
            ':freezes': FREEZES,
            ':other': OTHER_DAY,
            ...(expiresAt === undefined ? {} : { ':no': false, ':end': expiresAt }),
          },
          isOurs,
        ),
        enter(id, generation),
      ])
      if (written.outcome === 'unknown') return written
      const stands = written.value.freeze
      if (written.value.ours && stands) return done(freezeOf(stands))
      // Released or put back since it was read, but this caller still wants it frozen.
      if (!stands?.active || stands.generation !== generation || stands.restored !== restored) continue
      // The freeze that lasts longer stays. The new set is recorded, and cancels a release that was requested before it.
      const again = await change(
        id,
        event,
        (append) => ({
          ConditionExpression: fresh,
          UpdateExpression: `SET lastSet = :attempt${append}${kept} REMOVE releaseAskedBy${added}`,
        }),
        values,
        isOurs,
      )
      if (again.outcome === 'unknown') return again
      if (again.value.ours && again.value.freeze) return done(freezeOf(again.value.freeze))
    }
    return { outcome: 'unknown', cause: 'the freeze kept being released during the call' }
  }
}

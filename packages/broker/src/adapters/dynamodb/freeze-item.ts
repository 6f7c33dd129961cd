/**
 * A freeze as it is stored in the story table, and whether it is in force: the reading half of freezes, which `vend` needs too. An
 * unreadable freeze counts as in force.
 *
 *   generation   raised by each release. A write that was decided on an earlier generation never takes effect, however late it arrives
 *   attempts     sets that took effect in this generation, so that a set whose response was lost is not written twice
 *   events       the journal. It is bounded, so that no number of sets and releases can fill the item: see ./freeze-store.ts
 *   restored     when `stint audit restore` last put the item back. A set that was sent before does not take effect after it
 *   lastSet      the latest set. A release applies to the freeze as both responders saw it, not to one that was set since
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { type FreezeScope, freezeId } from '@stint/core/access/freeze'
import { defined } from '@stint/core/defined'
import type { Instant } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { Freeze, Ledger } from '../../ports/ledger.ts'
import type { Key } from './answer-checks.ts'
import { unmarshall } from './attributes.ts'
import type { LedgerSettings, Sender } from './sender.ts'

export const freezeKey = (id: string): string => `FREEZE#${id}`

export type StoredFreeze = Freeze & {
  readonly active: boolean
  readonly attempts: ReadonlySet<string>
  readonly restored?: Instant
  readonly lastSet: string
  /** The attempt that requested the release, or that released the freeze. */
  readonly releaseAttempt: string
  /** The number of events in its journal. */
  readonly journaled: number
}

/** Undefined if the item was never a freeze. */
export function toFreeze(attributes: Key): StoredFreeze | undefined {
  const {
    pk,
    scope,
    by,
    justification,
    frozenAt,
    expiresAt,
    releaseAskedBy,
    active,
    generation,
    attempts,
    restored,
    lastSet,
    releaseAttempt,
    events,
  } = unmarshall(attributes)
  // One that `stint audit restore` put back as released does not state its scope.
  if (active === undefined) return undefined
  return {
    id: (pk as string).slice(freezeKey('').length),
    scope,
    by,
    justification,
    at: frozenAt,
    active,
    generation: generation ?? 0,
    attempts: attempts ?? new Set(),
    lastSet: lastSet ?? '',
    releaseAttempt: releaseAttempt ?? '',
    journaled: events?.length ?? 0,
    ...defined({ expiresAt, restored }),
    ...(releaseAskedBy ? { releaseAskedBy } : {}),
  }
}

/**
 * Whether the item is readable: it must say what it freezes, whether it is in force, and when it expires. A released freeze need not say
 * what it froze.
 */
function isReadable(attributes: Key): boolean {
  const { pk, active, scope, expiresAt, generation } = attributes
  const isNumber = (value: AttributeValue | undefined) => value === undefined || value.N !== undefined
  if (typeof active?.BOOL !== 'boolean' || !isNumber(expiresAt) || !isNumber(generation)) return false
  return !active.BOOL || (scope?.M !== undefined && pk?.S === freezeKey(freezeId(unmarshall(scope.M) as FreezeScope)))
}

/** The freeze as callers see it. */
export const freezeOf = ({
  active: _active,
  attempts: _attempts,
  restored: _restored,
  lastSet: _set,
  releaseAttempt: _release,
  journaled: _journaled,
  ...freeze
}: StoredFreeze): Freeze => freeze

export const holds = (freeze: StoredFreeze | undefined, now: Instant): freeze is StoredFreeze =>
  freeze?.active === true && (freeze.expiresAt === undefined || freeze.expiresAt > now)

/** No person set this freeze: it is part of the deployment, and only a deployment lifts it. */
const deploy = { issuer: 'deploy', subject: 'deploy', name: 'the deployment', kind: 'workload' } as const
/** The limit of one BatchGetItem. */
const KEYS_A_READ = 100

export function freezeReader({ frozen, epoch = 0 }: LedgerSettings, { readAll }: Sender): Pick<Ledger, 'frozen'> {
  return {
    async frozen(scopes: readonly FreezeScope[], now) {
      if (frozen !== undefined)
        return done({ id: freezeId({ kind: 'all' }), scope: { kind: 'all' }, by: deploy, justification: frozen, at: epoch, generation: 0 })
      const keys = [...new Set(scopes.map((scope) => freezeKey(freezeId(scope))))]
      for (let from = 0; from < keys.length; from += KEYS_A_READ) {
        const read = await readAll(keys.slice(from, from + KEYS_A_READ))
        if (read.outcome === 'unknown') return read
        if (!read.value.every(isReadable)) return { outcome: 'unknown', cause: 'ledger: a freeze cannot be read' }
        const found = read.value.map(toFreeze).find((freeze) => holds(freeze, now))
        if (found) return done(freezeOf(found))
      }
      return done(undefined)
    },
  }
}

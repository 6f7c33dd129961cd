/**
 * A freeze as it lies in the story table, and whether it holds: the reading half of the kill switch, which `vend` needs too.
 * Unreadable means frozen.
 *
 *   generation   raised by each release. A write that was decided on an earlier generation never lands, however late it comes
 *   attempts     sets that took effect in this generation: a set whose answer was lost is not written twice
 *   lastSet      the latest of them. A release is for the freeze as its two people saw it, not for one that was set since
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { type FreezeScope, freezeId } from '@stint/core/access/freeze'
import type { Instant } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { Freeze, Ledger } from '../../ports/ledger.ts'
import type { Key } from './answer-checks.ts'
import type { DynamoSettings, Sender } from './sender.ts'

export const freezeKey = (id: string): string => `FREEZE#${id}`

export type StoredFreeze = Freeze & {
  readonly active: boolean
  readonly attempts: ReadonlySet<string>
  readonly lastSet: string
  /** The attempt that asked for the release, or that released it. */
  readonly releaseAttempt: string
}

/** Undefined for an item that was never a freeze. */
export function toFreeze(attributes: Key): StoredFreeze | undefined {
  const { pk, scope, by, justification, frozenAt, expiresAt, releaseAskedBy, active, generation, attempts, lastSet, releaseAttempt } =
    unmarshall(attributes as Parameters<typeof unmarshall>[0])
  if (!scope) return undefined
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
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(releaseAskedBy ? { releaseAskedBy } : {}),
  }
}

/** Whether the item says what it freezes, whether that holds, and until when. One that was released need not say what it froze. */
function isReadable(attributes: Key): boolean {
  const { pk, active, scope, expiresAt, generation } = attributes
  const isNumber = (value: AttributeValue | undefined) => value === undefined || value.N !== undefined
  if (typeof active?.BOOL !== 'boolean' || !isNumber(expiresAt) || !isNumber(generation)) return false
  return !active.BOOL || (scope?.M !== undefined && pk?.S === freezeKey(freezeId(unmarshall(scope.M) as FreezeScope)))
}

/** What callers see of it. */
export const freezeOf = ({
  active: _active,
  attempts: _attempts,
  lastSet: _set,
  releaseAttempt: _release,
  ...freeze
}: StoredFreeze): Freeze => freeze

export const holds = (freeze: StoredFreeze | undefined, now: Instant): freeze is StoredFreeze =>
  freeze?.active === true && (freeze.expiresAt === undefined || freeze.expiresAt > now)

/** Nobody: it is the deploy that says so, and only a deploy takes it back. */
const deploy = { issuer: 'deploy', subject: 'deploy', name: 'the deploy', kind: 'workload' } as const
/** What one BatchGetItem takes. */
const KEYS_A_READ = 100

export function freezeReader({ frozen, epoch = 0 }: DynamoSettings, { readAll }: Sender): Pick<Ledger, 'frozen'> {
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

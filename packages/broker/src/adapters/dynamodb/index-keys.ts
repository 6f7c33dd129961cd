/**
 * The index attributes of a request, written together with everything else that a write changes: the list on which it waits for people
 * (`work`), and when time changes it next (`due`).
 */
import type { Approval } from '@stint/core/config/shape'
import type { Instant } from '@stint/core/instant'
import { nextDue } from '@stint/core/request/due'
import type { Change } from '@stint/core/request/machine'
import { type AccessRequest, needsReview } from '@stint/core/request/request'
import { dueKey, shardOf, timeKey, workKey } from './table.ts'

const indexKeyNames = ['workKey', 'dueKey', 'dueAt'] as const
/** An absent key means that the request is not in the index. */
type IndexKeys = { readonly [name in (typeof indexKeyNames)[number]]?: string }

export function indexKeysOf(request: AccessRequest, approval: Approval | undefined): IndexKeys {
  const stage = request.state === 'pending' ? 'pending' : needsReview(request) ? 'review' : undefined
  const due = nextDue(request, approval)
  return { ...(stage ? { workKey: workKey(stage, shardOf(request.id)) } : {}), ...(due === undefined ? {} : dueSince(request, due)) }
}

/**
 * The keys after a change that was decided on `request`. A withdrawal takes effect even if the request has changed since: a break-glass can
 * have been approved, or reviewed. So it counts as unreviewed, and is due at once: the sweeper reads the request and corrects both.
 */
export function indexKeysAfter(
  request: AccessRequest,
  { state, set, from }: Change,
  approval: Approval | undefined,
  { isExact, now }: { readonly isExact: boolean; readonly now: Instant },
): IndexKeys {
  const after = { ...request, ...set, state }
  const canDiffer = !isExact && from?.includes('approved') === true && after.breakGlass && after.review === undefined
  return canDiffer ? { workKey: workKey('review', shardOf(request.id)), ...dueSince(request, now) } : indexKeysOf(after, approval)
}

const dueSince = ({ id }: AccessRequest, due: Instant): IndexKeys => ({ dueKey: dueKey(shardOf(id)), dueAt: timeKey(due, id) })

/** `SET` and `REMOVE` of an update expression, without those words, and the values. */
export function indexKeysUpdate(keys: IndexKeys): {
  readonly set: readonly string[]
  readonly remove: readonly string[]
  readonly values: Readonly<Record<string, string>>
} {
  const present = indexKeyNames.filter((name) => keys[name] !== undefined)
  return {
    set: present.map((name) => `${name} = :${name}`),
    remove: indexKeyNames.filter((name) => keys[name] === undefined),
    values: Object.fromEntries(present.map((name) => [`:${name}`, keys[name] ?? ''])),
  }
}

export const sameIndexKeys = (one: IndexKeys, other: IndexKeys): boolean => indexKeyNames.every((name) => one[name] === other[name])

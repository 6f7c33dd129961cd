/**
 * Items of the story table, read back: our own writes, trusted to hold what the conditions let in.
 */
import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import type { Terms } from '@stint/core/scope/terms'
import { storedFields } from './stored-fields.ts'

export type StoredSession = Pick<Session, 'state' | 'reservedAt' | 'duration' | 'expiresAt' | 'sessionName'> & {
  readonly attempt: string
  readonly fingerprint?: string
  readonly sourceIdentity?: string
  readonly failure?: string
  readonly issued?: NonNullable<Session['issued']>
  /** An answer of AWS was dropped because it did not fit what was asked: a session may be alive. */
  readonly dropped?: true
  /** Which run of the sweeper abandoned it. */
  readonly abandonedBy?: string
}

/** A request as it lies there. Born approved by rule, it lacks what only an approval brings. */
export type Item = Omit<AccessRequest, 'terms' | 'sessions' | 'approvals' | 'limits' | 'breakGlass' | 'expiresAt' | 'notices'> & {
  readonly pk: string
  readonly terms: string
  readonly approvals?: AccessRequest['approvals']
  readonly limits?: AccessRequest['limits']
  readonly notices?: AccessRequest['notices']
  readonly breakGlass?: boolean
  readonly expiresAt?: Instant
  readonly callerKey: string
  readonly openSession?: string
  /** SHA-256 of what an Idempotency-Key was first used for. */
  readonly fingerprint?: string
  /** The attempt that made the item, and the one that last changed the request: they tell our own lost writes from others'. */
  readonly attempt?: string
  readonly changeAttempt?: string
  readonly sessions: { readonly [suffix: string]: StoredSession }
}

export function toItem(attributes: Parameters<typeof unmarshall>[0]): Item {
  const item = unmarshall(attributes)
  const sessions = Object.entries(item).filter(([name]) => name.startsWith('ses.'))
  return {
    ...(item as Omit<Item, 'sessions'>),
    sessions: Object.fromEntries(sessions.map(([name, value]) => [name.slice(4), value as StoredSession])),
  }
}

export const openSessions = (item: Item): StoredSession[] => Object.values(item.sessions).filter(({ state }) => state === 'reserved')

/** Oldest first. */
export function sessionsIn(item: Item): Session[] {
  return Object.entries(item.sessions)
    .map(([suffix, { attempt: _attempt, fingerprint: _fingerprint, dropped: _dropped, abandonedBy: _abandonedBy, ...stored }]) => ({
      id: `${item.id}.${suffix}` as SessionId,
      requestId: item.id,
      caller: item.caller,
      profile: item.profile,
      target: item.target,
      roleArn: item.roleArn,
      ...stored,
    }))
    .sort((a, b) => a.reservedAt - b.reservedAt)
}

/** What stands in the item as it stands in the request. */
type SameFields = Omit<AccessRequest, 'personNow' | 'terms' | 'breakGlass' | 'expiresAt' | 'approvals' | 'limits' | 'notices' | 'sessions'>
const requestFields = storedFields<SameFields>({
  id: true,
  version: true,
  state: true,
  createdAt: true,
  caller: true,
  person: true,
  triggeredBy: true,
  profile: true,
  target: true,
  roleArn: true,
  termsHash: true,
  justification: true,
  ticket: true,
  unattendedAt: true,
  startsAt: true,
  windowStartsAt: true,
  windowExpiresAt: true,
  usesLeft: true,
  decidedBy: true,
  review: true,
})

/** The request of an item; a refusal has no terms and is none. */
export function toRequest(item: Item): AccessRequest | undefined {
  if (item.terms === undefined) return undefined
  return {
    ...requestFields.pick(item),
    terms: JSON.parse(item.terms) as Terms,
    breakGlass: item.breakGlass ?? false,
    expiresAt: item.expiresAt ?? 0,
    approvals: item.approvals ?? [],
    limits: item.limits ?? {},
    notices: item.notices ?? [],
    sessions: sessionsIn(item),
  }
}

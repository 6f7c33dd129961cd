/**
 * Reads items of the story table. They were written by Stint, and are trusted to satisfy the conditions of those writes.
 */
import type { SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import type { Terms } from '@stint/core/scope/terms'
import { unmarshall } from './attributes.ts'
import { storedFields } from './stored-fields.ts'

export type StoredSession = Pick<Session, 'state' | 'reservedAt' | 'duration' | 'expiresAt' | 'sessionName'> & {
  readonly attempt: string
  readonly fingerprint?: string
  readonly sourceIdentity?: string
  readonly failure?: string
  readonly issued?: NonNullable<Session['issued']>
  /** A response of AWS was dropped because it did not match the call: a session may be active. */
  readonly dropped?: true
  /** The run of the sweeper that abandoned it. */
  readonly abandonedBy?: string
}

/** A request as it is stored. A request approved by rule lacks what only an approval adds. */
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
  readonly workKey?: string
  readonly dueKey?: string
  readonly dueAt?: string
  /** SHA-256 of what an Idempotency-Key was first used for. */
  readonly fingerprint?: string
  /**
   * The attempt that created the item, and the one that last changed the request. They tell lost writes of this call from those of others.
   */
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
function sessionsIn(item: Item): Session[] {
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

/** Fields that are the same in the item and in the request. */
type SameFields = Omit<AccessRequest, 'personNow' | 'terms' | 'breakGlass' | 'expiresAt' | 'approvals' | 'limits' | 'notices' | 'sessions'>
const requestFields = storedFields<SameFields>({
  id: true,
  version: true,
  state: true,
  createdAt: true,
  caller: true,
  fullSubject: true,
  person: true,
  triggeredBy: true,
  profile: true,
  target: true,
  roleArn: true,
  termsHash: true,
  justification: true,
  moreJustifications: true,
  ticket: true,
  unattendedAt: true,
  startsAt: true,
  windowStartsAt: true,
  windowExpiresAt: true,
  usesLeft: true,
  decidedBy: true,
  review: true,
})

/** The request of an item; undefined for a refusal, which has no terms. */
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

/**
 * Reads items of the story table. They were written by Stint, and are trusted to satisfy the conditions of those writes.
 */
import type { JournalEntry } from '@stint/core/audit/event'
import type { SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import type { Tag, Terms } from '@stint/core/scope/terms'
import { unmarshall } from './attributes.ts'
import { storedFields } from './stored-fields.ts'

export type StoredSession = Pick<
  Session,
  'state' | 'reservedAt' | 'duration' | 'expiresAt' | 'sessionName' | 'renew' | 'endedBy' | 'endedAt'
> & {
  readonly attempt: string
  readonly fingerprint?: string
  readonly sourceIdentity?: string
  readonly failure?: string
  readonly issued?: NonNullable<Session['issued']>
  /** A response of AWS was dropped because it did not match the call: a session may be active. */
  readonly dropped?: true
  /** The run of the sweeper that abandoned it. */
  readonly abandonedBy?: string
  /** The call that ended it. */
  readonly endAttempt?: string
} & Partial<Renewing>

/** What only a session that can be renewed has. */
type Renewing = {
  /** The session tags as sent, without those in the terms. */
  readonly tags: readonly Tag[]
  /** The job of the workload that started the session. */
  readonly job?: string
  /** Further sets of credentials, and the newest one. `attempt`: the call that was recorded last. */
  readonly renewed: { readonly count: number; readonly attempt?: string } & Partial<NonNullable<Session['renewed']>>
  /** Renewals without an outcome, by their attempts. */
  readonly open: { readonly [attempt: string]: OpenRenewal }
  /** The minute of the last renewal, in minutes since the epoch, and how many it has. */
  readonly minute?: number
  readonly minuteCount?: number
}
export type OpenRenewal = { readonly set: string; readonly at: Instant; readonly expiresAt: Instant }

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
  readonly attempts?: number
  readonly renewals?: number
  /** The bytes that further reservations can take (./item-room.ts). */
  readonly room?: number
  readonly events?: readonly unknown[]
  readonly workKey?: string
  readonly dueKey?: string
  readonly dueAt?: string
  /** SHA-256 of what an Idempotency-Key was first used for. */
  readonly fingerprint?: string
  /** The attempt that created the item; of a link, the one of its last write. It tells a lost write of this call from those of others. */
  readonly attempt?: string
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

/**
 * Whether the journal in an image has this entry. Each salt is drawn once, so it identifies the write even after later writes. An erased
 * entry has no salt and is never recognized.
 */
export const hasEntry = ({ events }: { readonly events?: unknown }, { salt }: JournalEntry): boolean =>
  ((events ?? []) as readonly Partial<JournalEntry>[]).some((one) => one.salt && Buffer.compare(one.salt, salt) === 0)

/** How many calls of AWS have no recorded outcome: reserved sessions, and renewals. */
export const countOpen = (item: Item): number =>
  Object.values(item.sessions).reduce((sum, { state, open }) => sum + (state === 'reserved' ? 1 : 0) + Object.keys(open ?? {}).length, 0)

/** Oldest first. */
function sessionsIn(item: Item): Session[] {
  return Object.entries(item.sessions)
    .map(([suffix, stored]) => ({
      id: `${item.id}.${suffix}` as SessionId,
      requestId: item.id,
      caller: item.caller,
      profile: item.profile,
      target: item.target,
      roleArn: item.roleArn,
      ...sessionFields.pick(stored),
      ...(stored.renewed?.at === undefined ? {} : { renewed: newestOf(stored.renewed) }),
      // Revoking a request ends its sessions, in the same write.
      ...(item.state === 'revoked' && stored.state === 'issued' ? { state: 'ended' as const, endedBy: 'revoke' as const } : {}),
    }))
    .sort((a, b) => a.reservedAt - b.reservedAt)
}

/** Fields that are the same in the item and in the session. */
const sessionFields = storedFields<Omit<Session, 'id' | 'requestId' | 'caller' | 'profile' | 'target' | 'roleArn' | 'renewed'>>({
  state: true,
  sessionName: true,
  sourceIdentity: true,
  duration: true,
  reservedAt: true,
  expiresAt: true,
  renew: true,
  issued: true,
  failure: true,
  endedBy: true,
  endedAt: true,
})

const newestOf = ({ attempt: _attempt, ...renewed }: Renewing['renewed']) => renewed as NonNullable<Session['renewed']>

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
  extends: true,
  unattendedAt: true,
  startsAt: true,
  windowStartsAt: true,
  windowExpiresAt: true,
  usesLeft: true,
  decidedBy: true,
  decision: true,
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

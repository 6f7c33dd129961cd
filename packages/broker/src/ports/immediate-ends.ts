/** Ending sessions at once: what is stored about it, the queue that starts the work, and the one policy of a role. */
import type { RequestId, SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { Done, Refused, Unknown } from '@stint/core/outcome'
import type { EarlierSessions, EndedSession, ImmediateEndState } from '@stint/core/request/immediate-end'

/** The role whose sessions end at once, with the target by which Stint reaches it. */
export type RolePlace = { readonly target: string; readonly roleArn: string }

/** Sessions of this request have been ended, or are about to be: their credentials are to be denied. */
export type PendingEnd = RolePlace & {
  readonly request: RequestId
  readonly at: Instant
  /** Identifies this write, so that an end that comes meanwhile is not taken for done. */
  readonly attempt: string
  /** A responder chose that all credentials that the role issued before this instant are denied. */
  readonly everyEarlier?: Instant
  /** With `everyEarlier`: the session that must have ended before that is done. */
  readonly last?: SessionId
}

/** For the channels, which write down what is wanted. */
export type EndNotes = {
  /** Written before the end itself: an end that is in the ledger is never without it. */
  note(pending: Omit<PendingEnd, 'attempt'>): Promise<Done<true> | Unknown>
  /** How many ended sessions of the role the policy denies, or is about to. If there are fewer than `enough`, it can be too many. */
  count(roleArn: string, enough: number, now: Instant): Promise<Done<number> | Unknown>
  /** Undefined if nothing is stored about it: no immediate end was requested, or the credentials have expired. */
  stateOf(roleArn: string, session: SessionId): Promise<Done<ImmediateEndState | undefined> | Unknown>
  /** The roles with ends that are not done. */
  pendingRoles(): Promise<Done<readonly (RolePlace & { readonly at: Instant })[]> | Unknown>
}

/** For the `end` function. All throw `Trouble` if the table does not answer. */
export type EndWork = {
  /** Ends of the role that are not done, oldest first. */
  pending(roleArn: string): Promise<readonly PendingEnd[]>
  /** The ended sessions of the role, including those whose credentials have expired. */
  ended(roleArn: string): Promise<{ readonly sessions: readonly EndedSession[]; readonly earlier?: EarlierSessions }>
  /** Stores sessions in their states. Leaves those alone that are in a later state already. */
  store(roleArn: string, sessions: readonly EndedSession[]): Promise<void>
  /** `store`, and `count`: how many there are now, with those that are written. */
  write(roleArn: string, sessions: readonly EndedSession[], count: number, earlier: EarlierSessions | undefined): Promise<void>
  prune(roleArn: string, sessions: readonly EndedSession[]): Promise<void>
  /** Done. Does nothing if the same request had another end since. */
  settle(pending: PendingEnd): Promise<void>
}

/** Wakes the `end` function for a role. Losing a message loses no end: the sweeper sends another. */
export type EndQueue = { wake(place: RolePlace): Promise<Done<true> | Unknown> }

/** Why IAM refused, and did nothing. */
type RolePolicyRefusal = 'throttled' | 'denied' | 'full' | 'gone' | 'invalid'
export type RolePolicyRefused = { readonly outcome: 'refused'; readonly reason: RolePolicyRefusal; readonly cause: string }

/** The policy of one role, as its revoker. */
export type RolePolicy = {
  put(document: string): Promise<Done<true> | RolePolicyRefused | Unknown>
  /** Undefined if the role has no such policy. */
  get(): Promise<Done<string | undefined> | RolePolicyRefused | Unknown>
}
/** Assumes the revoker of the role. */
export type OpenRolePolicy = (place: RolePlace) => Promise<Done<RolePolicy> | Refused | Unknown>

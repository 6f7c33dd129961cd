/** The ledger: requests and sessions. Each change is one durable conditional write. */

import type { FreezeScope } from '@stint/core/access/freeze'
import type { Origin } from '@stint/core/audit/event'
import type { Approval } from '@stint/core/config/shape'
import type { Caller, CallerRef } from '@stint/core/identity/caller'
import type { Person } from '@stint/core/identity/person'
import type { RequestId, SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { Done, Refused, Unknown } from '@stint/core/outcome'
import type { ProblemCode } from '@stint/core/problem'
import type { Decided, DecisionRefusal } from '@stint/core/request/machine'
import type { AccessRequest, Channel, Limits } from '@stint/core/request/request'
import type { EndedBy, Session } from '@stint/core/request/session'
import type { Scope, Tag } from '@stint/core/scope/terms'
import type { Assumed, AssumeFailed } from './sts.ts'

/** A call as it appears in the audit log. */
export type Call = { readonly trace: string; readonly source: string; readonly now: Instant }

/** Everything that reserve writes. */
export type Intent = {
  readonly call: Call
  readonly request: RequestId
  /** The caller named the request: it must exist, be theirs, and be approved. Otherwise reserve may create it, approved by rule. */
  readonly named: boolean
  readonly session: SessionId
  /** 128 random bits of this HTTP attempt: they tell this call's own lost write from another call's. */
  readonly attempt: string
  readonly caller: Caller
  readonly person: Person
  readonly scope: Scope
  readonly sessionName: string
  readonly expiresAt: Instant
  /** When the window of a request created now closes. */
  readonly windowExpiresAt: Instant
  /** For a request named by a single-use token: when that token was issued. */
  readonly tokenIssuedAt?: Instant
  /** SHA-256 of the content that an Idempotency-Key was used for. */
  readonly fingerprint?: string
  /** For a session that can be renewed by a workload: the job that starts it. */
  readonly job?: string
}

/** Renewals so far: of the whole request, and of the session in its last minute, in minutes since the epoch. */
type RenewalCount = { readonly renewals: number; readonly minute: number; readonly minuteCount: number }

/** A session as a renewal finds it. */
export type RenewableSession = {
  readonly request: AccessRequest
  readonly session: Session
  /** Its session tags as sent, without those in the terms. */
  readonly tags: readonly Tag[]
  readonly seen: RenewalCount
  /** The job of the workload that started it. */
  readonly job?: string
}

/** Everything that reserving a renewal writes. */
export type Renewal = {
  readonly call: Call
  readonly request: RequestId
  readonly session: SessionId
  /** 8 random characters that name the set of credentials in the audit log. */
  readonly set: string
  readonly attempt: string
  readonly caller: Caller
  /** The hash of the terms, made from the token and the config of this call. */
  readonly terms: string
  /** How many sessions the request allows. */
  readonly uses: number
  /** When the set expires. */
  readonly expiresAt: Instant
  /** As the session was read. */
  readonly seen: RenewalCount
}
export type RenewalReservation = Pick<Renewal, 'request' | 'session' | 'attempt' | 'set' | 'expiresAt'> & {
  /** No other call of AWS was open in the request when this one was reserved. */
  readonly alone: boolean
  /** When the newest set expires that was recorded before; 0 if there is none. */
  readonly newest: Instant
}
/** Who ends a session, and in which channel. */
export type Ending = {
  readonly endedBy: Exclude<EndedBy, 'revoke'>
  readonly by?: CallerRef
  readonly channel?: Channel
  readonly origin?: Origin
  /** All credentials that the role issued before are denied, too. */
  readonly everyEarlierSession?: true
}

/** Requests that people must act on. A break-glass request is in `review` from its approval until it is reviewed. */
export type WorkStage = 'pending' | 'review'

/** Identifies one attempt's session, for the writes that follow reserve. */
export type Reservation = Pick<Intent, 'request' | 'session' | 'attempt'> & {
  /** The end of the session, with the limits that approvers set. */
  readonly expiresAt: Instant
  /** The end of its first set of credentials. The same, unless the session can be renewed. */
  readonly credentialsExpireAt: Instant
  /** No other session of the request was open when this one was reserved. */
  readonly alone: boolean
}

export type Refusal = {
  readonly call: Call
  readonly caller: Caller
  /** As requested; it may not be the name of any profile. */
  readonly profile: string
  readonly code: ProblemCode
  readonly reason: string
}

/** A pending request. */
export type NewRequest = {
  readonly call: Call
  readonly request: RequestId
  readonly caller: Caller
  readonly person: Person
  readonly triggeredBy?: Person
  readonly scope: Scope
  readonly approval: Approval
  readonly startsAt?: Instant
  /** The limits that the requester set; approvers can shorten them further. */
  readonly limits?: Limits
  readonly fingerprint?: string
  /** The request whose session it continues. */
  readonly extends?: RequestId
}

/** A freeze: what is frozen, by whom, with which justification, until when. */
export type Freeze = {
  /** Identifies the scope in the API. */
  readonly id: string
  /** How often this scope was released before. Together with the ID it identifies this very freeze. */
  readonly generation: number
  readonly scope: FreezeScope
  readonly by: CallerRef
  readonly justification: string
  readonly at: Instant
  readonly expiresAt?: Instant
  /** The first of the two people who release it. */
  readonly releaseAskedBy?: CallerRef
}

/** Where a decision came from, and whether it must meet the exact version that it was made on (`If-Match`). */
export type ChangeOptions = { readonly origin?: Origin; readonly exact?: boolean }

/** A place for one pending request on these terms. `attempt` identifies the call that took it. */
export type WaitingPlace = { readonly terms: string; readonly request: RequestId; readonly at: Instant; readonly attempt: string }
export type Place =
  /** Taken now, by this request. */
  | { readonly place: 'taken' }
  /** Taken before, by a call for this very request. */
  | { readonly place: 'kept' }
  /** Another request on the same terms holds the place. */
  | { readonly place: 'held'; readonly by: WaitingPlace }
  | { readonly place: 'full'; readonly all: readonly WaitingPlace[] }

/** Sessions that one caller may start by the container protocol: with one profile and its parameters in a minute, and with all in an hour. */
export type SessionLimits = { readonly perMinute: number; readonly perHour: number }
/** `place`: how many sessions of the same profile and parameters this minute has with this one. `full`: the limit that refuses the session. */
export type SessionCount =
  | { readonly place: number; readonly full?: never }
  | { readonly full: keyof SessionLimits; readonly place?: never }

export type SweepOptions = {
  readonly abandonedBefore: Instant
  readonly profiles: readonly string[]
  readonly until: { readonly abandon: Instant; readonly pass: Instant; readonly correct: Instant }
}
/**
 * `abandoned`: reservations whose uses returned. `changed`: requests. `unreviewed`: break-glass requests that were approved and wait for a
 * review. `faults`: why some could not be read or written; the others were not held up.
 */
type LedgerSweep = {
  readonly abandoned: number
  readonly changed: number
  readonly unreviewed: number
  readonly faults: readonly string[]
}

export type Page<T> = { readonly items: readonly T[]; readonly next?: string }

export type NewRequestRefusal = 'request-unknown' | 'request-ended' | 'idempotency-mismatch' | 'frozen'
export type ReserveRefusal =
  | NewRequestRefusal
  | 'approval-required'
  | 'window-not-started'
  | 'token-used'
  | 'already-issued'
  | 'in-progress'
  | 'request-exhausted'
  | 'terms-changed'
  | 'duration-invalid'
export type RenewRefusal =
  | 'session-unknown'
  | 'session-ended'
  | 'not-renewable'
  | 'terms-changed'
  | 'renewals-exhausted'
  | 'rate-limited'
  | 'frozen'
export type ChangeRefusal = DecisionRefusal | 'request-unknown' | 'frozen'
type ReleaseRefusal = 'request-unknown' | 'request-changed' | 'frozen'

export type Ledger = {
  /** One conditional write: the grant still holds, one use is taken, the intent is journaled. */
  reserve(intent: Intent): Promise<Done<Reservation> | Refused<ReserveRefusal> | Unknown>
  /** One conditional write: the session is issued, if the grant still holds. Only after this may credentials be returned. */
  record(reservation: Reservation, assumed: Assumed, now: Instant): Promise<Done<true> | Refused<'revoked-in-flight'> | Unknown>
  /**
   * AWS returned a response that does not match the call. The reservation stays as it is, because a session may be active; the journal
   * records that, and the sweeper abandons the reservation.
   */
  drop(
    reservation: Reservation,
    answer: { readonly reason: string; readonly awsRequestId?: string; readonly sends: number },
    now: Instant,
  ): Promise<Done<true> | Unknown>
  /** The session definitely failed: the same write returns the use. */
  fail(
    reservation: Reservation,
    failure: Pick<AssumeFailed, 'awsRequestId' | 'sends'> & { readonly code: ProblemCode; readonly reason: string },
    now: Instant,
  ): Promise<Done<true> | Unknown>
  /** The session with its request, read consistently. Undefined if there is none. */
  renewable(id: SessionId): Promise<Done<RenewableSession | undefined> | Unknown>
  /** A single-use token is used up by the renewal of this session. */
  takeToken(
    call: Call,
    caller: Caller,
    session: SessionId,
    profile: string,
  ): Promise<Done<true> | Refused<'token-used' | 'frozen'> | Unknown>
  /** One conditional write: the session still holds, and the intent of a further set is journaled. */
  reserveRenewal(renewal: Renewal): Promise<Done<RenewalReservation> | Refused<RenewRefusal> | Unknown>
  /** One conditional write: the set is issued, if the session still holds. Only after this may credentials be returned. */
  recordRenewal(
    reservation: RenewalReservation,
    assumed: Assumed,
    now: Instant,
  ): Promise<Done<true> | Refused<'revoked-in-flight'> | Unknown>
  /** The renewal failed. The session stays as it is. */
  failRenewal(
    reservation: RenewalReservation,
    failure: Pick<AssumeFailed, 'awsRequestId' | 'sends'> & { readonly code: ProblemCode; readonly reason: string },
    now: Instant,
  ): Promise<Done<true> | Unknown>
  /**
   * Ends a session before its time, and returns it; undefined if there is none. A session that is over already is returned as it is.
   */
  endSession(id: SessionId, ending: Ending, now: Instant): Promise<Done<Session | undefined> | Refused<'frozen'> | Unknown>
  /** A verified caller was refused: one item, or only a count once there are too many in an hour. */
  refuse(refusal: Refusal): Promise<Done<true> | Unknown>

  /** Creates a pending request. If one with this ID exists, it is returned instead. */
  ask(
    request: NewRequest,
  ): Promise<Done<{ readonly request: AccessRequest; readonly found: boolean }> | Refused<NewRequestRefusal> | Unknown>
  /**
   * Reads, decides, writes. A withdrawal is conditional on the request's state only. Everything else is conditional on the version that was
   * read, and starts again if that has changed.
   */
  change<C extends ProblemCode = never>(
    id: RequestId,
    now: Instant,
    decide: (found: AccessRequest) => Decided | Refused<C> | Promise<Decided | Refused<C>>,
    options?: ChangeOptions,
  ): Promise<Done<AccessRequest> | Refused<C | ChangeRefusal> | Unknown>
  request(id: RequestId): Promise<Done<AccessRequest | undefined> | Unknown>
  session(id: SessionId): Promise<Done<Session | undefined> | Unknown>

  /** Newest first. `cursor` is a page's `next`; an invalid one gives an empty page. */
  requestsOf(caller: Pick<CallerRef, 'issuer' | 'subject'>, limit: number, cursor?: string): Promise<Done<Page<AccessRequest>> | Unknown>
  allRequests(now: Instant, limit: number, cursor?: string): Promise<Done<Page<AccessRequest>> | Unknown>
  /**
   * Requests of one stage, newest first. Those of profiles that are not wanted are skipped without being read, so a page can have fewer
   * requests than `limit`, or none, and still have a `next`.
   */
  workOn(
    stage: WorkStage,
    isWanted: (profile: string) => boolean,
    limit: number,
    cursor?: string,
  ): Promise<Done<Page<AccessRequest>> | Unknown>
  /**
   * Counts a request for approval of this caller, up to `most` an hour, and each request once. Returns the count, or undefined if it would
   * exceed `most`.
   */
  countAsk(caller: CallerRef, request: RequestId, most: number, now: Instant): Promise<Done<number | undefined> | Unknown>
  /**
   * Counts the start of a session against both limits, in one write, whether or not credentials are issued later. `what` stands for the
   * profile and its parameters. A call that a limit refuses is not counted, so repeating it does not extend the wait.
   */
  countSession(caller: CallerRef, what: string, limits: SessionLimits, now: Instant): Promise<Done<SessionCount> | Unknown>
  /** Takes one of the caller's `most` places for pending requests or, with `instead`, a place that was seen held. */
  takePlace(
    caller: CallerRef,
    terms: string,
    request: RequestId,
    most: number,
    now: Instant,
    instead?: WaitingPlace,
  ): Promise<Done<Place> | Unknown>
  /** Frees a place, if it is still as it was seen. */
  leavePlace(caller: CallerRef, place: WaitingPlace): Promise<Done<true> | Unknown>

  /**
   * Writes down what time has done since the last run, oldest first: abandons reservations from before `abandonedBefore`, and makes the
   * changes that are due. Works until `until` at the latest; the next run continues. `profiles`: the IDs of all profiles.
   */
  sweep(now: Instant, options: SweepOptions): Promise<LedgerSweep>
  /** Writes down what the passing of time has done to one request. */
  passTime(id: RequestId, now: Instant): Promise<Done<boolean> | Unknown>

  /** One of these scopes' freezes that is in force, read consistently (core/access/freeze.ts says which scopes matter). */
  frozen(scopes: readonly FreezeScope[], now: Instant): Promise<Done<Freeze | undefined> | Unknown>
  /** All freezes in force, oldest first. */
  freezes(now: Instant): Promise<Done<readonly Freeze[]> | Unknown>
  freeze(scope: FreezeScope, by: CallerRef, why: string, until: Instant | undefined, now: Instant): Promise<Done<Freeze> | Unknown>
  /**
   * The first person's call requests the release, and a second person's call releases. `isStopped`: whether the first person has been frozen
   * since; then the second call is the first one.
   */
  unfreeze(
    id: string,
    by: CallerRef,
    isSame: (other: CallerRef) => boolean,
    now: Instant,
    isStopped?: (first: CallerRef) => Promise<Done<boolean> | Unknown>,
  ): Promise<Done<'asked' | 'released'> | Refused<ReleaseRefusal> | Unknown>
  /**
   * The deployment releases a freeze when there are not two people left to do so. False if it is not in force any more, or was set again
   * since.
   */
  releaseByDeploy(id: string, generation: number, now: Instant): Promise<Done<boolean> | Unknown>

  /** Each fact is in the audit log once: that this config is in use, and that this log started with this key. */
  announceConfig(now: Instant): Promise<Done<true> | Unknown>
  announceLog(origin: string, vkey: string, now: Instant): Promise<Done<true> | Unknown>
  /** That the table was restored from a backup, if the deployment says so. */
  announceRestored(now: Instant): Promise<Done<true> | Unknown>

  /** Whether the table answers. */
  ping(): Promise<boolean>
}

/** The part that the vend path needs. */
export type VendLedger = Pick<
  Ledger,
  | 'reserve'
  | 'record'
  | 'drop'
  | 'fail'
  | 'refuse'
  | 'ask'
  | 'change'
  | 'takePlace'
  | 'leavePlace'
  | 'countAsk'
  | 'countSession'
  | 'renewable'
  | 'takeToken'
  | 'reserveRenewal'
  | 'recordRenewal'
  | 'failRenewal'
  | 'endSession'
  | 'request'
  | 'frozen'
  | 'ping'
>

/** The ledger: requests and sessions, each change one durable conditional write. */

import type { FreezeScope } from '@stint/core/access/freeze'
import type { Circumstances } from '@stint/core/audit/event'
import type { Approval } from '@stint/core/config/shape'
import type { Caller, CallerRef } from '@stint/core/identity/caller'
import type { Person } from '@stint/core/identity/person'
import type { RequestId, SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { Done, Refused, Unknown } from '@stint/core/outcome'
import type { ProblemCode } from '@stint/core/problem'
import type { Decided } from '@stint/core/request/machine'
import type { AccessRequest, Limits } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import type { Scope } from '@stint/core/scope/terms'
import type { Assumed, AssumeFailed } from './sts.ts'

/** A call as the trail knows it. */
export type Call = { readonly trace: string; readonly source: string; readonly now: Instant }

/** Everything that reserve writes. */
export type Intent = {
  readonly call: Call
  readonly request: RequestId
  /** The caller named the request: it must be there, theirs, and agreed to. Otherwise it may come into being, by rule. */
  readonly named: boolean
  readonly session: SessionId
  /** 128 random bits of this HTTP attempt: tells our own lost write from somebody else's. */
  readonly attempt: string
  readonly caller: Caller
  readonly person: Person
  readonly scope: Scope
  readonly sessionName: string
  readonly expiresAt: Instant
  /** Until when the uses of a request born now may be taken. */
  readonly windowExpiresAt: Instant
  /** For a request named by a single-use token: when that was issued. */
  readonly tokenIssuedAt?: Instant
  /** SHA-256 of what an Idempotency-Key stands for. */
  readonly fingerprint?: string
}

/** What somebody has to act on. */
export type WorkStage = 'pending' | 'approved' | 'review'

/** Names one attempt's session, for what follows a reserve. */
export type Reservation = Pick<Intent, 'request' | 'session' | 'attempt'> & {
  /** With what an approver shortened. */
  readonly expiresAt: Instant
  /** No other session of the request was open when this one was reserved. */
  readonly alone: boolean
}

export type Refusal = {
  readonly call: Call
  readonly caller: Caller
  /** As asked for; it may be no profile at all. */
  readonly profile: string
  readonly code: ProblemCode
  readonly reason: string
}

/** A request that waits for agreement. */
export type NewRequest = {
  readonly call: Call
  readonly request: RequestId
  readonly caller: Caller
  readonly person: Person
  readonly triggeredBy?: Person
  readonly scope: Scope
  readonly approval: Approval
  readonly startsAt?: Instant
  /** What the requester is content with; approvers may shorten it further. */
  readonly limits?: Limits
  readonly fingerprint?: string
}

/** The kill switch: what is frozen, by whom, why, until when. */
export type Freeze = {
  /** Names the scope in the API. */
  readonly id: string
  /** How often this scope was released before: with the id it names this very freeze. */
  readonly generation: number
  readonly scope: FreezeScope
  readonly by: CallerRef
  readonly justification: string
  readonly at: Instant
  readonly expiresAt?: Instant
  /** The first of two people who release it. */
  readonly releaseAskedBy?: CallerRef
}

/** With what a decision came, and whether it must meet the very version that it was made on (`If-Match`). */
export type ChangeOptions = { readonly circumstances?: Circumstances; readonly exact?: boolean }

/** A place for one request that waits, on these terms. `attempt` names who took it. */
export type WaitingPlace = { readonly terms: string; readonly request: RequestId; readonly at: Instant; readonly attempt: string }
export type Place =
  /** By this request, now. */
  | { readonly place: 'taken' }
  /** By an ask for this very request before. */
  | { readonly place: 'kept' }
  /** Another request on the same terms holds it. */
  | { readonly place: 'held'; readonly by: WaitingPlace }
  | { readonly place: 'full'; readonly all: readonly WaitingPlace[] }

export type Page<T> = { readonly items: readonly T[]; readonly next?: string }

export type Ledger = {
  /** One conditional write: the grant still holds, one use is taken, the intent is journalled. */
  reserve(intent: Intent): Promise<Done<Reservation> | Refused | Unknown>
  /** One conditional write: the session is issued, if the grant still holds. Only after this may credentials leave. */
  record(reservation: Reservation, assumed: Assumed, now: Instant): Promise<Done<true> | Refused | Unknown>
  /**
   * AWS gave an answer that is not one to our question. The reservation stays as it is, for a session may be alive; its
   * journal says so, and the sweeper abandons it.
   */
  drop(
    reservation: Reservation,
    answer: { readonly reason: string; readonly awsRequestId?: string; readonly sends: number },
    now: Instant,
  ): Promise<Done<true> | Unknown>
  /** The session failed for certain: the use goes back in the same write. */
  fail(
    reservation: Reservation,
    failure: Pick<AssumeFailed, 'code' | 'awsRequestId' | 'sends'> & { readonly reason: string },
    now: Instant,
  ): Promise<Done<true> | Unknown>
  /** A verified caller was refused: one item, or only a count once there are too many in an hour. */
  refuse(refusal: Refusal): Promise<Done<true> | Unknown>

  /** A request that waits for agreement; one that is there already under this id is found instead. */
  ask(request: NewRequest): Promise<Done<{ readonly request: AccessRequest; readonly found: boolean }> | Refused | Unknown>
  /**
   * Reads, decides, writes. A withdrawal lands on the request's state alone; everything else on the condition that nothing
   * changed meanwhile, and begins anew where something did.
   */
  change(
    id: RequestId,
    now: Instant,
    decide: (found: AccessRequest) => Decided,
    options?: ChangeOptions,
  ): Promise<Done<AccessRequest> | Refused | Unknown>
  request(id: RequestId): Promise<Done<AccessRequest | undefined> | Unknown>
  session(id: SessionId): Promise<Done<Session | undefined> | Unknown>

  /** Newest first. `cursor` is a page's `next`; an odd one gives an empty page. */
  requestsOf(caller: Pick<CallerRef, 'issuer' | 'subject'>, limit: number, cursor?: string): Promise<Done<Page<AccessRequest>> | Unknown>
  allRequests(now: Instant, limit: number, cursor?: string): Promise<Done<Page<AccessRequest>> | Unknown>
  /** Requests of these profiles that wait, that live, or that are over and to be reviewed. */
  workOn(
    stages: readonly WorkStage[],
    profiles: readonly string[],
    limit: number,
    cursor?: string,
  ): Promise<Done<Page<AccessRequest>> | Unknown>
  /** Counts that this caller asks people, up to `most` times an hour: how often with this time, or undefined beyond that. */
  countAsk(caller: CallerRef, most: number, now: Instant): Promise<Done<number | undefined> | Unknown>
  /** Takes one of the caller's `most` places for requests that wait, or, with `instead`, a place that was seen held. */
  takePlace(
    caller: CallerRef,
    terms: string,
    request: RequestId,
    most: number,
    now: Instant,
    instead?: WaitingPlace,
  ): Promise<Done<Place> | Unknown>
  /** Gives a place up, if it is still as it was seen. */
  leavePlace(caller: CallerRef, place: WaitingPlace): Promise<Done<true> | Unknown>

  /** Requests of one profile and stage, oldest first. */
  oldestWork(stage: WorkStage, profile: string, limit: number): Promise<Done<readonly AccessRequest[]> | Unknown>
  /**
   * Reservations without a record since `before`: each is given back, at most `limit` of them. How many were; `fault` where
   * some could not be.
   */
  abandon(before: Instant, now: Instant, limit: number): Promise<Done<{ readonly given: number; readonly fault?: string }>>
  /** Writes down what time has made of a request. */
  passTime(request: AccessRequest, approval: Approval | undefined, now: Instant): Promise<Done<boolean> | Unknown>

  /** One of the freezes of these scopes that holds, read consistently (core/access/freeze.ts says which scopes matter). */
  frozen(scopes: readonly FreezeScope[], now: Instant): Promise<Done<Freeze | undefined> | Unknown>
  /** All that hold, the oldest first. */
  freezes(now: Instant): Promise<Done<readonly Freeze[]> | Unknown>
  freeze(scope: FreezeScope, by: CallerRef, why: string, until: Instant | undefined, now: Instant): Promise<Done<Freeze> | Unknown>
  /** The first person's call asks, a second person's releases. */
  unfreeze(
    id: string,
    by: CallerRef,
    isSame: (other: CallerRef) => boolean,
    now: Instant,
  ): Promise<Done<'asked' | 'released'> | Refused | Unknown>
  /** The deploy releases what no two people are left to release. False where it holds no more, or was set again since. */
  releaseByDeploy(id: string, generation: number, now: Instant): Promise<Done<boolean> | Unknown>

  /** Each is in the audit log once: that this config answers, that this log began under this key. */
  announceConfig(now: Instant): Promise<Done<true> | Unknown>
  announceLog(origin: string, vkey: string, now: Instant): Promise<Done<true> | Unknown>
  /** That the table came from a backup, where the deploy says so. */
  announceRestored(now: Instant): Promise<Done<true> | Unknown>

  /** Whether the table answers. */
  ping(): Promise<boolean>
}

/** What the vend path needs of it. */
export type VendLedger = Pick<
  Ledger,
  'reserve' | 'record' | 'drop' | 'fail' | 'refuse' | 'ask' | 'takePlace' | 'leavePlace' | 'countAsk' | 'request' | 'frozen' | 'ping'
>

/**
 * The state machine of requests, as a table and as decision functions. The API, the CLI, Slack and the web pages all use it
 * and have no rules of their own. They allow only the transitions in the table, and a refusal names the
 * current state. The table of
 * sessions is in ./session.ts.
 */

import type { Approval } from '../config/shape.ts'
import { defined } from '../defined.ts'
import type { Caller, CallerRef } from '../identity/caller.ts'
import { callerRef, isSameCaller, signedInWithin } from '../identity/caller.ts'
import type { Person } from '../identity/person.ts'
import { type Instant, seconds } from '../instant.ts'
import { canonicalJson } from '../json.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'
import { missing, withinHours } from './approval.ts'
import {
  type AccessRequest,
  type Channel,
  type GivenApproval,
  isRevocable,
  type Limits,
  needsReview,
  type RequestState,
  stateAt,
} from './request.ts'

type RequestAct =
  | 'approve'
  | 'deny'
  | 'cancel'
  | 'revoke'
  | 'expire'
  | 'escalate'
  | 'remind'
  | 'justify'
  | 'approve-unattended'
  | 'vend'
  | 'end'
  | 'review'

/** The states that each act leads to. A request stays pending after `approve` until every rule is fulfilled. */
export const requestTransitions: { readonly [state in RequestState]: { readonly [act in RequestAct]?: readonly RequestState[] } } = {
  pending: {
    approve: ['pending', 'approved'],
    deny: ['denied'],
    cancel: ['cancelled'],
    revoke: ['revoked'],
    expire: ['expired'],
    escalate: ['pending'],
    remind: ['pending'],
    justify: ['pending'],
    'approve-unattended': ['approved'],
  },
  approved: { vend: ['approved'], revoke: ['revoked'], end: ['ended'], remind: ['approved'], review: ['approved'] },
  denied: {},
  cancelled: {},
  expired: {},
  revoked: { remind: ['revoked'], review: ['revoked'] },
  // Only while a session has not ended.
  ended: { revoke: ['revoked'], remind: ['ended'], review: ['ended'] },
  refused: {},
}

/** Who acts, and their relation to the request. Computed from a fresh token and the deployed config, never stored. */
export type Actor = {
  readonly caller: Caller
  readonly person: Person
  /** Indexes of the approval rules that they could fulfill now. */
  readonly opens: readonly number[]
  readonly auditor: boolean
  /** Eligible for the profile themselves, so they can stop an unattended break-glass. */
  readonly couldEnter: boolean
}

/** What the caller sends with a decision. */
export type Said = { readonly channel: Channel; readonly comment?: string; readonly limits?: Limits }

/**
 * What changes in the stored request, and the events for its journal. With `from`, the change applies in any of these states,
 * even if the request has changed since: it only takes access away. Without it, the change applies only to the version that it
 * was decided on.
 */
export type Change = {
  readonly state: RequestState
  readonly from?: readonly RequestState[]
  readonly set: Partial<
    Pick<
      AccessRequest,
      | 'moreJustifications'
      | 'approvals'
      | 'limits'
      | 'windowStartsAt'
      | 'windowExpiresAt'
      | 'usesLeft'
      | 'decidedBy'
      | 'decision'
      | 'review'
      | 'notices'
    >
  >
  /** At least one: a write whose response was lost is recognized by its events. */
  readonly events: readonly [ChangeEvent, ...ChangeEvent[]]
}
export type ChangeEvent = {
  readonly type:
    | 'approval.given'
    | `request.${'justified' | 'approved' | 'denied' | 'cancelled' | 'revoked' | 'expired' | 'escalated' | 'reminded' | 'ended' | 'reviewed'}`
  readonly by?: CallerRef
  readonly channel?: Channel
  readonly comment?: string
  readonly justification?: string
  readonly limits?: Limits
  /** The approval rules that this approval can count for. */
  readonly rules?: readonly number[]
  /** The grant: how many sessions, and until when. */
  readonly uses?: number
  readonly expiresAt?: Instant
  /** Approved by rule after the delay of an unattended break-glass. */
  readonly unattended?: true
}

/** Why a decision is refused. */
export type DecisionRefusal =
  | 'self-approval'
  | 'not-approver'
  | 'not-requester'
  | 'auth-too-old'
  | 'already-decided'
  | 'request-not-pending'
  | 'terms-changed'
  | 'duration-invalid'
  | 'body-invalid'
  | 'rate-limited'
/** `unchanged`: the request is already in the state that the actor wants. */
export type Decided = Done<Change | 'unchanged'> | Refused<DecisionRefusal>

/** Whether the actor may see the request at all. All others get the 404 of a request that does not exist. */
export const isParty = (request: AccessRequest, actor: Actor): boolean =>
  isSameCaller(request.caller, actor.caller) ||
  actor.auditor ||
  actor.opens.length > 0 ||
  mayStop(request, actor) ||
  hasApproved(request, actor)

/** Whether the approval is the actor's, by the config then or now. Adding or removing an alias never gives a person a second vote. */
const isBy = ({ person, personNow }: GivenApproval, actor: Actor) => person === actor.person || personNow === actor.person

/** Whether the actor has approved the request. They cannot approve it a second time, with any of their identities. */
export const hasApproved = (request: AccessRequest, actor: Actor): boolean => request.approvals.some((given) => isBy(given, actor))

export const isRequester = (request: AccessRequest, actor: Actor): boolean => isSameCaller(request.caller, actor.caller)

/** Whether the actor made the request, with any of their identities, or triggered the job that made it. */
export const isSelf = (request: AccessRequest, actor: Actor): boolean =>
  isRequester(request, actor) ||
  request.person === actor.person ||
  request.personNow === actor.person ||
  request.triggeredBy === actor.person

/** Anyone eligible for the profile can stop an unattended break-glass, not only its approvers. */
export const mayStop = (request: Pick<AccessRequest, 'unattendedAt'>, actor: Actor): boolean =>
  request.unattendedAt !== undefined && actor.caller.kind === 'human' && actor.couldEnter

/** Whether the table has the act in this state. */
const can = (state: RequestState, act: RequestAct): boolean => requestTransitions[state][act] !== undefined

const inState = (state: RequestState) => refused('request-not-pending', `The request is ${state}.`, { evidence: { state } })

/** Records an approver's approval. */
export function approve(request: AccessRequest, approval: Approval, actor: Actor, said: Said, now: Instant): Decided {
  const barred = decisionBarrier(request, actor)
  if (barred) return barred
  const state = stateAt(request, now)
  const mine = request.approvals.find((given) => isBy(given, actor))
  if (mine && (state === 'pending' || state === 'approved')) return done('unchanged')
  if (state === 'approved' || state === 'denied')
    return refused('already-decided', `The request is already ${state}.`, { evidence: { state } })
  if (!can(state, 'approve')) return inState(state)
  if (!sameRules(request, approval))
    return refused('terms-changed', 'The approval rules have changed since the request was made. A new request is needed.')
  if (approval.stepUp && !signedInLately(actor.caller, now))
    return refused('auth-too-old', 'You can approve this request only within five minutes of signing in.', {
      evidence: { reasons: ['auth-too-old'], stepUp: { maxAge: STEP_UP_SECONDS } },
    })
  const open = actor.opens.filter((index) => withinHours(approval.rules[index]?.hours, now))
  if (open.length === 0) return refused('not-approver', 'You cannot approve this request at this hour.')
  const limits = said.limits ?? {}
  const longer = limitFault(request, limits)
  if (longer) return longer

  const given: GivenApproval = {
    approver: callerRef(actor.caller),
    person: actor.person,
    rules: open,
    at: now,
    channel: said.channel,
    ...defined({ comment: said.comment }),
    limits,
  }
  const allApprovals = [...request.approvals, given]
  const approvals = allApprovals.map(({ personNow: _now, ...stored }) => stored)
  const givenEvent: ChangeEvent = {
    type: 'approval.given',
    by: given.approver,
    channel: said.channel,
    rules: open,
    ...defined({ comment: said.comment }),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  }
  if (missing(approval, allApprovals).some((count) => count > 0))
    return done({ state: 'pending', set: { approvals }, events: [givenEvent] })
  const grant = grantFrom(request, approvals, now)
  return done({ state: 'approved', set: { approvals, ...grant }, events: [givenEvent, approvedEvent(grant)] })
}

/** How long after a sign-in a person counts as freshly signed in. */
export const STEP_UP_SECONDS = 300
export const signedInLately = (caller: Pick<Caller, 'signedInAt'>, now: Instant): boolean => signedInWithin(caller, STEP_UP_SECONDS, now)

/** Records a denial. One denial closes the request. */
export function deny(request: AccessRequest, actor: Actor, said: Said, now: Instant): Decided {
  const barred = mayStop(request, actor) && !isSelf(request, actor) ? undefined : decisionBarrier(request, actor)
  if (barred) return barred
  const state = stateAt(request, now)
  if (state === 'denied' && request.decidedBy && isSameCaller(request.decidedBy, actor.caller)) return done('unchanged')
  if (state === 'approved' || state === 'denied')
    return refused('already-decided', `The request is already ${state}.`, { evidence: { state } })
  if (!can(state, 'deny')) return inState(state)
  return done(closeRequest('denied', actor, said, now))
}

/** The requester cancels a pending request. */
export function cancel(request: AccessRequest, actor: Actor, said: Said, now: Instant): Decided {
  if (!isRequester(request, actor))
    return refused('not-requester', 'Only the requester can cancel a request. Approvers can deny or revoke it.')
  const state = stateAt(request, now)
  if (state === 'cancelled') return done('unchanged')
  return can(state, 'cancel') ? done(closeRequest('cancelled', actor, said, now)) : inState(state)
}

/** How many justifications a requester can add. Each can be 4 KB, and an item 400 KB. */
const MAX_MORE_JUSTIFICATIONS = 3

/** The requester asks again with another justification, which is added to the earlier ones. */
export function justify(request: AccessRequest, caller: Caller, text: string, now: Instant): Decided {
  if (!isSameCaller(request.caller, caller)) return refused('not-requester', 'Only the requester can justify a request.')
  const state = stateAt(request, now)
  if (!can(state, 'justify')) return inState(state)
  const more = request.moreJustifications ?? []
  if (request.justification === text || more.some((other) => other.text === text)) return done('unchanged')
  if (more.length >= MAX_MORE_JUSTIFICATIONS) {
    const count = more.length + (request.justification === undefined ? 0 : 1)
    return refused('rate-limited', `The request ${request.id} already has ${count} justifications.`)
  }
  return done({
    state,
    set: { moreJustifications: [...more, { at: now, text }] },
    events: [{ type: 'request.justified', by: callerRef(caller), justification: text }],
  })
}

/**
 * The requester, an approver or, for an unattended break-glass, anyone eligible revokes the request, before or after approval.
 * After the response, no new session is issued, and none is renewed.
 */
export function revoke(request: AccessRequest, actor: Actor, said: Said, now: Instant): Decided {
  const entitled = isRequester(request, actor) || mayStop(request, actor) || (actor.caller.kind === 'human' && actor.opens.length > 0)
  if (!entitled) return refused('not-approver', 'You are not entitled to revoke this request.')
  const state = stateAt(request, now)
  if (state === 'revoked') return done('unchanged')
  return isRevocable(request, now) ? done(closeRequest('revoked', actor, said, now)) : inState(state)
}

/** A person other than the requester completes the review of a break-glass request with a comment. */
export function review(request: AccessRequest, actor: Actor, text: string, now: Instant): Decided {
  if (isSelf(request, actor)) return refused('self-approval', 'You cannot review your own request.')
  if (actor.caller.kind !== 'human' || !(actor.auditor || actor.opens.length > 0))
    return refused('not-approver', 'Only approvers and auditors can review a request.')
  if (request.review)
    return isSameCaller(request.review.by, actor.caller) ? done('unchanged') : refused('already-decided', 'The review is already closed.')
  if (!needsReview(request)) return inState(stateAt(request, now))
  const by = callerRef(actor.caller)
  return done({ state: request.state, set: { review: { by, at: now, text } }, events: [{ type: 'request.reviewed', by, comment: text }] })
}

/** Whether the deployed approval rules equal those of the request's terms. A request made under older rules cannot be approved, so loosening a rule never helps it. */
export const sameRules = ({ terms }: AccessRequest, approval: Approval): boolean =>
  canonicalJson(terms.approval ?? null) === canonicalJson(approval)

/** Why the actor cannot decide: it is their own request, they are not a person, or they have no open rule and have not approved before. */
function decisionBarrier(request: AccessRequest, actor: Actor): Refused<'self-approval' | 'not-approver'> | undefined {
  if (isSelf(request, actor)) return refused('self-approval', 'You cannot decide your own request.')
  if (actor.caller.kind !== 'human' || (actor.opens.length === 0 && !hasApproved(request, actor)))
    return refused('not-approver', 'You are not an approver of this request.')
  return undefined
}

/** The acts that close a request. The transition table defines the states in which each is possible. */
const closing = { denied: 'deny', cancelled: 'cancel', revoked: 'revoke' } as const

const closeRequest = (state: keyof typeof closing, actor: Actor, said: Said, now: Instant): Change => {
  const by = callerRef(actor.caller)
  const comment = defined({ comment: said.comment })
  const from = (Object.keys(requestTransitions) as RequestState[]).filter((one) => can(one, closing[state]))
  return {
    state,
    from,
    set: { decidedBy: by, decision: { at: now, ...comment } },
    events: [{ type: `request.${state}`, by, channel: said.channel, ...comment }],
  }
}

/** An approver can shorten limits, never lengthen them. */
function limitFault(
  { terms }: AccessRequest,
  { duration, uses, window }: Limits,
): Refused<'duration-invalid' | 'body-invalid'> | undefined {
  const within = (value: number | undefined, least: number, most: number) =>
    value === undefined || (Number.isInteger(value) && value >= least && value <= most)
  if (!within(duration, 60, terms.maxDuration))
    return refused('duration-invalid', `duration can only be shortened, to 60 to ${terms.maxDuration} seconds.`)
  if (!within(uses, 1, terms.uses)) return refused('body-invalid', `uses can only be lowered, to 1 to ${terms.uses}.`)
  if (!within(window, 60, terms.window))
    return refused('duration-invalid', `window can only be shortened, to 60 to ${terms.window} seconds.`)
  return undefined
}

export const approvedEvent = ({ usesLeft, windowExpiresAt }: GrantedLimits): ChangeEvent => ({
  type: 'request.approved',
  uses: usesLeft,
  expiresAt: windowExpiresAt,
})

type GrantedLimits = Required<Pick<Change['set'], 'windowStartsAt' | 'windowExpiresAt' | 'usesLeft'>> & {
  readonly limits: Required<Limits>
}

/** The lowest limits that the requester asked for and the approvers set, from the chosen start or from now. */
export function grantFrom(request: AccessRequest, approvals: readonly GivenApproval[], now: Instant): GrantedLimits {
  const all = [request.limits, ...approvals.map(({ limits }) => limits)]
  const least = (name: keyof Limits, most: number) => Math.min(most, ...all.flatMap((limits) => limits[name] ?? []))
  const windowStartsAt = Math.max(now, request.startsAt ?? now)
  const { terms } = request
  return {
    limits: { duration: least('duration', terms.maxDuration), uses: least('uses', terms.uses), window: least('window', terms.window) },
    windowStartsAt,
    windowExpiresAt: windowStartsAt + seconds(least('window', terms.window)),
    usesLeft: least('uses', terms.uses),
  }
}

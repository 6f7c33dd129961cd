/**
 * Decisions on requests, through any channel. The rules are in the request state machine (`core/request/machine.ts`). This file works out
 * the caller's standing towards a request, from the token they present now and the config deployed now.
 */

import { type AccessContext, isOneOf, standingOf } from '@stint/core/access/decide'
import { scopesOfPerson } from '@stint/core/access/freeze'
import type { Origin } from '@stint/core/audit/event'
import { approvalOfProfile } from '@stint/core/config/approval'
import type { Approval, Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { personOf } from '@stint/core/identity/person'
import type { RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { rulesOpenTo } from '@stint/core/request/approval'
import { notExtendable } from '@stint/core/request/extend'
import {
  type Actor,
  approve,
  type Change,
  type Decided,
  isParty,
  isRequester,
  isSelf,
  mayStop,
  type Said,
  sameRules,
} from '@stint/core/request/machine'
import { type AccessRequest, isRevocable, needsReview, stateAt } from '@stint/core/request/request'
import { type Summary, summaryOf, type TargetFacts } from '@stint/core/request/summary'
import type { ChangeRefusal, Ledger } from '../ports/ledger.ts'
import { stoppedBy } from '../vend/request-approval.ts'

/** What the caller wants to do with a request. `grants`: the act can give access, so a frozen caller must not perform it. */
export type DecisionFunction = ((request: AccessRequest, actor: Actor, now: Instant) => Decided | Refused<'request-unknown'>) & {
  readonly grants?: true
}

/** Who decides, from which address, and through which channel. */
export type Decider = { readonly caller: Caller; readonly sourceIp: string; readonly now: Instant; readonly origin: Origin }

/** The version that the person saw. `binds` says which decisions an outdated version blocks: all, or only those that can give access. */
type Seen = { readonly version: string; readonly binds: 'every act' | 'grants' }
type DecidedRequest = (Done<AccessRequest> | Refused<ChangeRefusal | 'request-changed' | 'ledger-unavailable'> | Unknown) & {
  readonly profile?: string
}

/** The version as an entity tag (RFC 9110 §8.8.3). */
export const versionTag = ({ version }: Pick<AccessRequest, 'version'>): string => `"${version}"`

export const unknownRequest = refused('request-unknown', 'Request not found, or not visible to you.')

export type Option = 'approve' | 'deny' | 'cancel' | 'revoke' | 'review' | 'extend'
export type Decisions = ReturnType<typeof decisions>

/** `beforeRevoke`: what must be written before a request is revoked. It returns what is to be done afterwards. */
type DecisionParts = {
  readonly rules: Rules
  readonly ledger: Pick<Ledger, 'change' | 'frozen'>
  readonly beforeRevoke?: (request: AccessRequest, now: Instant) => Promise<Done<{ readonly wake?: () => Promise<void> }> | Unknown>
}

export function decisions({ rules, ledger, beforeRevoke }: DecisionParts) {
  const approvalOf = (profileId: string): Approval | undefined => approvalOfProfile(rules, profileId)

  /**
   * The requester and approvers as the currently deployed config identifies them, in addition to what was stored when the request was made.
   */
  const withPeople = (request: AccessRequest): AccessRequest => ({
    ...request,
    personNow: personOf(rules, request.caller),
    approvals: request.approvals.map((given) => ({ ...given, personNow: personOf(rules, given.approver) })),
  })

  /**
   * What the deployed config says about the profile and target. If the target has been removed from the config, the role's ARN still gives
   * its account.
   */
  function placeOf(request: Pick<AccessRequest, 'profile' | 'target' | 'roleArn'>): TargetFacts {
    const description = rules.profiles.find(request.profile)?.description
    const account = rules.targets[request.target]?.account ?? request.roleArn.split(':')[4] ?? ''
    return { account, ...defined({ description }) }
  }
  const summaryFor = (request: AccessRequest, now: Instant): Summary => summaryOf(request, placeOf(request), now)

  /** The caller's standing towards a request, by the token they present now and the config deployed now. */
  function actorFor(
    { caller, sourceIp, now }: Pick<Decider, 'caller' | 'sourceIp' | 'now'>,
    request: Pick<AccessRequest, 'profile' | 'createdAt'>,
  ): Actor {
    const approval = approvalOf(request.profile)
    const profile = rules.profiles.find(request.profile)
    return {
      caller,
      person: personOf(rules, caller),
      opens: approval ? rulesOpenTo(approval, caller, request.createdAt, { sourceIp, now }) : [],
      auditor: isOneOf(rules.auditors, caller, { sourceIp, now }),
      couldEnter: profile !== undefined && standingOf(profile, caller, { sourceIp, now }).eligible,
    }
  }

  /**
   * Decides on a request. Only approving checks freezes, so a freeze cannot keep anyone from denying, cancelling, revoking or reviewing.
   * `profile` is the profile of the request, if the caller may know it.
   */
  async function decide(id: RequestId, decider: Decider, decideOn: DecisionFunction, seen?: Seen): Promise<DecidedRequest> {
    const { now, origin } = decider
    let profile: string | undefined
    let before: Awaited<ReturnType<NonNullable<typeof beforeRevoke>>> | undefined
    const changed = await ledger.change(
      id,
      now,
      async (stored) => {
        const found = withPeople(stored)
        const actor = actorFor(decider, found)
        if (!isParty(found, actor)) return unknownRequest
        profile = found.profile
        // Read the freezes on every retry: one may have been set since the last attempt.
        const frozen = decideOn.grants ? stoppedBy(await ledger.frozen(scopesOfPerson(rules, decider.caller), now)) : undefined
        const decided = frozen ?? decideOn(found, actor, now)
        if (isOutdated(found, decided, seen)) return refused('request-changed', 'The request has changed since you read it.')
        if (decided.outcome === 'done' && leadsTo(found, decided.value) === 'revoked') before = await beforeRevoke?.(found, now)
        return decided
      },
      { origin, exact: seen?.binds === 'every act' },
    )
    if (changed.outcome === 'done' && before?.outcome === 'done') await before.value.wake?.()
    // The request was revoked, and gives no more credentials. A repeated call requests the rest.
    const answer = changed.outcome === 'done' && before?.outcome === 'unknown' ? before : changed
    return { ...answer, ...defined({ profile }) }
  }

  const leadsTo = (found: AccessRequest, change: Change | 'unchanged') => (change === 'unchanged' ? found.state : change.state)

  /**
   * A caller who has already decided learns that first, even if the response to their decision was lost and the version has changed because
   * of it.
   */
  function isOutdated(found: AccessRequest, decided: Decided | Refused, seen: Seen | undefined): boolean {
    if (!seen || seen.version === versionTag(found) || decided.outcome !== 'done' || decided.value === 'unchanged') return false
    return seen.binds === 'every act' || decided.value.from === undefined
  }

  /**
   * Whether the caller can act on requests of a profile, now or after an escalation. `everywhere`: on those of all profiles, as auditors can
   * review. Each profile is evaluated once, and only if it has requests.
   */
  function opensFor(caller: Caller, context: AccessContext, everywhere: boolean): (profile: string) => boolean {
    const known = new Map<string, boolean>()
    return (id) => {
      const isOpen = known.get(id) ?? evaluate(id)
      known.set(id, isOpen)
      return isOpen
    }
    function evaluate(id: string): boolean {
      const approval = approvalOf(id)
      return approval !== undefined && (everywhere || rulesOpenTo(approval, caller, 0, context).length > 0)
    }
  }

  /** The options to offer the caller. `approve` can still be refused: because of a freeze, the hour, or the age of the sign-in. */
  function optionsOf(stored: AccessRequest, actor: Actor, now: Instant): readonly Option[] {
    const request = withPeople(stored)
    const approval = approvalOf(request.profile)
    const state = stateAt(request, now)
    const [self, stops] = [isSelf(request, actor), mayStop(request, actor)]
    const decides = actor.caller.kind === 'human' && actor.opens.length > 0
    const open = isRevocable(request, now)
    const may: readonly (readonly [Option, boolean])[] = [
      ['approve', state === 'pending' && decides && !self && approval !== undefined && sameRules(request, approval)],
      ['deny', state === 'pending' && !self && (decides || stops)],
      ['cancel', state === 'pending' && isRequester(request, actor)],
      ['revoke', open && (isRequester(request, actor) || stops || decides)],
      ['review', needsReview(request) && !self && (actor.auditor || decides)],
      ['extend', isRequester(request, actor) && notExtendable(request, now) === undefined],
    ]
    return may.flatMap(([option, is]) => (is ? [option] : []))
  }

  return {
    approvalOf,
    withPeople,
    placeOf,
    summaryFor,
    actorFor,
    opensFor,
    decide,
    optionsOf,
    approving(said: Said): DecisionFunction {
      const decideOn = (request: AccessRequest, actor: Actor, now: Instant) => {
        const approval = approvalOf(request.profile)
        return approval ? approve(request, approval, actor, said, now) : unknownRequest
      }
      return Object.assign(decideOn, { grants: true as const })
    },
  }
}

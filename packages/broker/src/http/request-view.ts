/** A request as its parties see it. */
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { identityInAws } from '@stint/core/identity/shown'
import { type Instant, toIso } from '@stint/core/instant'
import { missing } from '@stint/core/request/approval'
import type { Actor } from '@stint/core/request/machine'
import { type AccessRequest, liveSessions, needsReview, type RequestState, stateAt } from '@stint/core/request/request'
import { liveUntil } from '@stint/core/request/session'
import { lastingAccess } from '@stint/core/scope/lasting-access'
import type { Decisions } from '../approvals/decide.ts'
import { versionTag } from '../approvals/decide.ts'
import { immediateEndOf } from '../ends/request-end.ts'
import { type ApiBroker, accessContext, type Ctx } from './context.ts'
import type { Answer, requestView as schema } from './response-schemas.ts'
import { sessionView } from './sessions.ts'

/** What the routes about requests share. */
export type RequestTools = Decisions & {
  readonly actorOf: (c: Ctx, caller: Caller, request: Pick<AccessRequest, 'profile' | 'createdAt'>) => Actor
  readonly show: (c: Ctx, request: AccessRequest, actor: Actor, status: 200 | 201) => Promise<Response>
}

export function requestTools(broker: Pick<ApiBroker, 'clock' | 'rules' | 'immediate'>, decider: Decisions): RequestTools {
  return {
    ...decider,
    actorOf: (c, caller, request) => decider.actorFor({ caller, ...accessContext(c) }, request),
    async show(c, request, actor, status) {
      const now = broker.clock()
      const view = requestView(decider, request, actor, now)
      const ends = await Promise.all(request.sessions.map((session) => immediateEndOf(broker, session, now)))
      c.header('etag', versionTag(request))
      // What was decided stays decided, so an unknown state is left out.
      const immediateEnds = ends.map((end) => defined({ immediateEnd: end.outcome === 'done' ? end.value : undefined }))
      return c.json({ ...view, sessions: view.sessions.map((session, at) => ({ ...session, ...immediateEnds[at] })) }, status)
    },
  }
}

export function requestView(
  { withPeople, approvalOf, optionsOf }: Decisions,
  stored: AccessRequest,
  actor: Actor,
  now: Instant,
): Answer<typeof schema> {
  const request = withPeople(stored)
  const approval = approvalOf(request.profile)
  // An item of refusals has no terms, so it is never read as a request.
  const state = stateAt(request, now) as Exclude<RequestState, 'refused'>
  const lacking = approval ? missing(approval, request.approvals) : []
  const may = optionsOf(stored, actor, now)
  const lasting = lastingAccess(request.terms)
  return {
    id: request.id,
    state,
    caller: request.caller,
    identity: identityInAws(request),
    profile: request.profile,
    target: request.target,
    roleArn: request.roleArn,
    ...defined({
      fullSubject: request.fullSubject,
      justification: request.justification,
      ticket: request.ticket,
      extends: request.extends,
    }),
    ...(request.moreJustifications
      ? { moreJustifications: request.moreJustifications.map(({ at, text }) => ({ at: toIso(at), text })) }
      : {}),
    breakGlass: request.breakGlass,
    createdAt: toIso(request.createdAt),
    ...(request.expiresAt > 0 ? { expiresAt: toIso(request.expiresAt) } : {}),
    ...(request.unattendedAt === undefined ? {} : { unattendedAt: toIso(request.unattendedAt) }),
    ...(request.startsAt === undefined ? {} : { startsAt: toIso(request.startsAt) }),
    terms: request.terms,
    ...(lasting.length > 0 ? { lastingAccess: lasting } : {}),
    termsHash: request.termsHash,
    approval: (approval?.rules ?? []).map((rule, index) => ({ by: rule.by, count: rule.count, missing: lacking[index] ?? 0 })),
    approvals: request.approvals.map(({ approver, at, channel, comment, limits }) => ({
      approver,
      at: toIso(at),
      channel,
      limits,
      ...defined({ comment }),
    })),
    limits: request.limits,
    ...(request.windowExpiresAt === undefined
      ? {}
      : {
          window: {
            ...(request.windowStartsAt === undefined ? {} : { startsAt: toIso(request.windowStartsAt) }),
            expiresAt: toIso(request.windowExpiresAt),
          },
        }),
    ...defined({ usesLeft: request.usesLeft }),
    ...defined({ decidedBy: request.decidedBy }),
    ...(request.decision ? { decidedAt: toIso(request.decision.at), ...defined({ decisionComment: request.decision.comment }) } : {}),
    review: request.review
      ? { by: request.review.by, at: toIso(request.review.at), text: request.review.text }
      : needsReview(request)
        ? 'needed'
        : 'none',
    sessions: request.sessions.map((session) => sessionView(session, now)),
    // Also sessions that have ended: their last credentials can work.
    live: liveSessions(request, now).map((session) => ({ id: session.id, expiresAt: toIso(liveUntil(session)) })),
    may,
  }
}

/**
 * Requests over HTTP: create, list, wait, decide. The rules are in the request state machine (`core/request/machine.ts`). This file decides
 * who sees what, and in which form.
 */
import { decideAccess } from '@stint/core/access/decide'
import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { sha256Hex } from '@stint/core/digest'
import { parseDuration } from '@stint/core/duration'
import type { Caller } from '@stint/core/identity/caller'
import { personOf } from '@stint/core/identity/person'
import { identityInAws } from '@stint/core/identity/shown'
import { parseRequestId } from '@stint/core/ids'
import { type Instant, parseIso, seconds, toIso } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { missing, rulesOpenTo } from '@stint/core/request/approval'
import { type Actor, cancel, deny, isParty, isSelf, review, revoke } from '@stint/core/request/machine'
import { type AccessRequest, liveSessions, needsReview, stateAt } from '@stint/core/request/request'
import { lastingAccess } from '@stint/core/scope/lasting-access'
import { type Ask, resolveScope } from '@stint/core/scope/terms'
import { type Acts, decisions, unknownRequest, versionTag } from '../approvals/decide.ts'
import type { Page } from '../ports/ledger.ts'
import { askForApproval } from '../vend/ask.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import {
  type Api,
  type ApiBroker,
  type Ctx,
  callOf,
  circumstances,
  parseBody,
  readBytes,
  refuse,
  type Tools,
  unavailable,
} from './context.ts'
import { idempotencyKeyOf } from './message.ts'
import { LARGEST_PAGE, nextOf, pageQuery } from './paging.ts'
import { askBody, decisionBody, reviewBody } from './request-schemas.ts'
import { sessionView } from './sessions.ts'

const LONGEST_WAIT_SECONDS = 20
const WAITERS_PER_CALLER = 2
const LOOK_AGAIN_SECONDS = 5
/** How far ahead a start can be chosen. */
const FARTHEST_START_SECONDS = 7 * 86_400

const requestStates = ['pending', 'approved', 'denied', 'cancelled', 'expired', 'revoked', 'ended'] as const

export function requestRoutes(app: Api, broker: ApiBroker, { withCaller, isAuditor }: Tools): void {
  const { rules, ledger } = broker
  const waiting = new Map<string, number>()

  const { approvalOf, withPeople, decide: decideOn, approving, optionsOf, ...decider } = decisions(broker)
  const actorFor = (c: Ctx, caller: Caller, request: Pick<AccessRequest, 'profile' | 'createdAt'>): Actor =>
    decider.actorFor({ caller, ...circumstances(c) }, request)

  // ── Ask ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  app.post('/requests', async (c) => {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return withCaller(c, async (caller) => {
      const asked = await ask(c, caller, bytes.value)
      if (asked.outcome === 'refused') return refuse(c, asked)
      const { request, found } = asked.value
      c.header('location', `/requests/${request.id}`)
      c.header('retry-after', String(LOOK_AGAIN_SECONDS))
      return show(c, request, actorFor(c, caller, request), found ? 200 : 201)
    })
  })

  async function ask(c: Ctx, caller: Caller, bytes: Uint8Array): Promise<Done<{ request: AccessRequest; found: boolean }> | Refused> {
    const now = c.get('now')
    const body = parseBody(askBody, bytes)
    if (body.outcome === 'refused') return body
    c.set('profile', body.value.profile)
    const sent = c.req.header('idempotency-key')
    const idempotency = idempotencyKeyOf(sent === undefined ? [] : [sent])
    if (idempotency === 'odd') return refused('body-invalid', 'Idempotency-Key must be one string of 1 to 128 printable characters.')
    const access = decideAccess(rules, body.value.profile, caller, circumstances(c))
    if (access.outcome === 'refused') return access
    const approval = approvalOf(body.value.profile)
    if (!approval) return refused('body-invalid', 'This profile needs no approval. Use POST /sessions.')
    const startsAt = body.value.startsAt === undefined ? undefined : parseIso(body.value.startsAt)
    if (body.value.startsAt !== undefined && (startsAt === undefined || startsAt > now + seconds(FARTHEST_START_SECONDS)))
      return refused('body-invalid', 'startsAt must be an RFC 3339 time within the next 7 days.')
    const scope = resolveScope(rules, access.profile, caller, body.value as Ask, 1)
    if (scope.outcome === 'refused') return scope
    return askForApproval(broker, callOf(c), caller, scope.value, approval, {
      ...(startsAt === undefined ? {} : { startsAt }),
      ...(scope.value.durationAsked ? { limits: { duration: scope.value.duration } } : {}),
      ...(idempotency ? { idempotency: { ...idempotency, fingerprint: sha256Hex(bytes) } } : {}),
    })
  }

  // ── Look ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  app.get('/requests', (c) =>
    withCaller(c, async (caller) => {
      const query = pageQuery(c, { state: requestStates, mine: ['true'], approvable: ['true'], review: ['needed'] })
      if (!query)
        return refuse(
          c,
          refused(
            'body-invalid',
            `Invalid query. This route accepts limit (1 to ${LARGEST_PAGE}), cursor, state, mine=true, approvable=true and review=needed.`,
          ),
        )
      const { state, mine, approvable, review: reviewWanted } = query.filters
      const now = c.get('now')
      const work = approvable ? (['pending'] as const) : reviewWanted ? (['approved', 'review'] as const) : undefined
      const page: Done<Page<AccessRequest>> | { outcome: 'unknown'; cause: string } = work
        ? await ledger.workOn(work, profilesOpenTo(c, caller, reviewWanted !== undefined), query.limit, query.cursor)
        : isAuditor(c, caller) && !mine
          ? await ledger.allRequests(now, query.limit, query.cursor)
          : await ledger.requestsOf(caller, query.limit, query.cursor)
      if (page.outcome === 'unknown') return refuse(c, unavailable(page.cause))
      const shown = page.value.items.flatMap((request) => {
        const seen = withPeople(request)
        const actor = actorFor(c, caller, request)
        const wanted =
          isParty(seen, actor) &&
          (state === undefined || stateAt(request, now) === state) &&
          (!approvable || (stateAt(request, now) === 'pending' && actor.opens.length > 0 && !isSelf(seen, actor))) &&
          (!reviewWanted || needsReview(request))
        return wanted ? [requestView(request, actor, now)] : []
      })
      const next = nextOf(c, query, page.value.next)
      return c.json({ requests: shown, ...(next ? { next } : {}) })
    }),
  )

  /** Profiles on whose requests the caller can act now or after an escalation. Auditors can review requests of all profiles. */
  function profilesOpenTo(c: Ctx, caller: Caller, reviewing: boolean): readonly string[] {
    const everywhere = reviewing && isAuditor(c, caller)
    return rules.profiles.ids.filter((id) => {
      const approval = approvalOf(id)
      return approval !== undefined && (everywhere || rulesOpenTo(approval, caller, 0, circumstances(c)).length > 0)
    })
  }

  app.get('/requests/:id', (c) =>
    withCaller(c, async (caller) => {
      const id = parseRequestId(c.req.param('id'))
      if (!id) return refuse(c, unknownRequest)
      const wait = Math.min(LONGEST_WAIT_SECONDS, Number(/^wait=(\d{1,3})$/.exec(c.req.header('prefer') ?? '')?.[1] ?? 0))
      const waiter = personOf(rules, caller)
      if (wait > 0 && (waiting.get(waiter) ?? 0) >= WAITERS_PER_CALLER)
        return refuse(c, refused('rate-limited', `You can have at most ${WAITERS_PER_CALLER} waiting calls at once.`))
      // If the transport reports that the client is gone (node:http does, Lambda does not), free its place at once.
      const { signal: left } = c.req.raw
      const leaving = new Promise<void>((resolve) => left.addEventListener('abort', () => resolve(), { once: true }))
      if (wait > 0) waiting.set(waiter, (waiting.get(waiter) ?? 0) + 1)
      try {
        for (let waited = 0; ; waited++) {
          const found = await ledger.request(id)
          if (found.outcome === 'unknown') return refuse(c, unavailable(found.cause))
          const actor = found.value && actorFor(c, caller, found.value)
          if (!found.value || !actor || !isParty(withPeople(found.value), actor)) return refuse(c, unknownRequest)
          const now = broker.clock()
          if (waited >= wait || left.aborted || stateAt(found.value, now) !== 'pending') return show(c, found.value, actor, 200)
          await Promise.race([broker.sleep(1000), leaving])
        }
      } finally {
        const others = (waiting.get(waiter) ?? 0) - (wait > 0 ? 1 : 0)
        if (others > 0) waiting.set(waiter, others)
        else waiting.delete(waiter)
      }
    }),
  )

  // ── Decide ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function decide(c: Ctx, id: string, read: (bytes: Uint8Array) => Done<Acts> | Refused): Promise<Response> {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return withCaller(c, async (caller) => {
      const acts = read(bytes.value)
      if (acts.outcome === 'refused') return refuse(c, acts)
      const request = parseRequestId(id)
      if (!request) return refuse(c, unknownRequest)
      const match = c.req.header('if-match')
      const came = { source: c.env.sourceIp, token: caller.token.hash }
      const seen = match === undefined || match === '*' ? undefined : ({ version: match, binds: 'every act' } as const)
      const changed = await decideOn(request, { caller, ...circumstances(c), came }, acts.value, seen)
      if (changed.profile !== undefined) c.set('profile', changed.profile)
      if (changed.outcome === 'unknown') return refuse(c, decisionUnknown(changed.cause))
      if (changed.outcome === 'refused') return refuse(c, changed)
      return show(c, changed.value, actorFor(c, caller, changed.value), 200)
    })
  }

  const said = (bytes: Uint8Array, act: (body: ReturnType<typeof limitsOf> & { comment?: string }) => Acts): Done<Acts> | Refused => {
    const body = parseBody(decisionBody, bytes)
    if (body.outcome === 'refused') return body
    const { comment, ...limits } = body.value
    if (comment !== undefined && jsonBytes(comment) > MAX_COMMENT_BYTES)
      return refused('body-invalid', `comment is longer than ${MAX_COMMENT_BYTES} bytes.`)
    const parsed = limitsOf(limits)
    if (parsed.fault) return refused('duration-invalid', `${parsed.fault} must be whole seconds, or a string such as '15m' or '1h30m'.`)
    return done(act({ ...parsed, ...(comment === undefined ? {} : { comment }) }))
  }
  const words = (comment: string | undefined) => ({ channel: 'api' as const, ...(comment === undefined ? {} : { comment }) })

  app.post('/requests/:id/approve', (c) =>
    decide(c, c.req.param('id'), (bytes) => said(bytes, ({ comment, limits }) => approving({ ...words(comment), limits }))),
  )
  for (const [name, act] of Object.entries({ deny, cancel, revoke })) {
    app.post(`/requests/:id/${name}`, (c) =>
      decide(c, c.req.param('id'), (bytes) =>
        said(
          bytes,
          ({ comment }) =>
            (request, actor, now) =>
              act(request, actor, words(comment), now),
        ),
      ),
    )
  }
  app.post('/requests/:id/review', (c) =>
    decide(c, c.req.param('id'), (bytes) => {
      const body = parseBody(reviewBody, bytes)
      if (body.outcome === 'refused') return body
      const text = body.value.text.trim()
      if (text === '' || jsonBytes(text) > MAX_COMMENT_BYTES)
        return refused('body-invalid', `text must be 1 to ${MAX_COMMENT_BYTES} bytes.`)
      return done((request: AccessRequest, actor: Actor, now: Instant) => review(request, actor, text, now))
    }),
  )

  // ── Show ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  function show(c: Ctx, request: AccessRequest, actor: Actor, status: 200 | 201): Response {
    c.header('etag', versionTag(request))
    return c.json(requestView(request, actor, broker.clock()), status)
  }

  function requestView(stored: AccessRequest, actor: Actor, now: Instant) {
    const request = withPeople(stored)
    const approval = approvalOf(request.profile)
    const state = stateAt(request, now)
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
      ...(request.justification === undefined ? {} : { justification: request.justification }),
      ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
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
        ...(comment === undefined ? {} : { comment }),
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
      ...(request.usesLeft === undefined ? {} : { usesLeft: request.usesLeft }),
      ...(request.decidedBy ? { decidedBy: request.decidedBy } : {}),
      review: request.review
        ? { by: request.review.by, at: toIso(request.review.at), text: request.review.text }
        : needsReview(request)
          ? 'needed'
          : 'none',
      sessions: request.sessions.map(sessionView),
      // Sessions that a withdrawal does not end, and when they expire.
      live: liveSessions(request, now).map(({ id, expiresAt }) => ({ id, expiresAt: toIso(expiresAt) })),
      may,
    }
  }
}

/** Durations in either spelling, as seconds. */
function limitsOf({
  duration,
  uses,
  window,
}: {
  duration?: number | string | undefined
  uses?: number | undefined
  window?: number | string | undefined
}) {
  const limits: { duration?: number; uses?: number; window?: number } = {}
  for (const [name, value] of [
    ['duration', duration],
    ['window', window],
  ] as const) {
    const parsed = typeof value === 'string' ? parseDuration(value) : value
    if (value !== undefined && parsed === undefined) return { limits, fault: name }
    if (parsed !== undefined) limits[name] = parsed
  }
  if (uses !== undefined) limits.uses = uses
  return { limits, fault: undefined }
}

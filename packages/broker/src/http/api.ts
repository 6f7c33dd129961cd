/**
 * Everything that is read: a hono app, without any permission to assume a role. It says who may enter what, shows sessions
 * to their owners and to auditors, and describes itself.
 */
import { isOneOf, standingOf } from '@stint/core/access/decide'
import type { Caller } from '@stint/core/identity/caller'
import { callerRef } from '@stint/core/identity/caller'
import { type Instant, seconds, toIso } from '@stint/core/instant'
import { type Refused, refused } from '@stint/core/outcome'
import type { ProblemCode } from '@stint/core/problem'
import { hex128, parseSessionId } from '@stint/core/request/ids'
import type { Session } from '@stint/core/request/session'
import { type Context, Hono } from 'hono'
import openapi from '../../openapi.json' with { type: 'json' }
import { identify } from '../identify.ts'
import type { Broker } from '../ports.ts'
import { docsHeaders, docsPage } from './docs.ts'
import { problemReply } from './message.ts'
import { allowed, findRoute, type Route } from './routes.ts'

/** What the transport knows and a `Request` hides: every Authorization header of its own, and the peer. */
export type Peer = { readonly authorization: readonly string[]; readonly sourceIp: string }

type Env = { Bindings: Peer; Variables: { trace: string; now: Instant; route: Route; refusal: Refused } }
type Ctx = Context<Env>

export type ApiBroker = Pick<Broker, 'rules' | 'build' | 'clock' | 'random' | 'keys' | 'ledger' | 'log'>

const DEFAULT_PAGE = 20
const LARGEST_PAGE = 100
const READY_FOR_SECONDS = 5

export function apiApp(broker: ApiBroker): Hono<Env> {
  const app = new Hono<Env>()
  const { rules } = broker

  app.use(async (c, next) => {
    c.set('trace', hex128(broker.random))
    c.set('now', broker.clock())
    // hono decodes a path before it matches; the table knows paths only as they are sent.
    const path = new URL(c.req.url).pathname
    const route = findRoute(path)?.route
    if (route) {
      c.set('route', route)
      await next()
    } else c.res = refuse(c, refused('route-unknown', 'There is no such route.'))
    c.header('stint-trace', c.get('trace'))
    c.header('cache-control', 'no-store')
    const refusal = c.get('refusal')
    broker.log({
      level: c.res.status >= 500 ? 'error' : 'info',
      trace: c.get('trace'),
      method: c.req.method,
      route: route?.path ?? 'unknown',
      status: c.res.status,
      from: c.env.sourceIp,
      ...(refusal ? { code: refusal.code, reason: refusal.operator ?? refusal.detail } : {}),
    })
  })

  // ── Profiles ───────────────────────────────────────────────────────────────────────────────────────────────────────

  app.get('/profiles', (c) =>
    withCaller(c, (caller) => {
      const visible = rules.profiles.ids.flatMap((id) => profileView(c, id, caller) ?? [])
      return c.json({ profiles: visible })
    }),
  )

  app.get('/profiles/:id', (c) =>
    withCaller(c, (caller) => {
      const id = c.req.param('id')
      const view = profileView(c, id, caller)
      return view ? c.json(view) : refuse(c, refused('profile-unknown', 'There is no such profile for you.'))
    }),
  )

  /** What may I enter, on what terms; where not, what is missing. Undefined where the caller may not see the profile. */
  function profileView(c: Ctx, id: string, caller: Caller) {
    // An unknown profile costs the same look at rules as an invisible one.
    const found = rules.profiles.find(id)
    const profile = found ?? rules.profiles.first()
    const standing = standingOf(profile, caller, { sourceIp: c.env.sourceIp, now: c.get('now') })
    if (!found || !standing.visible) return undefined
    const target = rules.targets[profile.target]
    const { approval } = profile
    return {
      id,
      ...(profile.description === undefined ? {} : { description: profile.description }),
      account: target?.account,
      roleArn: target?.roleArn,
      access: !standing.eligible ? 'refused' : approval ? 'needs-approval' : 'allowed',
      missing: standing.eligible ? [] : standing.hurdles.length > 0 ? standing.hurdles : ['not-eligible'],
      duration: profile.duration,
      parameters: profile.parameters ?? {},
      justification: profile.justification ?? 'optional',
      ...(approval
        ? {
            approval: {
              approvers: approval.rules.reduce((sum, rule) => sum + rule.count, 0),
              expiresAfter: approval.expiresAfter,
              window: approval.window,
              maxUses: approval.maxUses,
              breakGlass: approval.breakGlass === true,
            },
          }
        : {}),
    }
  }

  // ── Sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────

  app.get('/sessions', (c) =>
    withCaller(c, async (caller) => {
      const query = pageQuery(c.req.query())
      if (!query) return refuse(c, refused('body-invalid', `The query takes limit (1 to ${LARGEST_PAGE}), cursor and mine=true only.`))
      const everybody = isAuditor(c, caller) && !query.mine
      const page = everybody
        ? await broker.ledger.allSessions(c.get('now'), query.limit, query.cursor)
        : await broker.ledger.sessionsOf(callerRef(caller), query.limit, query.cursor)
      if (page.outcome === 'unknown')
        return refuse(c, refused('ledger-unavailable', 'The ledger did not answer.', { operator: page.cause }))
      const next = page.value.next && Buffer.from(page.value.next).toString('base64url')
      if (next) c.header('link', `</sessions?limit=${query.limit}&cursor=${next}${query.mine ? '&mine=true' : ''}>; rel="next"`)
      return c.json({ sessions: page.value.items.map(sessionView), ...(next ? { next } : {}) })
    }),
  )

  app.get('/sessions/:id', (c) =>
    withCaller(c, async (caller) => {
      const unknown = refused('session-unknown', 'There is no such session for you.')
      const id = parseSessionId(c.req.param('id'))
      if (!id) return refuse(c, unknown)
      const found = await broker.ledger.session(id.session)
      if (found.outcome === 'unknown')
        return refuse(c, refused('ledger-unavailable', 'The ledger did not answer.', { operator: found.cause }))
      const session = found.value
      const isOwn = session?.caller.issuer === caller.issuer && session.caller.subject === caller.subject
      return session && (isOwn || isAuditor(c, caller)) ? c.json(sessionView(session)) : refuse(c, unknown)
    }),
  )

  // ── Health and documentation ───────────────────────────────────────────────────────────────────────────────────────

  app.get('/healthz', (c) => c.json({ status: 'ok', build: broker.build, config: broker.rules.hash }))

  let readiness: { readonly at: Instant; readonly checks: Readiness } | undefined

  /** A word for everybody; which dependency is down only for auditors. Cached, so that asking costs nothing. */
  app.get('/readyz', async (c) => {
    if (!readiness || c.get('now') - readiness.at > seconds(READY_FOR_SECONDS))
      readiness = { at: c.get('now'), checks: await checkReadiness(broker) }
    const { checks } = readiness
    const status = checks.ledger === 'up' ? 'ready' : 'not-ready'
    const caller = c.env.authorization.length > 0 ? await identify(broker, c.env.authorization, c.get('now')) : undefined
    const detailed = caller?.outcome === 'done' && isAuditor(c, caller.value)
    return c.json(detailed ? { status, ...checks } : { status }, status === 'ready' ? 200 : 503)
  })

  app.get('/openapi.json', (c) => c.json(openapi))
  app.get('/docs', (c) => c.html(docsPage(openapi), 200, docsHeaders))

  // ── Doors that are not there ───────────────────────────────────────────────────────────────────────────────────────

  app.notFound((c) => {
    const allow = allowed(c.get('route')).join(', ')
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow })
    const answer = refuse(c, refused('method-not-allowed', `This route takes ${allow}.`))
    answer.headers.set('allow', allow)
    return answer
  })

  app.onError((error, c) => {
    broker.log({ level: 'error', trace: c.get('trace'), error: error.stack ?? error.message })
    return refuse(c, refused('internal', 'Stint failed.'))
  })

  return app

  async function withCaller(c: Ctx, answer: (caller: Caller) => Response | Promise<Response>): Promise<Response> {
    const caller = await identify(broker, c.env.authorization, c.get('now'))
    return caller.outcome === 'refused' ? refuse(c, caller) : answer(caller.value)
  }

  function isAuditor(c: Ctx, caller: Caller): boolean {
    return isOneOf(rules.auditors, caller, { sourceIp: c.env.sourceIp, now: c.get('now') })
  }
}

function refuse(c: Ctx, refusal: Refused): Response {
  c.set('refusal', refusal)
  const { status, headers, body } = problemReply(refusal.code as ProblemCode, refusal.detail, c.get('trace'), refusal.extra)
  return c.body(body, status as 400, headers)
}

type Readiness = { readonly ledger: 'up' | 'down'; readonly issuers: { readonly [id: string]: 'up' | 'down' } }

/** A broken issuer keeps its own callers out and nobody else's, so it does not make the broker unready. */
async function checkReadiness(broker: ApiBroker): Promise<Readiness> {
  const [ledger, ...issuers] = await Promise.all([
    broker.ledger.ping(),
    ...Object.entries(broker.rules.issuers).map(
      async ([id, issuer]) => [id, (await broker.keys.ready(issuer)).outcome === 'done' ? 'up' : 'down'] as const,
    ),
  ])
  return { ledger: ledger ? 'up' : 'down', issuers: Object.fromEntries(issuers) }
}

function pageQuery(query: Record<string, string>): { limit: number; cursor?: string; mine: boolean } | undefined {
  const { limit = String(DEFAULT_PAGE), cursor, mine = 'false', ...rest } = query
  if (Object.keys(rest).length > 0 || !/^\d{1,3}$/.test(limit) || !['true', 'false'].includes(mine)) return undefined
  if (Number(limit) < 1 || Number(limit) > LARGEST_PAGE) return undefined
  const key = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8')
  if (key !== undefined && !/^\d{4}-\d\d-\d\dT[\d:.]{12}Z#req_[0-9A-Za-z]{26}$/.test(key)) return undefined
  return { limit: Number(limit), mine: mine === 'true', ...(key === undefined ? {} : { cursor: key }) }
}

/** A session without its secrets, which were never stored. */
function sessionView({ reservedAt, hardEnd, issued, ...session }: Session) {
  return {
    ...session,
    reservedAt: toIso(reservedAt),
    hardEnd: toIso(hardEnd),
    ...(issued ? { issued: { ...issued, at: toIso(issued.at), expiration: toIso(issued.expiration) } } : {}),
  }
}

/**
 * Everything except vending: a hono app without any permission to assume a role. It shows which profiles a caller can use, shows sessions
 * and requests to the callers they concern, takes decisions, and serves the API description.
 */

import { isOneOf } from '@stint/core/access/decide'
import type { Caller } from '@stint/core/identity/caller'
import { hex128 } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { Hono } from 'hono'
import { auditRoutes } from '../http/audit.ts'
import {
  type Api,
  type ApiBroker,
  accessContext,
  answer,
  type Ctx,
  callOf,
  type Env,
  readerOf,
  refuse,
  type Tools,
} from '../http/context.ts'
import { freezeRoutes } from '../http/freezes.ts'
import { linkRoutes } from '../http/links.ts'
import { NOSNIFF } from '../http/message.ts'
import { metadataRoutes } from '../http/metadata.ts'
import { profileRoutes } from '../http/profiles.ts'
import { publicFileRoutes } from '../http/public-file-routes.ts'
import { inRefusalFormat } from '../http/refusal-formats.ts'
import { requestRoutes } from '../http/requests.ts'
import { allowed, findRoute } from '../http/routes.ts'
import { sessionRoutes } from '../http/sessions.ts'
import { bearerOf, identify } from '../vend/identify.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import { pageRoutes } from '../web/pages.ts'

const READY_FOR_SECONDS = 5

export function apiApp(broker: ApiBroker): Api {
  const app: Api = new Hono<Env>()

  app.use(async (c, next) => {
    c.set('trace', hex128(broker.random))
    c.set('now', broker.clock())
    // hono decodes a path before it matches, but the route table knows paths only as they are sent.
    const route = findRoute(new URL(c.req.url).pathname)?.route
    if (route) {
      c.set('route', route)
      await next()
    } else c.res = await pages.notFound(c)
    c.header('stint-trace', c.get('trace'))
    for (const [name, value] of Object.entries(NOSNIFF)) c.header(name, value)
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
    if (c.res.status >= 400) await answerReader(c)
    const refusal = c.get('refusal')
    broker.log({
      level: c.res.status >= 500 ? 'error' : 'info',
      trace: c.get('trace'),
      method: c.req.method,
      route: route?.path ?? 'unknown',
      status: c.res.status,
      source: c.env.sourceIp,
      ...(refusal ? { code: refusal.code, reason: refusal.operator ?? refusal.detail } : {}),
    })
  })

  /** A request that wanted shell code gets shell code, even if it went to a route that does not exist. */
  async function answerReader(c: Ctx): Promise<void> {
    const reader = await readerOf(c, broker.sleep)
    if (!reader) return
    const { status, headers } = c.res
    const reply = { status, headers: Object.fromEntries(headers), body: await c.res.text() }
    const { headers: changed, body } = inRefusalFormat(reply, () => reader)
    c.res = new Response(body, { status, headers: changed })
  }

  /** Refusals of a verified caller go into the audit log on every route, except "not found" for something to read. */
  async function recordIfRefused(c: Ctx, caller: Caller): Promise<void> {
    const refusal = c.get('refusal')
    if (!refusal || problems[refusal.code].status >= 500 || (c.req.method === 'GET' && problems[refusal.code].status !== 403)) return
    await recordRefusal(broker, callOf(c), caller, c.get('profile') ?? '', refusal)
  }

  const tools: Tools = {
    async withCaller(c, answer) {
      const caller = await identify(broker, bearerOf(c.env.authorization), c.get('now'))
      if (caller.outcome === 'refused') return refuse(c, caller)
      c.set('groupsOmitted', caller.value.groupsOmitted)
      const answered = await answer(caller.value)
      await recordIfRefused(c, caller.value)
      return answered
    },
    isAuditor: (c, caller) => isOneOf(broker.rules.auditors, caller, accessContext(c)),
    isResponder: (c, caller) => isOneOf(broker.rules.responders, caller, accessContext(c)),
  }
  let readiness: { readonly at: Instant; readonly checks: Promise<Readiness> } | undefined
  function readinessAt(now: Instant): Promise<Readiness> {
    if (!readiness || now - readiness.at > seconds(READY_FOR_SECONDS)) readiness = { at: now, checks: checkReadiness(broker) }
    return readiness.checks
  }
  // Results that were cached before a freeze was set or released are out of date.
  app.on(['POST', 'DELETE'], ['/freezes', '/freezes/:id'], async (_c, next) => {
    await next()
    readiness = undefined
  })

  const pages = pageRoutes(app, broker, tools)
  profileRoutes(app, broker, tools)
  sessionRoutes(app, broker, tools)
  requestRoutes(app, broker, tools)
  freezeRoutes(app, broker, tools)
  auditRoutes(app, broker, tools)
  linkRoutes(app, broker, tools)
  metadataRoutes(app, broker)

  answer(app, 'GET /healthz', (c) => c.json({ status: 'ok', build: broker.build, config: broker.rules.hash }))

  /**
   * All callers get the same status; only auditors see which dependency is down. The checks are cached for a few seconds, so that calls
   * without a token cost nothing.
   */
  answer(app, 'GET /readyz', async (c) => {
    const { frozen, ...checks } = await readinessAt(c.get('now'))
    const status = checks.ledger === 'up' ? (frozen ? 'frozen' : 'ready') : 'not-ready'
    const caller = c.env.authorization.length > 0 ? await identify(broker, bearerOf(c.env.authorization), c.get('now')) : undefined
    const detailed = caller?.outcome === 'done' && tools.isAuditor(c, caller.value)
    return c.json(detailed ? { status, ...checks } : { status }, status === 'not-ready' ? 503 : 200)
  })

  publicFileRoutes(app, broker)

  app.notFound((c) => {
    const allow = allowed(c.get('route')).join(', ')
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow })
    const answer = refuse(c, refused('method-not-allowed', `This route accepts ${allow}.`))
    answer.headers.set('allow', allow)
    return answer
  })

  app.onError((error, c) => {
    broker.log({ level: 'error', trace: c.get('trace'), error: error.stack ?? error.message })
    return refuse(c, refused('internal', 'Stint failed with an internal error.'))
  })

  return app
}

type Readiness = {
  readonly ledger: 'up' | 'down'
  readonly frozen: boolean
  readonly issuers: { readonly [id: string]: 'up' | 'failing' | 'down' }
  readonly log: 'up' | 'empty' | 'down'
}

/**
 * A broken issuer affects its own callers only, so it does not make the broker unready. Nor does the log: events wait in the story table
 * until it is available again.
 */
async function checkReadiness(broker: ApiBroker): Promise<Readiness> {
  const [log, ledger, frozen, ...issuers] = await Promise.all([
    broker.trail.ready(),
    broker.ledger.ping(),
    broker.ledger.frozen([{ kind: 'all' }], broker.clock()),
    ...Object.entries(broker.rules.issuers).map(async ([id, issuer]) => {
      const ready = await broker.keys.ready(issuer)
      return [id, ready.outcome === 'done' ? ready.value : 'down'] as const
    }),
  ])
  return {
    ledger: ledger && frozen.outcome === 'done' ? 'up' : 'down',
    frozen: frozen.outcome === 'done' && frozen.value !== undefined,
    issuers: Object.fromEntries(issuers),
    log,
  }
}

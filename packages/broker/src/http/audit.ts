/**
 * The audit log over HTTP: searching events, receipts that can be verified offline, and the log itself for full verification. Auditors can
 * read everything; other callers can read only what concerns them.
 */

import { type EventType, eventTypes } from '@stint/core/audit/schema'
import { defined } from '@stint/core/defined'
import { isSubject, typedSubject } from '@stint/core/identity/subject'
import { parseSessionId, type SessionId } from '@stint/core/ids'
import { days, type Instant, parseIso } from '@stint/core/instant'
import { type Refused, refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { unknownSession } from '@stint/core/request/session'
import { parseTilePath, TILE_WIDTH } from '@stint/tlog/tiles'
import type { EventFilter, FoundEvent } from '../log/search.ts'
import { type Api, type ApiBroker, answer, refuse, type Tools } from './context.ts'
import { eventAccess, eventCursor, fromLog, placeOf, receiptReply } from './event-access.ts'
import { LARGEST_PAGE, singleQuery } from './paging.ts'
import type { Answer, eventView as schema } from './response-schemas.ts'

const DEFAULT_PAGE = 50
/** How far back a search goes when `since` is missing. With `since`, there is no limit. */
const DEFAULT_DAYS = 31

const unknownEvent = refused('event-unknown', 'Event not found, or not visible to you.')
const isName = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,47}$/.test(text)
/** The supported filters and the syntax of their values. Index keys of the log are built from these values. */
const filters: { readonly [name in 'issuer' | 'subject' | 'profile' | 'target' | 'accessKeyId' | 'outcome']: (text: string) => boolean } = {
  issuer: isName,
  subject: isSubject,
  profile: isName,
  target: isName,
  // AWS STS API Reference, Credentials, AccessKeyId.
  accessKeyId: (text) => /^[A-Z0-9]{16,128}$/.test(text),
  outcome: isOutcome,
}
const filterNames = Object.keys(filters)

export function auditRoutes(app: Api, broker: ApiBroker, tools: Tools): void {
  const { trail } = broker
  const { withCaller, isAuditor } = tools
  const { mayRead, mayReadWhole, shown } = eventAccess(isAuditor)
  logRoute(app, broker, tools)

  answer(app, 'GET /audit/events', (c) =>
    withCaller(c, (caller) =>
      fromLog(c, async () => {
        const given = singleQuery(c)
        const query = given ? readQuery(given, c.get('now')) : refused('body-invalid', 'A query parameter appears more than once.')
        if (query.outcome === 'refused') return refuse(c, query)
        const { filter, limit, cursor } = query
        if (query.session !== undefined) {
          const events = (await trail.session(query.session)).filter((one) => mayRead(c, caller, one))
          return c.json({ events: events.map((one) => eventView(shown(c, caller, one))) })
        }
        const own = isAuditor(c, caller) ? {} : { issuer: caller.issuer, subject: caller.subject }
        const page = await trail.search({ ...filter, ...own }, { limit }, cursor)
        const next = page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url')
        if (next) c.header('link', `</audit/events?${new URLSearchParams({ ...c.req.query(), cursor: next })}>; rel="next"`)
        return c.json({ events: page.events.map((one) => eventView(shown(c, caller, one))), ...(next ? { next } : {}) })
      }),
    ),
  )

  answer(app, 'GET /audit/events/{request}/{seq}', (c) =>
    withCaller(c, (caller) =>
      fromLog(c, async () => {
        const place = placeOf(c)
        const found = place && (await trail.event(place.request, place.seq))
        if (found === 'erased') return refuse(c, isAuditor(c, caller) ? refused('event-erased', 'The event was erased.') : unknownEvent)
        return found && mayRead(c, caller, found) ? c.json(eventView(shown(c, caller, found))) : refuse(c, unknownEvent)
      }),
    ),
  )

  answer(app, 'GET /audit/events/{request}/{seq}/receipt', (c) =>
    withCaller(c, (caller) =>
      fromLog(c, async () => {
        const place = placeOf(c)
        const found = place && (await trail.event(place.request, place.seq))
        const may = found === 'erased' ? isAuditor(c, caller) : found && mayReadWhole(c, caller, found)
        return place && may ? receiptReply(c, await trail.receipt(place.request, place.seq), place, unknownEvent) : refuse(c, unknownEvent)
      }),
    ),
  )

  /** The newest outcome of a session: it names the access key, or says why there is none. */
  answer(app, 'GET /sessions/{id}/receipt', (c) =>
    withCaller(c, (caller) =>
      fromLog(c, async () => {
        const id = parseSessionId(c.req.param('id'))
        if (!id) return refuse(c, unknownSession)
        // A receipt has the whole event. Some of a session's events belong to another caller, such as an approver who ended it.
        const all = (await trail.session(id.session)).filter((one) => mayReadWhole(c, caller, one))
        const last = all.find(({ event }) => outcomes.includes(event.type)) ?? all[0]
        if (!last) return refuse(c, unknownSession)
        const place = { request: id.request, seq: Number(last.id.slice(last.id.indexOf('/') + 1)) }
        return receiptReply(c, await trail.receipt(place.request, place.seq), place, unknownSession)
      }),
    ),
  )
}

const outcomes: readonly string[] = ['session.issued', 'session.renewed', 'session.failed', 'session.abandoned']

/** `GET /audit/log/{path}`: the objects of the log, for auditors and, if the log is public, for everybody. */
function logRoute(app: Api, { trail, rules }: ApiBroker, { withCaller, isAuditor }: Tools): void {
  answer(app, 'GET /audit/log/{path}', (c) => {
    // Generated clients encode the slashes of a path parameter (OpenAPI 3.1, "Path Templating").
    const path = new URL(c.req.url).pathname.slice('/audit/log/'.length).replaceAll(/%2F/gi, '/')
    const isEvents = path.startsWith('events/')
    const tile = parseTilePath(isEvents ? path.replace('events/', 'tile/entries/') : path)
    const isPath = path === 'checkpoint' || (tile !== undefined && (!isEvents || tile.width === TILE_WIDTH))
    const serve = () =>
      fromLog(c, async () => {
        const bytes = isPath ? await trail.object(path) : undefined
        if (!bytes) return refuse(c, refused('route-unknown', 'Log object not found.'))
        const isFinal = !isEvents && tile?.width === TILE_WIDTH
        const shared = rules.log?.publicLog && !isEvents ? 'public' : 'private'
        c.header('cache-control', isFinal ? `${shared}, max-age=31536000, immutable` : 'no-store')
        c.header('content-type', path === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream')
        return c.body(Uint8Array.from(bytes))
      })
    // Tiles hold commitments only; events are never public.
    if (rules.log?.publicLog && !isEvents) return serve()
    return withCaller(c, (caller) =>
      isAuditor(c, caller) ? serve() : refuse(c, refused('not-eligible', 'Only auditors can read the log.')),
    )
  })
}

export const eventView = ({ id, event, about }: FoundEvent): Answer<typeof schema> => ({
  id,
  event,
  ...defined({ profile: about.profile, target: about.target }),
})

type EventQuery = {
  readonly outcome: 'done'
  readonly session?: SessionId
  readonly filter: EventFilter
  readonly limit: number
  readonly cursor?: string
}

function readQuery(given: Readonly<Record<string, string>>, now: Instant): EventQuery | Refused {
  const { limit = String(DEFAULT_PAGE), cursor, since, before, session, ...rest } = given
  const bad = (what: string) => refused('body-invalid', what)
  const [stray] = Object.keys(rest).filter((name) => !Object.hasOwn(filters, name))
  if (stray !== undefined)
    return bad(`Unknown query parameter. This route accepts limit, cursor, since, before, session, ${filterNames.join(', ')}.`)
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > LARGEST_PAGE) return bad(`limit must be 1 to ${LARGEST_PAGE}.`)
  if ((rest.issuer === undefined) !== (rest.subject === undefined)) return bad('issuer and subject must be given together.')
  const named = session === undefined ? undefined : parseSessionId(session)
  if (session !== undefined && (!named || Object.keys(given).length > 1))
    return bad('session must be a session ID, and cannot be combined with other filters.')
  for (const [name, fits] of Object.entries(filters)) {
    const value = rest[name]
    if (value === undefined || fits(value)) continue
    return bad(name === 'outcome' ? 'outcome must be a problem code or an event type.' : `${name} is not a valid ${name}.`)
  }
  // There are no future events, and a search from far ahead would only take long.
  const end = before === undefined ? now + 1 : Math.min(parseIso(before) ?? Number.NaN, now + 1)
  const start = since === undefined ? end - days(DEFAULT_DAYS) : parseIso(since)
  if (start === undefined || !(start < end)) return bad('since and before must be RFC 3339 times, and since must be earlier than before.')
  const below = cursor === undefined ? undefined : eventCursor(cursor)
  if (cursor !== undefined && below === undefined) return bad('Invalid cursor.')
  return {
    outcome: 'done',
    ...(named ? { session: named.session } : {}),
    filter: {
      ...rest,
      ...(rest.subject === undefined ? {} : { subject: typedSubject(rest.subject) }),
      ...(rest.target === undefined ? {} : { targets: [rest.target] }),
      since: start,
      before: end,
    },
    limit: Number(limit),
    ...defined({ cursor: below }),
  }
}

function isOutcome(text: string): boolean {
  return Object.hasOwn(problems, text) || Object.hasOwn(eventTypes, text as EventType)
}

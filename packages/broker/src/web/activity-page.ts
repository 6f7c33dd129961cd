/** `/activity`: what happened, on one day, to one request or in one session. Callers see what concerns them; auditors see everything. */
import { approvalOfProfile } from '@stint/core/config/approval'
import { days, type Instant, parseIso, toDay } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { html } from 'hono/html'
import { type Api, type ApiBroker, answer, type Ctx, type Tools } from '../http/context.ts'
import { eventAccess, fromLog, placeOf, receiptReply } from '../http/event-access.ts'
import { cursorText, singleQuery } from '../http/paging.ts'
import { type EventFilter, type FoundEvent, hasKeys, isCursorOf } from '../log/search.ts'
import { badCursor, type Filters, link, readFilters, type View } from './activity-filters.ts'
import { type PageRows, pageRows } from './activity-rows.ts'
import { daySvg } from './day-svg.ts'
import { counted } from './decide-view.ts'
import type { Html, Refusals, Show, Visit } from './layout.ts'
import type { Visits } from './visits.ts'

const A_PAGE = 100
const unknownEvent = refused('event-unknown', 'Event not found, or not visible to you.')

export function activityPages(
  app: Api,
  broker: ApiBroker,
  isAuditor: Tools['isAuditor'],
  show: Show,
  { say }: Refusals,
  visits: Visits,
): void {
  const { trail, rules } = broker
  const { mayRead, mayReadWhole, shown } = eventAccess(isAuditor)

  answer(app, 'GET /activity', (c) =>
    visits.visit(c, (visit) =>
      fromLog(
        c,
        () => page(c, visit),
        (_c, refusal) => say(c, refusal, visit),
      ),
    ),
  )

  async function page(c: Ctx, visit: Visit): Promise<Response> {
    const now = c.get('now')
    const today = toDay(now)
    const own = isAuditor(c, visit.caller) ? undefined : visit.caller
    const frame = { title: own ? 'My activity' : 'Activity', visit, at: '/activity' } as const
    const read = readFilters(singleQuery(c), parseIso(`${today}T00:00:00Z`) ?? now, own)
    const { filters } = read
    const filter = read.fault === undefined && read.view.kind !== 'journal' ? eventFilter(read.view, filters, now) : undefined
    const fault = read.fault ?? (filter && searchFault(read.view, filter))
    if (read.fault !== undefined || fault !== undefined) {
      c.set('refusal', refused('body-invalid', fault ?? ''))
      return show(c, { ...frame, status: 400, body: html`<p class="refused" role="alert">${fault}</p>${forms(filters, !own)}` })
    }
    const { view } = read
    const rows = pageRows({
      filters,
      kind: view.kind,
      own,
      accountOf: (target) => rules.targets[target ?? '']?.account,
      isBreakGlass: (profile) => approvalOfProfile(rules, profile)?.breakGlass !== undefined,
    })
    /** Adds an event that the caller can read; false if the page has no room for it. */
    const add = (found: FoundEvent, logged: boolean): boolean =>
      !mayRead(c, visit.caller, found) ||
      rows.add({ found: shown(c, visit.caller, found), logged, receipt: mayReadWhole(c, visit.caller, found) })
    const next = view.kind === 'journal' ? await journal(view, add) : filter ? await search(filter, view.below, add) : undefined
    return show(c, { ...frame, body: html`${forms(filters, !own)}${pageBody(view, filters, rows, next, now)}` })
  }

  /** Adds the events of a request or a session, oldest first. Returns the sequence number at which the next page begins. */
  async function journal({ request, session, from }: View & { kind: 'journal' }, add: Add): Promise<string | undefined> {
    for (const { found, logged } of await trail.journal(request)) {
      const seq = found.id.slice(found.id.indexOf('/') + 1)
      if (Number(seq) < from || (session !== undefined && found.event.session !== session)) continue
      if (!add(found, logged)) return seq
    }
    return undefined
  }

  /** Adds the events that a search finds with one round of reading, newest first. Returns the position at which the next page begins. */
  async function search(filter: EventFilter, below: string | undefined, add: Add): Promise<string | undefined> {
    // A search reads what the shipper has put into the log.
    const found = await trail.search(filter, { limit: A_PAGE, looks: 1, hasRoom: (one) => add(one, true) }, below)
    return found.next
  }

  /** Undefined if no event can match. */
  function eventFilter(view: View & { kind: 'day' | 'newest' }, { profile, account }: Filters, now: Instant): EventFilter | undefined {
    const targets = Object.entries(rules.targets).flatMap(([id, target]) => (target.account === account ? [id] : []))
    if ((account !== undefined && targets.length === 0) || (view.kind === 'day' && view.day > now)) return undefined
    return {
      before: now + 1,
      ...(view.kind === 'newest' ? {} : { since: view.day, before: Math.min(view.day + days(1), now + 1) }),
      ...(view.person === undefined ? {} : { issuer: view.person.issuer, subject: view.person.subject }),
      ...(profile === undefined ? {} : { profile }),
      ...(account === undefined ? {} : { targets }),
    }
  }

  answer(app, 'GET /activity/{request}/{seq}', (c) =>
    visits.visit(c, (visit) =>
      fromLog(
        c,
        async () => {
          const place = placeOf(c)
          const found = place && (await trail.event(place.request, place.seq))
          if (!place || typeof found !== 'object' || !mayReadWhole(c, visit.caller, found)) return say(c, unknownEvent, visit)
          return receiptReply(c, await trail.receipt(place.request, place.seq), place, unknownEvent, (_c, refusal) =>
            say(c, refusal, visit),
          )
        },
        (_c, refusal) => say(c, refusal, visit),
      ),
    ),
  )
}

type Add = (found: FoundEvent, logged: boolean) => boolean

/** What is wrong with a search. Without a key to look up, it reads one day after the other, and never reaches an end. */
function searchFault(view: View, filter: EventFilter): string | undefined {
  if (view.kind === 'journal') return undefined
  if (view.below !== undefined && !isCursorOf(filter, view.below)) return badCursor
  return view.kind === 'newest' && !hasKeys(filter) ? 'This account has too many targets to search every day. Choose a day.' : undefined
}

// ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Two forms, because a request or a session is shown as a whole. An empty day means today, or every day with another filter. */
function forms(filters: Filters, auditor: boolean): Html {
  const field = (name: keyof Filters, label: string, type: string) =>
    html`<label>${label} <input name="${name}" type="${type}" value="${filters[name] ?? ''}"></label>`
  const buttons = html`<div class="buttons"><button>Show</button><a class="button" href="/activity">Clear</a></div></form>`
  return html`<details${Object.keys(filters).some((name) => name !== 'day') ? html` open` : ''}><summary>Filter</summary><form method="get" action="/activity" class="filters">
${field('day', 'Day (UTC)', 'date')}${auditor ? field('person', 'Person (issuer/subject)', 'text') : ''}${field('profile', 'Profile', 'text')}${field('account', 'Account', 'text')}
${buttons}<form method="get" action="/activity" class="filters">${field('request', 'Request', 'text')}${field('session', 'Session', 'text')}
${buttons}</details>`
}

/** The day back to which events were read, from the position at which the next page begins. */
const reached = (next: string): string => (next.endsWith('T24') ? toDay(Date.parse(next.slice(0, 10)) + days(1)) : next.slice(0, 10))

function pageBody(view: View, filters: Filters, rows: PageRows, next: string | undefined, now: Instant): Html {
  const { kind } = view
  const more = (text: string, cursor: string, day?: string) =>
    html`<p class="more"><a href="${link(filters, { ...(day === undefined ? {} : { day }), cursor: cursorText(cursor) })}">${text}</a></p>`
  if (kind === 'journal')
    return html`${filters.request?.startsWith('req_') ? html`<p><a href="/decide/${filters.request}">Open the request</a></p>` : ''}${rows.rows.length === 0 ? html`<p class="empty">No event of this ${filters.request === undefined ? 'session' : 'request'} is visible to you.</p>` : ''}${rows.table()}${next === undefined ? '' : more('Later', next)}`
  const empty =
    next === undefined
      ? html`<p class="empty">No events. New events appear within about a minute.</p>`
      : html`<p class="empty">No event since ${reached(next)} on this page matches the filter. Earlier events can match.</p>`
  if (kind === 'newest')
    return html`<p class="more"><b>${next === undefined ? 'Every day' : `Every day back to ${reached(next)}`}</b> <a href="${link(filters, { day: toDay(now) })}">Only today</a></p>
${rows.rows.length === 0 ? empty : rows.table()}${next === undefined ? '' : more('Earlier', next)}`
  const { events } = rows
  const says =
    view.below !== undefined
      ? `${counted(events.length, 'earlier event')} on this day`
      : next === undefined
        ? counted(events.length, 'event')
        : `The newest ${counted(events.length, 'event')} of this day`
  return html`${dayLinks(filters, view.day, now)}
${events.length === 0 ? empty : html`${daySvg(events, view.day, says)}${rows.table()}`}${next === undefined ? '' : more('Earlier on this day', next, toDay(view.day))}`
}

function dayLinks(filters: Filters, day: Instant, now: Instant): Html {
  const [before, after] = [toDay(day - days(1)), toDay(day + days(1))]
  const { day: _day, ...others } = filters
  return html`<p class="more"><a href="${link(filters, { day: before })}">Day before</a> <b>${toDay(day)}</b> ${day + days(1) > now ? '' : html`<a href="${link(filters, { day: after })}">Day after</a>`}${Object.keys(others).length === 0 ? '' : html` <a href="${link(others)}">Every day</a>`}</p>`
}

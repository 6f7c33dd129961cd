/** `/activity`: what happened, on one day, to one request or in one session. Callers see what concerns them; auditors see everything. */
import type { ReadEvent } from '@stint/core/audit/schema'
import { withIdentity } from '@stint/core/identity/shown'
import { isSubject, typedSubject } from '@stint/core/identity/subject'
import { parseJournalId, parseSessionId } from '@stint/core/ids'
import { days, type Instant, parseIso, toDay } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { isolated, shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type Api, type ApiBroker, answer, type Ctx, type Tools } from '../http/context.ts'
import { eventAccess, eventCursor, fromLog, placeOf, receiptReply } from '../http/event-access.ts'
import { cursorText, singleQuery } from '../http/paging.ts'
import type { EventFilter, FoundEvent } from '../log/search.ts'
import { daySvg } from './day-svg.ts'
import type { Html, Refusals, Show, Visit } from './layout.ts'
import type { Visits } from './visits.ts'
import { time, timeOfDay } from './words.ts'

const A_PAGE = 100
const unknownEvent = refused('event-unknown', 'Event not found, or not visible to you.')
const isName = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,47}$/.test(text)

/** The filters of the form. `person` is `issuer/subject`. */
const filterNames = ['day', 'person', 'profile', 'account', 'request', 'session'] as const
type Filters = { readonly [name in (typeof filterNames)[number]]?: string }
/** `logged`: a published checkpoint covers the event. */
type Row = { readonly found: FoundEvent; readonly logged: boolean }
type Found = { readonly rows: readonly Row[]; readonly next?: string | undefined }

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
    const auditor = isAuditor(c, visit.caller)
    const frame = { title: auditor ? 'Activity' : 'My activity', visit, at: '/activity' } as const
    const read = readFilters(singleQuery(c), now)
    if (read.fault !== undefined) {
      c.set('refusal', refused('body-invalid', read.fault))
      const body = html`<p class="refused" role="alert">${read.fault}</p>${filterForm(read.filters, toDay(now), auditor)}`
      return show(c, { ...frame, status: 400, body })
    }
    const { filters, day, below } = read
    const { rows, next } = await find(c, visit, filters, day, below)
    const readable = rows
      .filter(({ found }) => mayRead(c, visit.caller, found))
      .map(({ found, logged }) => ({ found: shown(c, visit.caller, found), logged, receipt: mayReadWhole(c, visit.caller, found) }))
    const isDay = filters.request === undefined && filters.session === undefined
    const events = readable.map(({ found }) => found)
    return show(c, {
      ...frame,
      body: html`${filterForm(filters, toDay(day), auditor)}
${isDay ? dayLinks(filters, day, now) : ''}
${filters.request?.startsWith('req_') ? html`<p><a href="/decide/${filters.request}">Open the request</a></p>` : ''}
${events.length === 0 ? html`<p class="empty">${next === undefined ? 'Nothing happened here. New events appear within about a minute.' : 'No event on this page matches the filter. Earlier events can match.'}</p>` : ''}
${events.length > 0 && isDay ? daySvg(events, day) : ''}${events.length > 0 ? table(readable, isDay) : ''}
${next === undefined ? '' : html`<p class="more"><a href="${link(filters, { cursor: cursorText(next) })}">Earlier on this day</a></p>`}`,
    })
  }

  async function find(c: Ctx, visit: Visit, filters: Filters, day: Instant, below: string | undefined): Promise<Found> {
    if (filters.request !== undefined) return { rows: (await trail.journal(filters.request)).toReversed() }
    if (filters.session !== undefined) {
      const { session } = filters
      const all = await trail.journal(session.slice(0, session.indexOf('.')))
      return { rows: all.filter(({ found }) => found.event.session === session).toReversed() }
    }
    const { issuer, subject } = isAuditor(c, visit.caller) ? personIn(filters.person) : visit.caller
    const targets = Object.entries(rules.targets).flatMap(([id, { account }]) => (account === filters.account ? [id] : []))
    const filter: EventFilter = {
      since: day,
      before: Math.min(day + days(1), c.get('now') + 1),
      ...(issuer === undefined || subject === undefined ? {} : { issuer, subject }),
      ...(filters.profile === undefined ? {} : { profile: filters.profile }),
      ...(targets.length === 1 ? { target: targets[0] as string } : {}),
    }
    if (filter.before <= day || (filters.account !== undefined && targets.length === 0)) return { rows: [] }
    const found = await trail.search(filter, A_PAGE, below)
    const inAccount = ({ about }: FoundEvent) => filters.account === undefined || targets.includes(about.target ?? '')
    // A search reads what the shipper has put into the log.
    return { rows: found.events.filter(inAccount).map((one) => ({ found: one, logged: true })), next: found.next }
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

type Read = {
  readonly filters: Filters
  readonly day: Instant
  /** Where the page begins. */
  readonly below: string | undefined
  /** What is wrong with the query. */
  readonly fault?: string | undefined
}

function readFilters(query: Readonly<Record<string, string>> | undefined, now: Instant): Read {
  const { cursor, ...given } = query ?? { twice: 'x' }
  const filled = Object.entries(given).flatMap(([name, value]) => (value.trim() === '' ? [] : [[name, value.trim()] as const]))
  const filters: Filters = Object.fromEntries(filled.filter(([name]) => (filterNames as readonly string[]).includes(name)))
  const day = parseIso(`${filters.day ?? toDay(now)}T00:00:00Z`)
  const below = cursor === undefined ? undefined : eventCursor(cursor)
  const read = { filters, day: day ?? now, below }
  if (filled.length > Object.keys(filters).length) return { ...read, fault: 'This page has no such filter.' }
  if (day === undefined) return { ...read, fault: 'The day must be a date, such as 2026-11-28.' }
  if (cursor !== undefined && below === undefined) return { ...read, fault: 'Invalid cursor. Start from the newest events.' }
  return { ...read, fault: filterFault(filters) }
}

function filterFault({ person, profile, account, request, session }: Filters): string | undefined {
  const { issuer, subject } = personIn(person)
  if (person !== undefined && (issuer === undefined || subject === undefined || !isName(issuer) || !isSubject(subject)))
    return 'A person is an issuer and a subject, such as people/dana.'
  if (profile !== undefined && !isName(profile)) return 'This is not the ID of a profile.'
  if (account !== undefined && !/^\d{12}$/.test(account)) return 'An account has 12 digits.'
  if (request !== undefined && parseJournalId(request) === undefined) return 'This is not the ID of a request.'
  if (session !== undefined && parseSessionId(session) === undefined) return 'This is not the ID of a session.'
  return undefined
}

function personIn(person: string | undefined): { readonly issuer?: string; readonly subject?: string } {
  const [, issuer, subject] = /^([^/]+)\/(.+)$/.exec(person ?? '') ?? []
  return issuer === undefined || subject === undefined ? {} : { issuer, subject: typedSubject(subject) }
}

// ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The address of the page with these filters. */
const link = (filters: Filters, more: Filters & { readonly cursor?: string }): string =>
  `/activity?${new URLSearchParams(Object.entries({ ...filters, ...more }).filter(([, value]) => value !== undefined) as [string, string][])}`

function filterForm(filters: Filters, day: string, auditor: boolean): Html {
  const field = (name: keyof Filters, label: string, type: string, value: string) =>
    html`<label>${label} <input name="${name}" type="${type}" value="${value}"></label>`
  const count = Object.keys(filters).filter((name) => !['day', 'request', 'session'].includes(name)).length
  return html`<details${count > 0 ? html` open` : ''}><summary>Filter</summary><form method="get" action="/activity" class="filters">
${field('day', 'Day (UTC)', 'date', day)}${auditor ? field('person', 'Person (issuer/subject)', 'text', filters.person ?? '') : ''}
${field('profile', 'Profile', 'text', filters.profile ?? '')}${field('account', 'Account', 'text', filters.account ?? '')}
${field('request', 'Request', 'text', filters.request ?? '')}${field('session', 'Session', 'text', filters.session ?? '')}
<div class="buttons"><button>Show</button><a class="button" href="/activity">Clear</a></div></form></details>`
}

function dayLinks(filters: Filters, day: Instant, now: Instant): Html {
  const [before, after] = [toDay(day - days(1)), toDay(day + days(1))]
  return html`<p class="more"><a href="${link(filters, { day: before })}">Day before</a> <b>${toDay(day)}</b> ${day + days(1) > now ? '' : html`<a href="${link(filters, { day: after })}">Day after</a>`}</p>`
}

type ShownRow = Row & { readonly receipt: boolean }

/** Events of one request stand together, below its name. `isDay`: the rows are of one day, newest first. */
function table(rows: readonly ShownRow[], isDay: boolean): Html {
  let request = ''
  const body = rows.map((row) => {
    const [of = ''] = row.found.id.split('/')
    const isNew = of !== request
    request = of
    return html`${isNew ? requestRow(row.found, of) : ''}${tableRow(row, isDay)}`
  })
  return html`<table class="events" data-as="${isDay ? 'clock' : 'date'}"><thead><tr><th>Time<th>What<th>Who<th>Proof</thead><tbody>${body}</table>`
}

const requestRow = ({ about }: FoundEvent, request: string): Html =>
  html`<tr><th colspan="4"><a href="${link({}, { request })}">${isolated(shownLine(about.profile ?? request, 48))}</a>`

function tableRow({ found, logged, receipt }: ShownRow, isDay: boolean): Html {
  const { event, id } = found
  const at = parseIso(event.at) ?? 0
  const proof = receipt ? html`<a href="/activity/${id}" download>Receipt</a>` : 'In the log'
  return html`<tr><td>${isDay ? timeOfDay(at) : time(at)}<td>${eventWords(event)}<td>${whoOf(event)}<td>${logged ? proof : 'Not yet in the log'}`
}

const whoOf = (event: ReadEvent): string => {
  const who = (event.by ?? event.caller) as { readonly name: string; readonly issuer: string; readonly subject: string } | undefined
  return who === undefined ? '' : withIdentity(who.name, `${who.issuer}/${who.subject}`)
}

/** An event in a few words. Any other has the name of its type. */
const words: { readonly [type: string]: string } = {
  'request.created': 'Session requested, no approval needed',
  'request.asked': 'Approval requested',
  'request.received': 'Details of the request recorded',
  'request.text': 'A long text recorded',
  'request.justified': 'Another justification given',
  'request.refused': 'Refused',
  'approval.given': 'Approved',
  'request.approved': 'Every approval is given',
  'request.denied': 'Denied',
  'request.cancelled': 'Cancelled',
  'request.revoked': 'Revoked',
  'request.expired': 'Expired without a decision',
  'request.ended': 'The window has ended',
  'request.escalated': 'Escalated to more approvers',
  'request.reminded': 'Approvers reminded',
  'request.reviewed': 'Break-glass reviewed',
  'session.reserved': 'Session reserved',
  'session.issued': 'Credentials issued',
  'session.failed': 'No credentials issued',
  'session.abandoned': 'Reservation abandoned',
  'session.renewal-reserved': 'Renewal reserved',
  'session.renewed': 'Credentials renewed',
  'session.renewal-failed': 'Renewal failed',
  'session.ended': 'Session ended',
  'freeze.set': 'Access frozen',
  'freeze.released': 'Freeze released',
  'link.made': 'Slack user linked',
  'link.ended': 'Slack link ended',
}

function eventWords(event: ReadEvent): Html {
  const name = Object.hasOwn(words, event.type) ? words[event.type] : event.type
  const more = [event.code, event.comment, event.justification].find((value) => typeof value === 'string') as string | undefined
  return html`${name}${more === undefined ? '' : html`: <span class="quiet">${isolated(shownLine(more, 120))}</span>`}`
}

/** The rows of `/activity`: events, below the request that they belong to. A page ends where it is full. */
import type { EventType, ReadEvent } from '@stint/core/audit/schema'
import { isSameCaller } from '@stint/core/identity/caller'
import { withIdentity } from '@stint/core/identity/shown'
import { parseIso } from '@stint/core/instant'
import { isolated, shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import type { FoundEvent } from '../log/search.ts'
import { type Filters, link, type Person } from './activity-filters.ts'
import type { Html } from './layout.ts'
import { time, timeOfDay } from './words.ts'

/** With the frame, the forms and the picture's axis, a page stays below 30 KB of HTML. */
const ROWS_BYTES = 24_000
/** What the picture of a day takes for a session and for another event, beside names. */
const [BAR_BYTES, MARK_BYTES, LANE_BYTES] = [220, 50, 130]

/** `logged`: a published checkpoint covers the event. `receipt`: the reader can read the whole event. */
export type Row = { readonly found: FoundEvent; readonly logged: boolean; readonly receipt: boolean }

type RowOptions = {
  readonly filters: Filters
  /** `day`: the rows are of one day, and there is a picture of it. `journal`: the rows are of one request. */
  readonly kind: 'journal' | 'day' | 'newest'
  /** The reader. Absent: an auditor, who can filter by person. */
  readonly own: Person | undefined
  readonly accountOf: (target: string | undefined) => string | undefined
  /** Whether the config of today has a break-glass profile of this name. */
  readonly isBreakGlass: (profile: string) => boolean
}

export type PageRows = ReturnType<typeof pageRows>

export function pageRows({ filters, kind, own, accountOf, isBreakGlass }: RowOptions) {
  const rows: Html[] = []
  const events: FoundEvent[] = []
  const pictured = new Set<unknown>()
  let [bytes, of, lastPerson] = [0, '', '']

  /** A value of the event that sets the filter. */
  const setter = (name: keyof Filters, value: string, text: string): Html =>
    filters[name] === value ? html`${text}` : html`<a href="${link(setFilters, { [name]: value })}">${text}</a>`
  const { request: _request, session: _session, ...setFilters } = filters

  function requestRow({ about }: FoundEvent, request: string): Html {
    const { profile } = about
    const account = accountOf(about.target)
    const name = `${kinds[request.slice(0, 3)] ?? 'Record'} ${request.slice(-6)}`
    const alarm = profile !== undefined && isBreakGlass(profile) ? html`<span class="badge high">break-glass</span> ` : ''
    const where = account === undefined ? '' : html` in ${setter('account', account, account)}`
    return html`<tr><th colspan="4">${profile === undefined ? '' : html`${alarm}${setter('profile', profile, profile)}${where} · `}${filters.request === request ? name : html`<a href="${link({ request })}">${name}</a>`}`
  }

  function eventRow({ found, logged, receipt }: Row, isFirstOfSession: boolean): Html {
    const { event, id } = found
    const at = parseIso(event.at) ?? 0
    const proof = receipt ? html`<a href="/activity/${id}">Receipt</a>` : 'In the log'
    return html`<tr><td>${kind === 'day' ? timeOfDay(at) : time(at)}<td>${eventWords(event)}${sessionOf(event, isFirstOfSession)}<td>${whoOf(event)}<td>${logged ? proof : 'Not yet in the log'}`
  }

  function sessionOf({ session }: ReadEvent, isFirst: boolean): Html | string {
    if (typeof session !== 'string') return ''
    const short = session.slice(session.indexOf('.') + 1)
    return isFirst && filters.session !== session ? html` <a href="${link({ session })}">${short}</a>` : html` <small>${short}</small>`
  }

  function whoOf(event: ReadEvent): Html | string {
    const who = (event.by ?? event.caller) as (Person & { readonly name: string }) | undefined
    if (who === undefined) return ''
    if (own && isSameCaller(own, who)) return 'You'
    const person = `${who.issuer}/${who.subject}`
    const text = withIdentity(who.name, person)
    // A person who acts several times in a row is linked once, which saves room for more rows.
    const isSame = person === lastPerson
    lastPerson = person
    return own || isSame ? text : setter('person', person, text)
  }

  return {
    rows,
    events,
    /** Adds an event, unless the page is full. The first always has room. */
    add(row: Row): boolean {
      const { event, id, about } = row.found
      const request = id.slice(0, id.indexOf('/'))
      const { session } = event
      const isFirst = !pictured.has(session)
      if (request !== of) lastPerson = ''
      const added = [...(request === of ? [] : [requestRow(row.found, request)]), eventRow(row, isFirst)]
      const lane = isFirst && about.profile !== undefined && !pictured.has(about.profile) ? LANE_BYTES : 0
      const picture = kind !== 'day' ? 0 : lane + (session === undefined ? MARK_BYTES : isFirst ? BAR_BYTES : 0)
      const size = added.reduce((sum, one) => sum + Buffer.byteLength(String(one)), picture)
      if (rows.length > 0 && bytes + size > ROWS_BYTES) return false
      bytes += size
      of = request
      pictured.add(about.profile)
      if (session !== undefined) pictured.add(session)
      rows.push(...added)
      events.push(row.found)
      return true
    },
    table: (): Html | string =>
      rows.length === 0
        ? ''
        : html`<table class="events" data-as="${kind === 'day' ? 'clock' : 'date'}"><thead><tr><th>Time<th>What<th>Who<th>Proof</thead><tbody>${rows}</table>`,
  }
}

const kinds: { readonly [prefix: string]: string } = { req: 'Request', frz: 'Freeze', lnk: 'Slack link' }

/** An event in a few words. */
const words: { readonly [type in EventType]: string } = {
  'request.created': 'Session requested, no approval needed',
  'request.asked': 'Approval requested',
  'request.received': 'Details of the request recorded',
  'request.text': 'Full text recorded',
  'request.justified': 'Another justification given',
  'request.refused': 'Refused',
  'request.refusals-capped': 'More refusals in this hour are only counted',
  'approval.given': 'Approved',
  'request.approved': 'All approvals given',
  'request.denied': 'Denied',
  'request.cancelled': 'Cancelled',
  'request.revoked': 'Revoked',
  'request.expired': 'Expired without a decision',
  'request.ended': 'The window has ended',
  'request.escalated': 'Escalated to more approvers',
  'request.reminded': 'Approvers reminded',
  'request.reviewed': 'Break-glass reviewed',
  'request.erased': 'Personal data erased',
  'request.restored': 'Restored from a backup, and ended',
  'request.retired': 'Complete in the log',
  'session.reserved': 'Session reserved',
  'session.issued': 'Credentials issued',
  'session.failed': 'No credentials issued',
  'session.answer-dropped': 'Unexpected AWS response dropped',
  'session.abandoned': 'Reservation abandoned',
  'session.renewal-reserved': 'Renewal reserved',
  'session.renewed': 'Credentials renewed',
  'session.renewal-failed': 'Renewal failed',
  'session.renewal-abandoned': 'Renewal abandoned',
  'session.ended': 'Session ended',
  'token.used': 'A single-use token renewed a session',
  'freeze.set': 'Access frozen',
  'freeze.release-asked': 'Release of the freeze requested',
  'freeze.released': 'Freeze released',
  'freeze.deploy-released': 'Freeze released by a deployment',
  'link.pending': 'Code for a Slack link entered',
  'link.made': 'Slack user linked',
  'link.ended': 'Slack link ended',
  'config.seen': 'A config deployed',
  'log.started': 'The log started',
  'table.restored': 'Stint opened after a restore',
}

function eventWords(event: ReadEvent): Html {
  const name = words[event.type]
  const more = [event.code, event.comment, event.justification].find((value) => typeof value === 'string') as string | undefined
  return html`${name}${more === undefined ? '' : html`: <span class="quiet">${isolated(shownLine(more, 120))}</span>`}`
}

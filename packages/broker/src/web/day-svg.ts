/** One day as a picture: a bar for each session, a mark for every other event. Made on the server, so it needs no script. */

import type { CallerRef } from '@stint/core/identity/caller'
import { days, type Instant, parseIso, toDay, toIso } from '@stint/core/instant'
import { isolated, shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import type { FoundEvent } from '../log/search.ts'
import type { Html } from './layout.ts'

const WIDTH = 720
const LABELS = 150
const ROW = 18
const AXIS = 20
/** Lanes of one picture. The table has the rest. */
const MOST_LANES = 30

type Lane = { readonly name: string; readonly bars: Bar[]; readonly marks: Instant[] }
/** `from` is absent for a session that was issued earlier than the events of the page. */
type Bar = { readonly from?: Instant; to: Instant; readonly session: string; readonly who: string }

/** `says`: how many events these are. */
export function daySvg(events: readonly FoundEvent[], day: Instant, says: string): Html {
  const lanes = lanesOf(events)
  const shown = lanes.slice(0, MOST_LANES)
  const height = shown.length * ROW + AXIS
  const x = (at: Instant): string => (LABELS + ((Math.min(Math.max(at, day), day + days(1)) - day) / days(1)) * (WIDTH - LABELS)).toFixed(1)
  const hours = [0, 6, 12, 18, 24].map((hour) => {
    const at = LABELS + (hour / 24) * (WIDTH - LABELS)
    return html`<line x1="${String(at)}" y1="0" x2="${String(at)}" y2="${String(height - AXIS)}" class="grid"/><text x="${String(at)}" y="${String(height - 5)}" text-anchor="${hour === 24 ? 'end' : hour === 0 ? 'start' : 'middle'}">${String(hour).padStart(2, '0')}:00</text>`
  })
  const rows = shown.map(({ name, bars, marks }, row) => {
    const y = row * ROW
    return html`<text x="0" y="${String(y + 13)}">${isolated(shownLine(name, 22))}</text>${bars.map(
      ({ from, to, who }) =>
        html`<rect x="${x(from ?? day)}" y="${String(y + 4)}" width="${Math.max(2, Number(x(to)) - Number(x(from ?? day))).toFixed(1)}" height="10" rx="2" class="session"><title>${who}, ${name}, ${from === undefined ? 'issued earlier,' : `from ${clock(from, day)}`} to ${clock(to, day)} UTC</title></rect>`,
    )}${marks.map((at) => html`<circle cx="${x(at)}" cy="${String(y + 9)}" r="3" class="mark"/>`)}`
  })
  const sessions = lanes.reduce((sum, { bars }) => sum + bars.length, 0)
  return html`<div class="day"><svg viewBox="0 0 ${String(WIDTH)} ${String(height)}" role="img" aria-label="${`${toDay(day)}: ${events.length} events, ${sessions} sessions`}">${hours}${rows}</svg>
<p class="quiet">${says}. Bars are sessions, dots are other events. Times in UTC.${lanes.length > MOST_LANES ? ` ${lanes.length - MOST_LANES} more profiles are in the table only.` : ''}</p></div>`
}

/** `14:05`, or with the date on another day. */
const clock = (at: Instant, day: Instant): string => `${toDay(at) === toDay(day) ? '' : `${toDay(at)} `}${toIso(at).slice(11, 16)}`

/** A lane for each profile. Events come newest first. */
function lanesOf(events: readonly FoundEvent[]): readonly Lane[] {
  const lanes = new Map<string, Lane>()
  const whoOf = requesters(events)
  for (const found of events.toReversed()) {
    const { event, about } = found
    const at = parseIso(event.at)
    if (at === undefined) continue
    const name = about.profile ?? event.type.slice(0, event.type.indexOf('.'))
    const lane = lanes.get(name) ?? { name, bars: [], marks: [] }
    lanes.set(name, lane)
    if (typeof event.session !== 'string') lane.marks.push(at)
    else if (barEvents.has(event.type)) drawSession(lane.bars, event.session, event, at, whoOf(found))
  }
  return [...lanes.values()]
}

const barEvents: ReadonlySet<string> = new Set(['session.issued', 'session.renewed', 'session.ended'])

function drawSession(bars: Bar[], session: string, event: FoundEvent['event'], at: Instant, who: string): void {
  const until = typeof event.expiration === 'string' ? (parseIso(event.expiration) ?? at) : at
  const bar = bars.find((one) => one.session === session)
  if (event.type === 'session.issued') bars.push({ session, who, from: at, to: until })
  else if (!bar) bars.push({ session, who, to: until })
  else bar.to = event.type === 'session.ended' ? Math.min(bar.to, at) : Math.max(bar.to, until)
}

/** Who requested what an event belongs to. Not every event has the name, but others of its request do. */
function requesters(events: readonly FoundEvent[]): (found: FoundEvent) => string {
  const requestOf = ({ id }: FoundEvent) => id.slice(0, id.indexOf('/'))
  const names = new Map(
    events.flatMap((found) => {
      const caller = found.event.caller as CallerRef | undefined
      return caller ? [[requestOf(found), caller.name] as const] : []
    }),
  )
  return (found) => isolated(shownLine(names.get(requestOf(found)) ?? `${found.about.issuer}/${found.about.subject}`, 40))
}

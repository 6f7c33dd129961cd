/** One day as a picture: a bar for each session, a mark for every other event. Made on the server, so it needs no script. */
import { days, type Instant, parseIso, toIso } from '@stint/core/instant'
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
type Bar = { readonly from: Instant; to: Instant; readonly session: string }

export function daySvg(events: readonly FoundEvent[], day: Instant): Html {
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
      ({ from, to }) =>
        html`<rect x="${x(from)}" y="${String(y + 4)}" width="${String(Math.max(2, Number(x(to)) - Number(x(from))))}" height="10" rx="2" class="session"/>`,
    )}${marks.map((at) => html`<circle cx="${x(at)}" cy="${String(y + 9)}" r="3" class="mark"/>`)}`
  })
  const sessions = lanes.reduce((sum, { bars }) => sum + bars.length, 0)
  return html`<div class="day"><svg viewBox="0 0 ${String(WIDTH)} ${String(height)}" role="img" aria-label="${`${toIso(day).slice(0, 10)}: ${events.length} events, ${sessions} sessions`}">${hours}${rows}</svg>
<p class="quiet">Bars are sessions, dots are other events. Times in UTC.${lanes.length > MOST_LANES ? ` ${lanes.length - MOST_LANES} more profiles are in the table only.` : ''}</p></div>`
}

/** A lane for each profile. Events come newest first. */
function lanesOf(events: readonly FoundEvent[]): readonly Lane[] {
  const lanes = new Map<string, Lane>()
  for (const { event, about } of events.toReversed()) {
    const at = parseIso(event.at)
    if (at === undefined) continue
    const name = about.profile ?? event.type.slice(0, event.type.indexOf('.'))
    const lane = lanes.get(name) ?? { name, bars: [], marks: [] }
    lanes.set(name, lane)
    const session = typeof event.session === 'string' ? event.session : undefined
    const bar = lane.bars.find((one) => one.session === session)
    const until = typeof event.expiration === 'string' ? parseIso(event.expiration) : undefined
    if (event.type === 'session.issued' && session !== undefined) lane.bars.push({ session, from: at, to: until ?? at })
    else if (event.type === 'session.renewed' && bar && until !== undefined) bar.to = Math.max(bar.to, until)
    else if (event.type === 'session.ended' && bar) bar.to = Math.min(bar.to, at)
    else if (session === undefined) lane.marks.push(at)
  }
  return [...lanes.values()]
}

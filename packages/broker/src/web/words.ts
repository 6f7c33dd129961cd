/** Times, durations and states in words, for pages. */

import { type Instant, parseIso, toIso, toIsoSeconds } from '@stint/core/instant'
import { type Fact, minute } from '@stint/core/request/summary'
import { html } from 'hono/html'

// Without scripts, times are in UTC. The script shows them in the reader's time zone, and this text on hover.

/** An instant, relative to now: `in 27 minutes (14:36)`. It follows a verb, such as "ends". */
export const time = (at: Instant) => html`<time datetime="${toIsoSeconds(at)}">${minute(at)}</time>`

/** An instant as a date and a time. It can follow a preposition, such as "until". */
export const dateTime = (at: Instant) => html`<time datetime="${toIsoSeconds(at)}" data-as="date">${minute(at)}</time>`

/** An instant of a known day: `14:36`, in an element with `data-as="clock"`. A table has that once: a page has 30 KB. */
export const timeOfDay = (at: Instant) => html`<time datetime="${toIsoSeconds(at)}">${toIso(at).slice(11, 16)} UTC</time>`

/** The value of a fact, with its instant if it is one. */
export const factValue = ([, value, at]: Fact) => (at === undefined ? value : dateTime(at))

/** A text with its instants, such as those of a refusal, as times. */
export const withTimes = (text: string) =>
  html`${text.split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/).map((part) => {
    const at = parseIso(part)
    return at === undefined ? part : dateTime(at)
  })}`

/** The attribute of what is possible until an instant, if not for ever. The script hides it then. */
export const possibleUntil = (at: Instant | undefined) => (at === undefined ? '' : html` data-until="${toIso(at)}"`)

/** The attributes of a text that is true until an instant. Then the script shows `past`, and tells screen readers that `what` is so. */
export const trueUntil = (at: Instant, past: string, what?: string) =>
  html`${possibleUntil(at)} data-past="${past}"${what === undefined ? '' : html` data-announce="${what} ${past}"`}`

/** `ends in 27 minutes`, and later: `has ended`. */
export const end = (at: Instant, { is, past, what }: { readonly is: string; readonly past: string; readonly what: string }) =>
  html`<span${trueUntil(at, past, what)}>${is} ${time(at)}</span>`

const units = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** `30 minutes`, `1 hour 30 minutes`. `total`: seconds. */
export function durationWords(total: number): string {
  let rest = Math.max(0, Math.floor(total))
  const parts = units.flatMap(([size, unit]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count > 0 ? [`${count} ${unit}${count === 1 ? '' : 's'}`] : []
  })
  return parts.length === 0 ? '0 seconds' : parts.join(' ')
}

/** The last part of a role's ARN. */
export const roleName = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

/** A line to copy. The button appears where the script runs. */
export const copyLine = (line: string) =>
  html`<p class="copy"><code>${line}</code><button type="button" data-copy="${line}" hidden>Copy</button></p>`

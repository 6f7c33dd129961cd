/** Times, durations and states in words, for pages. */

import { type Instant, toIso, toIsoSeconds } from '@stint/core/instant'
import { minute } from '@stint/core/request/summary'
import { html } from 'hono/html'

/** An instant. The script shows it in the reader's time zone, relative to now, and this text on hover. */
export const time = (at: Instant) => html`<time datetime="${toIso(at)}">${minute(at)}</time>`

/** An instant of a known day. */
export const timeOfDay = (at: Instant) => html`<time datetime="${toIsoSeconds(at)}">${toIso(at).slice(11, 16)} UTC</time>`

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

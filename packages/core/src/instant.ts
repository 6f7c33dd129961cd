/**
 * Time in core: an instant is a number of milliseconds since the Unix epoch and is always handed in.
 * This is the only file of core that knows `Date`, and it never asks what time it is.
 */
import { parseDate } from '@stint/iam/date'

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number

/** RFC 3339 with milliseconds, as events carry it: `2026-01-02T03:04:05.678Z`. */
export const toIso = (at: Instant): string => new Date(at).toISOString()

/** RFC 3339 in whole seconds, as AWS writes and reads it: `2026-01-02T03:04:05Z`. Fractions are cut. */
export const toIsoSeconds = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** The UTC day of an instant: `2026-01-02`. */
export const toDay = (at: Instant): string => new Date(at).toISOString().slice(0, 10)

/** The instant an RFC 3339 text names, or undefined where it names none. */
export function parseIso(text: string): Instant | undefined {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? parseDate(text) : undefined
}

/** The instant that an HTTP date names, in the one form that servers send (RFC 9110 §5.6.7, IMF-fixdate), or undefined. */
export function parseHttpDate(text: string): Instant | undefined {
  const at = Date.parse(text)
  return !Number.isNaN(at) && new Date(at).toUTCString() === text ? at : undefined
}

/** The instant of a text in the form that `toIso` writes, as the schema of events has it; 0 where it is none. */
export const instantOf = (text: unknown): Instant => (typeof text === 'string' ? Date.parse(text) || 0 : 0)

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** The day of the week and the time `HH:MM` that an instant is somewhere. */
export function localTime(at: Instant, timeZone: string): { readonly day: (typeof weekdays)[number]; readonly time: string } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(at))
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  const day = weekdays.find((name) => name === part('weekday').toLowerCase()) ?? 'sun'
  return { day, time: `${part('hour')}:${part('minute')}` }
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export const seconds = (count: number): number => count * 1000

/** The instant with its milliseconds cut off: the grain in which AWS compares `aws:CurrentTime`. */
export const wholeSecond = (at: Instant): Instant => at - (at % 1000)

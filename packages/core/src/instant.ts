/**
 * Time in core: an instant is a number of milliseconds since the Unix epoch and is always passed in.
 * This is the only file of core that uses `Date`, and it never reads the clock.
 */
import { parseDate } from '@stint/iam/date'

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number

/** RFC 3339 with milliseconds, as events carry it: `2026-01-02T03:04:05.678Z`. */
export const toIso = (at: Instant): string => new Date(at).toISOString()

/** RFC 3339 in whole seconds, as AWS writes and reads it: `2026-01-02T03:04:05Z`. Fractions are dropped. */
export const toIsoSeconds = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** The UTC day of an instant: `2026-01-02`. */
export const toDay = (at: Instant): string => new Date(at).toISOString().slice(0, 10)

/** What `toIso` writes with a year of four digits, as RFC 3339 requires: the years 0 to 9999 in UTC. */
const [FIRST, LAST] = [-62_167_219_200_000, 253_402_300_799_999] as const

/**
 * The instant of an RFC 3339 string, or undefined if the string is not valid. An offset can move an instant of the years 0 and 9999 out of
 * them: no event could name it, so it is not valid either.
 */
export function parseIso(text: string): Instant | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? parseDate(text) : undefined
  return at !== undefined && at >= FIRST && at <= LAST ? at : undefined
}

/** The instant of an HTTP date in the form that servers send (RFC 9110 §5.6.7, IMF-fixdate), or undefined. */
export function parseHttpDate(text: string): Instant | undefined {
  const at = Date.parse(text)
  return !Number.isNaN(at) && new Date(at).toUTCString() === text ? at : undefined
}

/** The instant of a string in the form that `toIso` writes, which the event schema uses; 0 for any other value. */
export const instantOf = (text: unknown): Instant => (typeof text === 'string' ? Date.parse(text) || 0 : 0)

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** The day of the week and the time `HH:MM` of an instant in a time zone. */
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
/** The instant of a NumericDate, which can have a fraction (RFC 7519 §2). Instants are whole milliseconds, as events and items have them. */
export const fromNumericDate = (value: number): Instant => Math.floor(seconds(value))
/** Milliseconds in that many days of 24 hours. */
export const days = (count: number): number => count * 86_400_000

/** The instant without its milliseconds. AWS compares `aws:CurrentTime` in whole seconds. */
export const wholeSecond = (at: Instant): Instant => at - (at % 1000)

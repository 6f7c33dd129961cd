/**
 * Durations in the form `90s`, `15m`, `1h30m`, `2d`. A string with a bare number is refused, because its unit is ambiguous:
 * seconds, minutes or milliseconds. A JSON integer means seconds.
 */

/** A string of one or more `<integer><unit>`, with units d, h, m, s in that order, each at most once. */
export type Duration = string

const form = /^(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/

/** Whole seconds, or undefined if the string is not a duration. */
export function parseDuration(text: string): number | undefined {
  const parts = form.exec(text)
  if (!parts) return undefined
  const [days, hours, minutes, secs] = parts.slice(1).map((part) => Number(part ?? 0))
  return (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (secs ?? 0)
}

/** Seconds of a duration that the config check has accepted. Any other string is a bug. */
export function durationSeconds(text: Duration): number {
  const value = parseDuration(text)
  if (value === undefined) throw new TypeError(`'${text}' is not a duration`)
  return value
}

/** The shortest form of a number of seconds: 5400 → `1h30m`. */
export function formatDuration(total: number): string {
  if (total === 0) return '0s'
  const parts = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'm'],
    [total % 60, 's'],
  ] as const
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('')
}

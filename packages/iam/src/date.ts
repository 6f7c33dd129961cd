/**
 * Dates in the W3C profile of ISO 8601, which IAM's date conditions use (AWS IAM User Guide, "Date condition operators"). RFC
 * 3339 is its longest form. `Date.parse` is not used: it reads 30 February as 2 March, and a time without a zone as local time.
 */
const form = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:Z|([+-])(\d\d):(\d\d)))?)?)?$/

/** Milliseconds since the Unix epoch, without finer fractions; undefined if the string is not an instant. */
export function parseDate(text: string): number | undefined {
  const found = form.exec(text)
  if (!found) return undefined
  const [, year = '', month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', sign, ...offset] = found
  const [offsetHours, offsetMinutes] = offset.map((part) => Number(part ?? 0)) as [number, number]
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined
  const at = new Date(0)
  // Not Date.UTC, which reads the years 0 to 99 as 1900 to 1999.
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  // A day that the month does not have is one of another month.
  if (at.getUTCMonth() !== Number(month) - 1) return undefined
  at.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, '0')))
  return at.getTime() - (sign === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000
}

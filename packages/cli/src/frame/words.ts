/** Tables and times for a terminal. Values are untrusted: each passes `shownLine`. */
import { formatDuration } from '@stint/core/duration'
import { shownLine } from '../output.ts'

/**
 * The narrowest a column is cut to on a terminal: the last column first to 12, then the others to 8, then the last to 8. The first column
 * is never cut.
 */
const NARROWEST = 12
const NARROWEST_INNER = 8

/**
 * Columns, separated by two spaces. The last column is not padded. On a terminal, which has `columns`, it is cut so that each row stays
 * on one line; where that is not enough, the widest of the others are, but never the first.
 */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  const lines = [head, ...rows.map((row) => row.map((cell) => shownLine(cell)))]
  const widths = head.map((_title, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  // Some terminals say that they have 0 columns, and mean that they do not know.
  const fitted = columns ? fittedTo(columns, widths) : widths
  return lines
    .map(
      (line) =>
        `${line.map((cell, at) => cutTo(fitted[at] ?? 0, cell).padEnd(at === line.length - 1 ? 0 : (fitted[at] ?? 0))).join('  ')}\n`,
    )
    .join('')
}

const cutTo = (width: number, cell: string): string => (cell.length > width ? `${cell.slice(0, width - 1)}…` : cell)

function fittedTo(columns: number, widths: readonly number[]): readonly number[] {
  const fitted = [...widths]
  const excess = () => fitted.reduce((sum, width) => sum + width + 2, -2) - columns
  const last = fitted.length - 1
  fitted[last] = Math.max(Math.min(NARROWEST, widths[last] ?? 0), (widths[last] ?? 0) - Math.max(0, excess()))
  while (excess() > 0) {
    const inner = fitted.map((width, at) => (at === 0 || at === last ? 0 : width))
    const widest = Math.max(...inner)
    if (widest <= NARROWEST_INNER) break
    fitted[inner.indexOf(widest)] = widest - 1
  }
  // What is still too much comes from the last one again.
  fitted[last] = Math.max(Math.min(NARROWEST_INNER, widths[last] ?? 0), (fitted[last] ?? 0) - Math.max(0, excess()))
  return fitted
}

/** Room for the longest justification, and for the longest subject. */
const LONGEST_FACT = 3000

/** Lines of `name  value`. */
export function factsText(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${shownLine(value, LONGEST_FACT)}\n`).join('')
}

/** `in 12m`, `3m ago` or `now`, to the minute; below a minute, to the second. */
export function fromNow(iso: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(iso) - nowMs) / 1000)
  if (seconds === 0) return 'now'
  const size = Math.abs(seconds)
  const words = formatDuration(size < 60 ? size : size < 86_400 ? size - (size % 60) : size - (size % 3600))
  return seconds >= 0 ? `in ${words}` : `${words} ago`
}

export const left = (iso: string, nowMs: number): string => fromNow(iso, nowMs).replace(/^in /, '')

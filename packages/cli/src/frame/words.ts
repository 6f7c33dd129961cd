/** Tables and times for a terminal. Values are untrusted: each passes `shownLine`. */
import { formatDuration } from '@stint/core/duration'
import { shownLine } from '../output.ts'

/** The last column of a table on a terminal keeps at least this many characters. */
const NARROWEST = 12

/**
 * Columns, separated by two spaces. The last column is not padded. On a terminal, which has `columns`, it is cut so that each row stays
 * on one line.
 */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  const lines = [head, ...rows.map((row) => row.map((cell) => shownLine(cell)))]
  const widths = head.map((_title, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const rest = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST, columns - before)
  const last = (cell: string) => (cell.length > rest ? `${cell.slice(0, rest - 1)}…` : cell)
  return lines
    .map((line) => `${line.map((cell, at) => (at === line.length - 1 ? last(cell) : cell.padEnd(widths[at] ?? 0))).join('  ')}\n`)
    .join('')
}

/** Lines of `name  value`. */
export function factsText(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${shownLine(value, 1000)}\n`).join('')
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

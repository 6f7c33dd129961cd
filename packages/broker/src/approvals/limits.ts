/** The limits that an approver sets, as a channel received them. */
import { parseDuration } from '@stint/core/duration'
import type { Limits } from '@stint/core/request/request'

/** Durations are seconds or strings such as `15m`. */
type Given = {
  readonly duration?: number | string | undefined
  readonly uses?: number | undefined
  readonly window?: number | string | undefined
}

/** Durations as seconds. `fault`: the name of one that is neither. */
export function limitsOf({ duration, uses, window }: Given): { readonly limits: Limits; readonly fault?: 'duration' | 'window' } {
  const limits: { duration?: number; uses?: number; window?: number } = {}
  for (const [name, value] of [
    ['duration', duration],
    ['window', window],
  ] as const) {
    const parsed = typeof value === 'string' ? parseDuration(value) : value
    if (value !== undefined && parsed === undefined) return { limits, fault: name }
    if (parsed !== undefined) limits[name] = parsed
  }
  if (uses !== undefined) limits.uses = uses
  return { limits }
}

/** The limits of one approval, in words: what the approver shortened. */
import { formatDuration } from '../duration.ts'
import type { Limits } from './request.ts'

/** ` (at most 15m, 1 session, started within 2h)`; empty if nothing was shortened. */
export function limitWords({ duration, uses, window }: Limits, durationWords: (seconds: number) => string = formatDuration): string {
  const words = [
    ...(duration === undefined ? [] : [durationWords(duration)]),
    ...(uses === undefined ? [] : [uses === 1 ? '1 session' : `${uses} sessions`]),
    ...(window === undefined ? [] : [`started within ${durationWords(window)}`]),
  ]
  return words.length === 0 ? '' : ` (at most ${words.join(', ')})`
}

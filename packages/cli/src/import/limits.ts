/** The limits of sessions and approvals that Stint puts on imported access. */
import type { Approval, Profile, Who } from '@stint/core/config/shape'
import { formatDuration } from '@stint/core/duration'

/** The longest session that Stint allows. Within it, credentials are renewed every hour. */
const MAX_MINUTES = 12 * 60
/** Sessions that one approval allows. The other tools allow any number within the time. */
const MAX_USES = 3

/** At most the longest session that Stint allows, with a note if that is less. */
export const cappedMinutes = (minutes: number): { readonly minutes: number; readonly notes: readonly string[] } =>
  minutes <= MAX_MINUTES
    ? { minutes, notes: [] }
    : { minutes: MAX_MINUTES, notes: [`A session lasts at most 12 hours, not ${formatDuration(minutes * 60)}.`] }

/** Sessions of at most this length. With `always`, they also end with the window of their approval, because they are renewed. */
export function durationOf(minutes: number, always = false): Profile['duration'] {
  const seconds = Math.max(1, Math.min(minutes, MAX_MINUTES)) * 60
  const hour = Math.min(seconds, 3600)
  return {
    default: formatDuration(hour),
    max: formatDuration(seconds),
    ...(seconds > 3600 || always ? { renew: formatDuration(hour) } : {}),
  }
}

/** Access after one approval by any of these approvers, for sessions that end with the window of the approval. */
export const approvedBy = (
  by: readonly Who[],
  { minutes, expiryHours }: { readonly minutes: number; readonly expiryHours: number },
): { readonly duration: Profile['duration']; readonly approval: Approval } => ({
  duration: durationOf(minutes, true),
  approval: {
    rules: [{ by, count: 1 }],
    expiresAfter: formatDuration(expiryHours * 3600),
    window: formatDuration(minutes * 60),
    maxUses: MAX_USES,
  },
})

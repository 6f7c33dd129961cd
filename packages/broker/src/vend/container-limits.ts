/**
 * How many sessions a caller may start by the container protocol. SDKs fetch credentials per client and per process, and give up after one or
 * two seconds to try again, so ordinary use needs many: the limits leave room for three tries of 20 fetches a minute.
 *
 * The windows are the minutes and hours of the clock. So a caller can start up to twice the limit around the turn of a window.
 */
import type { Rules } from '@stint/core/config/shape'
import type { Instant } from '@stint/core/instant'
import { type Done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { SessionCount, SessionLimits } from '../ports/ledger.ts'
import { ledgerSilent } from './ledger-silent.ts'
import type { Slot } from './slot.ts'

const DEFAULTS: SessionLimits = { perMinute: 60, perHour: 1200 }

export const containerLimits = ({ container }: Pick<Rules, 'container'>): SessionLimits => ({ ...DEFAULTS, ...container })

const windows = {
  perMinute: { per: 'a minute for this profile with these parameters', seconds: 60 },
  perHour: { per: 'an hour for all profiles together', seconds: 3600 },
} as const

/** Refuses the session if a limit is reached, or if the count is not known. */
export function limitRefusal(
  counted: Done<SessionCount | undefined> | Unknown,
  { limits }: Pick<Slot, 'limits'>,
  now: Instant,
): Refused<'rate-limited' | 'ledger-unavailable'> | undefined {
  if (counted.outcome === 'unknown') return ledgerSilent(counted.cause)
  const full = counted.value?.full
  if (!full || !limits) return undefined
  const { per, seconds } = windows[full]
  const retryAfter = seconds - (Math.floor(now / 1000) % seconds)
  return refused('rate-limited', `You have reached the limit of ${limits[full]} sessions ${per}.`, {
    evidence: {
      retryAfter,
      next: `Try again in ${retryAfter} seconds. Use one set of credentials until shortly before it expires: share a client or its credential provider, or use stint exec, stint serve or credential_process, which keep credentials.`,
    },
  })
}

/** The caller's side, judged: clock and token. Pure. */
import { formatDuration } from '@stint/core/duration'
import type { Check } from './check.ts'

/** AWS refuses a signature that is off by more than 5 minutes (AWS General Reference, "Signature Version 4"). */
const MAX_SKEW_MS = 5 * 60_000
const SKEW_TO_MENTION_MS = 30_000
/** A token that ends this soon can end between two commands. */
const TOKEN_ENDS_SOON_MS = 5 * 60_000

const words = (ms: number): string => formatDuration(Math.max(1, Math.round(Math.abs(ms) / 1000)))

/** `date`: the `Date` header of a response, which has whole seconds. It was set between the two instants, by this machine's clock. */
export function judgeClock(date: string | undefined, sentAtMs: number, answeredAtMs: number): Check {
  const theirs = Date.parse(date ?? '')
  if (Number.isNaN(theirs)) return { check: 'clock', state: 'skipped', says: 'the broker’s response has no Date header' }
  // The least difference that explains the header.
  const skew = theirs + 999 < sentAtMs ? theirs + 999 - sentAtMs : theirs > answeredAtMs ? theirs - answeredAtMs : 0
  if (Math.abs(skew) < SKEW_TO_MENTION_MS) return { check: 'clock', state: 'ok', says: 'agrees with that of the broker' }
  const says = `this machine’s clock is ${words(skew)} ${skew < 0 ? 'ahead of' : 'behind'} the broker’s`
  const fix = 'Correct the clock, for example by turning on NTP: timedatectl set-ntp true'
  return { check: 'clock', state: Math.abs(skew) > MAX_SKEW_MS ? 'failed' : 'warning', says, fix }
}

export type TokenFacts = {
  readonly claims: Readonly<Record<string, unknown>>
  readonly from: string
  /** `stint login` with a refresh token renews by itself. */
  readonly renews: boolean
  readonly url: string
}

/** The claims are unverified: this says only what the token says about itself. */
export function judgeToken({ claims, from, renews, url }: TokenFacts, nowMs: number): Check {
  const { exp, nbf } = claims
  const again = renews ? `stint login ${url}` : `Get a new token for ${from}.`
  if (typeof exp !== 'number') return { check: 'token', state: 'failed', says: `from ${from}, is not a JWT with an expiry`, fix: again }
  const left = exp * 1000 - nowMs
  if (left <= 0) return { check: 'token', state: 'failed', says: `from ${from}, expired ${words(left)} ago`, fix: again }
  if (typeof nbf === 'number' && nbf * 1000 > nowMs + 60_000)
    return {
      check: 'token',
      state: 'failed',
      says: `from ${from}, is valid only in ${words(nbf * 1000 - nowMs)}`,
      fix: 'Check the clock of this machine.',
    }
  if (left < TOKEN_ENDS_SOON_MS && !renews)
    return { check: 'token', state: 'warning', says: `from ${from}, expires in ${words(left)}`, fix: again }
  return { check: 'token', state: 'ok', says: `from ${from}, valid for ${words(left)}${renews ? ', then renewed' : ''}` }
}

/** Browser sessions: who is signed in on Stint's own pages. `browser/browser-session.ts` decides how long one lasts. */
import type { Instant } from '@stint/core/instant'
import type { Done, Unknown } from '@stint/core/outcome'

/** `who` stands for one subject of one issuer, `id` for one of their sessions. Both are digests, so neither shows who the person is. */
export type WebSessionKey = { readonly who: string; readonly id: string }

export type WebSession = {
  /** The person's token, encrypted with a key that only their cookie has. */
  readonly sealed: string
  readonly startedAt: Instant
  readonly usedAt: Instant
}

export type WebSessions = {
  /** Reads consistently, so that a session that was ended is not found. */
  webSession(key: WebSessionKey): Promise<Done<WebSession | undefined> | Unknown>
  /** `expiresAt`: after it, the item can be deleted. */
  startWebSession(key: WebSessionKey, session: WebSession, expiresAt: Instant): Promise<Done<true> | Unknown>
  /** Does nothing if the session has ended. */
  touchWebSession(key: WebSessionKey, usedAt: Instant): Promise<Done<true> | Unknown>
  endWebSession(key: WebSessionKey): Promise<Done<true> | Unknown>
  /** Ends every session of this subject, and keeps the time `at` until `expiresAt`. */
  endWebSessions(who: string, at: Instant, expiresAt: Instant): Promise<Done<true> | Unknown>
  /** When this subject last signed out everywhere. Reads consistently. */
  webSignedOutAt(who: string): Promise<Done<Instant | undefined> | Unknown>
}

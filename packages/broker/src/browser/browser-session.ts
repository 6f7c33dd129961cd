/**
 * A browser session: a random secret in the browser's cookie, and the person's token in the side table, encrypted with that secret. Neither
 * the table nor the cookie gives the token by itself. Each call verifies the token again, so a session never outlasts it. Sources: OWASP
 * Session Management Cheat Sheet; RFC 6265bis §4.1.3.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { sha256, shortDigest } from '@stint/core/digest'
import type { CallerRef } from '@stint/core/identity/caller'
import type { RandomBytes } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import type { WebSession, WebSessionKey } from '../ports/web-sessions.ts'
import { seal, unseal } from './seal.ts'

/** A session ends after this time without a call, and after this time in any case. */
export const IDLE_SECONDS = 30 * 60
export const LONGEST_SECONDS = 8 * 60 * 60
/** The time of the last call is written at most this often. */
const TOUCH_SECONDS = 5 * 60
const SECRET_BYTES = 32
/** How long a browser, or with *Sign out everywhere* a person, counts as signed out. As long as people's tokens can live by default. */
export const SIGNED_OUT_SECONDS = 24 * 60 * 60

/** What the session keeps about the person: their token, and when they signed in. */
export type SignedIn = { readonly token: string; readonly signedInAt?: Instant }

/** What the cookie holds. */
export type Cookie = WebSessionKey & { readonly secret: Uint8Array }

export const SESSION_COOKIE = 'session'

/** RFC 6265bis §4.1.3.2: `__Host-` binds a cookie to this host alone. It is unavailable over plain HTTP, which the sandbox uses. */
export const fullCookieName = (name: string, publicUrl: string): string => `${publicUrl.startsWith('https:') ? '__Host-' : ''}stint-${name}`

/**
 * The cookies of a Cookie header, which has one space between them (RFC 6265 §4.2.1). Other white space belongs to a name, and browsers do
 * not see `__Host-` behind it.
 */
export const cookiesIn = (header: string): readonly string[] => header.split(/; ?/)

/** The value if there is exactly one. Two cookies of one name indicate that another site set one. */
export function oneCookie(header: string, name: string, publicUrl: string): string | undefined {
  const start = `${fullCookieName(name, publicUrl)}=`
  const found = cookiesIn(header).filter((part) => part.startsWith(start))
  return found.length === 1 ? found[0]?.slice(start.length) : undefined
}

export const sessionEnded = refused('token-invalid', 'Your session has ended. Sign in again.')
export const peopleOnly = refused('not-eligible', 'Only people can use these pages.')
export const strangeForm = refused(
  'token-invalid',
  'This form was not sent from one of Stint’s pages in this browser. Open the page again.',
)

const whoOf = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): string => shortDigest(`web ${issuer}#${subject}`)
const idOf = (secret: Uint8Array): string => sha256(secret).toString('hex')

export function newCookie(caller: Pick<CallerRef, 'issuer' | 'subject'>, random: RandomBytes): Cookie {
  const secret = random(SECRET_BYTES)
  return { who: whoOf(caller), id: idOf(secret), secret }
}
export const cookieText = ({ who, secret }: Cookie): string => `${who}.${Buffer.from(secret).toString('base64url')}`

/** Undefined if the value is not one that `cookieText` makes. */
export function parseCookie(value: string | undefined): Cookie | undefined {
  const [, who, text] = /^([0-9a-z]{26})\.([\w-]{43})$/.exec(value ?? '') ?? []
  if (who === undefined || text === undefined) return undefined
  const secret = Buffer.from(text, 'base64url')
  return secret.toString('base64url') === text ? { who, id: idOf(secret), secret } : undefined
}

export function newSession({ secret }: Cookie, signedIn: SignedIn, now: Instant, random: RandomBytes): WebSession {
  return { sealed: seal(secret, 'web-session', signedIn, now + seconds(LONGEST_SECONDS), random), startedAt: now, usedAt: now }
}

/** Undefined if the session has expired, or belongs to another secret. */
export function openSession({ secret }: Cookie, { sealed, usedAt }: WebSession, now: Instant): SignedIn | undefined {
  return now - usedAt < seconds(IDLE_SECONDS) ? unseal<SignedIn>(secret, 'web-session', sealed, now) : undefined
}
/**
 * Whether the person signed out everywhere after they signed in at the issuer. A sign-in whose time is not known counts as one from before.
 * Expired items are read until DynamoDB deletes them, so the time is compared too.
 */
export const signedOutSince = (signedOutAt: Instant | undefined, { signedInAt }: Pick<SignedIn, 'signedInAt'>, now: Instant): boolean =>
  signedOutAt !== undefined && now - signedOutAt < seconds(SIGNED_OUT_SECONDS) && (signedInAt === undefined || signedInAt <= signedOutAt)
export const needsTouch = ({ usedAt }: WebSession, now: Instant): boolean => now - usedAt >= seconds(TOUCH_SECONDS)

/** The token that each form of the session carries. Another site can neither read nor guess it. */
export const csrfOf = ({ secret }: Pick<Cookie, 'secret'>): string => createHmac('sha256', secret).update('csrf').digest('base64url')

type FormHeaders = { readonly origin?: string | undefined; readonly site?: string | undefined; readonly type?: string | undefined }

/** Whether the browser says that a form of these pages sent it. Old browsers send neither header: then the cookie and the token decide. */
export function isFromOwnPage({ origin, site, type }: FormHeaders, publicOrigin: string): boolean {
  return (
    (origin === undefined || origin === publicOrigin) &&
    (site === undefined || site === 'same-origin') &&
    /^application\/x-www-form-urlencoded\b/i.test(type ?? '')
  )
}

export function hasCsrf(cookie: Pick<Cookie, 'secret'>, sent: string | null): boolean {
  const [expected, given] = [Buffer.from(csrfOf(cookie)), Buffer.from(sent ?? '')]
  return expected.length === given.length && timingSafeEqual(expected, given)
}

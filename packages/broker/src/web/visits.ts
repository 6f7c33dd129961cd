/** Who visits a page: the person of the browser session, whose token is verified again for each call. */

import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { signedInLately } from '@stint/core/request/machine'
import { html } from 'hono/html'
import {
  type Cookie,
  cookieText,
  hasCsrf,
  isFromOwnPage,
  LONGEST_SECONDS,
  needsTouch,
  newCookie,
  newSession,
  openSession,
  parseCookie,
  peopleOnly,
  SESSION_COOKIE,
  SIGNED_OUT_SECONDS,
  type SignedIn,
  sessionEnded,
  signedOutSince,
  strangeForm,
} from '../browser/browser-session.ts'
import { type ApiBroker, boundedBody, type Ctx, unavailable, type Web } from '../http/context.ts'
import { signInAgain } from '../http/links.ts'
import { cookieOf, dropCookie, keepCookie } from './cookies.ts'
import type { Refusals, Visit } from './layout.ts'
import { type Fresh, noSignInTime, signedInCaller, signedInTooEarly } from './sign-in.ts'

const MAX_FORM_BYTES = 32 * 1024
/** Tells that the person signed out in this browser, and has not signed in since. */
export const SIGNED_OUT_COOKIE = 'signed-out'

const signedOutEverywhere = 'You signed out everywhere after you signed in at your identity provider.'
export const noPages = refused('route-unknown', 'Sign-in is not configured.')

/** A link that returns to this address after a sign-in. */
export const signInLink = (to: string, fresh: Fresh = false): string =>
  `/sign-in?${new URLSearchParams({ to, ...(fresh ? { fresh: fresh === true ? '1' : fresh } : {}) })}`
/** For a refusal of a sign-in that is too old. */
export const freshSignIn = (to: string) => html`<p><a class="button" href="${signInLink(to, 'login')}">Sign in again</a></p>`

type Answer = (visit: Visit) => Response | Promise<Response>
type FormAnswer = (visit: Visit, form: URLSearchParams) => Promise<Response>

/** `touched`: the write that notes the use of the session. It runs while the page reads. */
type Visiting = Visit & { readonly touched: Promise<unknown> | undefined }

/** Lambda stops after the response, so the write must be over by then. */
async function besideTouch(visit: Visiting, answer: Answer): Promise<Response> {
  try {
    return await answer(visit)
  } finally {
    await visit.touched
  }
}

export function visits(broker: ApiBroker, { say, sayTo }: Refusals, begin: (c: Ctx, to: string, fresh?: Fresh) => Promise<Response>) {
  /** The person of the session; undefined without a valid session. */
  async function visitOf(c: Ctx, web: Web, now: Instant): Promise<Done<Visiting | undefined> | Refused> {
    const cookie = parseCookie(cookieOf(c, web, SESSION_COOKIE))
    if (!cookie) return done(undefined)
    const found = await broker.ledger.webSession(cookie)
    if (found.outcome === 'unknown') return unavailable(found.cause)
    const signedIn = found.value && openSession(cookie, found.value, now)
    if (!found.value || !signedIn) return done(undefined)
    const caller = await signedInCaller(broker, signedIn, now)
    // Without the issuer's keys, the person is still signed in.
    if (caller.outcome === 'refused') return caller.code === 'issuer-keys-unavailable' ? caller : done(undefined)
    if (caller.value.kind !== 'human') return peopleOnly
    // A lost write makes the session end earlier. Polling by a page's own script does not count as use.
    const isUse = needsTouch(found.value, now) && c.req.header('sec-fetch-dest') !== 'empty'
    c.set('groupsOmitted', caller.value.groupsOmitted)
    return done({ caller: caller.value, cookie, touched: isUse ? broker.ledger.touchWebSession(cookie, now) : undefined })
  }

  /** The fields of a form that one of these pages sent, or the refusal of anything else. */
  async function sentForm(c: Ctx, web: Web): Promise<URLSearchParams | Response> {
    const [origin, site, type] = [c.req.header('origin'), c.req.header('sec-fetch-site'), c.req.header('content-type')]
    if (!isFromOwnPage({ origin, site, type }, new URL(web.publicUrl).origin)) return say(c, strangeForm)
    const bytes = await boundedBody(c, MAX_FORM_BYTES)
    return bytes.outcome === 'refused' ? say(c, bytes) : new URLSearchParams(Buffer.from(bytes.value).toString('utf8'))
  }

  return {
    /** Answers a page. A browser that is not signed in goes to the issuer first. `fresh`: how that sign-in is made. */
    async visit(c: Ctx, answer: Answer, fresh = false): Promise<Response> {
      if (!broker.web) return say(c, noPages)
      const visit = await visitOf(c, broker.web, c.get('now'))
      if (visit.outcome === 'refused') return say(c, visit)
      if (visit.value) return besideTouch(visit.value, answer)
      const { pathname, search } = new URL(c.req.url)
      const to = `${pathname}${search}`
      // The issuer may still know the person, and would sign them in again: for instance when they go back to an earlier page.
      if (cookieOf(c, broker.web, SIGNED_OUT_COOKIE)) return c.redirect(`/signed-out?${new URLSearchParams({ to })}`, 303)
      return begin(c, to, fresh)
    },

    /** Answers a form of one of these pages, sent by this browser. */
    async form(c: Ctx, answer: FormAnswer): Promise<Response> {
      const { web } = broker
      if (!web) return say(c, noPages)
      const form = await sentForm(c, web)
      if (form instanceof Response) return form
      const visit = await visitOf(c, web, c.get('now'))
      if (visit.outcome === 'refused') return say(c, visit)
      if (!visit.value) return say(c, sessionEnded, undefined, html`<p><a class="button" href="${signInLink('/')}">Sign in</a></p>`)
      return besideTouch(visit.value, (of) => (hasCsrf(of.cookie, form.get('csrf')) ? answer(of, form) : say(c, strangeForm, of)))
    },

    /** Refuses what needs a sign-in within the last five minutes; undefined if there was one. */
    async stale(c: Ctx, visit: Visit, to: string): Promise<Response | undefined> {
      if (signedInLately(visit.caller, c.get('now'))) return undefined
      if (visit.caller.signedInAt === undefined) return say(c, signedInTooEarly(noSignInTime), visit)
      const more = html`<p><a class="button" href="${signInLink(to, true)}">Sign in again</a></p>`
      // Opening a page decides nothing.
      return c.req.method === 'GET' ? say(c, signInAgain, visit, more) : sayTo(c, visit, signInAgain, more)
    },

    /**
     * Starts a session for the person who signed in, and then shows the page `to`. The browser's session before ends: its cookie may have
     * been someone else's. `isPrompted`: the issuer was sent `prompt=login`.
     */
    async start(c: Ctx, web: Web, signedIn: SignedIn, { to, isPrompted }: { to: string; isPrompted: boolean }): Promise<Response> {
      const now = c.get('now')
      const caller = await signedInCaller(broker, signedIn, now)
      if (caller.outcome === 'refused') return say(c, caller)
      if (caller.value.kind !== 'human') return say(c, peopleOnly)
      const before = parseCookie(cookieOf(c, web, SESSION_COOKIE))
      const cookie = newCookie(caller.value, broker.random)
      const [started] = await Promise.all([
        broker.ledger.startWebSession(cookie, newSession(cookie, signedIn, now, broker.random), now + seconds(LONGEST_SECONDS)),
        before && broker.ledger.endWebSession(before),
      ])
      if (started.outcome === 'unknown') return say(c, unavailable(started.cause))
      // After the write: signing out everywhere in between ends the new session too.
      const signedOut = await broker.ledger.webSignedOutAt(cookie.who)
      const isNew = isPrompted && signedIn.signedInAt === undefined
      if (signedOut.outcome === 'unknown' || (!isNew && signedOutSince(signedOut.value, signedIn, now))) {
        await broker.ledger.endWebSession(cookie)
        if (signedOut.outcome === 'unknown') return say(c, unavailable(signedOut.cause))
        return say(c, signedInTooEarly(signedOutEverywhere), undefined, freshSignIn(to))
      }
      keepCookie(c, web, SESSION_COOKIE, cookieText(cookie), LONGEST_SECONDS, 'Lax')
      dropCookie(c, web, SIGNED_OUT_COOKIE)
      return c.redirect(to, 303)
    },

    /**
     * Answers the form that ends the session, or with `everywhere` every session of the person. Where the session has expired, the browser
     * still counts as signed out from now on: the issuer could sign the person in again without a question.
     */
    async signOut(c: Ctx, signedOut: () => Response): Promise<Response> {
      const { web } = broker
      if (!web) return say(c, noPages)
      const form = await sentForm(c, web)
      if (form instanceof Response) return form
      const cookie = parseCookie(cookieOf(c, web, SESSION_COOKIE))
      if (cookie && !hasCsrf(cookie, form.get('csrf'))) return say(c, strangeForm)
      const everywhere = form.get('everywhere') === '1'
      const gone = cookie && (everywhere ? await endAll(cookie, c.get('now')) : await broker.ledger.endWebSession(cookie))
      if (gone?.outcome === 'unknown') return say(c, unavailable(gone.cause))
      if (cookie) dropCookie(c, web, SESSION_COOKIE)
      keepCookie(c, web, SIGNED_OUT_COOKIE, '1', SIGNED_OUT_SECONDS, 'Lax')
      if (!everywhere || gone?.outcome === 'done') return signedOut()
      return say(c, endedHereOnly, undefined, html`<p><a class="button" href="${signInLink('/')}">Sign in</a></p>`)
    },
  }

  /** Ends every session of the person. Refused without a session that is valid: anyone can write a person into a cookie. */
  async function endAll(cookie: Cookie, now: Instant): Promise<Done<true> | Refused | Unknown> {
    const found = await broker.ledger.webSession(cookie)
    if (found.outcome === 'unknown') return found
    if (!found.value || !openSession(cookie, found.value, now)) return endedHereOnly
    return broker.ledger.endWebSessions(cookie.who, now, now + seconds(SIGNED_OUT_SECONDS))
  }
}
const endedHereOnly = refused(
  'token-invalid',
  'Your session had already ended, so you are signed out only in this browser. Sign in, then sign out everywhere.',
)
export type Visits = ReturnType<typeof visits>

/**
 * Stint's own pages: decide a request, and link a Slack user, after a fresh sign-in. They are rendered on the server, without
 * scripts. The state of a page is sealed in its form, and is valid only in the browser that signed in, on this page, for five
 * minutes. So no other site can send the form, and no other site can frame the page.
 */

import { timingSafeEqual } from 'node:crypto'
import type { Caller } from '@stint/core/identity/caller'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { STEP_UP_SECONDS, signedInLately } from '@stint/core/request/machine'
import { html } from 'hono/html'
import { decisions, unknownRequest } from '../approvals/decide.ts'
import { requestEnds } from '../ends/request-end.ts'
import { type Api, type ApiBroker, answer, boundedBody, type Ctx, refuse, type Web } from '../http/context.ts'
import { signInAgain } from '../http/links.ts'
import { cookieOf, dropCookie, keepCookie, oldSignIns, signInCookie } from './cookies.ts'
import { decidePages } from './decide-page.ts'
import type { Grant } from './grant.ts'
import { say, sayTo, show } from './layout.ts'
import { linkPages } from './link-page.ts'
import { seal, unseal } from './seal.ts'
import { beginSignIn, endSignIn, type Pending, type SignedIn, signedInCaller } from './sign-in.ts'

const SIGN_IN_SECONDS = 600
const PAGE_SECONDS = STEP_UP_SECONDS
const MAX_FORM_BYTES = 32 * 1024

const noPages = refused('route-unknown', 'Sign-in is not configured.')

export function pageRoutes(app: Api, broker: ApiBroker): void {
  const { rules, random, web } = broker
  const decider = decisions({ ...broker, beforeRevoke: (request, now) => requestEnds(broker, request, now) })
  const decidePage = decidePages(app, broker, decider, withGrant)
  const linkPage = linkPages(app, broker, withGrant)
  const clients = Object.entries(rules.signIn ?? {})

  /** The page of a path. Any other address is not followed. */
  const pageOf = (to: string): { readonly kind: 'link' } | { readonly kind: 'decide'; readonly id: RequestId } | undefined => {
    if (to === '/link') return rules.slack ? { kind: 'link' } : undefined
    const id = parseRequestId(/^\/decide\/([^/]+)$/.exec(to)?.[1] ?? '')
    return id && { kind: 'decide', id }
  }

  /**
   * Whether any approval rule demands a second factor of this issuer's people. It covers all profiles, not only the request's:
   * before the sign-in, the redirect must not reveal whether the request exists.
   */
  const demandsMfa = (issuer: string): boolean => {
    demanding ??= new Set(
      rules.profiles.ids
        .flatMap((profile) => decider.approvalOf(profile)?.rules ?? [])
        .flatMap(({ by }) => by.flatMap((who) => (who.mfa ? [who.issuer] : []))),
    )
    return demanding.has(issuer)
  }
  let demanding: Set<string> | undefined

  // ── Sign-in and callback ───────────────────────────────────────────────────────────────────────────────────────────

  async function begin(c: Ctx, to: string): Promise<Response> {
    if (!web || clients.length === 0) return refuse(c, noPages)
    const page = pageOf(to)
    if (!page) return say(c, unknownRequest)
    const wanted = new URL(c.req.url).searchParams.get('issuer')
    const [id, client] = clients.find(([name]) => name === wanted) ?? (clients.length === 1 ? clients[0] : undefined) ?? []
    const issuer = id === undefined ? undefined : rules.issuers[id]
    if (!id || !client || !issuer)
      return show(
        c,
        'Sign in',
        chooser(
          to,
          clients.map(([name]) => name),
        ),
      )
    const { url, pending } = beginSignIn(id, issuer, client, callbackOf(web), to, page.kind === 'decide' && demandsMfa(id), random)
    const sealed = seal(web.key, 'sign-in', pending, c.get('now') + seconds(SIGN_IN_SECONDS), random)
    keepCookie(c, web, signInCookie(pending.state), sealed, SIGN_IN_SECONDS, 'Lax')
    for (const name of oldSignIns(c, web)) dropCookie(c, web, name)
    return c.redirect(url, 303)
  }

  answer(app, 'GET /decide/{id}', (c) => begin(c, new URL(c.req.url).pathname))
  answer(app, 'GET /link', (c) => begin(c, '/link'))

  answer(app, 'GET /sign-in/callback', async (c) => {
    if (!web) return refuse(c, noPages)
    const now = c.get('now')
    const state = new URL(c.req.url).searchParams.get('state') ?? ''
    const cookie = /^[\w-]{16,128}$/.test(state) ? signInCookie(state) : undefined
    const pending = cookie === undefined ? undefined : unseal<Pending>(web.key, 'sign-in', cookieOf(c, web, cookie), now)
    if (cookie !== undefined) dropCookie(c, web, cookie)
    if (!pending) return say(c, refused('token-invalid', 'The sign-in has expired, or was not started in this browser. Start again.'))
    const signedIn = await endSignIn({
      broker,
      pending,
      query: new URL(c.req.url).searchParams,
      callback: callbackOf(web),
      secret: web.clientSecrets[pending.issuer],
      fetch: web.fetch,
      now,
    })
    if (signedIn.outcome === 'refused') return say(c, signedIn)
    return showPage(c, web, pending.to, signedIn.value)
  })

  /** The requested page, for the person who signed in. */
  async function showPage(c: Ctx, web: Web, to: string, signedIn: SignedIn): Promise<Response> {
    const now = c.get('now')
    const caller = await signedInCaller(broker, signedIn, now)
    if (caller.outcome === 'refused') return say(c, caller)
    if (caller.value.kind !== 'human' || !signedInLately(caller.value, now)) return sayTo(broker, c, caller.value, signInAgain)
    const page = pageOf(to)
    const [browser, tab] = [Buffer.from(random(16)).toString('base64url'), Buffer.from(random(9)).toString('base64url')]
    const grantWith = (more: Partial<Grant>) =>
      seal(web.key, 'page', { ...signedIn, to, browser, tab, ...more } satisfies Grant, now + seconds(PAGE_SECONDS), random)
    keepCookie(c, web, `page-${tab}`, browser, PAGE_SECONDS, 'Strict')
    if (page?.kind === 'link') return linkPage(c, caller.value, grantWith)
    return page ? decidePage(c, page.id, caller.value, grantWith) : say(c, unknownRequest)
  }

  // ── Forms ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The person who sent a form: only from this page, in this browser, with a fresh sign-in. */
  async function withGrant(c: Ctx, answer: (grant: Grant, caller: Caller, form: URLSearchParams) => Promise<Response>): Promise<Response> {
    if (!web) return refuse(c, noPages)
    const now = c.get('now')
    const notOurs = refused('token-invalid', 'This form has expired, or was not opened in this browser. Start again.')
    // Old browsers send neither header. Then only the cookie and the seal protect the form.
    const [origin, site] = [c.req.header('origin'), c.req.header('sec-fetch-site')]
    if (origin !== undefined && origin !== new URL(web.publicUrl).origin) return say(c, notOurs)
    if (site !== undefined && site !== 'same-origin') return say(c, notOurs)
    if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header('content-type') ?? '')) return say(c, notOurs)
    const bytes = await boundedBody(c, MAX_FORM_BYTES)
    if (bytes.outcome === 'refused') return say(c, bytes)
    const form = new URLSearchParams(Buffer.from(bytes.value).toString('utf8'))
    const grant = unseal<Grant>(web.key, 'page', form.get('grant') ?? undefined, now)
    const browser = grant === undefined ? '' : (cookieOf(c, web, `page-${grant.tab}`) ?? '')
    if (!grant || !same(grant.browser, browser) || grant.to !== new URL(c.req.url).pathname) return say(c, notOurs)
    const caller = await signedInCaller(broker, grant, now)
    if (caller.outcome === 'refused') return say(c, caller)
    if (caller.value.kind !== 'human' || !signedInLately(caller.value, now)) return sayTo(broker, c, caller.value, signInAgain)
    return answer(grant, caller.value, form)
  }
}

const callbackOf = ({ publicUrl }: Web): string => `${publicUrl}/sign-in/callback`

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const chooser = (to: string, issuers: readonly string[]) =>
  html`<p>Choose where to sign in:</p><ul>${issuers.map((id) => html`<li><a href="${to}?issuer=${id}">${id}</a></li>`)}</ul>`

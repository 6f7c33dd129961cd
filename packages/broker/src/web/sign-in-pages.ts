/** Signing in and out: to the issuer and back, and the end of a browser session. */

import { parseRequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { refused } from '@stint/core/outcome'
import { html } from 'hono/html'
import type { Decisions } from '../approvals/decide.ts'
import { seal, unseal } from '../browser/seal.ts'
import { type Api, type ApiBroker, answer, type Ctx, refuse } from '../http/context.ts'
import { singleQuery } from '../http/paging.ts'
import { cookieOf, dropCookie, keepCookie, oldSignIns, signInCookie } from './cookies.ts'
import type { Refusals, Show } from './layout.ts'
import { beginSignIn, callbackPath, endSignIn, type Fresh, type Pending } from './sign-in.ts'
import { freshSignIn, noPages, SIGNED_OUT_COOKIE, signInLink, type Visits } from './visits.ts'

const SIGN_IN_SECONDS = 600
/** In bytes of JSON: the cookies of five sign-ins then have 7.5 KB, and API Gateway accepts headers of 10 KB. */
const LONGEST_RETURN = 800

/** The pages that a sign-in can return to: only Stint's own, so that no link sends a person anywhere else. */
const pages: readonly ((path: string) => boolean)[] = [
  (path) => ['/', '/decide', '/activity', '/link'].includes(path),
  (path) => /^\/access\/[a-z0-9-]{1,64}$/.test(path),
  (path) => parseRequestId(/^\/decide\/([^/]+)$/.exec(path)?.[1] ?? '') !== undefined,
]

/** The address of one of Stint's pages, with its query; undefined if the text is anything else. */
function ownPage(text: string): string | undefined {
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return undefined
  const { origin, pathname, search } = new URL(text, 'https://stint.invalid')
  const page = `${pathname}${search}`
  // The address, and not the text: a quote in a query becomes %22.
  const isShort = jsonBytes(page) <= LONGEST_RETURN
  return isShort && origin === 'https://stint.invalid' && pages.some((isPage) => isPage(pathname)) ? page : undefined
}

const otherIssuer = refused('token-invalid', 'This response belongs to a sign-in with another issuer. Start again.', {
  operator: 'sign-in: the response came to the redirect URI of another issuer',
})
const notFound = refused('route-unknown', 'No page of Stint has this address.')

export function signInPages(broker: ApiBroker, decider: Pick<Decisions, 'approvalOf'>, show: Show, { say }: Refusals) {
  const { rules, random, web } = broker
  const clients = Object.entries(rules.signIn ?? {})
  const pathOf = (issuer: string): string => callbackPath(issuer, Object.keys(rules.signIn ?? {}))

  /**
   * Whether any approval rule demands a second factor of this issuer's people. It covers all profiles, not only the request's: before the
   * sign-in, the redirect must not reveal whether the request exists.
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

  /**
   * Sends the browser to the issuer. `mfa`: a second factor is needed. Once the person has signed out in this browser, the issuer must ask
   * them, or anyone could sign in as them again.
   */
  async function begin(c: Ctx, to: string, wanted: Fresh = false, mfa = false): Promise<Response> {
    if (!web || clients.length === 0) return refuse(c, noPages)
    const fresh = cookieOf(c, web, SIGNED_OUT_COOKIE) ? 'login' : wanted
    const page = ownPage(to)
    if (page === undefined) return say(c, notFound)
    const chosen = new URL(c.req.url).searchParams.get('issuer')
    const [id, client] = clients.find(([name]) => name === chosen) ?? (clients.length === 1 ? clients[0] : undefined) ?? []
    const issuer = id === undefined ? undefined : rules.issuers[id]
    if (!id || !client || !issuer) return show(c, { title: 'Sign in', body: chooser(page, fresh, mfa) })
    const needsMfa = mfa || (page.startsWith('/decide') && demandsMfa(id))
    const { url, pending } = beginSignIn(
      id,
      issuer,
      client,
      `${web.publicUrl}${pathOf(id)}`,
      page,
      { mfa: needsMfa, fresh },
      c.get('now'),
      random,
    )
    const sealed = seal(web.key, 'sign-in', pending, c.get('now') + seconds(SIGN_IN_SECONDS), random)
    keepCookie(c, web, signInCookie(pending.state), sealed, SIGN_IN_SECONDS, 'Lax')
    for (const name of oldSignIns(c, web)) dropCookie(c, web, name)
    return c.redirect(url, 303)
  }

  const chooser = (to: string, fresh: Fresh, mfa: boolean) =>
    html`<p>Choose where to sign in:</p><ul>${clients.map(([id]) => {
      const query = new URLSearchParams({ issuer: id, ...(mfa ? { mfa: '1' } : {}) })
      return html`<li><a href="${signInLink(to, fresh)}&${query.toString()}">${id}</a></li>`
    })}</ul>`

  function routes(app: Api, { start, signOut }: Visits): void {
    answer(app, 'GET /sign-in', (c) => {
      const { to = '/', fresh, mfa } = singleQuery(c) ?? { to: '' }
      return begin(c, to, fresh === 'login' ? fresh : fresh === '1', mfa === '1')
    })

    const comesBack = async (c: Ctx) => {
      if (!web) return refuse(c, noPages)
      const now = c.get('now')
      const query = new URL(c.req.url).searchParams
      const state = query.get('state') ?? ''
      const cookie = /^[\w-]{16,128}$/.test(state) ? signInCookie(state) : undefined
      const pending = cookie === undefined ? undefined : unseal<Pending>(web.key, 'sign-in', cookieOf(c, web, cookie), now)
      if (cookie !== undefined) dropCookie(c, web, cookie)
      if (!pending) return say(c, refused('token-invalid', 'The sign-in has expired, or was not started in this browser. Start again.'))
      if (c.req.path !== pathOf(pending.issuer)) return say(c, otherIssuer)
      const secret = web.clientSecrets[pending.issuer]
      const callback = `${web.publicUrl}${pathOf(pending.issuer)}`
      const signedIn = await endSignIn({ broker, pending, query, callback, secret, fetch: web.fetch, now })
      if (signedIn.outcome === 'done') return start(c, web, signedIn.value, { to: pending.to, isPrompted: pending.fresh?.maxAge === 0 })
      return say(c, signedIn, undefined, signedIn.code === 'auth-too-old' ? freshSignIn(pending.to) : '')
    }
    answer(app, 'GET /sign-in/callback', comesBack)
    answer(app, 'GET /sign-in/callback/{issuer}', comesBack)

    answer(app, 'POST /sign-out', (c) =>
      signOut(c, () => {
        // A browser that keeps pages for its back button drops them.
        c.header('clear-site-data', '"cache"')
        return c.redirect('/signed-out', 303)
      }),
    )
    answer(app, 'GET /signed-out', (c) =>
      web
        ? show(c, {
            title: 'You are signed out',
            body: html`<p>AWS sessions that you started keep running, and expire on their own.</p>
<p><a class="button" href="${signInLink(ownPage(singleQuery(c)?.to ?? '/') ?? '/', true)}">Sign in</a></p>`,
          })
        : refuse(c, noPages),
    )
  }

  return { begin, routes }
}

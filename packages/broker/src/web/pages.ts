/**
 * Stint's own pages: decide a request, and link a Slack user, after a fresh sign-in. They are rendered on the server, without
 * scripts. The state of a page is sealed in its form, and is valid only in the browser that signed in, on this page, for five
 * minutes. So no other site can send the form, and no other site can frame the page.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import type { Caller } from '@stint/core/identity/caller'
import { linkedOf } from '@stint/core/identity/link'
import { ownIdentity, shownCaller, withIdentity } from '@stint/core/identity/shown'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { type Refused, refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { extensionsOf } from '@stint/core/problem-body'
import { missing } from '@stint/core/request/approval'
import { cancel, deny, isParty, review, revoke, STEP_UP_SECONDS, signedInLately } from '@stint/core/request/machine'
import { type AccessRequest, liveSessions, stateAt } from '@stint/core/request/request'
import { type Fact, minute, type Summary } from '@stint/core/request/summary'
import { isolated, shownLine, shownText, visibleJson } from '@stint/core/shown-text'
import { html, raw } from 'hono/html'
import { type Acts, decisions, type Option, unknownRequest, versionTag } from '../approvals/decide.ts'
import { linking } from '../approvals/link.ts'
import { type Api, type ApiBroker, boundedBody, type Ctx, callOf, circumstances, refuse, unavailable, type Web } from '../http/context.ts'
import { signInAgain } from '../http/links.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import { decisionUnknown, outcomeUnknown } from '../vend/unknown-outcome.ts'
import { seal, unseal } from './seal.ts'
import { beginSignIn, endSignIn, type Pending, type SignedIn, signedInCaller } from './sign-in.ts'

const SIGN_IN_SECONDS = 600
const PAGE_SECONDS = STEP_UP_SECONDS
const MAX_FORM_BYTES = 32 * 1024

/** The sealed state in a page's form. */
type Grant = SignedIn & {
  readonly to: string
  readonly browser: string
  /** Names the cookie that holds `browser`. Each page has its own cookie, so a second tab does not affect the first. */
  readonly tab: string
  readonly version?: number
  readonly slack?: { readonly team: string; readonly user: string }
}

const noPages = refused('route-unknown', 'Sign-in is not configured.')

export function pageRoutes(app: Api, broker: ApiBroker): void {
  const { rules, random, web } = broker
  const decider = decisions(broker)
  const links = linking(broker.ledger, random)
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
    setCookie(c, web, signInCookie(pending.state), sealed, SIGN_IN_SECONDS, 'Lax')
    for (const name of oldSignIns(c, web)) dropCookie(c, web, name)
    return c.redirect(url, 303)
  }

  app.get('/decide/:id', (c) => begin(c, new URL(c.req.url).pathname))
  app.get('/link', (c) => begin(c, '/link'))

  app.get('/sign-in/callback', async (c) => {
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
    if (caller.value.kind !== 'human' || !signedInLately(caller.value, now)) return sayTo(c, caller.value, signInAgain)
    const page = pageOf(to)
    const [browser, tab] = [Buffer.from(random(16)).toString('base64url'), Buffer.from(random(9)).toString('base64url')]
    const grantWith = (more: Partial<Grant>) =>
      seal(web.key, 'page', { ...signedIn, to, browser, tab, ...more } satisfies Grant, now + seconds(PAGE_SECONDS), random)
    setCookie(c, web, `page-${tab}`, browser, PAGE_SECONDS, 'Strict')
    if (page?.kind === 'link') return linkPage(c, caller.value, grantWith)
    return page ? decidePage(c, page.id, caller.value, grantWith) : say(c, unknownRequest)
  }

  // ── Decide ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function decidePage(c: Ctx, id: RequestId, caller: Caller, grantWith: (more: Partial<Grant>) => string): Promise<Response> {
    const found = await broker.ledger.request(id)
    if (found.outcome === 'unknown') return say(c, unavailable(found.cause))
    const request = found.value && decider.withPeople(found.value)
    const actor = request && decider.actorFor({ caller, ...circumstances(c) }, request)
    if (!request || !actor || !isParty(request, actor)) return say(c, unknownRequest)
    const options = decider.optionsOf(request, actor, c.get('now'))
    const grant = grantWith({ version: request.version })
    return show(
      c,
      headline(request, c.get('now')),
      html`${requestPart(request, decider.summaryFor(request, c.get('now')), c.get('now'))}
${options.length === 0 ? html`<p>You have nothing to decide on this request.</p>` : decideForm(`/decide/${id}`, grant, options)}
<p class="who">You are signed in as ${me(caller)}.</p>`,
    )
  }

  app.post('/decide/:id', (c) =>
    withGrant(c, async (grant, caller, form) => {
      const id = parseRequestId(c.req.param('id'))
      if (!id) return say(c, unknownRequest)
      const comment = form.get('comment')?.trim() || undefined
      if (comment !== undefined && jsonBytes(comment) > MAX_COMMENT_BYTES)
        return sayTo(c, caller, refused('body-invalid', `The comment is longer than ${MAX_COMMENT_BYTES} bytes.`))
      const acts = actsOf(form.get('act') as Option, comment)
      if (!acts) return sayTo(c, caller, refused('body-invalid', 'The form has no action.'))
      const came = { source: c.env.sourceIp, token: caller.token.hash }
      const seen = { version: versionTag({ version: grant.version ?? 0 }), binds: 'grants' } as const
      const decided = await decider.decide(id, { caller, ...circumstances(c), came }, acts, seen)
      if (decided.profile !== undefined) c.set('profile', decided.profile)
      if (decided.outcome === 'unknown') return say(c, decisionUnknown(decided.cause))
      if (decided.outcome === 'refused') return sayTo(c, caller, decided)
      const now = broker.clock()
      const request = decider.withPeople(decided.value)
      return show(c, headline(request, now), html`<p>Done.</p>${requestPart(request, decider.summaryFor(request, now), now)}`)
    }),
  )

  function actsOf(act: Option, comment: string | undefined): Acts | undefined {
    const said = { channel: 'web' as const, ...(comment === undefined ? {} : { comment }) }
    const acts: { readonly [act in Option]: Acts } = {
      approve: decider.approving(said),
      deny: (request, actor, now) => deny(request, actor, said, now),
      cancel: (request, actor, now) => cancel(request, actor, said, now),
      revoke: (request, actor, now) => revoke(request, actor, said, now),
      review: (request, actor, now) =>
        comment === undefined
          ? refused('body-invalid', 'The comment is missing. Enter what you found.')
          : review(request, actor, comment, now),
    }
    return Object.hasOwn(acts, act) ? acts[act] : undefined
  }

  /** Records the refusal of an identified person in the audit log, as every other channel does. */
  async function sayTo(c: Ctx, caller: Caller, refusal: Refused): Promise<Response> {
    if (problems[refusal.code].status >= 500) return say(c, refusal)
    await recordRefusal(broker, callOf(c), caller, c.get('profile') ?? '', refusal)
    return say(c, refusal)
  }

  // ── Link ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function linkPage(c: Ctx, caller: Caller, grantWith: (more: Partial<Grant>) => string): Promise<Response> {
    const found = await links.ofPerson(caller)
    if (found.outcome === 'unknown') return say(c, unavailable(found.cause))
    const pending = found.value?.pending
    if (pending && pending.expiresAt > c.get('now')) {
      const { team, user, name } = pending.slack
      return show(
        c,
        'Is this you?',
        html`<p>This Slack user entered your code. Confirm only if it is you. Slack users choose their own names: compare the user ID.</p>
${table([
  ['Slack user', withIdentity(name, user)],
  ['Workspace', shownLine(team)],
  ['Will act as', me(caller)],
])}
<form method="post" action="/link"><input type="hidden" name="grant" value="${grantWith({ slack: { team, user } })}">
<button name="act" value="confirm">Yes, that is me</button> <button name="act" value="deny">No, that is not me</button></form>`,
      )
    }
    return codePage(c, caller)
  }

  /** Shows a new code. The previous code, and any Slack user who entered it, is no longer valid. */
  async function codePage(c: Ctx, caller: Caller): Promise<Response> {
    const offered = await links.offer(linkedOf(caller), c.get('now'))
    if (offered.outcome === 'unknown') return say(c, unavailable(offered.cause))
    if (offered.outcome === 'refused') return say(c, offered)
    return show(
      c,
      'Link your Slack user',
      html`<p>Enter this in Slack within ten minutes. Then return to this page and confirm that it was you.</p>
<p><code>/stint link ${offered.value.code}</code></p><p><a href="/link">I have entered it</a></p>
<p>Keep this code secret: anyone who enters it can ask to act as ${me(caller)} in Slack.</p>`,
    )
  }

  app.post('/link', (c) =>
    withGrant(c, async (grant, caller, form) => {
      if (rules.slack && form.get('act') === 'deny') return codePage(c, caller)
      if (!grant.slack || !rules.slack) return say(c, refused('link-unknown', 'This page has no Slack user to confirm.'))
      const came = { source: c.env.sourceIp, token: caller.token.hash }
      const made = await links.confirm(linkedOf(caller), grant.slack, c.get('now'), came)
      if (made.outcome === 'unknown')
        return say(c, outcomeUnknown(made.cause, 'the link was made', 'Enter /stint status in Slack to see your link.'))
      if (made.outcome === 'refused') return sayTo(c, caller, made)
      const { active } = made.value
      return show(
        c,
        'Linked',
        html`<p>${active ? withIdentity(active.slack.name, active.slack.user) : ''} in Slack now acts as ${me(caller)}, until ${minute(active?.expiresAt ?? 0)}. You can decide from Slack in ten minutes. To end the link, enter <code>/stint unlink</code> in Slack.</p>`,
      )
    }),
  )

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
    if (caller.value.kind !== 'human' || !signedInLately(caller.value, now)) return sayTo(c, caller.value, signInAgain)
    return answer(grant, caller.value, form)
  }

  function say(c: Ctx, refusal: Refused): Response | Promise<Response> {
    c.set('refusal', refusal)
    const { status, title, next } = problems[refusal.code]
    // The refusal's own next step is more specific than the one of its code.
    const own = extensionsOf(refusal).next === undefined
    return show(
      c,
      title,
      html`<p>${shownText(refusal.detail)}</p>${own ? html`<p>${next}</p>` : ''}<p class="who">${refusal.code} · ${c.get('trace')}</p>`,
      status,
    )
  }
}

const callbackOf = ({ publicUrl }: Web): string => `${publicUrl}/sign-in/callback`

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

// ── Cookies ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 6265bis §4.1.3.2: `__Host-` binds a cookie to this host alone. It is unavailable over plain HTTP, which the sandbox uses. */
const cookieName = ({ publicUrl }: Web, name: string): string => `${publicUrl.startsWith('https:') ? '__Host-' : ''}stint-${name}`

function setCookie(c: Ctx, web: Web, name: string, value: string, lasts: number, sameSite: 'Lax' | 'Strict'): void {
  const secure = web.publicUrl.startsWith('https:') ? '; Secure' : ''
  c.header('set-cookie', `${cookieName(web, name)}=${value}; Path=/; Max-Age=${lasts}; HttpOnly; SameSite=${sameSite}${secure}`, {
    append: true,
  })
}
const dropCookie = (c: Ctx, web: Web, name: string): void => setCookie(c, web, name, '', 0, 'Lax')

/** Each tab has a sign-in of its own. The issuer's response identifies it by `state`. */
const signInCookie = (state: string): string => `sign-in-${state.slice(0, 16)}`

/** The most open sign-ins in one browser, so that the cookies fit into a request's headers. */
const MOST_SIGN_INS = 5

/** The oldest sign-ins, which must go to make room for a new one: browsers send the oldest cookie first (RFC 6265 §5.4). */
function oldSignIns(c: Ctx, web: Web): readonly string[] {
  const [ours, prefix] = [cookieName(web, ''), cookieName(web, 'sign-in-')]
  const names = (c.req.header('cookie') ?? '').split(/;\s*/).map((part) => part.slice(0, part.indexOf('=')))
  const begun = names.filter((name) => name.startsWith(prefix) && /^[\w-]+$/.test(name)).map((name) => name.slice(ours.length))
  return begun.slice(0, Math.max(0, begun.length - MOST_SIGN_INS + 1))
}

/** The value if there is exactly one: two cookies of one name indicate that another site set one. */
function cookieOf(c: Ctx, web: Web, name: string): string | undefined {
  const found = (c.req.header('cookie') ?? '').split(/;\s*/).filter((part) => part.startsWith(`${cookieName(web, name)}=`))
  return found.length === 1 ? found[0]?.slice(cookieName(web, name).length + 1) : undefined
}

// ── Layout ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:44rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8883;overflow-wrap:anywhere}th{width:10.5rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:1rem}code{font-family:ui-monospace,monospace}
textarea{width:100%;box-sizing:border-box;font:inherit}button{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0}label{display:block;margin-top:1rem}
.alarm{background:#b00020;color:#fff;padding:.5rem 1rem;font-weight:600}.high{color:#b00020;font-weight:600}.why{white-space:pre-wrap}.who{opacity:.75}
h2{font-size:1.1rem;margin:1.2rem 0 .3rem}li,p,code{overflow-wrap:anywhere}@media(max-width:30rem){body{margin:1rem auto}tr,th,td{display:block;width:auto}th{border:0;padding-bottom:0}td{padding-top:0}}
@media(prefers-color-scheme:dark){.high{color:#ff8a94}}`

const headers = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: browsers would send our own forms with `Origin: null`.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

const show = (c: Ctx, title: string, body: ReturnType<typeof html>, status = 200) =>
  c.html(
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Stint</title>
<style>${raw(style)}</style></head><body><main><h1>${title}</h1>
${body}</main></body></html>`,
    status as 200,
    headers,
  )

const chooser = (to: string, issuers: readonly string[]) =>
  html`<p>Choose where to sign in:</p><ul>${issuers.map((id) => html`<li><a href="${to}?issuer=${id}">${id}</a></li>`)}</ul>`

/** The person who views the page, as AWS sees them. */
const me = (caller: Caller): string => withIdentity(caller.name, ownIdentity(caller))

const headline = (request: AccessRequest, now: Instant): string =>
  `${request.breakGlass ? 'Break-glass' : 'Access request'}: ${stateAt(request, now)}`

/** Values are already safe to show. Only HTML escaping is added here. */
const table = (rows: readonly Fact[]) =>
  html`<table>${rows.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th><td${raw(/^high\b/.test(value) && name === 'Risk' ? ' class="high"' : '')}>${value}</td></tr>`,
  )}</table>`

function requestPart(request: AccessRequest, { facts, permissions, justification }: Summary, now: Instant) {
  return html`${request.breakGlass ? html`<p class="alarm">Break-glass: emergency access. It must be reviewed afterwards.</p>` : ''}
${table(facts)}
${justification === undefined ? '' : html`<h2>Justification</h2><p class="why">${justification}</p>`}
<h2>Session permissions</h2><ul>${permissions.map((line) => html`<li>${line}</li>`)}</ul>
<h2>Decisions</h2>${table(decisionsOn(request, now))}
<details><summary>All terms</summary><pre>${visibleJson(request.terms, 2)}</pre></details>`
}

function decisionsOn(request: AccessRequest, now: Instant): readonly Fact[] {
  const { terms, approvals, decidedBy, review } = request
  const state = stateAt(request, now)
  const comment = (text: string | undefined) => (text === undefined ? '' : `: ${isolated(shownLine(text))}`)
  const lacking = terms.approval ? missing(terms.approval, approvals).reduce((sum, count) => sum + count, 0) : 0
  const live = liveSessions(request, now)
  return [
    ...approvals.map(({ approver, comment: said }): Fact => ['Approved by', `${shownCaller(approver)}${comment(said)}`]),
    ...(state === 'pending' ? [['Approvals needed', String(lacking)] as const] : []),
    ...(state === 'pending' && request.unattendedAt !== undefined
      ? [['Automatic approval', `at ${minute(request.unattendedAt)}, unless it is denied first`] as const]
      : []),
    ...(decidedBy && state !== 'approved' ? [[capitalized(`${state} by`), shownCaller(decidedBy)] as const] : []),
    ...(live.length > 0
      ? [['Live sessions', `${live.length}, until ${minute(Math.max(...live.map(({ expiresAt }) => expiresAt)))}`] as const]
      : []),
    ...(review ? [['Reviewed by', `${shownCaller(review.by)}${comment(review.text)}`] as const] : []),
    ['Request', request.id],
  ]
}
const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

const words: { readonly [option in Option]: string } = {
  approve: 'Approve',
  deny: 'Deny',
  cancel: 'Cancel the request',
  revoke: 'Revoke the request',
  review: 'Close the review',
}

const decideForm = (action: string, grant: string, options: readonly Option[]) =>
  html`<form method="post" action="${action}"><input type="hidden" name="grant" value="${grant}">
<label>Comment <textarea name="comment" rows="3" maxlength="256"></textarea></label>
${options.map((option) => html`<button name="act" value="${option}">${words[option]}</button>`)}</form>`

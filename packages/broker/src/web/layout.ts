/** The frame of every page: head, navigation, security headers, and pages for refusals. */

import type { Caller } from '@stint/core/identity/caller'
import { ownIdentity, withIdentity } from '@stint/core/identity/shown'
import { toIso } from '@stint/core/instant'
import type { Refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { extensionsOf } from '@stint/core/problem-body'
import type { Fact } from '@stint/core/request/summary'
import { isolated, shownLine, shownText } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type Cookie, csrfOf } from '../browser/browser-session.ts'
import { wordsOnPage } from '../browser/refusal-words.ts'
import { type ApiBroker, type Ctx, callOf } from '../http/context.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import { factValue, withTimes } from './words.ts'

export type Html = ReturnType<typeof html>

/** The person who views a page, and their session. Absent on pages for people who are not signed in. */
export type Visit = { readonly caller: Caller; readonly cookie: Cookie }

/** Pages load the style sheet and the script of this host, and nothing else. */
export const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: browsers would send our own forms with `Origin: null`.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

type PageOptions = {
  readonly title: string
  readonly body: Html
  readonly visit?: Visit | undefined
  /** The entry of the navigation that the page belongs to. */
  readonly at?: '/' | '/decide' | '/activity'
  readonly status?: number
}

/** The pages, and who is signed in. The names of the assets have a hash of their content, so they come from the build. */
export function pageFrame({ files }: Pick<ApiBroker, 'files'>) {
  let names: { readonly style: string; readonly script: string } | undefined
  return (c: Ctx, { title, body, visit, at, status = 200 }: PageOptions) => {
    names ??= JSON.parse(files('pages.json') ?? '') as NonNullable<typeof names>
    return c.html(
      html`<!doctype html>
<html lang="en" data-now="${toIso(c.get('now'))}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Stint</title>
<link rel="stylesheet" href="${names.style}"><script type="module" src="${names.script}"></script></head>
<body><a class="skip" href="#main">Skip to content</a>${visit ? header(visit, at) : html`<header><b>Stint</b></header>`}
<main id="main"><h1>${title}</h1>
${body}</main></body></html>`,
      status as 200,
      pageHeaders,
    )
  }
}
export type Show = ReturnType<typeof pageFrame>

const entries = [
  ['/', 'My access'],
  ['/decide', 'Decide'],
  ['/activity', 'Activity'],
] as const

const header = (visit: Visit, at: PageOptions['at']) =>
  html`<header><nav aria-label="Pages">${entries.map(
    ([href, name]) => html`<a href="${href}"${href === at ? html` aria-current="page"` : ''}>${name}</a>`,
  )}<a href="/docs">API</a></nav>
<form method="post" action="/sign-out">${csrfField(visit)}<span title="${me(visit.caller)}">${isolated(shownLine(visit.caller.name, 40))}</span> <button class="plain">Sign out</button></form></header>`

export const csrfField = ({ cookie }: Pick<Visit, 'cookie'>) => html`<input type="hidden" name="csrf" value="${csrfOf(cookie)}">`

/** The person who views the page, as AWS sees them. */
export const me = (caller: Caller): string => withIdentity(caller.name, ownIdentity(caller))

/** Pages for refusals. */
export function refusalPages(broker: ApiBroker, show: Show) {
  /** Renders a refusal as a page. `more`: what the person can do, such as a link. */
  function say(c: Ctx, refusal: Refused, visit?: Visit, more: Html | string = ''): Response | Promise<Response> {
    c.set('refusal', refusal)
    const { title, next } = wordsOnPage(refusal.code)
    // The refusal's own next step is more specific than the one of its code.
    const { next: own } = extensionsOf(refusal)
    const step = typeof own === 'string' ? shownText(own) : next
    return show(c, {
      title,
      visit,
      status: problems[refusal.code].status,
      body: html`<p>${withTimes(shownText(refusal.detail))}</p>${more === '' || typeof own === 'string' ? html`<p>${withTimes(step)}</p>` : ''}${more}<p class="quiet">${refusal.code} · ${c.get('trace')}</p>`,
    })
  }
  /** Records the refusal of an identified person in the audit log, as every other channel does: for something to read, only a 403. */
  async function record(c: Ctx, visit: Visit, refusal: Refused): Promise<void> {
    c.set('refusal', refusal)
    const { status } = problems[refusal.code]
    if (status === 403 || (status < 500 && c.req.method !== 'GET'))
      await recordRefusal(broker, callOf(c), visit.caller, c.get('profile') ?? '', refusal)
  }
  async function sayTo(c: Ctx, visit: Visit, refusal: Refused, more: Html | string = ''): Promise<Response> {
    await record(c, visit, refusal)
    return say(c, refusal, visit, more)
  }
  return { say, sayTo, record }
}
export type Refusals = ReturnType<typeof refusalPages>

/** Values are already safe to show. Only HTML escaping is added here. */
export const table = (rows: readonly (Fact | readonly [name: string, value: string | Html])[]) =>
  html`<table class="facts">${rows.map((row) => html`<tr><th scope="row">${row[0]}</th><td>${typeof row[1] === 'string' ? factValue(row as Fact) : row[1]}</td></tr>`)}</table>`

/** The frame of every page: styles, security headers, tables, and pages for refusals. */
import { createHash } from 'node:crypto'
import type { Caller } from '@stint/core/identity/caller'
import { ownIdentity, withIdentity } from '@stint/core/identity/shown'
import type { Refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { extensionsOf } from '@stint/core/problem-body'
import type { Fact } from '@stint/core/request/summary'
import { shownText } from '@stint/core/shown-text'
import { html, raw } from 'hono/html'
import { type ApiBroker, type Ctx, callOf } from '../http/context.ts'
import { recordRefusal } from '../vend/record-refusal.ts'

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

/** Renders a page. */
export const show = (c: Ctx, title: string, body: ReturnType<typeof html>, status = 200) =>
  c.html(
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Stint</title>
<style>${raw(style)}</style></head><body><main><h1>${title}</h1>
${body}</main></body></html>`,
    status as 200,
    headers,
  )

/** Renders a refusal as a page. */
export function say(c: Ctx, refusal: Refused): Response | Promise<Response> {
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

/** Records the refusal of an identified person in the audit log, as every other channel does. */
export async function sayTo(broker: ApiBroker, c: Ctx, caller: Caller, refusal: Refused): Promise<Response> {
  if (problems[refusal.code].status >= 500) return say(c, refusal)
  await recordRefusal(broker, callOf(c), caller, c.get('profile') ?? '', refusal)
  return say(c, refusal)
}

/** The person who views the page, as AWS sees them. */
export const me = (caller: Caller): string => withIdentity(caller.name, ownIdentity(caller))

/** Values are already safe to show. Only HTML escaping is added here. */
export const table = (rows: readonly Fact[]) =>
  html`<table>${rows.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th><td${raw(/^high\b/.test(value) && name === 'Risk' ? ' class="high"' : '')}>${value}</td></tr>`,
  )}</table>`

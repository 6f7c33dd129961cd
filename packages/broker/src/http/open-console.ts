/**
 * `POST /console`: opens the AWS console from one of Stint's pages. It is the vend path with the browser's session in place of a bearer
 * token, so it runs in `vend`, the only function that can issue a session, and the caller's address is the browser's.
 */
import { done, type Refused, refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { shownText } from '@stint/core/shown-text'
import {
  hasCsrf,
  isFromOwnPage,
  oneCookie,
  openSession,
  parseCookie,
  peopleOnly,
  SESSION_COOKIE,
  sessionEnded,
  strangeForm,
} from '../browser/browser-session.ts'
import { wordsOnPage } from '../browser/refusal-words.ts'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { identify } from '../vend/identify.ts'
import { vend } from '../vend/vend.ts'
import { type Answered, header, MAX_FORM_BYTES, secretHeaders, type VendReply, type VendRequest } from './message.ts'
import { askOf } from './token.ts'

export async function openConsole(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  const { browser, signIn } = broker
  if (!browser || !signIn) return { reply: page(call, refused('route-unknown', 'This deployment has no console sign-in.')) }
  const [origin, site, type] = ['origin', 'sec-fetch-site', 'content-type'].map((name) => header(request, name)[0])
  if (!isFromOwnPage({ origin, site, type }, browser.origin)) return { reply: page(call, strangeForm) }
  if (request.body.length > MAX_FORM_BYTES)
    return { reply: page(call, refused('body-too-large', `The form is larger than ${MAX_FORM_BYTES} bytes.`)) }
  const cookie = parseCookie(oneCookie(header(request, 'cookie').join('; '), SESSION_COOKIE, browser.origin))
  const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'))
  if (!cookie) return { reply: page(call, sessionEnded) }
  if (!hasCsrf(cookie, form.get('csrf'))) return { reply: page(call, strangeForm) }
  const found = await browser.webSession(cookie)
  if (found.outcome === 'unknown')
    return { reply: page(call, refused('ledger-unavailable', 'The ledger did not answer.', { operator: found.cause })) }
  const signedIn = found.value && openSession(cookie, found.value, call.now)
  if (!signedIn) return { reply: page(call, sessionEnded) }
  const identity = await identify(broker, done({ token: signedIn.token }), call.now)
  if (identity.outcome === 'refused') return { reply: page(call, identity), result: identity }
  if (identity.value.kind !== 'human') return { reply: page(call, peopleOnly) }
  const { signedInAt = identity.value.signedInAt } = signedIn
  const caller = { ...identity.value, ...(signedInAt === undefined ? {} : { signedInAt }) }

  // A field that was left empty is not sent, so that the profile decides.
  const filled = new Map([...form].filter(([name, value]) => value !== '' || name.startsWith('p.')))
  const ask = askOf(filled.get('profile') ?? '', filled)
  const result = await vend(broker, call, caller, ask)
  if (result.outcome === 'refused') return { reply: page(call, result, form), result }
  if (result.outcome === 'waiting') return { reply: redirect(call, `/decide/${result.request.id}`), result }
  const url = await signIn.url(result.value.assumed.credentials)
  if (url.outcome !== 'done')
    return {
      reply: page(
        call,
        refused('sts-timeout', 'AWS sign-in did not answer. The session is recorded, and its credentials were not returned.'),
        form,
      ),
      result,
    }
  return { reply: opened(call, url.value), result }
}

/** The response carries a secret: the URL signs in as the session until it expires. It is in the body only, and is followed at once. */
function opened(call: Call, url: string): VendReply {
  const link = escaped(url)
  return {
    status: 200,
    headers: { ...secretHeaders('text/html; charset=utf-8', call), ...pageHeaders, 'referrer-policy': 'no-referrer' },
    body: `${head('Opening the AWS console')}<meta http-equiv="refresh" content="0;url=${link}">
<p>Your session is recorded and starts now. <a href="${link}">Open the AWS console</a></p>`,
  }
}

const redirect = (call: Call, location: string): VendReply => ({
  status: 303,
  headers: secretHeaders('text/plain; charset=utf-8', call, location),
  body: '',
})

/** `form`: what the person sent. The way back to the profile's page takes it along, so that nothing has to be entered again. */
function page(call: Call, refusal: Refused, form?: URLSearchParams): VendReply {
  const { title, next } = wordsOnPage(refusal.code)
  return {
    status: problems[refusal.code].status,
    headers: { ...secretHeaders('text/html; charset=utf-8', call), ...pageHeaders },
    body: `${head(title)}<p>${escaped(shownText(refusal.detail))}</p><p>${escaped(next)}</p>${form ? backForm(form) : '<p><a class="button" href="/">My access</a></p>'}<p class="quiet">${refusal.code} · ${call.trace}</p>`,
  }
}

function backForm(form: URLSearchParams): string {
  const fields = [...form].map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
  const path = `/access/${encodeURIComponent(form.get('profile') ?? '')}`
  return `<form method="post" action="${escaped(path)}">${fields.join('')}<p><button name="step" value="edit">Back to the profile</button></p></form>`
}

/** The names of the other style sheets and scripts are part of `api`. */
const head = (title: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)} · Stint</title><link rel="stylesheet" href="/assets/web.css"><body><header><nav aria-label="Pages"><a href="/">My access</a></nav></header><main><h1>${escaped(title)}</h1>`

const pageHeaders = {
  'content-security-policy': "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-frame-options': 'DENY',
  // Not `no-referrer`: browsers would send our own form with `Origin: null`.
  'referrer-policy': 'same-origin',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

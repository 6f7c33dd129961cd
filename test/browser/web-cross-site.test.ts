/**
 * Another site, in the browser of someone who is signed in: forms it sends, pages it frames, windows it opens, sign-ins it begins, cookies it sets.
 * It is attacked three times: another site, another origin of the same site (whose requests carry the cookie), and a browser so old that only the
 * form's token is left. The sandbox's guard is out of the way.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attacked, attackedSandbox, type Jar, type Part, serve } from '../support/attack.ts'
import { startBrowser } from '../support/browser.ts'
import { storedRequests } from '../support/checkers.ts'

let attacked: Attacked
let browser: Browser
/** The attacker's pages, on the site of the broker and on another. */
let near: Part
let far: Part
let shown = ''
/** What the attacker's server was asked. */
const asked: string[] = []
beforeAll(async () => {
  const listener: Parameters<typeof serve>[0] = (request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'text/html' }).end(shown)
  }
  ;[attacked, browser, near, far] = await Promise.all([attackedSandbox(), startBrowser(), serve(listener), serve(listener, 'localhost')])
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([attacked?.close(), near?.close(), far?.close()])
})

const avery = { sub: 'avery', name: 'Avery', groups: ['approvers'], role: 'engineer' }
/** The attacker, who is a person of the company, too. */
const eve = { sub: 'eve', name: 'Eve', role: 'engineer' }

/** The victim's browser. */
async function victim(): Promise<{ jar: Jar; context: BrowserContext; page: Page }> {
  const jar = await attacked.signedIn(avery)
  const context = await jar.browser(browser)
  return { jar, context, page: await context.newPage() }
}

let requests = 0
async function ask(): Promise<string> {
  // A person can have only a few open requests.
  const token = await attacked.tokenOf({ ...eve, sub: `eve-${requests++}` })
  const body = { profile: 'open', justification: 'Orders are down', parameters: { what: 'x' } }
  const { json } = await attacked.sandbox.call('POST', '/requests', token, body)
  return json.id as string
}
const stateOf = async (id: string): Promise<string> => {
  const { json } = await attacked.sandbox.get(`/requests/${id}`, await attacked.tokenOf(avery))
  return json.state as string
}
/** A session of the victim. */
async function session(): Promise<string> {
  const { json } = await attacked.sandbox.vend(await attacked.tokenOf(avery), { profile: 'direct' })
  return json.id as string
}
const sessionState = async (id: string): Promise<string> => {
  const { json } = await attacked.sandbox.get(`/sessions/${id}`, await attacked.tokenOf(avery))
  return json.state as string
}
const isSignedIn = async (jar: Jar): Promise<boolean> => (await jar.go('/')).status === 200
const issued = (): number => attacked.sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
type Form = Readonly<Record<string, string>>
/** A page that sends a form as soon as it is opened. */
const sending = (url: string, form: Form, type = 'application/x-www-form-urlencoded') =>
  `<form method="post" action="${url}" enctype="${type}">${Object.entries(form)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')}</form><script>document.forms[0].submit()</script>`

/** A form of Stint's pages, what it would change, and how to see that. */
type Target = { readonly path: string; readonly form: Form; readonly state: () => Promise<unknown> }
const targets: readonly (readonly [string, (jar: Jar) => Promise<Target>])[] = [
  [
    'approves a request',
    async () => {
      const id = await ask()
      return { path: `/decide/${id}`, form: { act: 'approve', version: '1' }, state: () => stateOf(id) }
    },
  ],
  [
    'requests access',
    async () => ({
      path: '/access/open',
      form: { step: 'send', justification: 'x', 'p.what': `y${Math.random()}` },
      state: async () => (await storedRequests(attacked.sandbox)).length,
    }),
  ],
  [
    'ends a session',
    async () => {
      const id = await session()
      return { path: '/end', form: { session: id }, state: () => sessionState(id) }
    },
  ],
  ['opens the console', async () => ({ path: '/console', form: { profile: 'direct' }, state: async () => issued() })],
  ['signs out', async (jar) => ({ path: '/sign-out', form: { everywhere: '1' }, state: () => isSignedIn(jar) })],
]

const ways = ['urlencoded', 'text/plain', 'multipart', 'fetch', 'beacon', 'get'] as const
const kinds = { urlencoded: 'application/x-www-form-urlencoded', 'text/plain': 'text/plain', multipart: 'multipart/form-data' }

/** Sends the form from the attacker's page, which is open. */
async function attack(page: Page, way: (typeof ways)[number], from: Part, url: string, form: Form): Promise<void> {
  if (way === 'fetch' || way === 'beacon') {
    shown = '<p>Nothing to see here</p>'
    await page.goto(from.url)
    await page.evaluate(
      ([way, url, body]) =>
        way === 'beacon'
          ? navigator.sendBeacon(url, new URLSearchParams(body))
          : fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(body) }).then(
              () => undefined,
              () => undefined,
            ),
      [way, url, new URLSearchParams(form).toString()] as const,
    )
    return
  }
  const sent = page.waitForRequest((request) => request.url().startsWith(url))
  shown =
    way === 'get' ? `<script>location = ${JSON.stringify(`${url}?${new URLSearchParams(form)}`)}</script>` : sending(url, form, kinds[way])
  await page.goto(from.url).catch(() => undefined)
  await (await sent).response()
}

describe.each([
  ['another site', () => far, () => attacked.bare],
  ['another origin of the site', () => near, () => attacked.bare],
  ['another origin of the site, in an old browser', () => near, () => attacked.old],
] as const)('a form from %s', (_from, from, broker) => {
  test.each(targets)('%s, in no way', async (_what, target) => {
    const { jar, context, page } = await victim()
    const { path, form, state } = await target(jar)
    const before = await state()
    for (const way of ways) {
      await attack(page, way, from(), `${broker().url}${path}`, form)
      await attack(page, way, from(), `${broker().url}${path}`, { csrf: '', ...form })
    }
    expect(await state()).toEqual(before)
    // The same form from Stint's own page does it.
    const own = await jar.go(
      `${broker().url}${path}`,
      { ...form, csrf: await jar.csrf() },
      { origin: broker().url, 'sec-fetch-site': 'same-origin' },
    )
    expect([200, 303]).toContain(own.status)
    expect(await state()).not.toEqual(before)
    await context.close()
  })
})

test.each(targets)('a form with a stolen token, from another origin of the site: %s, in no way', async (_what, target) => {
  const { jar, context, page } = await victim()
  const { path, form, state } = await target(jar)
  const [before, csrf] = [await state(), await jar.csrf()]
  for (const way of ways) await attack(page, way, near, `${attacked.bare.url}${path}`, { ...form, csrf })
  expect(await state()).toEqual(before)
  await context.close()
})

test.each(['/', '/decide', '/activity', '/access/open', '/signed-out', '/link', '/docs', 'request', 'refusal'])(
  '%s is not shown in a frame',
  async (path) => {
    const { context, page } = await victim()
    const id = await ask()
    const url = `${attacked.bare.url}${path === 'request' ? `/decide/${id}` : path === 'refusal' ? '/decide/req_1' : path}`
    for (const from of [near, far]) {
      shown = `<iframe src="${url}"></iframe><iframe sandbox src="${url}"></iframe><object data="${url}" type="text/html"></object><embed src="${url}" type="text/html">`
      await page.goto(from.url)
      const texts = await Promise.all(
        page
          .frames()
          .slice(1)
          .map((frame) => frame.evaluate(() => document.documentElement.innerText).catch(() => '')),
      )
      expect(page.frames().length).toBeGreaterThan(1)
      expect(texts.filter((text) => /Stint|access|Decide|Activity|signed out|Sign/i.test(text))).toEqual([])
    }
    await context.close()
  },
)

test('another origin reads nothing: not by fetch, as a script or a picture, nor through a window that it opened', async () => {
  const { context, page } = await victim()
  shown = '<p>Nothing to see here</p>'
  await page.goto(near.url)
  const read = await page.evaluate(async (url) => {
    const tried = async (mode: RequestMode) =>
      fetch(url, { mode, credentials: 'include' }).then(
        (answer) => answer.type,
        () => 'refused',
      )
    const element = (make: HTMLScriptElement | HTMLImageElement) =>
      new Promise<string>((resolve) => {
        make.onload = () => resolve('loaded')
        make.onerror = () => resolve('refused')
        make.src = url
        document.body.append(make)
      })
    return [
      await tried('cors'),
      await tried('no-cors'),
      await element(document.createElement('script')),
      await element(document.createElement('img')),
    ]
  }, `${attacked.bare.url}/`)
  expect(read).toEqual(['refused', 'refused', 'refused', 'refused'])

  const [popup] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate((url) => {
      Object.assign(window, { popup: window.open(url) })
    }, `${attacked.bare.url}/`),
  ])
  await popup.waitForLoadState()
  expect(await popup.textContent('h1')).toBe('My access')
  expect(await popup.evaluate(() => window.opener)).toBeNull()
  expect(await page.evaluate(() => (window as unknown as { popup: Window }).popup.closed)).toBe(true)
  await context.close()
})

describe('a sign-in that another person began', () => {
  test('is not finished in the victim’s browser, signed in or not', async () => {
    const { jar, context, page } = await victim()
    const stranger = await (await browser.newContext()).newPage()
    for (const [opens, name] of [
      [page, 'Avery'],
      [stranger, undefined],
    ] as const) {
      const callback = await attacked.callback(attacked.newJar(), eve)
      shown = `<script>location = ${JSON.stringify(callback.replace(attacked.sandbox.urls.broker, attacked.bare.url))}</script>`
      const answered = opens.waitForResponse((response) => response.url().includes('/sign-in/callback'))
      await opens.goto(far.url).catch(() => undefined)
      expect((await answered).status()).toBe(401)
      await opens.getByText('was not started in this browser').waitFor()
      const cookies = await opens.context().cookies()
      expect(cookies.find((cookie) => cookie.name === 'stint-session')?.value).toBe(
        name === undefined ? undefined : jar.cookies.get('stint-session'),
      )
    }
    await page.goto(`${attacked.sandbox.urls.broker}/`)
    expect(await page.textContent('header')).toContain('Avery')
    // The person who began it can.
    const own = attacked.newJar()
    expect((await own.go(await attacked.callback(own, eve))).location).toBe('/')
    await stranger.context().close()
    await context.close()
  })
})

describe('a cookie that another page of the host has set', () => {
  /** Over http, any port of the host can. On https, `__Host-` keeps other hosts from it. */
  async function planted(page: Page, cookie: string): Promise<void> {
    shown = `<script>document.cookie = ${JSON.stringify(cookie)}</script>`
    await page.goto(near.url)
  }

  test('before the sign-in is not the session afterwards, and ends', async () => {
    const fixed = await attacked.signedIn(eve)
    const context = await browser.newContext()
    const page = await context.newPage()
    await planted(page, `stint-session=${fixed.cookies.get('stint-session')}; path=/`)
    attacked.issuer.next(avery)
    await page.goto(`${attacked.sandbox.urls.broker}/sign-in?to=/`)
    expect(await page.textContent('header')).toContain('Avery')
    const cookies = (await context.cookies()).filter(({ name }) => name === 'stint-session')
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    expect(cookies[0]?.value).not.toBe(fixed.cookies.get('stint-session'))
    expect(await isSignedIn(fixed)).toBe(false)
    await context.close()
  })

  test('beside the session makes no one act as the person whose it is', async () => {
    const { context, page } = await victim()
    const tossed = await attacked.signedIn(eve)
    const id = await ask()
    for (const path of ['/decide', '/console', '/access'])
      await planted(page, `stint-session=${tossed.cookies.get('stint-session')}; path=${path}`)
    // Not a page of Eve's. The sign-in begins again, as often as the browser follows.
    attacked.issuer.next(avery)
    const first = page.waitForResponse((response) => response.url().endsWith(id))
    await page.goto(`${attacked.sandbox.urls.broker}/decide/${id}`).catch(() => undefined)
    expect((await first).status()).toBe(303)
    const other = await context.newPage()
    await other.goto(`${attacked.sandbox.urls.broker}/`)
    const before = issued()
    const csrf = await tossed.csrf()
    const status = await other.evaluate(
      async (csrf) => (await fetch('/console', { method: 'POST', body: new URLSearchParams({ csrf, profile: 'direct' }) })).status,
      csrf,
    )
    expect([status, issued()]).toEqual([401, before])
    await context.close()
  })
})

test.each([
  '//localhost/',
  '/\\localhost',
  'http://localhost/',
  'https:localhost',
  '/%09/localhost',
  '/decide/..//localhost',
  '/.//localhost',
  '/sign-in/callback',
  '/@localhost',
  'javascript:alert(1)',
  'data:text/html,x',
])('a link to the sign-in that returns to %s leads nowhere', async (to) => {
  const context = await browser.newContext()
  const page = await context.newPage()
  attacked.issuer.next(avery)
  const visited: string[] = []
  page.on('framenavigated', (frame) => visited.push(frame.url()))
  const answer = await page.goto(`${attacked.bare.url}/sign-in?${new URLSearchParams({ to })}`)
  expect(answer?.status()).toBe(404)
  expect(visited.map((url) => new URL(url).origin)).toEqual([attacked.bare.url])
  expect(await context.cookies()).toEqual([])
  await context.close()
})

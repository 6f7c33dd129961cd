/**
 * What a browser keeps and shows: no token anywhere, nothing after the sign-out, one decision from two tabs, what a decision depends on above
 * the fold of a small phone, and every action by keyboard.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attacked, attackedSandbox, type Jar } from '../support/attack.ts'
import { expectSound, startBrowser } from '../support/browser.ts'
import { slackIn } from '../support/slack.ts'

let attacked: Attacked
let browser: Browser
beforeAll(async () => {
  ;[attacked, browser] = await Promise.all([attackedSandbox(), startBrowser(['--disable-back-forward-cache'])])
})
afterAll(async () => {
  await browser?.close()
  await attacked?.close()
})

const avery = { sub: 'avery', name: 'Avery', groups: ['approvers'], role: 'engineer' }
let requests = 0
async function ask(justification = 'Orders are down', name = 'Eve'): Promise<string> {
  const token = await attacked.tokenOf({ sub: `eve-${requests++}`, name, role: 'engineer' })
  const body = { profile: 'open', justification, parameters: { what: 'x' } }
  return (await attacked.sandbox.call('POST', '/requests', token, body)).json.id as string
}
const stateOf = async (id: string): Promise<string> =>
  (await attacked.sandbox.get(`/requests/${id}`, await attacked.tokenOf(avery))).json.state as string

type Options = Parameters<Jar['browser']>[1]
async function visitor(options: Options = {}): Promise<{ jar: Jar; context: BrowserContext; page: Page }> {
  const jar = await attacked.signedIn(avery)
  const context = await jar.browser(browser, options)
  return { jar, context, page: await context.newPage() }
}
const at = (path: string) => `${attacked.sandbox.urls.broker}${path}`

test('no token, and no secret of the session, is in a page, an address, a request, the storage or the console', async () => {
  const { jar, context, page } = await visitor()
  const token = await attacked.tokenOf(avery)
  const secret = (jar.cookies.get('stint-session') ?? '').split('.')[1] ?? 'none'
  const [seen, faults]: [string[], string[]] = [[], []]
  page.on('console', (message) => faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(error.message))
  context.on('request', (request) => {
    const { cookie: _cookie, ...headers } = request.headers()
    seen.push(request.url(), JSON.stringify(headers))
    expect(new URL(request.url()).origin).toBe(attacked.sandbox.urls.broker)
  })
  const id = await ask()
  for (const path of ['/', '/access/open', '/access/direct', '/decide', `/decide/${id}`, '/activity', `/activity?request=${id}`, '/link']) {
    const answer = await page.goto(at(path))
    seen.push(await page.content(), JSON.stringify(answer?.headers()), page.url())
    seen.push(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, window.name])))
    expect(await page.evaluate(async () => [(await indexedDB.databases()).length, (await caches.keys()).length])).toEqual([0, 0])
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
  }
  const all = seen.join('\n')
  expect(all.match(/.{0,60}eyJ[\w-]{10,}/g)).toBeNull()
  expect([all.includes(secret), all.includes(token)]).toEqual([false, false])
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(faults).toEqual([])
  await context.close()
})

test('a form is sent once, however often its button is clicked', async () => {
  const { context, page } = await visitor()
  let sent = 0
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/console', async (route) => {
    sent++
    await held
    await route.continue()
  })
  await page.goto(at('/access/direct'))
  await page.evaluate(() => {
    const button = document.querySelector<HTMLButtonElement>('form[action="/console"] button')
    button?.click()
    setTimeout(() => button?.click(), 200)
  })
  await expect.poll(() => sent).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const opened = page.waitForResponse((response) => response.url().endsWith('/console'))
  release()
  await opened
  expect(sent).toBe(1)
  await context.close()
})

test.each(['/', '/access/open', '/decide', 'request', '/activity', '/link', '/signed-out', 'receipt', 'refusal', 'console'])(
  '%s is stored by no cache, and names what it may load',
  async (path) => {
    const jar = await attacked.signedIn(avery)
    const id = await ask()
    if (path === 'receipt') await attacked.sandbox.ship()
    const answer = await (path === 'console'
      ? jar.go('/console', { csrf: await jar.csrf(), profile: 'direct' })
      : jar.go({ request: `/decide/${id}`, receipt: `/activity/${id}/0`, refusal: '/decide/req_1' }[path] ?? path))
    expect([path, answer.headers.get('cache-control')]).toEqual([path, 'no-store'])
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    if (path === 'receipt') return expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none';/)
    expect(policy).toMatch(/frame-ancestors 'none'/)
    expect(policy).toMatch(/base-uri 'none'/)
    // Nothing inline, and no other host.
    expect(policy).not.toMatch(/unsafe|data:|blob:|https?:|\*/)
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
  },
)

describe.each([true, false])('after the sign-out, scripts: %s', (javaScriptEnabled) => {
  test('no page comes back: not by the back button, not by its address, not from a cache', async () => {
    const { context, page } = await visitor({ javaScriptEnabled })
    const id = await ask('Only for approvers')
    // An issuer that knows nobody any more: whoever signs in again is another person.
    attacked.issuer.next({ sub: 'other', name: 'Other' })
    const fromCache: string[] = []
    context.on('response', (response) => {
      if (response.fromServiceWorker()) fromCache.push(response.url())
    })
    for (const path of ['/', '/decide', `/decide/${id}`, `/activity?request=${id}`]) await page.goto(at(path))
    await page.goto(at(`/decide/${id}`))
    expect(await page.textContent('main')).toContain('Only for approvers')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByText('You are signed out').waitFor()
    for (let steps = 0; steps < 6; steps++) {
      await page.goBack().catch(() => undefined)
      const text = (await page.textContent('body')) ?? ''
      expect(text).not.toMatch(/Only for approvers|Avery/)
    }
    for (const path of ['/', `/decide/${id}`]) {
      await page.goto(at(path))
      expect(await page.textContent('body')).not.toMatch(/Only for approvers|Avery/)
    }
    expect(fromCache).toEqual([])
    await context.close()
  })
})

test('a form of a page that was open before the sign-out decides nothing', async () => {
  const { context, page } = await visitor()
  const id = await ask()
  await page.goto(at(`/decide/${id}`))
  const other = await context.newPage()
  await other.goto(at('/'))
  await other.getByRole('button', { name: 'Sign out', exact: true }).click()
  await other.getByText('You are signed out').waitFor()
  await page.getByRole('button', { name: /^Approve / }).click()
  await page.getByText('Your session has ended').waitFor()
  expect(await stateOf(id)).toBe('pending')
  await context.close()
})

describe('two tabs', () => {
  test.each([
    ['approves', 'denies', /^Approve /, 'Deny the request', 'approved', 'denied'],
    ['denies', 'approves', 'Deny the request', /^Approve /, 'denied', 'denied'],
  ] as const)('one %s, then the other %s: the second shows what is', async (_one, _other, first, second, after, end) => {
    const { context, page } = await visitor()
    const id = await ask()
    const other = await context.newPage()
    for (const tab of [page, other]) {
      await tab.goto(at(`/decide/${id}`))
      // A denial needs one.
      await tab.getByLabel('Comment').fill('from this tab')
    }
    const button = other.getByRole('button', { name: second })
    await page.getByRole('button', { name: first }).click()
    await page.locator('.said').waitFor()
    expect(await stateOf(id)).toBe(after)
    // The tab may already show the newer state, without the button.
    await button.click({ timeout: 4000 }).catch(() => undefined)
    await other.waitForLoadState()
    const now = await stateOf(id)
    expect([after, end]).toContain(now)
    if (after === 'denied') expect(now).toBe('denied')
    expect(await other.textContent('main')).toMatch(/denied|already|You denied|changed|approved/i)
    await context.close()
  })

  test('of two people, at the same time: one decision counts', async () => {
    const id = await ask()
    const [one, two] = [await attacked.signedIn(avery), await attacked.signedIn({ ...avery, sub: 'blair', name: 'Blair' })]
    const send = async (jar: Jar, act: string) => jar.go(`/decide/${id}`, { csrf: await jar.csrf(), act, version: '1', comment: 'mine' })
    const answers = await Promise.all([send(one, 'deny'), send(two, 'approve')])
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([])
    // A withdrawal lands whatever came before it.
    expect(await stateOf(id)).toMatch(/denied|revoked/)
  })
})

describe('on a phone of 320 × 640', () => {
  test.each([
    ['an ordinary request', 'Orders are down', 'Eve'],
    ['a long name and a long justification', 'Orders are down, and '.repeat(90), 'Evelyn '.repeat(18)],
    ['no spaces', 'x'.repeat(2000), 'E'.repeat(128)],
    ['empty lines', `a${'\n\n'.repeat(300)}b`, 'Eve'],
    ['right-to-left', 'הזמנות '.repeat(200), 'חוה '.repeat(20)],
  ])('who, what, how long, risk and why are seen without scrolling: %s', async (_what, justification, name) => {
    const { context, page } = await visitor({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true })
    const id = await ask(justification, name)
    await page.goto(at(`/decide/${id}`))
    for (const part of ['.alarm', '.lead', '.badge', '.allows', 'blockquote', '.state', '.buttons .primary']) {
      const box = await page.locator(part).first().boundingBox()
      expect([part, (box?.y ?? 9999) + (box?.height ?? 0) <= 640]).toEqual([part, true])
    }
    expect(await page.textContent('.lead')).toMatch(/eve-\d+.* requests open: PowerUser in account 444455556666,\s+1 hour.*high risk/s)
    expect(await page.textContent('.allows')).toMatch(/^.?what.? .*\. ?Can do everything that the role allows\.$/s)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
    expect(await page.evaluate(() => window.scrollY)).toBe(0)
    await context.close()
  })
})

describe('by keyboard alone', () => {
  /** Presses Tab until the control with this name has the focus, which must be visible. */
  async function tabTo(page: Page, name: RegExp): Promise<void> {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab')
      const [text, outline] = await page.evaluate(() => {
        const focused = document.activeElement as HTMLElement | null
        const labels = (focused as HTMLInputElement | null)?.labels
        const label = labels?.[0]?.textContent ?? focused?.textContent ?? ''
        return [label.trim(), focused ? getComputedStyle(focused).outlineStyle : 'none'] as const
      })
      if (!name.test(text)) continue
      expect([text, outline]).not.toEqual([text, 'none'])
      return
    }
    throw new Error(`no control is called ${name}`)
  }
  const press = async (page: Page, name: RegExp) => {
    await tabTo(page, name)
    await page.keyboard.press('Enter')
  }

  test('requests access: from the list to what was sent', async () => {
    const { context, page } = await visitor()
    await page.goto(at('/'))
    await press(page, /^open$/)
    await page.getByRole('heading', { name: 'open', exact: true }).waitFor()
    await tabTo(page, /^what/)
    await page.keyboard.type('abc')
    await tabTo(page, /^Justification/)
    await page.keyboard.type('Orders are down')
    await press(page, /^Review the request$/)
    await page.getByText('Nothing has been sent yet').waitFor()
    await press(page, /^Change it$/)
    await page.getByRole('heading', { name: 'Request access' }).waitFor()
    expect(await page.getByLabel(/Justification/).inputValue()).toBe('Orders are down')
    await press(page, /^Review the request$/)
    await page.getByText('Nothing has been sent yet').waitFor()
    await press(page, /^Send the request$/)
    await page.getByRole('button', { name: 'Cancel the request' }).waitFor()
    await press(page, /^Cancel the request$/)
    await page.getByText('You cancelled this request.').waitFor()
    await context.close()
  })

  test('decides: a comment, limits, the approval, the review, the revocation', async () => {
    const { context, page } = await visitor()
    const id = await ask()
    await page.goto(at(`/decide/${id}`))
    await tabTo(page, /^Comment/)
    await page.keyboard.type('go')
    await press(page, /^Approve with limits$/)
    await tabTo(page, /^Longest session/)
    await page.keyboard.type('20m')
    await press(page, /^Approve with these limits$/)
    await page.getByText('You approved 2 sessions of up to 20 minutes each, to be started before').waitFor()
    await tabTo(page, /^Findings/)
    await page.keyboard.type('fine')
    await press(page, /^Complete the review$/)
    await page.getByText('You completed the review.').waitFor()
    await press(page, /^Revoke the request$/)
    await page.getByText('You revoked this request.').waitFor()
    const denied = await ask()
    await page.goto(at(`/decide/${denied}`))
    await tabTo(page, /^Comment/)
    await page.keyboard.type('no')
    await press(page, /^Deny the request$/)
    await page.getByText('You denied this request.').waitFor()
    await context.close()
  })

  test('opens the console, ends the session, filters the activity, and signs out', async () => {
    const { context, page } = await visitor()
    await page.goto(at('/access/direct'))
    const opened = page.waitForResponse((response) => response.url().endsWith('/console'))
    await press(page, /^Open console as PowerUser/)
    expect((await opened).status()).toBe(200)
    await page.waitForURL(/\/federation\?/)
    attacked.sandbox.settle()
    await page.goto(at('/'))
    await press(page, /^End now$/)
    await page.getByText('The session has ended.').waitFor()
    await page.goto(at('/activity'))
    await press(page, /^Filter$/)
    await tabTo(page, /^Profile/)
    await page.keyboard.type('direct')
    await page.keyboard.press('Enter')
    await page.waitForURL(/profile=direct/)
    await page.goto(at('/'))
    // The first Tab offers the way past the navigation.
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content')
    await press(page, /^Sign out everywhere$/)
    await page.getByText('You are signed out').waitFor()
    await press(page, /^Sign in$/)
    await context.close()
  })

  test('copies a line, downloads a receipt, and clears the filter', async () => {
    const { context, page } = await visitor({ acceptDownloads: true })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.goto(at('/access/direct'))
    await press(page, /^Copy$/)
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('stint exec direct -- COMMAND')
    await attacked.sandbox.ship()
    await page.goto(at('/activity?profile=direct'))
    const download = page.waitForEvent('download')
    await press(page, /^Receipt$/)
    expect((await download).suggestedFilename()).toMatch(/\.tlog-proof$/)
    await press(page, /^Clear$/)
    await page.waitForURL(at('/activity'))
    await context.close()
  })

  test('links a Slack user: rejects the wrong one, and confirms the right one', async () => {
    const { context, page } = await visitor()
    const slack = slackIn(attacked.sandbox)
    const enterCode = async () => slack.at('developer').command(((await page.textContent('main code')) ?? '').replace('/stint ', ''))
    await page.goto(at('/link'))
    await press(page, /^Get a code$/)
    await enterCode()
    await press(page, /^I have entered it$/)
    await page.getByRole('heading', { name: 'Is this you?' }).waitFor()
    await expectSound(page, 'link confirmation')
    await press(page, /^No, that is not me$/)
    await page.getByRole('heading', { name: 'Link your Slack user' }).waitFor()
    await enterCode()
    await press(page, /^I have entered it$/)
    await page.getByRole('heading', { name: 'Is this you?' }).waitFor()
    await press(page, /^Yes, that is me$/)
    await page.getByRole('heading', { name: 'Linked' }).waitFor()
    await context.close()
  })

  test('opens the console for an approved request, extends its session, and approves that after another sign-in', async () => {
    const erin = { sub: 'erin', name: 'Erin', role: 'engineer' }
    const call = async (who: typeof erin | typeof avery, path: string, body: object) =>
      (await attacked.sandbox.call('POST', path, await attacked.tokenOf(who), body)).json
    const { id } = await call(erin, '/requests', { profile: 'open', justification: 'Orders are down', parameters: { what: 'x' } })
    await call(avery, `/requests/${id}/approve`, {})
    await call(avery, `/requests/${id}/review`, { text: 'fine' })
    attacked.sandbox.settle()
    const context = await (await attacked.signedIn(erin)).browser(browser)
    const page = await context.newPage()
    await page.goto(at('/'))
    await press(page, /^Open console$/)
    await page.waitForURL(/\/federation\?/)

    // Half of the session later; and Avery's sign-in is older than five minutes.
    const approver = await visitor()
    attacked.sandbox.advance(16 * 60_000)
    attacked.sandbox.settle()
    await page.goto(at('/'))
    await press(page, /^Extend$/)
    await page.getByRole('heading', { name: 'open by Erin' }).waitFor()
    await expectSound(page, 'extendable')
    await press(page, /^Request an extension of 1 hour$/)
    await page.getByText('You requested an extension. It is waiting for approval.').waitFor()
    const path = new URL(page.url()).pathname
    const extension = (await page.textContent('main'))?.match(/req_\w{26}/g)?.find((one) => !path.includes(one))
    await context.close()

    attacked.issuer.next(avery)
    await approver.page.goto(at(`/decide/${extension}`))
    await expectSound(approver.page, 'stale sign-in')
    await press(approver.page, /^Sign in again to approve$/)
    await approver.page.getByRole('button', { name: /^Approve/ }).waitFor()
    await press(approver.page, /^Approve .* as PowerUser/)
    await approver.page.getByText(/^You approved \d sessions? of up to 1 hour/).waitFor()
    await approver.context.close()
  })
})

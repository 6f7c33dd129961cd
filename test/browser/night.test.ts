/**
 * The break-glass night, clicked: a person at Slack's look-alike, another who approves, the pages on which one signs in
 * anew. In a real browser, with scripts switched off, since none of these pages has any.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { picture, pictures, startBrowser, violations } from '../support/browser.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

let sandbox: TestSandbox
let it: ReturnType<typeof slackIn>
let browser: Browser
let page: Page
beforeAll(async () => {
  ;[sandbox, browser] = await Promise.all([testSandbox(), startBrowser()])
  it = slackIn(sandbox)
  page = await (await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1200, height: 900 } })).newPage()
  page.setDefaultTimeout(5000)
})
afterAll(async () => {
  await browser?.close()
  await sandbox?.close()
})

const slackAt = (user: string, channel: string) => page.goto(`${sandbox.urls.slack}/?as=${user}&in=${channel}`)
/** Signs in at the issuer, where somebody came from a page of Stint's. */
const signInAs = (name: string) => page.getByRole('button', { name }).click()
/** The issuer forgets who signed in last, as another person's browser would. */
const forget = () => page.context().clearCookies({ name: /^_|stint-session/ })

describe('the night, clicked', () => {
  test('without the key nothing is shown', async () => {
    await page.goto(`${sandbox.urls.slack}/?as=U0OLU`)
    expect(await page.textContent('body')).toMatch(/Open the address that the sandbox printed/)
    await page.goto(`${sandbox.urls.slack}/?key=${sandbox.secret}`)
    expect(page.url()).toBe(`${sandbox.urls.slack}/`)
  })

  test.each([
    ['oncall', 'U0OLU', 'Olu On-Call'],
    ['approver', 'U0AVERY', 'Avery Approver'],
  ] as const)('%s links their Slack user: a code on one page, typed on the other, confirmed on the first', async (_name, user, shown) => {
    await forget()
    await page.goto(`${sandbox.urls.broker}/link`)
    await signInAs(shown)
    await page.getByRole('button', { name: 'Get a code' }).click()
    const line = await page.textContent('main code')
    expect(line).toMatch(/^\/stint link [0-9a-z-]{26,}$/)
    await pictures(page, `link-code-${user}`)
    await slackAt(user, `D0${user.slice(2)}`)
    await page.getByLabel('Message').fill(line ?? '')
    await page.getByRole('button', { name: 'Send' }).click()
    expect(await page.textContent('main')).toMatch(/Confirm that this is you/)
    await page.goto(`${sandbox.urls.broker}/link`)
    expect(await page.textContent('main')).toContain(user)
    await pictures(page, `link-confirm-${user}`)
    await page.getByRole('button', { name: 'Yes, that is me' }).click()
    expect(await page.textContent('h1')).toBe('Linked')
  })

  test('asked for in a modal whose fields follow the profile', async () => {
    sandbox.advance(601_000)
    await slackAt('U0OLU', 'C0GENERAL')
    await page.getByLabel('Message').fill('/stint')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByLabel('Profile').selectOption('break-glass')
    await page.getByRole('button', { name: 'Choose' }).click()
    await page.getByRole('button', { name: 'Request' }).click()
    expect(await page.textContent('.error')).toMatch(/justification/)
    await picture(page, 'ask-error')
    await page.getByLabel('Justification').fill('Orders are down, all of them <!channel> \u202Ekcab')
    await page.getByLabel('Duration').fill('30m')
    await picture(page, 'ask')
    await page.getByRole('button', { name: 'Request' }).click()
    expect(await page.textContent('dialog')).toMatch(/has been sent to its approvers/)
    await page.getByRole('button', { name: 'Close' }).click()
    await it.slack.notify()
  })

  test('agreed to by a click, in words and colour that cannot be missed', async () => {
    await slackAt('U0AVERY', 'C0ACCESS')
    expect(await page.textContent('article.alarm')).toMatch(/BREAK-GLASS needs your approval[\s\S]*@on-call/)
    await picture(page, 'break-glass-waits')
    await page.getByRole('button', { name: 'Details' }).click()
    expect(await page.textContent('dialog')).toMatch(/stint-prod-admin-19e0/)
    await picture(page, 'details')
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await it.slack.notify()
    await slackAt('U0AVERY', 'C0ACCESS')
    expect(await page.textContent('article.alarm')).toMatch(/BREAK-GLASS approved/)
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await picture(page, 'break-glass-approved')
  })

  test('credentials, by the line that the requester was sent', async () => {
    await slackAt('U0OLU', 'D0OLU')
    const line = (await page.locator('pre').first().textContent()) ?? ''
    await picture(page, 'how-to-use')
    const body = JSON.parse(/-d '(\{.*\})'/.exec(line)?.[1] ?? '{}')
    const vended = await sandbox.vend(await sandbox.token('oncall'), { ...body, format: 'json' })
    expect([vended.status, vended.json.profile]).toEqual([201, 'break-glass'])
    await it.slack.notify()
  })

  test('the review is closed from the thread', async () => {
    await slackAt('U0AVERY', 'C0ACCESS')
    expect(await page.textContent('main')).toMatch(/got a session until/)
    await page.getByRole('button', { name: 'Complete the review' }).last().click()
    await page.getByLabel(/What was done/).fill('A config was rolled back. Rightly.')
    await page.getByRole('button', { name: 'Complete review' }).click()
    await it.slack.notify()
    await slackAt('U0AVERY', 'C0ACCESS')
    expect(await page.textContent('article.alarm')).toMatch(/Reviewed by Avery Approver \(people\/[\w-]+\)/)
    await picture(page, 'reviewed')
  })
})

describe('the page on which one signs in anew', () => {
  let fresh: TestSandbox
  let id = ''
  const open = async () => {
    await forget()
    await page.goto(`${fresh.urls.broker}/decide/${id}`)
  }
  beforeAll(async () => {
    // Its clock is the issuer's: nobody is freshly signed in by a clock that was moved.
    fresh = await testSandbox()
    await page.goto(`${fresh.urls.slack}/?key=${fresh.secret}`)
    const answer = await fetch(`${fresh.urls.broker}/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await fresh.token('oncall')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ profile: 'break-glass', justification: '<img src=x onerror=alert(1)> & “quotes” \u202Ekcab' }),
    })
    id = ((await answer.json()) as { id: string }).id
  })
  afterAll(() => fresh?.close())

  test('somebody who may not decide learns nothing of it', async () => {
    await open()
    await signInAs('Sam Second')
    expect(await page.textContent('main')).toMatch(/Request not found, or not visible to you/)
    expect(await page.textContent('body')).not.toMatch(/onerror/)
  })
  test('the requester may withdraw it, and not agree', async () => {
    await open()
    await signInAs('Olu On-Call')
    expect(await page.locator('main').getByRole('button').allTextContents()).toEqual(['Cancel the request'])
  })
  test('an approver sees all of it, decides, and that is that', async () => {
    await open()
    await signInAs('Avery Approver')
    const text = await page.textContent('main')
    expect(text).toContain('<img src=x onerror=alert(1)> & “quotes” ‹U+202E›kcab')
    // As clearly as Slack's message: who by name and identity, how risky, and what the session may do.
    expect(text).toMatch(/Olu On-Call \(acme\.[\w-]+-onc-1\)/)
    expect(text).toMatch(/high: every action/)
    expect(text).toMatch(/What it allows\s*Can do everything that the role allows/)
    await pictures(page, 'decide')
    await page.getByLabel('Comment').fill('go')
    await page.getByRole('button', { name: 'Approve' }).click()
    expect(await page.textContent('main')).toMatch(
      /You approved 3 sessions of up to 1 hour each, [\s\S]*Avery Approver \(people\/[\w-]+\), [^:]+:\d\d UTC: go/,
    )
    await pictures(page, 'decided')
    await page.goBack()
  })

  test('is sound for people who do not see it', async () => {
    const spoken = await (await browser.newContext()).newPage()
    await spoken.goto(`${fresh.urls.slack}/?key=${fresh.secret}`)
    await spoken.goto(`${fresh.urls.broker}/decide/${id}`)
    await spoken.getByRole('button', { name: 'Avery Approver' }).click()
    await spoken.getByRole('heading', { name: 'break-glass by Olu On-Call' }).waitFor()
    expect(await violations(spoken)).toEqual([])
    await spoken.context().close()
  })
})

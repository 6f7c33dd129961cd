/** Stint's own pages in a real browser: from the first visit to the review, with and without scripts, on three sizes of screen. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectSound, picture, pictures, startBrowser, violations } from '../support/browser.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let browser: Browser
beforeAll(async () => {
  ;[sandbox, browser] = await Promise.all([testSandbox(), startBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await sandbox?.close()
})

type Options = Parameters<Browser['newContext']>[0]

/** A browser of its own for one person, signed in at `path`. */
async function personAt(name: string, path: string, options: Options = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(5000)
  await page.goto(`${sandbox.urls.slack}/?key=${sandbox.secret}`)
  await page.goto(`${sandbox.urls.broker}${path}`)
  await page.getByRole('button', { name }).click()
  // A click only starts the navigation. Until the page has loaded, its script has not run.
  await page.waitForURL(new URL(path, sandbox.urls.broker).href, { timeout: 30_000 })
  return { context, page }
}

describe.each([true, false])('from the first visit to the review, scripts: %s', (javaScriptEnabled) => {
  const on = javaScriptEnabled ? 'script' : 'plain'
  let olu: Page
  let avery: Page
  const contexts: BrowserContext[] = []
  const faults: string[] = []
  beforeAll(async () => {
    for (const name of ['Olu On-Call', 'Avery Approver']) {
      const { context, page } = await personAt(name, '/', { javaScriptEnabled })
      contexts.push(context)
      page.on('console', (message) => {
        // What Clear-Site-Data did is told as information.
        if (['error', 'warning'].includes(message.type())) faults.push(message.text())
      })
      page.on('pageerror', (error) => faults.push(error.message))
      if (name.startsWith('Olu')) olu = page
      else avery = page
    }
  })
  afterAll(async () => {
    for (const context of contexts) await context.close()
  })
  /** Pictures of a state of the journey, and what axe finds. */
  async function look(page: Page, state: string): Promise<void> {
    await pictures(page, `web-${state}-${on}`)
    if (javaScriptEnabled) await expectSound(page, state)
  }

  test('shows what can be accessed', async () => {
    expect(await olu.textContent('h1')).toBe('My access')
    await look(olu, 'access')
  })
  test('requests access after a review of what is sent', async () => {
    await olu.getByRole('table').getByRole('link', { name: 'break-glass' }).click()
    await look(olu, 'profile')
    if (await olu.getByRole('link', { name: 'Sign in with a second factor' }).isVisible()) {
      await olu.getByRole('link', { name: 'Sign in with a second factor' }).click()
      await olu.getByRole('button', { name: /Olu On-Call/ }).click()
    }
    await olu.getByLabel(/Justification/).fill('Orders are down')
    await olu.getByLabel(/Duration/).fill('30m')
    await look(olu, 'request')
    await olu.getByRole('button', { name: 'Review the request' }).click()
    expect(await olu.textContent('main')).toMatch(/Nothing has been sent yet/)
    await look(olu, 'preview')
    await olu.getByRole('button', { name: 'Send the request' }).click()
    expect(olu.url()).toMatch(/\/decide\/req_/)
    await look(olu, 'pending')
  })
  test('is approved by another person', async () => {
    sandbox.settle()
    await avery.goto(`${sandbox.urls.broker}/decide`)
    await look(avery, 'decide-list')
    await avery.getByRole('link', { name: 'break-glass' }).last().click()
    await look(avery, 'decide')
    await avery.getByText('Approve with limits').click()
    await look(avery, 'decide-limits')
    await avery.getByRole('button', { name: /^Approve 30 minutes as Admin in 111122223333$/ }).click()
    expect(await avery.textContent('.said')).toMatch(/^You approved 3 sessions of up to 30 minutes each, to be started before /)
    await look(avery, 'approved')
  })
  test('shows the requester that it is ready, and opens the console', async () => {
    await olu.goto(`${sandbox.urls.broker}/`)
    expect(await olu.textContent('main')).toMatch(/Approved, ready to use[\s\S]*break-glass[\s\S]*3 sessions left/)
    await look(olu, 'ready')
    await olu.getByRole('button', { name: 'Open console' }).first().click()
    await olu.waitForURL(/\/federation\?/)
    expect(await olu.textContent('body')).toContain('111122223333')
  })
  test('ends the session', async () => {
    sandbox.settle()
    await olu.goto(`${sandbox.urls.broker}/`)
    expect(await olu.textContent('main')).toMatch(/Live sessions\s*break-glass: Admin in 111122223333, started .*, ends/)
    await look(olu, 'live')
    await olu.getByRole('button', { name: 'End now' }).click()
    expect(await olu.textContent('.said')).toMatch(
      /^The session has ended\. Its credentials stop working by (\d\d:\d\d UTC|\d{1,2}:\d\d\s[AP]M)\.$/,
    )
    expect(await olu.textContent('main')).toMatch(/You have no live sessions/)
  })
  test('is reviewed by the approver', async () => {
    sandbox.settle()
    await avery.goto(`${sandbox.urls.broker}/decide`)
    expect(await avery.textContent('main')).toMatch(/Break-glass reviews/)
    await avery.getByRole('link', { name: 'break-glass' }).first().click()
    await look(avery, 'review')
    await avery.getByLabel('Findings').fill('A config was rolled back.')
    await avery.getByRole('button', { name: 'Complete the review' }).click()
    expect(await avery.textContent('.said')).toBe('You completed the review.')
    await look(avery, 'reviewed')
    expect(await avery.textContent('main')).toMatch(/Reviewed by Avery Approver \(people\/[\w-]+\), .*: A config was rolled back\./)
  })
  test('is on the timeline, with receipts', async () => {
    await sandbox.ship()
    await olu.goto(`${sandbox.urls.broker}/activity`)
    expect(await olu.textContent('main')).toMatch(/Session ended[\s\S]*Credentials issued[\s\S]*Approval requested/)
    expect(await olu.locator('svg rect').count()).toBeGreaterThan(0)
    await look(olu, 'activity')
    await olu
      .getByRole('table')
      .getByRole('link', { name: /^Request / })
      .first()
      .click()
    expect(olu.url()).toMatch(/\/activity\?request=req_/)
    await look(olu, 'activity-request')
    const download = olu.waitForEvent('download')
    await olu
      .getByRole('row', { name: /Credentials issued/ })
      .getByRole('link', { name: 'Receipt' })
      .click()
    expect((await download).suggestedFilename()).toMatch(/^req_\w{26}-\d+\.tlog-proof$/)
  })
  test('signs out', async () => {
    await olu.getByRole('button', { name: 'Sign out' }).first().click()
    expect(await olu.textContent('h1')).toBe('You are signed out')
    await olu.goBack()
    expect(await olu.textContent('body')).not.toMatch(/break-glass/)
  })
  test('causes no fault in the browser', () => expect(faults).toEqual([]))
})

test.each(['light', 'dark'] as const)('axe finds nothing on any page, %s', async (colorScheme) => {
  const { context, page } = await personAt('Olu On-Call', '/', { colorScheme })
  const { json } = await sandbox.call('POST', '/requests', await sandbox.token('oncall'), {
    profile: 'break-glass',
    justification: colorScheme,
  })
  const paths = [
    '/',
    '/access/logs-read',
    '/access/break-glass',
    '/access/nothing',
    `/decide/${json.id}`,
    '/decide',
    '/activity',
    '/activity?day=tomorrow',
    '/foo',
    '/signed-out',
    '/link',
  ]
  for (const path of paths) {
    await page.goto(`${sandbox.urls.broker}${path}`)
    expect([path, await violations(page)]).toEqual([path, []])
    await picture(page, `web-${colorScheme}-${path.replaceAll(/\W+/g, '-').slice(0, 20)}`)
  }
  // What is wrong with a form.
  await page.goto(`${sandbox.urls.broker}/access/break-glass`)
  await page.getByLabel(/Justification/).fill('Orders are down')
  await page.getByLabel(/Duration/).fill('9h')
  await page.getByRole('button', { name: 'Review the request' }).click()
  await page.getByRole('alert').waitFor()
  expect(['form', await violations(page)]).toEqual(['form', []])
  // A refusal of the console.
  await page.goto(`${sandbox.urls.broker}/access/staging-power`)
  await page.getByLabel(/Duration/).fill('15 min')
  await page.getByRole('button', { name: /^Open console/ }).click()
  expect(await page.textContent('h1')).toBe('Check the duration')
  expect(['console', await violations(page)]).toEqual(['console', []])
  await pictures(page, `web-${colorScheme}-console`)
  await page.getByRole('button', { name: 'Back to the profile' }).click()
  expect(await page.getByLabel(/Duration/).inputValue()).toBe('15 min')
  await context.close()
})

/** A new request: one that waits already would only get another justification. */
async function ask(body: object): Promise<string> {
  const oncall = await sandbox.token('oncall')
  sandbox.settle()
  for (const { id } of (await sandbox.get('/requests?state=pending', oncall)).json.requests)
    await sandbox.call('POST', `/requests/${id}/cancel`, oncall, {})
  await sandbox.forgetAsks()
  return (await sandbox.call('POST', '/requests', oncall, { profile: 'break-glass', ...body })).json.id
}

test('the essential facts of a decision fit on a small phone, without scrolling', async () => {
  const justification = 'Orders are down in all regions since 02:40, and the runbook needs the role of the database. '.repeat(3)
  const id = await ask({ justification, startsAt: new Date(sandbox.now() + 1_800_000).toISOString() })
  const { context, page } = await personAt('Avery Approver', `/decide/${id}`, { viewport: { width: 320, height: 640 } })
  await picture(page, 'web-phone')
  for (const part of ['.alarm', '.lead', '.lead time', '.allows', 'blockquote', '.state', 'textarea', '.buttons .primary']) {
    const box = await page.locator(part).first().boundingBox()
    expect([part, (box?.y ?? 0) + (box?.height ?? 1000)]).toEqual([part, expect.toSatisfy((bottom: number) => bottom <= 640)])
  }
  expect(await page.textContent('.allows')).toMatch(/Can do everything that the role allows\./)
  await context.close()
})

test('the keyboard reaches the controls of a decision in the order of the page, and Enter denies', async () => {
  const id = await ask({ justification: 'by keyboard' })
  const { context, page } = await personAt('Avery Approver', `/decide/${id}`)
  const focused = () =>
    page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute('name') || '')
  const seen: string[] = []
  for (let presses = 0; presses < 25 && !seen.at(-1)?.startsWith('Deny'); presses++) {
    await page.keyboard.press('Tab')
    seen.push(await focused())
  }
  // The click of the sign-in can leave the focus on the page itself.
  expect(seen.slice(seen.indexOf('Skip to content'))).toEqual([
    'Skip to content',
    ...['My access', 'Decide', 'Activity', 'API', 'Sign out', 'comment', 'Approve with limits'],
    'Approve 1 hour as Admin in 111122223333',
    'Deny the request',
  ])
  await page.keyboard.press('Enter')
  expect(await page.textContent('.refused')).toBe('Enter why you deny the request. The requester sees it.')
  await context.close()
})

test('a request that changes is shown without a reload, but can be approved only after one', async () => {
  const id = await ask({ justification: 'live' })
  const { context, page } = await personAt('Avery Approver', `/decide/${id}`)
  const approve = page.getByRole('button', { name: /^Approve 1 hour/ })
  await page.getByText('Approve with limits').click()
  await page.getByLabel('Longest session').fill('15m')
  await page.getByLabel('Comment').fill('not yet')
  expect(await page.locator('.reload').isVisible()).toBe(false)
  await sandbox.call('POST', '/requests', await sandbox.token('oncall'), { profile: 'break-glass', justification: 'live, with more' })
  await page.waitForSelector('#live[data-version="2-pending"]', { timeout: 30_000 })
  expect(await page.textContent('#live')).toMatch(/\d more justifications? below/)
  expect(await page.locator('#changed').innerText()).toBe('This request has changed. Load it again before you decide.')
  const kept = await Promise.all(['Comment', 'Longest session'].map((label) => page.getByLabel(label).inputValue()))
  expect(kept).toEqual(['not yet', '15m'])
  expect(await page.locator('form.decide input[name=version]').inputValue()).toBe('1')
  expect([await approve.isDisabled(), await page.getByRole('button', { name: 'Deny' }).isDisabled()]).toEqual([true, false])
  expect(await page.getByRole('button', { name: 'Approve with these limits' }).isDisabled()).toBe(true)
  expect(await page.locator('.reload').isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Load it again' }).click()
  await page.waitForSelector('form.decide input[name=version][value="2"]', { state: 'attached' })
  expect([await approve.isDisabled(), await page.locator('#changed').innerText()]).toEqual([false, ''])
  expect(await Promise.all(['Comment', 'Longest session'].map((label) => page.getByLabel(label).inputValue()))).toEqual(kept)
  // Once the session has ended, the page can look no more, and says how to go on.
  await context.clearCookies({ name: 'stint-session' })
  await page.locator('.reload').waitFor({ state: 'visible', timeout: 30_000 })
  await context.close()
})

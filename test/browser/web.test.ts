/** Stint's own pages in a real browser: from the first visit to the review, with and without scripts, on three sizes of screen. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pictures, startBrowser, violations } from '../support/browser.ts'
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
      page.on('console', (message) => faults.push(message.text()))
      page.on('pageerror', (error) => faults.push(error.message))
      if (name.startsWith('Olu')) olu = page
      else avery = page
    }
  })
  afterAll(async () => {
    for (const context of contexts) await context.close()
  })

  test('shows what can be accessed', async () => {
    expect(await olu.textContent('h1')).toBe('My access')
    await pictures(olu, `web-access-${on}`)
    // axe is a script.
    if (javaScriptEnabled) expect(await violations(olu)).toEqual([])
  })
  test('requests access after a review of what is sent', async () => {
    await olu.getByRole('table').getByRole('link', { name: 'break-glass' }).click()
    await pictures(olu, `web-profile-${on}`)
    if (await olu.getByRole('link', { name: 'Sign in with a second factor' }).isVisible()) {
      await olu.getByRole('link', { name: 'Sign in with a second factor' }).click()
      await olu.getByRole('button', { name: /Olu On-Call/ }).click()
    }
    await olu.getByLabel(/Justification/).fill('Orders are down')
    await olu.getByLabel(/Duration/).fill('30m')
    await pictures(olu, `web-request-${on}`)
    await olu.getByRole('button', { name: 'Review the request' }).click()
    expect(await olu.textContent('main')).toMatch(/Nothing has been sent yet/)
    await pictures(olu, `web-preview-${on}`)
    await olu.getByRole('button', { name: 'Send the request' }).click()
    expect(olu.url()).toMatch(/\/decide\/req_/)
    await pictures(olu, `web-pending-${on}`)
  })
  test('is approved by another person', async () => {
    sandbox.settle()
    await avery.goto(`${sandbox.urls.broker}/decide`)
    await pictures(avery, `web-decide-list-${on}`)
    await avery.getByRole('link', { name: 'break-glass' }).last().click()
    await pictures(avery, `web-decide-${on}`)
    await avery.getByRole('button', { name: /^Approve 30 minutes as Admin in 111122223333$/ }).click()
    expect(await avery.textContent('.said')).toBe('You approved this request.')
    await pictures(avery, `web-approved-${on}`)
  })
})

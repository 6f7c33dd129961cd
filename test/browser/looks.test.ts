/** How the pages look: what is shown without scripts, in which zone times are, in print, and with large text. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBrowser } from '../support/browser.ts'
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

const at = (path: string) => `${sandbox.urls.broker}${path}`

/** Runs `look` as a person who is signed in, in a browser of their own. */
async function as(
  name: string,
  options: Parameters<Browser['newContext']>[0],
  look: (page: Page, context: BrowserContext) => Promise<void>,
) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  await page.goto(`${sandbox.urls.slack}/?key=${sandbox.secret}`)
  await page.goto(at('/'))
  await page.getByRole('button', { name }).click()
  await look(page, context)
  await context.close()
}

test('shows no button that needs a script where none runs', async () => {
  await as('Dana Developer', { javaScriptEnabled: false }, async (page) => {
    await page.goto(at('/access/staging-power'))
    expect(await page.locator('[data-copy]').count()).toBeGreaterThan(0)
    expect(await page.locator('[data-copy]:visible').count()).toBe(0)
  })
})

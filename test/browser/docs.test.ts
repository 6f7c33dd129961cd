/** The API reference in a browser: found, filtered and read, with and without scripts, on a phone, in light and dark. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

test.each(['light', 'dark'] as const)('axe finds nothing, %s', async (colorScheme) => {
  const context = await browser.newContext({ colorScheme })
  const page = await context.newPage()
  await page.goto(`${sandbox.urls.broker}/docs`)
  expect(await violations(page)).toEqual([])
  await context.close()
})

test('the contents are filtered by path, summary and text', async () => {
  const page = await browser.newPage()
  const faults: string[] = []
  page.on('console', (message) => faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(`${sandbox.urls.broker}/docs`)
  const shown = () => page.locator('nav li:visible').allInnerTexts()
  const all = await shown()
  await page.getByLabel('Filter').fill('not-extendable')
  expect(await shown()).toEqual(['POST /requests/{id}/extend', 'POST /decide/{id}', 'Problem', 'TokenProblem', 'not-extendable'])
  await page.getByLabel('Filter').fill('FreezeBody')
  expect(await shown()).toEqual(['FreezeBody'])
  await page.getByLabel('Filter').fill('nothing has these words')
  expect(await shown()).toEqual([])
  expect(await page.locator('nav h2:visible').count()).toBe(0)
  await page.getByLabel('Filter').fill('')
  expect(await shown()).toEqual(all)
  await page.getByRole('link', { name: 'POST /requests/{id}/extend' }).click()
  expect(new URL(page.url()).hash).toBe('#extendRequest')
  expect(faults).toEqual([])
  await page.close()
})

test('without scripts, and on a phone', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${sandbox.urls.broker}/docs#extendRequest`)
  expect(await page.getByLabel('Filter').isVisible()).toBe(false)
  await page.getByRole('link', { name: 'DELETE /sessions/{id}' }).click()
  expect(new URL(page.url()).hash).toBe('#endSession')
  await pictures(page, 'docs')
  await context.close()
})

import { describe, expect, test } from 'vitest'
import { isWebPage, openBrowser } from './browser.ts'

describe('a browser', () => {
  test.each([
    ['that ends at once with success has opened the page', 'true', true],
    ['that fails at once has not', 'false', false],
    ['that is not there has not', '/no/such/browser', false],
  ])('%s', async (_name, program, expected) => {
    // Longer than the test may take: the exit decides, not the time.
    expect(await openBrowser({ BROWSER: program }, 'https://example.com', 60_000)).toBe(expected)
  })
  test('that still runs has opened the page', async () => {
    expect(await openBrowser({ BROWSER: `${process.execPath} -e setTimeout(Boolean,5000)` }, 'https://example.com', 0)).toBe(true)
  })
})

test.each([
  ['https://login.example/?a=1', true],
  ['http://127.0.0.1:4401/authorize', true],
  ['http://[::1]:4401/', true],
  ['http://login.example/', false],
  ['http://127.0.0.1.evil.example/', false],
  ['file:///home/dana/Downloads/run.desktop', false],
  ['ms-calculator:x', false],
  ['javascript:alert(1)', false],
  ['not a URL', false],
])('%s is opened: %s', async (url, isOpened) => {
  expect(isWebPage(url)).toBe(isOpened)
  expect(await openBrowser({ BROWSER: 'true' }, url, 60_000)).toBe(isOpened)
})

import { describe, expect, test } from 'vitest'
import { openBrowser } from './browser.ts'

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

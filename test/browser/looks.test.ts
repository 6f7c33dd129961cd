/** How the pages look: what is shown without scripts, in which zone times are, in print, and with large text. */
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectSound, picture, startBrowser } from '../support/browser.ts'
import { startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let browser: Browser
/** The page of a pending request for break-glass. */
let pending = ''
beforeAll(async () => {
  ;[sandbox, browser] = await Promise.all([testSandbox(), startBrowser()])
  const token = await sandbox.token('oncall')
  const { json } = await sandbox.call('POST', '/requests', token, { profile: 'break-glass', justification: 'Orders are down' })
  pending = `/decide/${json.id}`
  await sandbox.vend(token, { profile: 'staging-power', duration: '30m' })
  sandbox.settle()
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

const clock = (datetime: string | null, timeZone: string) =>
  new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' }).format(new Date(datetime ?? 0))

test.each(['Asia/Kolkata', 'America/Los_Angeles'])('shows times in the zone of the reader, and in UTC on hover: %s', async (timezoneId) => {
  await as('Olu On-Call', { timezoneId, locale: 'en-GB' }, async (page) => {
    await page.locator('time[title]').first().waitFor()
    const ends = page.locator('.cards time').nth(1)
    const datetime = await ends.getAttribute('datetime')
    expect(await ends.textContent()).toMatch(/^in 29 minutes \(\d\d:\d\d\)$/)
    expect(await ends.textContent()).toContain(`(${clock(datetime, timezoneId)})`)
    expect(await ends.getAttribute('title')).toBe(`${datetime?.slice(0, 16).replace('T', ' ')} UTC`)

    await page.goto(at(pending))
    const decideBy = page.getByRole('row', { name: 'Decide by' }).locator('time')
    expect(await decideBy.textContent()).toMatch(/^\d{1,2} \w{3,4} \d{4}, \d\d:\d\d$/)
    expect(await decideBy.textContent()).toContain(clock(await decideBy.getAttribute('datetime'), timezoneId))

    await sandbox.ship()
    await page.goto(at('/activity'))
    const event = page.locator('.events time').first()
    expect(await event.textContent()).toContain(clock(await event.getAttribute('datetime'), timezoneId))
    expect(await event.getAttribute('title')).toMatch(/ UTC$/)
  })
})

test('shows times in UTC without scripts', async () => {
  await as('Olu On-Call', { timezoneId: 'Asia/Kolkata', javaScriptEnabled: false }, async (page) => {
    const ends = page.locator('.cards time').first()
    const utc = (await ends.getAttribute('datetime'))?.slice(0, 16).replace('T', ' ')
    expect(await ends.textContent()).toBe(`${utc} UTC`)
  })
})

test('counts down in hours and minutes, says what has ended, and offers nothing that is over', async () => {
  await as('Olu On-Call', { locale: 'en-GB' }, async (page) => {
    await page.clock.install()
    await page.goto(at('/'))
    const card = page.locator('.cards > li').filter({ hasText: 'staging-power' })
    await card.getByRole('button', { name: 'End now' }).waitFor()
    expect(await card.textContent()).toMatch(/ends in 2\d minutes \(/)
    await page.clock.fastForward('31:00')
    expect(await card.textContent()).toMatch(/staging-power: PowerUser in 444455556666, started .*, has ended/)
    expect(await card.getByRole('button').count()).toBe(0)
    expect(await page.getByRole('status').textContent()).toContain('Your session of staging-power has ended.')
  })
})

test('a request that has expired offers no decision', async () => {
  await as('Avery Approver', { locale: 'en-GB' }, async (page) => {
    await page.clock.install()
    await page.goto(at(pending))
    await page.getByRole('button', { name: /^Approve/ }).waitFor()
    await page.clock.fastForward('05:00:00')
    expect(await page.locator('.state').textContent()).toMatch(/^expired no one decided in time/)
    expect(await page.locator('main').getByRole('button').count()).toBe(0)
    expect(await page.locator('main').getByRole('textbox').count()).toBe(0)
  })
})

/** What the script makes of a time that is so many seconds from now. */
async function relativeWords(page: Page, seconds: number): Promise<string> {
  await page.evaluate((from) => {
    const time = document.createElement('time')
    time.id = 'tested'
    time.dateTime = new Date(Date.parse(document.documentElement.dataset.now ?? '') + from * 1000).toISOString()
    document.getElementById('tested')?.remove()
    document.body.append(time)
    document.dispatchEvent(new Event('visibilitychange'))
  }, seconds)
  return ((await page.locator('#tested').textContent()) ?? '').replace(/ \(\d\d:\d\d\)$/, '')
}

test.each<[seconds: number, words: string]>([
  [7199, 'in 1 hour 59 minutes'],
  [7200, 'in 2 hours'],
  [61, 'in 1 minute'],
  [59, 'in less than a minute'],
  [0, 'just now'],
  [-1, 'just now'],
  [-60, '1 minute ago'],
  [-7260, '2 hours 1 minute ago'],
])('%d seconds from now: %s', async (seconds, words) => {
  const page = await browser.newPage({ locale: 'en-GB' })
  await page.goto(`${sandbox.urls.slack}/?key=${sandbox.secret}`)
  // The clock stands still.
  await page.clock.install()
  await page.clock.pauseAt(new Date(Date.now() + 1000))
  await page.goto(at('/signed-out'))
  expect(await relativeWords(page, seconds)).toBe(words)
  await page.close()
})

/** Every kind of page, for a person who is on call. */
const pages = () => [
  '/',
  '/access/staging-power',
  '/access/break-glass',
  pending,
  '/decide',
  '/activity',
  '/link',
  '/foo',
  '/signed-out',
  '/docs',
]

test.each<[what: string, width: number, font: number]>([
  ['zoom of 200 %', 640, 16],
  ['text of 200 %', 1280, 32],
  ['text of 200 % on a tablet', 640, 32],
])('nothing sticks out to the side with %s', async (_what, width, font) => {
  await as('Olu On-Call', { viewport: { width, height: 600 } }, async (page, context) => {
    const session = await context.newCDPSession(page)
    await session.send('Page.setFontSizes', { fontSizes: { standard: font, fixed: font } })
    for (const path of pages()) {
      await page.goto(at(path))
      const { size, wide } = await page.evaluate(() => ({
        size: getComputedStyle(document.documentElement).fontSize,
        wide: document.documentElement.scrollWidth,
      }))
      expect([path, size, wide]).toEqual([path, `${font}px`, width])
    }
  })
})

test('nothing sticks out to the side where the root has twice the size, and the window does not', async () => {
  await as('Olu On-Call', { viewport: { width: 1280, height: 600 } }, async (page) => {
    for (const path of pages()) {
      await page.goto(at(path))
      await page.evaluate(() => {
        document.documentElement.style.fontSize = '200%'
      })
      expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 1280])
    }
  })
})

test.each(['light', 'dark'] as const)('prints on white, in full and without anything that changes: %s', async (colorScheme) => {
  await as('Olu On-Call', { colorScheme, locale: 'en-GB' }, async (page) => {
    for (const path of [pending, '/access/break-glass', '/docs']) {
      await page.goto(at(path))
      await page.emulateMedia({ media: 'print', colorScheme })
      const colors = await page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.documentElement)
        return [backgroundColor, color]
      })
      expect([path, ...colors]).toEqual([path, 'rgb(255, 255, 255)', 'rgb(27, 31, 36)'])
      const hidden = await page
        .locator('main details:not([open]) > :not(summary)')
        .evaluateAll((all) => all.filter((one) => !one.checkVisibility({ contentVisibilityAuto: true })).length)
      expect([path, hidden]).toEqual([path, 0])
      expect(await page.locator('main button:visible').count()).toBe(0)
      await page.emulateMedia({ media: 'screen', colorScheme })
    }
    await page.goto(at(pending))
    expect(await page.locator('.state').textContent()).toMatch(/expires in \d+ minutes \(/)
    await page.emulateMedia({ media: 'print' })
    await expect.poll(() => page.locator('.state').textContent()).toMatch(/expires \d{1,2} \w+ \d{4}, \d\d:\d\d/)
    await picture(page, `web-print-${colorScheme}`)
  })
})

test('where there are several issuers, people choose one by its name', async () => {
  const lab = await startLab()
  const several = await testSandbox({
    config: fileURLToPath(new URL('../support/two-issuers.config.ts', import.meta.url)),
    bindings: lab.bindings,
  })
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } })
  const page = await context.newPage()
  await page.goto(`${several.urls.slack}/?key=${several.secret}`)
  await page.goto(`${several.urls.broker}/decide`)
  expect(await page.getByRole('main').getByRole('link').allTextContents()).toEqual(['lab', 'lab-id'])
  await expectSound(page, 'the choice of an issuer')
  await picture(page, 'issuers')
  await context.close()
  await Promise.all([several.close(), lab.close()])
})

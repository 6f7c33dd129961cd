/** A headless browser that npm brings along, and where its pictures go: a folder that a build leaves alone, to be looked at. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import chromium, { inflate, setupLambdaEnvironment } from '@sparticuz/chromium'
import { type Browser, chromium as driver, type Page } from 'playwright-core'

const SCREENS = fileURLToPath(new URL('../../.screens', import.meta.url))

/** As strict as people's browsers are: the arguments that the package advises switch off what keeps sites apart. */
const args = ['--no-sandbox', '--disable-gpu', '--headless=shell']

/** `without`: arguments that Playwright adds, and that no one's browser has. */
export async function startBrowser(without: string[] = []): Promise<Browser> {
  const executablePath = await chromium.executablePath()
  // The package brings the shared libraries that a small system lacks, such as libnspr4. It uses them only on Lambda by itself.
  const libraries = await inflate(fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))))
  setupLambdaEnvironment(`${libraries}/lib`)
  return driver.launch({ executablePath, args, headless: true, ignoreDefaultArgs: without })
}

/** The page on a phone, on a tablet and on a large screen. On none does anything stick out to the side. */
export async function pictures(page: Page, name: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 1200, height: 900 }
  for (const width of [320, 768, 1280]) {
    await page.setViewportSize({ width, height: before.height })
    await picture(page, `${name}-${width}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    if (wide > width) throw new Error(`${name} is ${wide} px wide on a screen of ${width} px`)
  }
  await page.setViewportSize(before)
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  await page.screenshot({ path: `${SCREENS}/${name}.png`, fullPage: true })
}

/** What axe finds wrong on the page, and where. It is asked from outside the page, because the page's own policy lets no script in. */
export async function violations(page: Page): Promise<readonly unknown[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  const session = await page.context().newCDPSession(page)
  const answer = await session.send('Runtime.evaluate', {
    expression: `${axe}; axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => [id, nodes.slice(0, 5).map(({ html }) => html)])))`,
    awaitPromise: true,
    returnByValue: true,
  })
  return JSON.parse((answer as { result: { value: string } }).result.value)
}

/** Throws if axe finds anything wrong on the page, in light or in dark. */
export async function expectSound(page: Page, state: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const found = await violations(page)
    if (found.length > 0) throw new Error(`${state}, ${colorScheme}: ${JSON.stringify(found)}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

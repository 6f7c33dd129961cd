/** A headless browser that npm brings along, and where its pictures go: build output, to be looked at. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import chromium from '@sparticuz/chromium'
import { type Browser, chromium as driver, type Page } from 'playwright-core'

const SCREENS = fileURLToPath(new URL('../../dist/screens', import.meta.url))

/** As strict as people's browsers are: the arguments that the package advises switch off what keeps sites apart. */
const args = ['--no-sandbox', '--disable-gpu', '--headless=shell']

export const startBrowser = async (): Promise<Browser> =>
  driver.launch({ executablePath: await chromium.executablePath(), args, headless: true })

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  await page.screenshot({ path: `${SCREENS}/${name}.png`, fullPage: true })
}

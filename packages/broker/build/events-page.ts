/** Rewrites the tables of `docs/audit-events.md`: `node packages/broker/build/events-page.ts`. A test compares the file. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { eventsPage } from '@stint/core/audit/schema'

export const EVENTS_PAGE = fileURLToPath(new URL('../../../docs/audit-events.md', import.meta.url))
export const MARK = '<!-- from here on made by packages/broker/build/events-page.ts -->\n'

if (import.meta.main) {
  const page = await readFile(EVENTS_PAGE, 'utf8')
  await writeFile(EVENTS_PAGE, `${page.slice(0, page.indexOf(MARK))}${MARK}\n${eventsPage()}`)
}

/** Writes the rules of `docs/lint-rules.md` anew: `node packages/cli/build/lint-page.ts`. A test compares. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rulesPage } from '../src/lint/catalogue.ts'

const LINT_PAGE = fileURLToPath(new URL('../../../docs/lint-rules.md', import.meta.url))
export const MARK = '<!-- from here on made by packages/cli/build/lint-page.ts -->\n'

if (import.meta.main) {
  const page = await readFile(LINT_PAGE, 'utf8')
  await writeFile(LINT_PAGE, `${page.slice(0, page.indexOf(MARK))}${MARK}\n${rulesPage()}`)
}

/** Writes the table of `docs/lasting-access.md` anew: `node packages/cli/build/lasting-page.ts`. A test compares. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { catalogue, type Kind, kinds } from '@stint/iam/minting/catalogue'

const PAGE = fileURLToPath(new URL('../../../docs/lasting-access.md', import.meta.url))
export const MARK = '<!-- from here on made by packages/cli/build/lasting-page.ts -->\n'

const titles: { readonly [kind in Kind]: string } = {
  credential: 'credential: other AWS credentials (denied)',
  token: 'token: accepted in place of AWS credentials (denied)',
  key: 'key: lets somebody sign in later (denied)',
  grant: 'grant: a lasting change of who may do something (shown)',
  connection: 'connection: may stay open (documented)',
}

export const lastingPage = (): string =>
  kinds
    .map((kind) => {
      const rows = catalogue
        .filter((entry) => entry.kind === kind)
        .map(({ action, what, source }) => `| \`${action}\` | ${what} | ${source} |`)
      return `## ${titles[kind]}\n\n| action | makes or changes | source |\n| --- | --- | --- |\n${rows.join('\n')}\n`
    })
    .join('\n')

if (import.meta.main) {
  const page = await readFile(PAGE, 'utf8')
  await writeFile(PAGE, `${page.slice(0, page.indexOf(MARK))}${MARK}\n${lastingPage()}`)
}

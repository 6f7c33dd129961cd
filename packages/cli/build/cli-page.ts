/** The tables of docs/guides/cli.md: `node packages/cli/build/cli-page.ts` writes them, and a test compares them with the code. */
import { readFile, writeFile } from 'node:fs/promises'
import { allCommands } from '../src/commands/tree.ts'
import { exits } from '../src/frame/exit.ts'

export const COMMANDS_MARK = '<!-- The rows below come from packages/cli/src/commands. -->'
export const EXITS_MARK = '<!-- The rows below come from packages/cli/src/frame/exit.ts. -->'

const table = (head: readonly [string, string], rows: readonly (readonly [string, string])[]): string =>
  [head, ['---', '---'] as const, ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')

export const commandsTable = (): string =>
  table(
    ['command', 'what it does'],
    allCommands().map(({ name, brief }) => [`\`stint ${name}\``, brief] as const),
  )
export const exitsTable = (): string =>
  table(
    ['code', 'meaning'],
    Object.values(exits).map(({ code, means }) => [String(code), means] as const),
  )

/** The page with both tables replaced. */
export function withTables(page: string): string {
  const replaced = (text: string, mark: string, rows: string) => {
    const at = text.indexOf(mark)
    if (at < 0) throw new RangeError(`the page has no ${mark}`)
    const rest = text.slice(at + mark.length).replace(/^\n+(\|.*\n)*/, '')
    return `${text.slice(0, at)}${mark}\n\n${rows}\n${rest.replace(/^\n+/, '')}`
  }
  return replaced(replaced(page, COMMANDS_MARK, commandsTable()), EXITS_MARK, exitsTable())
}

if (import.meta.main) {
  const file = new URL('../../../docs/guides/cli.md', import.meta.url)
  await writeFile(file, withTables(await readFile(file, 'utf8')))
}

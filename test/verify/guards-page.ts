/** Writes the tables of `docs/guards.md` anew: `node test/verify/guards-page.ts`. A test compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { simulatedBugs } from '../simulation/seeded-bugs.ts'
import { type Requirement, requirements, withoutGuard } from './requirements.ts'
import { seededBugs } from './seeded-bugs.ts'

const PAGE = fileURLToPath(new URL('../../docs/guards.md', import.meta.url))
export const MARK = '<!-- from here on made by test/verify/guards-page.ts -->\n'

/** A guard by what happens without it, and what fails then. */
export type Guard = { readonly without: string; readonly guards: readonly Requirement[]; readonly fails: string }

export const guards: readonly Guard[] = [
  ...seededBugs.map(({ name, guards, tests }) => ({ without: name, guards, fails: tests.map((path) => `\`${path}\``).join(', ') })),
  ...simulatedBugs.map(({ name, guards }) => ({ without: name, guards, fails: 'the simulation' })),
]

const row = (...cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n')

/** The guards of each requirement whose ID begins with `prefix`. */
function tableOf(prefix: string, what: string, titleOf: (id: string) => string): string {
  const ids = (Object.keys(requirements) as Requirement[]).filter((id) => id.startsWith(prefix))
  const rows = ids.flatMap((id) =>
    guards
      .filter((guard) => guard.guards.includes(id))
      .map(({ without, fails }, at) => row(at === 0 ? titleOf(id.slice(prefix.length)) : '', without, fails)),
  )
  return table([what, 'without the guard', 'what fails'], rows)
}

/** What does not apply, or is not met. */
const listOf = (prefix: string): string =>
  Object.entries(withoutGuard)
    .filter(([id]) => id.startsWith(prefix))
    .map(([id, why]) => `- **${id.slice(prefix.length)}**: ${why}`)
    .join('\n')

const titled = (prefix: string) => (id: string) => `${id} ${requirements[`${prefix}${id}` as Requirement]}`

export const guardsPage = (): string =>
  [
    '## Promises',
    '[What Stint promises](reliability.md#what-stint-promises), by number.',
    tableOf('promise ', 'promise', (id) => id),
    '## RFC 8725, JSON Web Token Best Current Practices',
    'By the number in section 3.',
    tableOf('RFC 8725 ', 'practice', titled('RFC 8725 ')),
    listOf('RFC 8725 '),
    '## OWASP ASVS 5.0: browser sessions, tokens and OAuth',
    'Self-contained tokens, and OAuth and OIDC. Stint is a resource server. Its pages and its command line are clients.',
    tableOf('ASVS ', 'requirement', titled('ASVS ')),
    listOf('ASVS '),
    '## Other guards',
    'These guards belong to none of the promises and requirements above.',
    table(['without the guard', 'what fails'], others()),
  ].join('\n\n')

const others = () => guards.filter((guard) => guard.guards.length === 0).map(({ without, fails }) => row(without, fails))

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(PAGE, `${page.slice(0, page.indexOf(MARK))}${MARK}\n${guardsPage()}\n`)
}

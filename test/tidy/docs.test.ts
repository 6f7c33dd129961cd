/** Documentation that repeats code is held to the code. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MARK } from '@stint/broker/build/events-page'
import { functionNames } from '@stint/broker/lambda/functions'
import { permissionsOf } from '@stint/broker/lambda/permissions'
import { withTables } from '@stint/cli/build/cli-page'
import { MARK as LASTING_MARK, lastingPage } from '@stint/cli/build/lasting-page'
import { MARK as LINT_MARK } from '@stint/cli/build/lint-page'
import { rulesPage } from '@stint/cli/lint/catalogue'
import { SALT_BYTES } from '@stint/core/audit/event'
import { eventsPage } from '@stint/core/audit/schema'
import { outputs } from '@stint/core/build/settings'
import { problems } from '@stint/core/problem'
import { requestTransitions } from '@stint/core/request/machine'
import { sessionTransitions } from '@stint/core/request/session'
import { expect, test } from 'vitest'
import { MARK as GUARDS_MARK, guards, guardsPage } from '../verify/guards-page.ts'
import { requirements } from '../verify/requirements.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pagesUnder = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    name.endsWith('.md') ? [`${folder}/${name}`] : [],
  )
const rowsOf = (transitions: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>) =>
  Object.entries(transitions).flatMap(([state, acts]) =>
    Object.keys(acts).length === 0
      ? [`| ${state} | – | – |`]
      : Object.entries(acts).map(([act, to]) => `| ${state} | ${act} | ${[to].flat().join(' or ')} |`),
  )

test('docs/request-states.md has exactly the transitions of the machine', () => {
  const rows = read('docs/request-states.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| state') && !line.startsWith('| ---'))
  expect(rows).toEqual([...rowsOf(requestTransitions as never), ...rowsOf(sessionTransitions as never)])
})

test('the codes that docs and README name are codes that there are', () => {
  const named = [
    'README.md',
    ...readdirSync(fileURLToPath(new URL('../../docs/guides', import.meta.url))).map((name) => `docs/guides/${name}`),
  ].flatMap((path) => [...read(path).matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map((found) => found[1] ?? ''))
  const looksLikeCode = named.filter(
    (name) =>
      /^(request|token|terms|approval|already|self|not|rate|idempotency|duration|parameter|narrow|profile|session|event|log)-/.test(name) &&
      ![
        'request-states',
        'session-policy',
        'log-trouble',
        'approval-timeout-s',
        'request-id',
        'session-id',
        'log-halted',
        'log-copy',
      ].includes(name),
  )
  expect(looksLikeCode.filter((name) => !Object.hasOwn(problems, name))).toEqual([])
})

test('docs/audit-events.md is what the schema says', () => {
  const page = read('docs/audit-events.md')
  expect(page.slice(page.indexOf(MARK))).toBe(`${MARK}\n${eventsPage()}`)
})

/** What a reader may paste lines from. */
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...pagesUnder('docs')]

test('every link of a page leads to a file that is there', () => {
  const links = pages.flatMap((page) => [...read(page).matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)].map(([, link = '']) => ({ page, link })))
  expect(links.length).toBeGreaterThan(50)
  expect(links.filter(({ page, link }) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

test('docs/lint-rules.md is what the catalogue says', () => {
  const page = read('docs/lint-rules.md')
  expect(page.slice(page.indexOf(LINT_MARK))).toBe(`${LINT_MARK}\n${rulesPage()}`)
})

test.each(outputs)('%s is what the schema of the config says', (path, make) => expect(read(path)).toBe(make()))

test('docs/storage.md has exactly the key prefixes that the functions may read and write', () => {
  const places = { region: '', tables: { story: 'story', side: 'side' }, buckets: { log: '', events: '' }, logKey: '' }
  const keys = functionNames.flatMap((name) =>
    permissionsOf(name, places).flatMap(({ Condition }) => Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? []),
  )
  const prefixOf = (key: unknown) => /^[A-Z]+/.exec(String(key))?.[0]
  const documented = [...read('docs/storage.md').matchAll(/^\| `([A-Z]+)(?:#[^`]*)?` \|/gm)].map(([, prefix]) => prefix)
  expect(new Set(documented)).toEqual(new Set(keys.map(prefixOf)))
})

test('docs/lasting-access.md is what the catalogue of minting actions says', () => {
  const page = read('docs/lasting-access.md')
  expect(page.slice(page.indexOf(LASTING_MARK))).toBe(`${LASTING_MARK}\n${lastingPage()}`)
})

test('docs/guards.md is what the seeded bugs say, and each requirement has a guard', () => {
  const page = read('docs/guards.md')
  expect(page.slice(page.indexOf(GUARDS_MARK))).toBe(`${GUARDS_MARK}\n${guardsPage()}\n`)
  const guarded = new Set<string>(guards.flatMap((guard) => guard.guards))
  expect(Object.keys(requirements).filter((requirement) => !guarded.has(requirement))).toEqual([])
  // The promises are the rows of the table.
  const promises = [...read('docs/reliability.md').matchAll(/^\| (\d+) \| /gm)].map(([, number]) => `promise ${number}`)
  expect(promises).toEqual(Object.keys(requirements).filter((requirement) => requirement.startsWith('promise')))
})

test('docs/guides/cli.md has every command and every exit code', () => {
  const page = read('docs/guides/cli.md')
  expect(page).toContain('`stint credential-process`')
  expect(page).toBe(withTables(page))
})

test('no shell block has a comment, which a pasted line in zsh takes for a word', () => {
  const blocks = pages.flatMap((page) =>
    [...read(page).matchAll(/```(?:sh|bash|shell|console)[^\n]*\n([\s\S]*?)```/g)].map(([, block = '']) => ({ page, block })),
  )
  expect(blocks.length).toBeGreaterThan(30)
  const comments = blocks.flatMap(({ page, block }) =>
    // Quoted text and here-documents may have any character.
    block
      .replace(/<<'?(\w+)'?\n[\s\S]*?\n\1\n/g, '\n')
      .replace(/'[^']*'|"(?:[^"\\]|\\.)*"/g, '')
      .split('\n')
      .filter((line) => /(^|\s)#(?!!)/.test(line))
      .map((line) => `${page}: ${line}`),
  )
  expect(comments).toEqual([])
})

test('each decision has a number of its own, and a row in docs/README.md', () => {
  const files = readdirSync(join(root, 'docs/decisions'))
  const numbers = files.map((name) => name.slice(0, 4))
  expect(numbers).toEqual([...new Set(numbers)])
  for (const name of files) {
    expect(read(`docs/decisions/${name}`)).toMatch(new RegExp(`^# ${Number(name.slice(0, 4))}\\. `))
    expect(read('docs/README.md')).toContain(`| ${Number(name.slice(0, 4))} | `)
    expect(read('docs/README.md')).toContain(`(decisions/${name})`)
  }
})

test('docs/log-format.md states the size of the salt', () => {
  expect(read('docs/log-format.md')).toContain(`\`salt\` ${SALT_BYTES} random bytes`)
})

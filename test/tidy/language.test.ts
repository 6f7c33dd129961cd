/**
 * The house language (docs/glossary.md), as far as a test can hold it: words that no page and no message has, names that are not
 * on the wire, and the map in CONTRIBUTING.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openApiDocument } from '@stint/broker/http/openapi'
import { eventsPage } from '@stint/core/audit/schema'
import { problems } from '@stint/core/problem'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8')

/** Words of the glossary's column "not" that have no other use in Stint. */
const AVOIDED =
  /\b(doors?|mouth|road|desk|mend(s|ed)?|parked|whence|whoever|whomever|cannot be had|nobody’s|is no (valid|text|string|setting|such))\b/i

describe('words that are avoided', () => {
  const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    // The glossary and the changelog name what is avoided.
    .filter((path) => !['docs/glossary.md', 'CHANGELOG.md', 'docs/audit-events.md', 'docs/lasting-access.md'].includes(path))

  test.each(pages)('are not in %s', (path) => {
    const lines = read(path)
      .split('\n')
      .map((line, at) => `${at + 1}: ${line}`)
    expect(lines.filter((line) => AVOIDED.test(line.replace(/there is no \w+/gi, '')))).toEqual([])
  })
  test('are not in what a problem says', () => {
    expect(Object.entries(problems).filter(([, { title, next }]) => AVOIDED.test(`${title} ${next}`))).toEqual([])
  })
  test('are not in the help of the command line', () => {
    const files = execFileSync('git', ['ls-files', 'packages/cli/src/commands'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
    expect(files.length).toBeGreaterThan(30)
    const help = files.flatMap((file) => read(file).split('\n'))
    expect(help.filter((line) => AVOIDED.test(line))).toEqual([])
  })
})

const allSources = execFileSync('git', ['ls-files', 'packages/*.ts', 'infra/*.ts'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((path) => !/\/dist\/|\.test\.ts$/.test(path))

describe('the private vocabulary of the first round is gone from the code', () => {
  // In names, also as a part of one: `deskOf`, `toldSince`. As whole words where a part has another use: `allowed`, `interface`.
  const NAMES =
    /\b(doors?|mouth|roads?|desks?|mends?|mended|parked|whence|whoever|whomever|figures?|owed|owe|told|howItCame)\b|\b\w+(Door|Mouth|Road|Desk|Told|Owed|Whoever|Parked)(?![a-z])\w*/
  const sources = allSources
    // Names of older event versions, which must stay.
    .filter((path) => !path.endsWith('/older-events.ts'))

  test('of sources', () => {
    const found = sources.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, at) => (NAMES.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
    )
    expect(found).toEqual([])
  })
})

describe('names that are not on the wire', () => {
  const RENAMED = /["`](why|until|from|face|hardEnd|windowEnd|pendingUntil|agreements|parked|request\.agreed)["`]/

  test('of the API', () => expect(JSON.stringify(openApiDocument()).match(RENAMED)).toBeNull())
  test('of events', () => expect(eventsPage().match(RENAMED)).toBeNull())
})

test('every path of the map in CONTRIBUTING exists', () => {
  const map = /## Where to find things\n([\s\S]*?)\n## /.exec(read('CONTRIBUTING.md'))?.[1] ?? ''
  const named = [...map.matchAll(/`((?:packages|infra|test|docs|\.ci|\.github)[^`\s]*|[\w.-]+\.ts)`/g)].map((found) => found[1] ?? '')
  const paths = named.flatMap((path) => {
    const [whole, before = '', inner = '', after = ''] = /^(.*)\{([^}]*)\}(.*)$/.exec(path) ?? []
    return whole ? inner.split(',').map((one) => `${before}${one}${after}`) : [path]
  })
  expect(paths.length).toBeGreaterThan(20)
  expect(paths.filter((path) => !existsSync(`${root}/${path}`))).toEqual([])
})

test('no text has the name of a type in it, as a renaming leaves it there', () => {
  const types = new Set(
    allSources.flatMap((path) =>
      [...read(path).matchAll(/^(?:export )?(?:type|interface|class) ([A-Z]\w*[a-z][A-Z]\w*)/gm)].map(([, name]) => name),
    ),
  )
  expect(types.size).toBeGreaterThan(200)
  const found = allSources
    .filter((path) => !path.endsWith('/http/openapi.ts'))
    .flatMap((path) =>
      [...read(path).matchAll(/(?<!\w)'[A-Z][^'\n]* [^'\n]*\.'|(?<!\w)`[A-Z][^`\n]* [^`\n]*\.`/g)].flatMap(([text]) =>
        (text.replace(/\$\{[^}]*\}/g, '').match(/\b[A-Z]\w*[a-z][A-Z]\w*\b/g) ?? [])
          .filter((word) => types.has(word) && word !== 'CloudTrail')
          .map((word) => `${path}: ${word}`),
      ),
    )
  expect(found).toEqual([])
})

/** The last line of `npm test`: how many tests were skipped, and why. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import config from '../../vitest.config.ts'
import { reasonOf, skippedLine } from './skipped.ts'

const terraform = 'terraform is not on PATH; install Terraform: https://example.com'

test.each<[readonly (string | undefined)[], string]>([
  [[], 'Skipped no tests.'],
  [[undefined], 'Skipped 1 test: 1 without a reason.'],
  [['it needs root'], 'Skipped 1 test: 1 because it needs root.'],
  [
    [undefined, terraform, terraform],
    'Skipped 3 tests: 2 because terraform is not on PATH (install Terraform: https://example.com), 1 without a reason.',
  ],
])('tells of %j: %s', (reasons, line) => {
  expect(skippedLine(reasons)).toBe(line)
})
test.each<[string, string | undefined, string | undefined]>([
  [`plans (skipped: ${terraform})`, undefined, terraform],
  ['plans (with brackets)', undefined, undefined],
  ['plans', 'it needs root', 'it needs root'],
])('reads the reason of %j with the note %j', (title, note, reason) => {
  expect(reasonOf(title, note)).toBe(reason)
})

describe('at the end of a run of Vitest', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stint-skipped-'))
    // The reporters are those of `npm test`.
    writeFileSync(
      join(folder, 'vitest.config.mjs'),
      `export default { test: { globals: true, reporters: ${JSON.stringify(config.test?.reporters)} } }`,
    )
    writeFileSync(
      join(folder, 'some.test.mjs'),
      `test('runs', () => {})
       test.skip('plans (skipped: ${terraform})', () => {})
       describe('Terraform', () => test.skip('applies (skipped: ${terraform})', () => {}))
       test('writes to /', ({ skip }) => skip('it needs root'))
       test.todo('is written one day')`,
    )
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function lastLine(...args: string[]): string | undefined {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST') && name !== 'GITHUB_ACTIONS'))
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, ...args],
      {
        encoding: 'utf8',
        env,
      },
    )
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Test Files')
    return stripVTControlCharacters(stdout).trimEnd().split('\n').at(-1)
  }

  test('counts the skipped tests by reason', () => {
    expect(lastLine()).toBe(
      'Skipped 4 tests: 2 because terraform is not on PATH (install Terraform: https://example.com), 1 because it needs root, 1 without a reason.',
    )
  })
  test('does not count what -t leaves out', () => {
    expect(lastLine('-t', 'Terraform > applies|runs')).toBe(
      'Skipped 1 test: 1 because terraform is not on PATH (install Terraform: https://example.com).',
    )
    expect(lastLine('-t', '^runs')).toBe('Skipped no tests.')
  })
})

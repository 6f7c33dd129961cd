/** The page about the sandbox's AWS names every operation in the table. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { operations } from './operations.ts'

test.each(operations.map(({ name }) => name))('docs/sandbox-aws.md names %s', (name) => {
  const page = readFileSync(new URL('../../../../../docs/sandbox-aws.md', import.meta.url), 'utf8')
  expect(page).toMatch(new RegExp(`\\b${name}\\b`))
})

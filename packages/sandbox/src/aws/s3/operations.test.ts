/** The page of the sandbox's S3 names what the table of operations plays. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { operations } from './operations.ts'

test.each(operations.map(({ name }) => name))('docs/sandbox-aws.md names %s', (name) => {
  const page = readFileSync(new URL('../../../../../docs/sandbox-aws.md', import.meta.url), 'utf8')
  expect(page).toMatch(new RegExp(`\\b${name}\\b`))
})

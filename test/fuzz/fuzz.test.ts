/** The stored corpus, and fresh inputs of a seed that is fixed: `npm run fuzz` tries others. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { faultOf, fuzz, storedCorpus } from './engine.ts'
import { fuzzedBugs } from './seeded-bugs.ts'
import { targets } from './targets.ts'

const FRESH = 3000

test.each(targets.map((target) => [target.name, target] as const))('%s', async (name, target) => {
  for (const input of storedCorpus(name)) expect(await faultOf(target, input)).toBeUndefined()
  const { failure, kinds } = await fuzz(target, FRESH, 1)
  expect(failure && { error: failure.error.message, input: failure.input.toString('latin1') }).toBeUndefined()
  // One kind only would mean that nothing gets past the first check.
  expect(kinds).toBeGreaterThan(3)
})

test.each(fuzzedBugs)('the place of a seeded bug exists once: $name', ({ target, file, from, to }) => {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  expect(source.split(from)).toHaveLength(2)
  expect(to).not.toBe(from)
  expect(targets.map(({ name }) => name)).toContain(target)
})

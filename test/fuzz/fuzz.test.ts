/** The stored corpus, and fresh inputs of a seed that is fixed: `npm run fuzz` tries others. */
import { expect, test } from 'vitest'
import { faultOf, fuzz, storedCorpus } from './engine.ts'
import { fuzzedBugs } from './seeded-bugs.ts'
import { targetNames } from './target-names.ts'
import { targets } from './targets.ts'

const FRESH = 3000

test.each(targets.map((target) => [target.name, target] as const))('%s', async (name, target) => {
  for (const input of storedCorpus(name)) expect(await faultOf(target, input)).toBeUndefined()
  const { failure, kinds } = await fuzz(target, FRESH, 1)
  expect(failure && { error: failure.error.message, input: failure.input.toString('latin1') }).toBeUndefined()
  // One kind only would mean that nothing gets past the first check.
  expect(kinds).toBeGreaterThan(3)
})

test('a check of verify:all fuzzes each target, and each seeded bug has one', () => {
  const names = targets.map(({ name }) => name)
  expect(names.toSorted()).toEqual([...targetNames].toSorted())
  expect(fuzzedBugs.filter(({ target }) => !names.includes(target))).toEqual([])
})

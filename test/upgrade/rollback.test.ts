/** A rollback: this code does what it can, and the last release goes on with it. */
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Both, openBoth } from './both.ts'
import { keep, readAll } from './reads.ts'
import { begin, goOn, type Left } from './scenario.ts'

let opened: Both
beforeAll(async () => {
  opened = await openBoth()
})
afterAll(() => opened.close())

let left: Left
describe('after this code, the last release', () => {
  beforeAll(async () => {
    left = await begin(opened.world, opened.both.now)
    opened.both.now.close()
  })
  test('goes on with all that was half done', () => goOn(opened.world, opened.both.released, left))
  test('shows and proves what it did', () => readAll(opened.world, opened.sandbox, opened.both.released, left))
  test('retires what is old', () => keep(opened.sandbox, opened.both.released, 0))
})

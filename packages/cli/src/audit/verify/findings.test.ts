import { expect, test } from 'vitest'
import { Findings } from './findings.ts'

test('the first fault of a class is told however many of others came before it, and all are counted', () => {
  const found = new Findings(2)
  for (const place of ['a', 'b', 'c', 'd']) found.add({ class: 'rules', place, what: 'broken' })
  for (const place of ['e', 'f']) found.add({ class: 'tampered', place, what: 'changed' })
  expect([found.count, found.faults.map(({ place }) => place)]).toEqual([6, ['a', 'b', 'e']])
})

import { expect, test } from 'vitest'
import { tableText } from './words.ts'

const rows = [
  ['req_1', 'the orders service answers nothing since midnight'],
  ['req_22', 'ok'],
]
test.each<[number | undefined, string]>([
  [undefined, 'id      justification\nreq_1   the orders service answers nothing since midnight\nreq_22  ok\n'],
  [30, 'id      justification\nreq_1   the orders service an…\nreq_22  ok\n'],
  [5, 'id      justificati…\nreq_1   the orders …\nreq_22  ok\n'],
])('a table on a terminal of %s columns', (columns, expected) => {
  expect(tableText(['id', 'justification'], rows, columns)).toBe(expected)
})

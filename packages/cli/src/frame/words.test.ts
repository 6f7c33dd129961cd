import { expect, test } from 'vitest'
import { tableText } from './words.ts'

const rows = [
  ['req_1', 'the orders service answers nothing since midnight'],
  ['req_22', 'ok'],
]
test.each<[number | undefined, string]>([
  [undefined, 'id      justification\nreq_1   the orders service answers nothing since midnight\nreq_22  ok\n'],
  [30, 'id      justification\nreq_1   the orders service an…\nreq_22  ok\n'],
  // A terminal that does not know.
  [0, 'id      justification\nreq_1   the orders service answers nothing since midnight\nreq_22  ok\n'],
  [5, 'id      justifi…\nreq_1   the ord…\nreq_22  ok\n'],
])('a table on a terminal of %s columns', (columns, expected) => {
  expect(tableText(['id', 'justification'], rows, columns)).toBe(expected)
})

test('a row of requests fits into 80 columns, and its ID stays whole', () => {
  const id = 'req_01KTN3X0C9E8T7B6W5V4S3R2Q1'
  const head = ['request', 'state', 'profile', 'requester', 'created', 'justification']
  const row = [
    id,
    'approved',
    'production-administrator',
    'Olu On-Call (acme.6f0c1b9e-oncall-1)',
    '23h15m ago',
    'orders are down since midnight',
  ]
  const lines = tableText(head, [row, row.with(1, 'pending')], 80)
    .trimEnd()
    .split('\n')
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(lines[1]).toMatch(new RegExp(`^${id}  approved  produc`))
  // With room for it, the last column keeps more, and nothing else is cut before it.
  expect(tableText(head, [row], 130)).toContain('production-administrator  Olu On-Call (acme.6f0c1b9e-oncall-1)')
})

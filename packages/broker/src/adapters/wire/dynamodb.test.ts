/** What the table's wire refuses to send. That it sends what AWS's SDK sends: test/differential/aws/requests.test.ts. */
import { expect, test } from 'vitest'
import { tableOverWire } from './dynamodb.ts'

test('throws on a property that it does not know, and sends nothing', async () => {
  let sent = 0
  const table = tableOverWire(
    {
      open: () => {},
      post: async () => {
        sent++
        return { status: 200, headers: {}, body: '{}' }
      },
    },
    1000,
  )
  const known = { TableName: 'stint', Key: { pk: { S: 'REQ#1' } } }
  await expect(table.updateItem({ ...known, Expected: {} } as never)).rejects.toThrow('Expected is not in PROPERTIES')
  expect(sent).toBe(0)
  await table.updateItem(known)
  expect(sent).toBe(1)
})

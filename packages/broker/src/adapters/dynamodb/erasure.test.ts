import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { journalEntry } from '@stint/core/audit/event'
import type { RequestId } from '@stint/core/ids'
import { expect, test } from 'vitest'
import { marshall } from './attributes.ts'
import { erasures } from './erasure.ts'
import { journalKey } from './table.ts'
import { tableInProcess } from './testing/table.ts'

const request = `req_${'0'.repeat(26)}` as RequestId
const at = Date.parse('2026-11-24T12:00:00Z')
const erased = journalEntry(
  { type: 'request.erased', request, at, operator: 'platform-team', justification: 'asked for' },
  { random: (count) => new Uint8Array(count), configHash: 'c' },
)

test.each([
  ['strips the item as it was read', 2, true],
  ['changes nothing if an event was written since', 3, false],
])('%s', async (_name, count, expected) => {
  const { client } = tableInProcess()
  const events = Array.from({ length: count }, (_, nth) => ({ commit: `c${nth}` }))
  await client.send(new PutItemCommand({ TableName: 'stint', Item: marshall({ pk: journalKey(request), events }) }))
  const { strip } = erasures({ client, storyTable: 'stint' })
  expect(await strip(request, ['c0', 'c1'], erased, false, at)).toBe(expected)
})

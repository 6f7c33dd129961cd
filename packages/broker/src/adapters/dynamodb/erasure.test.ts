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

const itemWith = (...commits: string[]) =>
  new PutItemCommand({ TableName: 'stint', Item: marshall({ pk: journalKey(request), events: commits.map((commit) => ({ commit })) }) })

test.each<[string, readonly string[], readonly string[], boolean]>([
  ['strips the item as it was read', ['c0', 'c1'], ['c0', 'c1'], true],
  ['changes nothing if an event was written since', ['c0', 'c1', 'c2'], ['c0', 'c1', 'c2'], false],
  ['changes nothing if the item of a backup has another event', ['c0', 'x1'], ['c0', 'x1'], false],
  ['changes nothing if an event is written before the write', ['c0', 'c1'], ['c0', 'c1', 'c2'], false],
  ['changes nothing if a backup takes the place of the table before the write', ['c0', 'c1'], ['c0', 'x1'], false],
])('%s', async (_name, read, written, expected) => {
  const { client, through } = tableInProcess()
  await client.send(itemWith(...read))
  through(async ({ operation }, apply) => {
    if (operation === 'UpdateItem') await client.send(itemWith(...written))
    return apply()
  })
  const { strip } = erasures({ client, storyTable: 'stint' })
  expect(await strip(request, ['c0', 'c1'], erased, false, at)).toBe(expected)
})

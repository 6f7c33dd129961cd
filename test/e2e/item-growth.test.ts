/** What one session adds to the item of its request, by real vends: no more than `stint lint` counts (`item-size`). */
import { itemBytes } from '@stint/broker/adapters/dynamodb/testing/item-bytes'
import { RENEWAL_BYTES, REQUEST_BYTES, SESSION_BYTES } from '@stint/core/request/session'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

test.each([
  ['the shortest names', 'd', 'D', 1900],
  ['the longest names', 'ы'.repeat(120), 'n'.repeat(128), 2150],
])('with %s', async (_names, sub, name, atLeast) => {
  const requester = await lab.token({ sub, name, role: 'engineer', groups: [] })
  const { json } = await sandbox.call('POST', '/requests', requester, { profile: 'lab-two' })
  const itemNow = () => {
    const record = sandbox.aws.dynamo.records.findLast(({ table, keys }) => table === 'stint' && keys.pk?.S === `REQ#${json.id}`)
    return itemBytes((record?.newImage ?? {}) as never)
  }
  for (const [approver, group] of [
    ['pat', 'peers'],
    ['max', 'managers'],
  ])
    expect(
      (await sandbox.call('POST', `/requests/${json.id}/approve`, await lab.token({ sub: approver, groups: [group] }), {})).status,
    ).toBe(200)
  const sizes = [itemNow()]
  for (let session = 0; session < 2; session++) {
    expect((await sandbox.vend(requester, { profile: 'lab-two', requestId: json.id })).status).toBe(201)
    sizes.push(itemNow())
  }
  const [before = 0, one = 0, two = 0] = sizes
  expect(before).toBeLessThan(REQUEST_BYTES)
  const grown = [one - before, two - one]
  // A constant far above what is measured would warn too early.
  expect([grown, grown.every((bytes) => bytes >= atLeast && bytes <= SESSION_BYTES)]).toEqual([grown, true])
})

test('48 renewals: their bytes, and the write units that they take', async () => {
  const erin = await lab.token({ sub: 'erin', name: 'Erin', role: 'engineer', groups: [], exp: Math.floor(sandbox.now() / 1000) + 7200 })
  const { json } = await sandbox.vend(erin, { profile: 'brief', duration: '50m' })
  for (let renewal = 0; renewal < 48; renewal++) {
    sandbox.advance(60_000)
    expect((await sandbox.call('POST', `/sessions/${json.id}/credentials`, erin)).status).toBe(200)
  }
  const sizes = sandbox.aws.dynamo.records
    .filter(({ table, keys }) => table === 'stint' && keys.pk?.S === `REQ#${json.requestId}`)
    .map(({ newImage }) => itemBytes((newImage ?? {}) as never))
  const [total = 0, before = 0] = [sizes.at(-1), sizes.at(1)]
  const units = sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / 1024), 0)
  // DynamoDB Developer Guide, "Read and write operations": a write unit per kilobyte. An index entry of the open calls is one more each.
  console.log(
    `48 renewals: item ${total} bytes, ${Math.round((total - before) / 48)} per renewal; ${sizes.length} writes, ${units} write units`,
  )
  expect([total <= 80 * 1024, units <= 4000, (total - before) / 48 <= RENEWAL_BYTES]).toEqual([true, true, true])
})

/** What one session adds to the item of its request, by real vends: no more than `stint lint` counts (`item-size`). */
import { itemBytes } from '@stint/broker/adapters/dynamodb/testing/item-bytes'
import { REQUEST_BYTES, SESSION_BYTES } from '@stint/core/request/session'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings })
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

/** What a page costs with 10,000 requests in the table: calls of DynamoDB that wait for each other, and bytes of HTML. */

import { fileURLToPath } from 'node:url'
import { type AttributeValue, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { inParallel } from '@stint/broker/log/parallel'
import { brokerKey } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Jar, type PlainBrowser, plainBrowser } from '../support/plain-browser.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const REQUESTS = 10_000
/** Longer than the calls of one page need to start. */
const CALL_MS = 20

let sandbox: TestSandbox
let web: PlainBrowser
let jar: Jar
let waiting = ''
/** How often a call started while no other was open: calls that run together count once. */
let [trips, open, measured] = [0, 0, false]

beforeAll(async () => {
  sandbox = await testSandbox({
    async intercept(service, _action, next) {
      if (!measured || service !== 'dynamodb') return next()
      if (open++ === 0) trips++
      try {
        await new Promise((resolve) => setTimeout(resolve, CALL_MS))
        return await next()
      } finally {
        open--
      }
    },
  })
  web = plainBrowser(() => sandbox)
  const ask = async (name: string) =>
    (await sandbox.call('POST', '/requests', await sandbox.token(name), { profile: 'break-glass', justification: 'Orders are down' })).json
      .id
  waiting = await ask('oncall')
  await fill(waiting)
  sandbox.settle()
  jar = web.newJar()
  await web.signedIn(jar, '/', 'approver')
})
afterAll(() => sandbox.close())

type Item = Record<string, AttributeValue>

/** Copies one request: every tenth is the approver's own, every thirtieth waits. */
async function fill(id: string): Promise<void> {
  const direct = sandbox.aws.dynamo.direct
  const { Item: like } = (await direct('GetItem', { TableName: 'stint', Key: { pk: { S: `REQ#${id}` } } })) as { Item: Item }
  const approver = JSON.parse(Buffer.from((await sandbox.token('approver')).split('.')[1] ?? '', 'base64url').toString()) as { sub: string }
  const copies = Array.from({ length: REQUESTS }, (_, index): Item => {
    const copy = `req_${String(index).padStart(26, '0')}`
    const [own, pending] = [index % 10 === 0, index % 30 === 1]
    const { workKey, dueKey: _due, dueAt: _at, ...rest } = like
    return {
      ...rest,
      pk: { S: `REQ#${copy}` },
      id: { S: copy },
      at: { S: (like.at?.S ?? '').replace(id, copy) },
      state: { S: pending ? 'pending' : 'denied' },
      callerKey: { S: own ? `people#${approver.sub}` : `people#other-${index % 100}` },
      ...(pending && workKey ? { workKey } : {}),
    }
  })
  // Indexes see what was written over HTTP. The rest only makes the table large.
  const credentials = brokerKey(sandbox.aws.world, 'sweep')
  const client = new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials })
  const [listed, others] = [
    copies.filter((_item, index) => index % 10 === 0 || index % 30 === 1),
    copies.filter((_item, index) => index % 10 !== 0 && index % 30 !== 1),
  ]
  await inParallel(listed, 16, (Item) => client.send(new PutItemCommand({ TableName: 'stint', Item })))
  for (let at = 0; at < others.length; at += 25) {
    const some = others.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }))
    await direct('BatchWriteItem', { RequestItems: { stint: some } })
  }
}

const pages: readonly (readonly [string, () => string])[] = [
  ['my access', () => '/'],
  ['a profile', () => '/access/break-glass'],
  ['what waits', () => '/decide'],
  ['one request', () => `/decide/${waiting}`],
  ['a day', () => '/activity'],
  ['what happened to a request', () => `/activity?request=${waiting}`],
]

test.each(pages)('%s: three calls in a row at most, and 30 KB', async (_what, path) => {
  measured = true
  trips = 0
  const page = await web.go(jar, path())
  measured = false
  expect([page.status, trips]).toEqual([200, expect.toSatisfy((count: number) => count >= 1 && count <= 3)])
  expect(Buffer.byteLength(page.text)).toBeLessThan(30_000)
})

test('a day of a hundred events: three calls in a row at most, and 30 KB', async () => {
  const developer = await sandbox.token('developer')
  for (let sessions = 0; sessions < 34; sessions++) await sandbox.vend(developer, { profile: 'staging-power' })
  await sandbox.ship()
  const own = web.newJar()
  await web.signedIn(own, '/', 'developer')
  measured = true
  trips = 0
  const page = await web.go(own, '/activity')
  measured = false
  expect(trips).toBeLessThanOrEqual(3)
  expect(page.text.match(/<tr><td>/g)).toHaveLength(100)
  expect(Buffer.byteLength(page.text)).toBeLessThan(30_000)
  expect(page.text).toContain('Earlier on this day')
})

test('a hundred profiles have less than 30 KB', async () => {
  const many = await testSandbox({ config: fileURLToPath(new URL('../support/many-profiles.config.ts', import.meta.url)) })
  try {
    const other = plainBrowser(() => many)
    const page = await other.signedIn(other.newJar(), '/', 'developer')
    expect(page.text.match(/<tr><td>/g)).toHaveLength(100)
    expect(Buffer.byteLength(page.text)).toBeLessThan(30_000)
    expect(page.text).toContain('More profiles')
  } finally {
    await many.close()
  }
})

/** What a page costs with 10,000 requests in the table: calls of DynamoDB that wait for each other, and bytes of HTML. */

import { fileURLToPath } from 'node:url'
import { type AttributeValue, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { inParallel } from '@stint/broker/log/parallel'
import { toDay } from '@stint/core/instant'
import { brokerKey } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Jar, type Page, type PlainBrowser, plainBrowser } from '../support/plain-browser.ts'
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
let actions: string[] = []

beforeAll(async () => {
  sandbox = await testSandbox({
    async intercept(service, action, next) {
      if (!measured || service !== 'dynamodb') return next()
      if (open++ === 0) trips++
      actions.push(action)
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

type Measured = Page & { readonly trips: number; readonly actions: readonly string[] }

async function measuredPage(of: Jar, path: string): Promise<Measured> {
  measured = true
  trips = 0
  actions = []
  const page = await web.go(of, path)
  measured = false
  return { ...page, trips, actions }
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
  const page = await measuredPage(jar, path())
  expect([page.status, page.trips]).toEqual([200, expect.toSatisfy((count: number) => count >= 1 && count <= 3)])
  expect(Buffer.byteLength(page.text)).toBeLessThan(30_000)
})

test.each(pages)('%s, in a session that is noted as used: three calls in a row at most', async (_what, path) => {
  // A session is noted as used every five minutes.
  sandbox.advance(5 * 60_000)
  expect(await measuredPage(jar, path())).toMatchObject({ status: 200, trips: expect.toSatisfy((count: number) => count <= 3) })
  // The write is over when the response is there: Lambda stops after it.
  expect([open, (await measuredPage(jar, path())).actions.filter((action) => action === 'UpdateItem')]).toEqual([0, []])
})

describe('the activity of a person with 108 sessions', () => {
  let person = ''
  beforeAll(async () => {
    const developer = await sandbox.token('developer')
    const { sub } = JSON.parse(Buffer.from(developer.split('.')[1] ?? '', 'base64url').toString())
    person = `people/${sub}`
    for (let sessions = 0; sessions < 108; sessions += 12)
      await Promise.all(
        Array.from({ length: 12 }, () => sandbox.vend(developer, { profile: 'staging-power', justification: '<'.repeat(500) })),
      )
    await sandbox.ship()
  })

  const today = () => toDay(sandbox.now())
  const cursor = (text: string) => Buffer.from(text).toString('base64url')
  type Case = readonly [who: 'developer' | 'auditor', what: string, query: () => string]
  const filters = ['profile=staging-power', 'profile=break-glass', 'account=444455556666', 'account=111122223333']
  const cases: readonly Case[] = [
    ['developer', 'a day', () => ''],
    ['auditor', 'a day', () => ''],
    ...filters.flatMap((query) =>
      (['developer', 'auditor'] as const).flatMap((who): Case[] => [
        [who, query, () => query],
        [who, `${query} on a day`, () => `${query}&day=${today()}`],
      ]),
    ),
    ['auditor', 'a person', () => `person=${encodeURIComponent(person)}`],
    ['auditor', 'a person and another profile', () => `person=${encodeURIComponent(person)}&profile=break-glass`],
    ['auditor', 'a person on a day', () => `person=${encodeURIComponent(person)}&day=${today()}`],
    ['auditor', 'a day long ago', () => 'day=2020-01-01'],
    ['auditor', 'a cursor before its day', () => `day=${today()}&cursor=${cursor('2020-01-01T24')}`],
    ['auditor', 'a cursor after its day', () => `day=2020-01-01&cursor=${cursor(`${today()}T00:00:00.000Z#${waiting}#00000+`)}`],
    ['auditor', 'a cursor of the last day there is', () => `cursor=${cursor('9999-12-31T24')}`],
  ]
  test.each(cases)('%s, %s: three calls in a row at most, 210 calls, and 30 KB', async (who, _what, query) => {
    const own = web.newJar()
    await web.signedIn(own, '/', who, false)
    const page = await measuredPage(own, `/activity?${query()}`)
    expect(page).toMatchObject({ status: query().includes('cursor') ? 400 : 200, trips: expect.toSatisfy((count: number) => count <= 3) })
    expect(page.actions.length).toBeLessThanOrEqual(210)
    expect(Buffer.byteLength(page.text)).toBeLessThan(30_000)
  })

  test('is on pages that follow each other and have each event once', async () => {
    const own = web.newJar()
    await web.signedIn(own, '/', 'developer', false)
    for (const query of ['', '?profile=staging-power', '?account=444455556666']) {
      const receipts: string[] = []
      for (let path: string | undefined = `/activity${query}`; path !== undefined; ) {
        const page: Measured = await measuredPage(own, path)
        expect([page.status, page.trips <= 3, Buffer.byteLength(page.text) < 30_000]).toEqual([200, true, true])
        receipts.push(...[...page.text.matchAll(/href="([^"]*)"[^>]*>Receipt/g)].map(([, to = '']) => to))
        path = /href="([^"]*)">Earlier/.exec(page.text)?.[1]?.replaceAll('&amp;', '&')
      }
      expect([query, receipts.length, new Set(receipts).size]).toEqual([query, 432, 432])
    }
  })
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

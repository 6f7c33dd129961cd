/**
 * Somebody changes the story table behind Stint, and leaves every event as it was: what the next write would allow is no
 * longer what the journal says. `audit verify --table` finds it by name. The table is that of a whole broker, so the honest
 * items beside it are the control.
 */
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { allJournals } from '@stint/broker/adapters/dynamodb/journals'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { freezeIdOf } from '@stint/core/access/freeze'
import { parseVkey } from '@stint/core/audit/note'
import { linkId } from '@stint/core/identity/link'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorIn } from '../support/cli.ts'
import { slackLab } from '../support/slack.ts'

let lab: Awaited<ReturnType<typeof slackLab>>
let client: DynamoDBClient
const TableName = 'stint'
type Name = 'granted' | 'used' | 'waiting' | 'revoked' | 'denied' | 'held' | 'released' | 'linked'
const keys = {} as Record<Name, string>
type Item = Record<string, any>

async function post(path: string, token: string, body: object = {}): Promise<any> {
  const { status, json } = await lab.call('POST', path, token, body)
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`)
  return json
}
const responder = (name: string) => lab.tokenOf(name, { groups: ['responders'] })

beforeAll(async () => {
  lab = await slackLab()
  const { key } = operatorIn(lab.sandbox, '')
  client = new DynamoDBClient({ endpoint: lab.sandbox.urls.aws, region: 'eu-central-1', credentials: key })
  await lab.sandbox.sweep()
  const [developer, approver, oncall] = [await lab.tokenOf('developer'), await lab.tokenOf('approver'), await lab.tokenOf('oncall')]
  await lab.link('developer')
  keys.linked = `LINK#${linkId({ issuer: 'lab', subject: 'developer' })}`
  keys.granted = `REQ#${(await post('/sessions', await lab.tokenOf('dana-1'), { profile: 'lab' })).requestId}`

  const bucket = { profile: 'bucket', parameters: { bucket: 'acme-logs' } }
  const used = (await post('/requests', developer, { ...bucket, duration: '50m' })).id
  await post(`/requests/${used}/approve`, approver, { duration: '20m', uses: 2 })
  await post('/sessions', developer, { ...bucket, requestId: used })
  keys.used = `REQ#${used}`
  const waiting = (await post('/requests', oncall, { profile: 'two-people' })).id
  await post(`/requests/${waiting}/approve`, approver)
  keys.waiting = `REQ#${waiting}`
  const revoked = (await post('/requests', oncall, { profile: 'night', justification: 'x' })).id
  await post(`/requests/${revoked}/approve`, approver)
  await post(`/requests/${revoked}/revoke`, approver)
  keys.revoked = `REQ#${revoked}`
  const denied = (await post('/requests', developer, { profile: 'two-people' })).id
  await post(`/requests/${denied}/deny`, approver)
  keys.denied = `REQ#${denied}`

  const until = new Date(lab.sandbox.now() + 3_600_000).toISOString()
  await post('/freezes', await responder('rita'), { scope: { kind: 'profile', id: 'lab-mfa' }, why: 'x', until })
  keys.held = `FREEZE#${freezeIdOf('profile#lab-mfa')}`
  const id = (await post('/freezes', await responder('rita'), { scope: { kind: 'profile', id: 'lab-two' }, why: 'x' })).id
  for (const name of ['rita', 'rob']) await lab.call('DELETE', `/freezes/${id}`, await responder(name))
  keys.released = `FREEZE#${id}`
  await lab.sandbox.ship()
})
afterAll(() => lab.close())

async function findings(): Promise<readonly string[]> {
  const key = parseVkey(lab.sandbox.logVkey)
  if (!key) throw new Error('no key')
  const table = allJournals({ client, storyTable: TableName })
  const { faults } = await verify({ source: storeSource(lab.sandbox.shipper), keys: [key], now: lab.sandbox.now(), table })
  return faults.map(({ class: kind, place, what }) => `${kind} ${place}: ${what}`)
}
const itemOf = async (name: Name): Promise<Item> => {
  const { Item: found } = await client.send(new GetItemCommand({ TableName, Key: marshall({ pk: keys[name] }), ConsistentRead: true }))
  return unmarshall(found ?? {})
}
const put = (item: Item) => client.send(new PutItemCommand({ TableName, Item: marshall(item, { removeUndefinedValues: true }) }))

test('nothing is found in a table that nobody changed', async () => expect(await findings()).toEqual([]))

const sessionIn = (item: Item): string => Object.keys(item).find((name) => name.startsWith('ses.')) as string
const inSession = (item: Item, more: object): Item => ({ [sessionIn(item)]: { ...item[sessionIn(item)], ...more } })
const inTerms = (item: Item, more: object): Item => ({ terms: JSON.stringify({ ...JSON.parse(item.terms), ...more }) })

/** What is changed, in which item, how, and by which words it is found. */
const changes: readonly (readonly [string, Name, (item: Item) => Item, RegExp])[] = [
  ['a revoked request is approved again', 'revoked', () => ({ state: 'approved' }), /state approved, and its journal revoked/],
  ['a denied request waits again', 'denied', () => ({ state: 'pending' }), /state pending, and its journal denied/],
  [
    'one that waits is approved',
    'waiting',
    () => ({ state: 'approved', usesLeft: 1, windowEnd: 9e12 }),
    /state approved, and its journal pending/,
  ],
  [
    'a revoked one without its terms is approved again',
    'revoked',
    () => ({ state: 'approved', terms: undefined }),
    /state approved, and its journal revoked/,
  ],
  ['a use more', 'used', ({ usesLeft }) => ({ usesLeft: usesLeft + 1 }), /usesLeft 2, and its journal 1/],
  ['a use of a granted one', 'granted', () => ({ usesLeft: 1 }), /usesLeft 1, and its journal 0/],
  ['attempts that are forgotten', 'used', () => ({ attempts: 0 }), /attempts 0, and its journal 1/],
  ['another caller may use it', 'used', () => ({ callerKey: 'lab#mallory' }), /callerKey lab#mallory, and its journal lab#developer/],
  [
    'another caller is shown',
    'used',
    ({ caller }) => ({ caller: { ...caller, subject: 'mallory' } }),
    /caller lab#mallory, and its journal lab#developer/,
  ],
  ['other terms may be vended', 'used', () => ({ termsHash: 'b'.repeat(64) }), /termsHash b{64}, and its journal \w{64}/],
  [
    'approvers are shown other terms',
    'waiting',
    (item) => inTerms(item, { uses: 99 }),
    /the table has other terms than those that its journal names/,
  ],
  [
    'approvers are shown another role',
    'waiting',
    (item) => inTerms(item, { role: 'arn:aws:iam::444455556666:role/Admin' }),
    /other terms than those/,
  ],
  [
    'another role is shown',
    'used',
    () => ({ roleArn: 'arn:aws:iam::444455556666:role/Admin' }),
    /roleArn .*Admin, and its journal .*PowerUser/,
  ],
  ['a window that ends later', 'used', ({ windowEnd }) => ({ windowEnd: windowEnd + 1 }), /windowEnd 20.*Z, and its journal 20.*Z/],
  ['a window that begins sooner', 'used', ({ windowStart }) => ({ windowStart: windowStart - 1 }), /windowStart 20.*Z, and its journal/],
  [
    'an approver’s limit is lifted',
    'used',
    ({ limits }) => ({ limits: { ...limits, duration: 3600 } }),
    /limits\.duration 3600, and its journal 1200/,
  ],
  [
    'an approver’s limit is gone',
    'used',
    ({ limits }) => ({ limits: { ...limits, duration: undefined } }),
    /limits\.duration none, and its journal 1200/,
  ],
  [
    'an approval that nobody gave',
    'waiting',
    ({ agreements: [one] }) => ({
      agreements: [one, { ...one, approver: { ...one.approver, subject: 'auditor' }, person: 'lab#auditor' }],
    }),
    /agreements .*lab#auditor.*, and its journal/,
  ],
  [
    'an approval counts for more',
    'waiting',
    ({ agreements: [one] }) => ({ agreements: [{ ...one, rules: [0, 1] }] }),
    /agreements .*, and its journal/,
  ],
  ['it expires later', 'waiting', ({ pendingUntil }) => ({ pendingUntil: pendingUntil + 1 }), /pendingUntil 20.*Z, and its journal/],
  ['nobody has to agree to it', 'waiting', ({ createdAt }) => ({ unattendedAt: createdAt }), /unattendedAt 20.*Z, and its journal none/],
  ['it begins at another time', 'waiting', ({ createdAt }) => ({ startsAt: createdAt }), /startsAt 20.*Z, and its journal none/],
  ['it is younger than a restore', 'used', ({ createdAt }) => ({ createdAt: createdAt + 1 }), /createdAt 20.*Z, and its journal/],
  ['it is of another profile', 'used', () => ({ profile: 'two-people' }), /profile two-people, and its journal bucket/],
  ['it leads elsewhere', 'used', () => ({ target: 'prod' }), /target prod, and its journal staging/],
  ['its review is closed', 'revoked', () => ({ review: { by: {}, at: 1, text: 'x' } }), /reviewed true, and its journal false/],
  [
    'a session was never made',
    'used',
    (item) => ({ [sessionIn(item)]: undefined }),
    /the table does not have session \w{8} of its journal/,
  ],
  [
    'a session that nobody reserved',
    'used',
    (item) => ({ 'ses.zzzzzzzz': item[sessionIn(item)] }),
    /the table has a session zzzzzzzz that its journal does not have/,
  ],
  [
    'a session is open again',
    'used',
    (item) => inSession(item, { state: 'reserved' }),
    /state reserved for session \w{8}, and its journal issued/,
  ],
  [
    'a session did not fail',
    'granted',
    (item) => inSession(item, { state: 'failed' }),
    /state failed for session \w{8}, and its journal issued/,
  ],
  [
    'another access key',
    'used',
    (item) => inSession(item, { issued: { ...item[sessionIn(item)].issued, accessKeyId: 'ASIAX' } }),
    /accessKeyId ASIAX for session \w{8}, and its journal ASIA/,
  ],
  [
    'a session that ends later',
    'used',
    (item) => inSession(item, { hardEnd: item[sessionIn(item)].hardEnd + 1000 }),
    /hardEnd 20.*Z for session \w{8}, and its journal/,
  ],
  [
    'a session of another name',
    'granted',
    (item) => inSession(item, { sessionName: 'x' }),
    /sessionName x for session \w{8}, and its journal dana/i,
  ],
  [
    'a session of another source identity',
    'granted',
    (item) => inSession(item, { sourceIdentity: 'x' }),
    /sourceIdentity x for session \w{8}, and its journal lab/,
  ],
  ['a freeze is lifted', 'held', () => ({ active: false }), /active false, and its journal true/],
  ['a freeze ends sooner', 'held', ({ until }) => ({ until: until - 1 }), /until 20.*Z, and its journal 20.*Z/],
  [
    'a freeze is of something else',
    'held',
    () => ({ scope: { kind: 'profile', id: 'x' } }),
    /scope profile#x, and its journal profile#lab-mfa/,
  ],
  ['a freeze that two people released', 'released', () => ({ active: true }), /active true, and its journal false/],
  [
    'a person is bound to another Slack user',
    'linked',
    ({ active }) => ({ active: { ...active, slack: { ...active.slack, user: 'U0MALLORY' } } }),
    /slack T0ACME\/U0MALLORY, and its journal T0ACME\//,
  ],
  [
    'a link that lasts longer',
    'linked',
    ({ active }) => ({ active: { ...active, until: active.until + 1 } }),
    /until 20.*Z, and its journal/,
  ],
]

describe(`${changes.length} changes of the table behind Stint are found by name`, () => {
  test.each(changes)('%s', async (_what, name, change, words) => {
    const item = await itemOf(name)
    await put({ ...item, ...change(item) })
    const found = await findings()
    await put(item)
    expect(found).toContainEqual(expect.stringMatching(words))
    const journal = item.pk.slice(item.pk.indexOf('#') + 1)
    expect(found.every((one) => one.startsWith(`table ${journal}: `))).toBe(true)
  })
})

test('what time and a retirement do to it changes nothing of that', async () => {
  lab.sandbox.advance(3 * 3_600_000)
  await lab.sandbox.sweep()
  await lab.sandbox.ship()
  expect(await findings()).toEqual([])
})

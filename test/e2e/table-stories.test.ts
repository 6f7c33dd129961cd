/**
 * Somebody changes the story table behind Stint, and leaves every event as it was: what the next write would allow is no
 * longer what the journal says. `audit verify --table` finds it by name. The table is that of a whole broker, so the honest
 * items beside it are the control.
 */
import { randomBytes } from 'node:crypto'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { allJournals } from '@stint/broker/adapters/dynamodb/journal-reader'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { deployRelease } from '@stint/broker/wiring/deploy-release'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { freezeIdOf, parseFreezeName } from '@stint/core/access/freeze'
import { linkId } from '@stint/core/identity/link'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { operatorIn } from '../support/cli.ts'
import { slackLab } from '../support/slack.ts'

let lab: Awaited<ReturnType<typeof slackLab>>
let client: DynamoDBClient
const TableName = 'stint'
type Name =
  | 'granted'
  | 'used'
  | 'waiting'
  | 'revoked'
  | 'denied'
  | 'held'
  | 'released'
  | 'linked'
  | Freezes
  | 'dropped'
  | 'abandoned'
  | 'job'
type Freezes = 'asked' | 'deployed' | 'again'
const keys = {} as Record<Name, string>
type Item = Record<string, any>

async function post(path: string, token: string, body: object = {}): Promise<any> {
  const { status, json } = await lab.call('POST', path, token, body)
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`)
  return json
}
const responder = (name: string) => lab.tokenOf(name, { groups: ['responders'] })

/** AWS answers with another role than it was asked for. */
let isOtherRole = false
/** What a deploy does that releases these freezes. */
const deployed = (...names: readonly string[]) =>
  deployRelease(
    {
      clock: lab.sandbox.now,
      log: () => {},
      ledger: dynamoLedger({
        client,
        storyTable: TableName,
        sideTable: 'stint-side',
        clock: lab.sandbox.now,
        random: (count) => randomBytes(count),
        answerWithinMs: 10_000,
        sleep: async () => {},
        configHash: lab.sandbox.rules.hash,
        approvalOf: () => undefined,
        build: 'next',
      }),
    },
    names.flatMap((name) => parseFreezeName(name) ?? []),
  )()

beforeAll(async () => {
  lab = await slackLab({
    async intercept(_service, action, next) {
      const answer = await next()
      if (action !== 'AssumeRole' || !isOtherRole) return answer
      return { ...answer, body: String(answer.body).replace(/:assumed-role\/\w+/, ':assumed-role/Another') }
    },
  })
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

  const expiresAt = new Date(lab.sandbox.now() + 3_600_000).toISOString()
  await post('/freezes', await responder('rita'), { scope: { kind: 'profile', id: 'lab-mfa' }, justification: 'x', expiresAt })
  keys.held = `FREEZE#${freezeIdOf('profile#lab-mfa')}`
  const id = (await post('/freezes', await responder('rita'), { scope: { kind: 'profile', id: 'lab-two' }, justification: 'x' })).id
  for (const name of ['rita', 'rob']) await lab.call('DELETE', `/freezes/${id}`, await responder(name))
  keys.released = `FREEZE#${id}`

  const freeze = async (scope: object, more: object = {}) =>
    post('/freezes', await responder('rita'), { scope, justification: 'a drill', ...more }) as Promise<{
      readonly id: string
      readonly name: string
    }>
  const release = async (frozen: string, ...names: readonly string[]) => {
    for (const name of names) await lab.call('DELETE', `/freezes/${frozen}`, await responder(name))
  }
  const asked = await freeze({ kind: 'person', id: 'eve' })
  await release(asked.id, 'rob')
  keys.asked = `FREEZE#${asked.id}`
  // Released by two people, by a deploy, and set once more; the shorter end of the second set does not count.
  const scope = { kind: 'subject', issuer: 'lab', id: 'mallory' }
  const again = await freeze(scope)
  await release(again.id, 'rita', 'rob')
  await deployed((await freeze(scope)).name)
  await freeze(scope, { expiresAt })
  await release(again.id, 'rob')
  await freeze(scope, { expiresAt: new Date(lab.sandbox.now() + 60_000).toISOString() })
  keys.again = `FREEZE#${again.id}`
  const byDeploy = await freeze({ kind: 'profile', id: 'lab-elsewhere' })
  await release(byDeploy.id, 'rob')
  await deployed(byDeploy.name)
  keys.deployed = `FREEZE#${byDeploy.id}`

  const workload = await lab.tokenOf('ci', { iss: lab.issuers.once, role: 'job', actor_id: '79', jti: 'one' })
  keys.job = `REQ#${(await post('/requests', workload, { profile: 'lab-one' })).id}`
  const dropped = async () => {
    const before = new Set((await storedRequests(lab.sandbox)).map(({ id }) => id))
    isOtherRole = true
    const { status, json } = await lab.call('POST', '/sessions', await lab.tokenOf('dana-2'), { profile: 'lab' })
    isOtherRole = false
    if (json.code !== 'sts-answer-invalid') throw new Error(`${status} ${JSON.stringify(json)}`)
    return `REQ#${(await storedRequests(lab.sandbox)).find((request) => !before.has(request.id))?.id}`
  }
  keys.abandoned = await dropped()
  lab.sandbox.advance(91_000)
  await lab.sandbox.sweep()
  keys.dropped = await dropped()
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
  ['a revoked request is approved again', 'revoked', () => ({ state: 'approved' }), /state approved, but its journal has revoked/],
  ['a denied request waits again', 'denied', () => ({ state: 'pending' }), /state pending, but its journal has denied/],
  [
    'one that waits is approved',
    'waiting',
    () => ({ state: 'approved', usesLeft: 1, windowExpiresAt: 9e12 }),
    /state approved, but its journal has pending/,
  ],
  [
    'a revoked one without its terms is approved again',
    'revoked',
    () => ({ state: 'approved', terms: undefined }),
    /state approved, but its journal has revoked/,
  ],
  ['a use more', 'used', ({ usesLeft }) => ({ usesLeft: usesLeft + 1 }), /usesLeft 2, but its journal has 1/],
  ['a use of a granted one', 'granted', () => ({ usesLeft: 1 }), /usesLeft 1, but its journal has 0/],
  ['attempts that are forgotten', 'used', () => ({ attempts: 0 }), /attempts 0, but its journal has 1/],
  ['another caller may use it', 'used', () => ({ callerKey: 'lab#mallory' }), /callerKey lab#mallory, but its journal has lab#developer/],
  [
    'another caller is shown',
    'used',
    ({ caller }) => ({ caller: { ...caller, subject: 'mallory' } }),
    /caller lab#mallory, but its journal has lab#developer/,
  ],
  ['other terms may be vended', 'used', () => ({ termsHash: 'b'.repeat(64) }), /termsHash b{64}, but its journal has \w{64}/],
  [
    'approvers are shown other terms',
    'waiting',
    (item) => inTerms(item, { uses: 99 }),
    /the terms in the table differ from those in its journal/,
  ],
  [
    'approvers are shown another role',
    'waiting',
    (item) => inTerms(item, { role: 'arn:aws:iam::444455556666:role/Admin' }),
    /the terms in the table differ from those/,
  ],
  [
    'another role is shown',
    'used',
    () => ({ roleArn: 'arn:aws:iam::444455556666:role/Admin' }),
    /roleArn .*Admin, but its journal has .*PowerUser/,
  ],
  [
    'a window that ends later',
    'used',
    ({ windowExpiresAt }) => ({ windowExpiresAt: windowExpiresAt + 1 }),
    /windowExpiresAt 20.*Z, but its journal has 20.*Z/,
  ],
  [
    'a window that begins sooner',
    'used',
    ({ windowStartsAt }) => ({ windowStartsAt: windowStartsAt - 1 }),
    /windowStartsAt 20.*Z, but its journal has/,
  ],
  [
    'an approver’s limit is lifted',
    'used',
    ({ limits }) => ({ limits: { ...limits, duration: 3600 } }),
    /limits\.duration 3600, but its journal has 1200/,
  ],
  [
    'an approver’s limit is gone',
    'used',
    ({ limits }) => ({ limits: { ...limits, duration: undefined } }),
    /limits\.duration none, but its journal has 1200/,
  ],
  [
    'an approval that nobody gave',
    'waiting',
    ({ approvals: [one] }) => ({
      approvals: [one, { ...one, approver: { ...one.approver, subject: 'auditor' }, person: 'lab#auditor' }],
    }),
    /approvals .*lab#auditor.*, but its journal has/,
  ],
  [
    'an approval counts for more',
    'waiting',
    ({ approvals: [one] }) => ({ approvals: [{ ...one, rules: [0, 1] }] }),
    /approvals .*, but its journal has/,
  ],
  ['it expires later', 'waiting', ({ expiresAt }) => ({ expiresAt: expiresAt + 1 }), /expiresAt 20.*Z, but its journal has/],
  [
    'nobody has to agree to it',
    'waiting',
    ({ createdAt }) => ({ unattendedAt: createdAt }),
    /unattendedAt 20.*Z, but its journal has none/,
  ],
  ['it begins at another time', 'waiting', ({ createdAt }) => ({ startsAt: createdAt }), /startsAt 20.*Z, but its journal has none/],
  ['it is younger than a restore', 'used', ({ createdAt }) => ({ createdAt: createdAt + 1 }), /createdAt 20.*Z, but its journal has/],
  ['it is of another profile', 'used', () => ({ profile: 'two-people' }), /profile two-people, but its journal has bucket/],
  ['it leads elsewhere', 'used', () => ({ target: 'prod' }), /target prod, but its journal has staging/],
  ['its review is closed', 'revoked', () => ({ review: { by: {}, at: 1, text: 'x' } }), /reviewed true, but its journal has false/],
  ['a session was never made', 'used', (item) => ({ [sessionIn(item)]: undefined }), /session \w{8} of its journal is not in the table/],
  [
    'a session that nobody reserved',
    'used',
    (item) => ({ 'ses.zzzzzzzz': item[sessionIn(item)] }),
    /the table has a session zzzzzzzz that is not in its journal/,
  ],
  [
    'a session is open again',
    'used',
    (item) => inSession(item, { state: 'reserved' }),
    /state reserved for session \w{8}, but its journal has issued/,
  ],
  [
    'a session did not fail',
    'granted',
    (item) => inSession(item, { state: 'failed' }),
    /state failed for session \w{8}, but its journal has issued/,
  ],
  [
    'another access key',
    'used',
    (item) => inSession(item, { issued: { ...item[sessionIn(item)].issued, accessKeyId: 'ASIAX' } }),
    /accessKeyId ASIAX for session \w{8}, but its journal has ASIA/,
  ],
  [
    'a session that ends later',
    'used',
    (item) => inSession(item, { expiresAt: item[sessionIn(item)].expiresAt + 1000 }),
    /expiresAt 20.*Z for session \w{8}, but its journal has/,
  ],
  [
    'a session of another name',
    'granted',
    (item) => inSession(item, { sessionName: 'x' }),
    /sessionName x for session \w{8}, but its journal has dana/i,
  ],
  [
    'a session of another source identity',
    'granted',
    (item) => inSession(item, { sourceIdentity: 'x' }),
    /sourceIdentity x for session \w{8}, but its journal has lab/,
  ],
  ['a freeze is lifted', 'held', () => ({ active: false }), /active false, but its journal has true/],
  ['a freeze ends sooner', 'held', ({ expiresAt }) => ({ expiresAt: expiresAt - 1 }), /expiresAt 20.*Z, but its journal has 20.*Z/],
  [
    'a freeze is of something else',
    'held',
    () => ({ scope: { kind: 'profile', id: 'x' } }),
    /scope profile#x, but its journal has profile#lab-mfa/,
  ],
  ['a freeze that two people released', 'released', () => ({ active: true }), /active true, but its journal has false/],
  ['a freeze that a deploy released', 'deployed', () => ({ active: true }), /active true, but its journal has false/],
  ['a freeze of a person is lifted', 'asked', () => ({ active: false }), /active false, but its journal has true/],
  [
    'a freeze of another person',
    'asked',
    () => ({ scope: { kind: 'person', id: 'dana' } }),
    /scope person#dana, but its journal has person#eve/,
  ],
  [
    'a freeze ends as the shorter set had it',
    'again',
    ({ expiresAt }) => ({ expiresAt: expiresAt - 1 }),
    /expiresAt 20.*Z, but its journal has 20.*Z/,
  ],
  ['a freeze that was set anew is lifted', 'again', () => ({ active: false }), /active false, but its journal has true/],
  ['a generation that is yet to come', 'again', () => ({ generation: 3 }), /generation 3, but its journal has 2/],
  ['a generation that is over', 'again', () => ({ generation: 1 }), /generation 1, but its journal has 2/],
  ['a generation that is gone', 'released', () => ({ generation: undefined }), /generation 0, but its journal has 1/],
  ['a generation before any release', 'held', () => ({ generation: 1 }), /generation 1, but its journal has 0/],
  ['a generation that the deploy did not raise', 'deployed', () => ({ generation: 0 }), /generation 0, but its journal has 1/],
  [
    'a release that nobody asked for',
    'held',
    ({ by }) => ({ releaseAskedBy: { ...by, subject: 'mallory' } }),
    /releaseAskedBy lab#mallory, but its journal has none/,
  ],
  [
    'a release that somebody else asked for',
    'asked',
    ({ releaseAskedBy }) => ({ releaseAskedBy: { ...releaseAskedBy, subject: 'mallory' } }),
    /releaseAskedBy lab#mallory, but its journal has lab#rob/,
  ],
  [
    'a release that was asked for before the freeze was set once more',
    'again',
    ({ by }) => ({ releaseAskedBy: { ...by, subject: 'rob' } }),
    /releaseAskedBy lab#rob, but its journal has none/,
  ],
  [
    'an answer that was not dropped',
    'dropped',
    (item) => inSession(item, { dropped: undefined }),
    /dropped false for session \w{8}, but its journal has true/,
  ],
  [
    'an answer of an abandoned session that was not dropped',
    'abandoned',
    (item) => inSession(item, { dropped: undefined }),
    /dropped false for session \w{8}, but its journal has true/,
  ],
  [
    'an answer that is said to be dropped',
    'used',
    (item) => inSession(item, { dropped: true }),
    /dropped true for session \w{8}, but its journal has false/,
  ],
  [
    'a session whose answer was dropped is issued',
    'dropped',
    (item) => inSession(item, { state: 'issued' }),
    /state issued for session \w{8}, but its journal has reserved/,
  ],
  [
    'a use is returned while nobody knows whether there is a session',
    'dropped',
    () => ({ usesLeft: 1 }),
    /usesLeft 1, but its journal has 0/,
  ],
  [
    'credentials that end later',
    'used',
    (item) => inSession(item, { issued: { ...item[sessionIn(item)].issued, expiration: item[sessionIn(item)].issued.expiration + 1 } }),
    /expiration 20.*Z for session \w{8}, but its journal has/,
  ],
  [
    'a session of another role is shown',
    'used',
    (item) => inSession(item, { issued: { ...item[sessionIn(item)].issued, assumedRoleArn: 'arn:aws:sts::1:assumed-role/Admin/x' } }),
    /assumedRoleArn .*Admin.* for session \w{8}, but its journal has/,
  ],
  ['another person triggered the job', 'job', () => ({ triggeredBy: 'dana' }), /triggeredBy dana, but its terms have mona/],
  ['no person triggered the job', 'job', () => ({ triggeredBy: undefined }), /triggeredBy none, but its terms have mona/],
  ['break-glass that needs no review', 'revoked', () => ({ breakGlass: false }), /breakGlass false, but its terms have true/],
  [
    'another approver denied it',
    'denied',
    ({ decidedBy }) => ({ decidedBy: { ...decidedBy, subject: 'auditor' } }),
    /decidedBy lab#auditor, but its journal has lab#approver/,
  ],
  ['approvers are shown another justification', 'revoked', () => ({ justification: 'y' }), /justification y, but its journal has x/],
  [
    'a person is bound to another Slack user',
    'linked',
    ({ active }) => ({ active: { ...active, slack: { ...active.slack, user: 'U0MALLORY' } } }),
    /slack T0ACME\/U0MALLORY, but its journal has T0ACME\//,
  ],
  [
    'a link that lasts longer',
    'linked',
    ({ active }) => ({ active: { ...active, expiresAt: active.expiresAt + 1 } }),
    /expiresAt 20.*Z, but its journal has/,
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

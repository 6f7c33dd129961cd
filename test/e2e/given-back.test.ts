/**
 * What comes back of each kind of journal that a table from a backup lost, and that its life goes on by the rules: it is
 * given back, shipped, verified, erased or retired, and verified again.
 */
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { erasures } from '@stint/broker/adapters/dynamodb/erasure'
import { allJournals, itemReader } from '@stint/broker/adapters/dynamodb/journal-reader'
import { giveBack, givingBack } from '@stint/broker/adapters/dynamodb/restore'
import { type ErasableId, type ErasureParts, erase } from '@stint/broker/log/erase'
import { Trouble } from '@stint/broker/ports/log'
import { lostOf } from '@stint/cli/audit/restore'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { freezeIdOf } from '@stint/core/access/freeze'
import { commitOf, entryText, parseEntry } from '@stint/core/audit/entry'
import { type AuditEvent, type JournalEntry, journalEntry } from '@stint/core/audit/event'
import { encodeEvents, parseEvents } from '@stint/core/audit/event-bundle'
import { textEvents } from '@stint/core/audit/event-texts'
import { LINK_DAYS, linkId } from '@stint/core/identity/link'
import { storedSubject } from '@stint/core/identity/subject'
import { wholeSecond } from '@stint/core/instant'
import { leafHash } from '@stint/tlog/merkle'
import { parseVkey } from '@stint/tlog/note'
import { decodeBundle, encodeBundle, encodeTile } from '@stint/tlog/tiles'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorIn } from '../support/cli.ts'
import { bytes } from '../support/memory-log.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let client: DynamoDBClient
let erasing: ErasureParts
beforeAll(async () => {
  sandbox = await testSandbox()
  const { key } = operatorIn(sandbox, '')
  client = new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials: key })
  erasing = {
    ...erasures({ client, storyTable: TableName }),
    events: sandbox.shipper.events,
    state: sandbox.shipper.state,
    random: bytes,
    configHash: '0'.repeat(64),
    sleep: async () => void (await sandbox.ship()),
  }
  await sandbox.sweep()
  await sandbox.ship()
})
afterAll(() => sandbox.close())

// ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let serial = 0
const prefixes = { req: 'REQ#', frz: 'FREEZE#', lnk: 'LINK#' } as const
type Kind = keyof typeof prefixes
/** Who a journal of links is of and what one of freezes is of: its name says so. */
const owners = new Map<string, { readonly by?: object; readonly scope?: string }>()
function idOf(kind: Kind): string {
  serial++
  if (kind === 'req') return `req_${String(serial).padStart(26, '0')}`
  const [by, scope] = [{ ...dana, subject: `sub-dana-${serial}` }, `profile#orders-db-${serial}`]
  const id = kind === 'lnk' ? linkId(by) : freezeIdOf(scope)
  owners.set(id, kind === 'lnk' ? { by } : { scope })
  return id
}
const keyOf = (id: string) => `${prefixes[id.slice(0, 3) as Kind]}${id}`

const dana = { issuer: 'people', subject: 'sub-dana', name: 'Dana', kind: 'human' } as const
const [olu, avery] = [
  { ...dana, subject: 'sub-olu', name: 'Olu' },
  { ...dana, subject: 'sub-avery', name: 'Avery' },
]
const came = { source: '203.0.113.7', token: 'a'.repeat(64) }
const facts = { ...came, build: 'test', trace: 'f'.repeat(32) }
const soon = () => sandbox.now() + 60_000
type Said = Record<string, unknown> & { readonly type: AuditEvent['type'] }
const what = { caller: dana, profile: 'orders-db', target: 'prod', terms: 'a'.repeat(64) }
const asked: Said = { type: 'request.asked', ...what, needs: [1], justification: 'of Erika Mustermann', uses: 1, window: 60 }
const explained: Said = { ...asked, justification: 'of Erika Mustermann, who waits. '.repeat(40) }
const LONG_SUBJECT = 'x'.repeat(1000)
const nameless: Said = {
  ...{ type: 'request.refused', profile: 'x', code: 'not-eligible', reason: 'r', ...came, trace: 'f' },
  caller: { ...dana, subject: storedSubject(LONG_SUBJECT) },
}
const textsOf = (said: Said, fullSubject?: string) => textEvents(said as never, fullSubject) as readonly unknown[] as readonly Said[]
const received: Said = { type: 'request.received', ...facts }
const agreed: Said = { type: 'approval.given', by: avery, channel: 'api', rules: [0], ...came }
const approved = (): Said => ({ type: 'request.approved', uses: 1, expiresAt: soon() })
const revoked: Said = { type: 'request.revoked', by: avery, channel: 'api', ...came }
const created = (): Said => ({ type: 'request.created', ...what, uses: 1, expiresAt: soon() })
const reserved = (id: string): Said => ({
  ...{ type: 'session.reserved', session: `${id}.aaaaaaaa`, caller: dana, terms: what.terms, sessionName: `Dana-${id}.aaaaaaaa` },
  ...{ role: 'arn:aws:iam::111122223333:role/x', duration: 900, ...facts },
})
const issued = (id: string): Said => ({
  ...{ type: 'session.issued', session: `${id}.aaaaaaaa`, accessKeyId: `ASIA${id.slice(-16)}`, assumedRoleId: `AROA:Dana-${id}.aaaaaaaa` },
  assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/x/Dana-${id}.aaaaaaaa`,
  ...{ expiration: soon() - 30_000, awsRequestId: 'x', packedPolicySize: 1, sends: 1 },
})
const abandoned = (id: string): Said => ({ type: 'session.abandoned', session: `${id}.aaaaaaaa` })
const ended: Said = { type: 'request.denied', by: avery, channel: 'api', ...came }
const erased: Said = { type: 'request.erased', operator: 'privacy team', justification: 'asked for' }
const retired: Said = { type: 'request.retired' }
const typed: Said = { type: 'link.pending', by: dana, slack: 'T1/U1', ...came }
const linked = (): Said => ({ type: 'link.made', by: dana, slack: 'T1/U1', ...came })
const frozen = (expiresAt?: number): Said => ({
  ...{ type: 'freeze.set', scope: 'profile#orders-db', by: dana, justification: 'seen elsewhere' },
  ...(expiresAt === undefined ? {} : { expiresAt }),
})
const released: readonly Said[] = [
  { type: 'freeze.release-asked', scope: 'profile#orders-db', by: olu },
  { type: 'freeze.released', scope: 'profile#orders-db', by: avery },
]

/** Written now: what an event says of times follows from that. */
const entriesOf = (id: string, said: readonly Said[]): readonly JournalEntry[] => {
  // One reading of the clock: an approval and what it leads to are one write.
  const at = sandbox.now()
  return said.map((one) => {
    const times: { readonly [type: string]: object } = {
      'request.asked': { expiresAt: at + 3_600_000 },
      'session.reserved': { expiresAt: wholeSecond(at) + 900_000 },
      'link.made': { expiresAt: at + LINK_DAYS * 86_400_000 },
    }
    const { by, scope } = owners.get(id) ?? {}
    const whose = one.type.startsWith('freeze.') ? { scope } : by && one.type.startsWith('link.') ? { by } : {}
    const event = { ...one, ...times[one.type], ...whose, request: id, at }
    return journalEntry(event as unknown as AuditEvent, { random: bytes, configHash: sandbox.rules.hash })
  })
}

// ── The table ────────────────────────────────────────────────────────────────────────────────────────────────────────

const { stringify } = JSON
const TableName = 'stint'
const put = (id: string, events: readonly JournalEntry[], more: object = {}) =>
  client.send(new PutItemCommand({ TableName, Item: marshall({ pk: keyOf(id), events, ...more }) }))
const drop = (id: string) => client.send(new DeleteItemCommand({ TableName, Key: marshall({ pk: keyOf(id) }) }))
async function item(id: string): Promise<Record<string, any> | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: marshall({ pk: keyOf(id) }), ConsistentRead: true }))
  return Item && unmarshall(Item)
}

const known = () => ({ keys: [parseVkey(sandbox.logVkey) as NonNullable<ReturnType<typeof parseVkey>>], now: sandbox.now() })
const story = () => ({ client, storyTable: TableName })
const source = () => storeSource(sandbox.shipper)
async function faults(): Promise<readonly string[]> {
  await sandbox.ship()
  // An hour later, when what names a config must have been announced.
  const report = await verify({ ...known(), now: sandbox.now() + 3_600_000, source: source(), table: allJournals(story()) })
  return report.faults.map(({ place, what: says }) => `${place}: ${says}`)
}
async function restore(): Promise<number> {
  const lost = await lostOf(source(), { ...known(), table: allJournals(story()) })
  const restoring = { operator: 'platform team', now: sandbox.now(), random: bytes }
  for (const one of lost) {
    const giving = await givingBack(one, await itemReader(story())(one.id), restoring)
    if (giving) expect([one.id, await giveBack(story(), giving)]).toEqual([one.id, true])
  }
  return lost.length
}
const erases = async (id: string, more: Partial<ErasureParts> = {}) => {
  const done = await erase(
    { ...erasing, ...more },
    { request: id as ErasableId, operator: 'privacy team', justification: 'asked for' },
    sandbox.now(),
  )
  return done.outcome === 'refused' ? done.code : done.outcome
}

/** A journal that the log has and the table has not, or only its first events, and then others. */
async function lost(kind: Kind, told: (id: string) => readonly Said[], kept?: number, since: (id: string) => readonly Said[] = () => []) {
  const id = idOf(kind)
  const log = entriesOf(id, told(id))
  await put(id, log)
  await sandbox.ship()
  if (kept === undefined) await drop(id)
  else await put(id, [...log.slice(0, kept), ...entriesOf(id, since(id))])
  return id
}
const typesIn = (events: readonly { event?: string }[]) => events.map(({ event }) => (event ? JSON.parse(event).type : 'gone'))

describe('a request', () => {
  test.each<[string, (id: string) => readonly Said[], number | undefined]>([
    ['that waited, and is gone', () => [asked, received], undefined],
    ['that waited, and was agreed to since', () => [asked, received, agreed, approved()], 2],
    ['that may be used', () => [created()], undefined],
    ['with a session that nobody closed', (id) => [created(), reserved(id)], undefined],
    ['with a session that lives', (id) => [created(), reserved(id), issued(id)], 2],
    ['that was revoked', () => [asked, received, agreed, approved(), revoked], 4],
    ['that was denied', () => [asked, received, ended], 2],
    ['of which the log has only the first event', () => [asked], undefined],
    ['with a long justification', () => [explained, received, ...textsOf(explained)], undefined],
    [
      'with a long justification, of which the log has only the first part',
      () => [explained, received, ...textsOf(explained).slice(0, 1)],
      undefined,
    ],
  ])('%s is over, says so, and can be erased', async (_what, told, kept) => {
    const id = await lost('req', told, kept)
    expect(await restore()).toBe(1)
    const back = await item(id)
    expect(back).toMatchObject({ state: 'ended', callerKey: 'people#sub-dana', profile: 'orders-db', target: 'prod' })
    expect([back?.expires, back?.erased, back?.terms]).toEqual([undefined, undefined, undefined])
    expect(typesIn(back?.events)).toEqual([...told(id).map(({ type }) => type), 'request.restored'])
    expect(await faults()).toEqual([])
    expect(await restore()).toBe(0)
    expect(await erases(id)).toBe('done')
    expect(await faults()).toEqual([])
    expect(stringify(await item(id))).not.toMatch(/Dana|Erika/)
  })

  test.each<[string, readonly Said[], object]>([
    [
      'a refusal stays one',
      [{ type: 'request.refused', caller: dana, profile: 'x', code: 'not-eligible', reason: 'r', ...came, trace: 'f' }],
      { state: 'refused' },
    ],
    ['a refusal of a caller with a long subject stays one', [nameless, ...textsOf(nameless, LONG_SUBJECT)], { state: 'refused' }],
    ['so does the last of too many', [{ type: 'request.refusals-capped', caller: dana, cap: 20 }], { state: 'refused' }],
    ['what was retired leaves again', [asked, received, ended, retired], { state: 'ended', expires: expect.any(Number) }],
    ['what was erased stays so', [asked, received, ended, erased], { state: 'ended', erased: true }],
    ['what was erased and retired leaves', [asked, received, ended, erased, retired], { erased: true, expires: expect.any(Number) }],
  ])('%s, and nothing is said of it', async (_what, told, expected) => {
    const id = await lost('req', () => told, told.length - 1)
    // Its events are in the event store still: the eraser died before it took them.
    expect(await restore()).toBe(1)
    const back = await item(id)
    expect(back).toMatchObject(expected)
    const isErased = told.includes(erased)
    expect(typesIn(back?.events)).toEqual(told.map(({ type }, at) => (isErased && at < told.indexOf(erased) ? 'gone' : type)))
    expect('expires' in (back ?? {})).toBe('expires' in expected)
    if (isErased) expect(stringify(back)).not.toMatch(/Dana|Erika/)
    expect(await faults()).toEqual([])
    if (isErased) expect(await erases(id)).toBe('done')
    if (!told.includes(retired)) return expect(await faults()).toEqual([])
    await drop(id)
    expect(await faults()).toEqual([])
    expect(await restore()).toBe(0)
  })

  test('what was done upon what was forgotten is kept, and the log says what was wrong with it', async () => {
    const id = await lost(
      'req',
      () => [asked, received, agreed, approved(), revoked],
      4,
      (it) => [reserved(it), issued(it)],
    )
    await sandbox.ship()
    expect(await restore()).toBe(1)
    expect(typesIn((await item(id))?.events).slice(-3)).toEqual(['session.reserved', 'session.issued', 'request.restored'])
    const found = (await faults()).filter((one) => one.includes(id))
    expect(found).toHaveLength(2)
    for (const one of found) expect(one).toMatch(/after the end$/)
    expect(await restore()).toBe(0)
  })

  test('is not erased before: of one that is gone nobody knows what became of it', async () => {
    const id = await lost('req', () => [asked, received])
    expect(await erases(id)).toBe('request-changed')
    const other = await lost(
      'req',
      (it) => [created(), reserved(it), issued(it)],
      2,
      (it) => [abandoned(it)],
    )
    expect(await erases(other)).toBe('request-changed')
    expect(await restore()).toBe(2)
    expect(typesIn((await item(other))?.events)).toContain('session.abandoned')
  })
})

describe('links', () => {
  const broken = async () => (await faults()).filter((one) => one.includes('lnk_'))

  test('of which only the code was given out, and that were made since, have to be made anew', async () => {
    const id = await lost('lnk', () => [typed, linked()])
    await put(id, [], { version: 3, id })
    const before = sandbox.now()
    expect(await restore()).toBe(1)
    expect(await item(id)).toMatchObject({ version: expect.toSatisfy((version: number) => version >= before), id })
    expect(typesIn((await item(id))?.events)).toEqual(['link.pending', 'link.made'])
    expect(await broken()).toEqual([])
  })
  test('that were erased, and made anew, keep what came after', async () => {
    const id = await lost('lnk', () => [typed, linked(), erased, typed, linked()], 2)
    expect(await restore()).toBe(1)
    const back = await item(id)
    expect([typesIn(back?.events), back?.erased]).toEqual([['gone', 'gone', 'request.erased', 'link.pending', 'link.made'], undefined])
    expect(await broken()).toEqual([])
  })
})

describe('a freeze', () => {
  const broken = async () => (await faults()).filter((one) => one.includes('frz_'))

  test.each<[string, (id: string) => readonly Said[], number | undefined, () => readonly Said[], boolean]>([
    ['that holds', () => [frozen()], undefined, () => [], true],
    ['of which the first has asked for its release', () => [frozen(), released[0] as Said], 1, () => [], true],
    ['that was released', () => [frozen(), ...released], 1, () => [], false],
    ['that was set and released since by who knew of none', () => [frozen()], 0, () => [frozen(), ...released], true],
    ['that was set since, and for longer', () => [frozen(1_900_000_000_000)], 0, () => [frozen()], true],
    ['that was set since, and for less', () => [frozen()], 0, () => [frozen(1_900_000_000_000)], true],
  ])('%s', async (_what, told, kept, since, expected) => {
    const id = await lost('frz', told, kept, since)
    await sandbox.ship()
    expect(await restore()).toBe(1)
    const back = (await item(id)) ?? {}
    expect([back.active, back.expiresAt, back.callerKey]).toEqual(expected ? [true, undefined, 'FREEZES'] : [false, undefined, undefined])
    expect(await broken()).toEqual([])
    if (!back.active) return
    // Two people release it still, and the ledger counts that.
    await put(id, [...(back.events as JournalEntry[]), ...entriesOf(id, released)], { active: false, generation: back.generation + 1 })
    expect(await broken()).toEqual([])
  })
})

test.each<[Kind, readonly Said[], object, object]>([
  ['lnk', [typed, linked()], { version: 3 }, { version: 4 }],
  ['lnk', [typed, linked()], {}, { version: 1 }],
  ['frz', [frozen()], { unrecorded: 1 }, { unrecorded: 2 }],
  ['frz', [frozen()], {}, { unrecorded: 1 }],
])('%s: a restore that was begun before a change comes too late', async (kind, told, then, now) => {
  const id = await lost(kind, () => told)
  await put(id, [], then)
  const [one] = await lostOf(source(), { ...known(), table: allJournals(story()) })
  const giving = one && givingBack(one, await itemReader(story())(one.id), { operator: 'x', now: sandbox.now(), random: bytes })
  await put(id, [], now)
  expect(giving && (await giveBack(story(), giving))).toBe(false)
  expect(await restore()).toBe(1)
})

test.each<[Kind, readonly Said[]]>([
  ['frz', [frozen(1_900_000_000_000), frozen(1_950_000_000_000), frozen()]],
  ['lnk', [typed, linked(), typed]],
  ['req', [asked, received, revoked]],
])('%s: an event that the log has, and that a late write adds to the table of a backup, is restored once', async (kind, told) => {
  const id = idOf(kind)
  const [first, ...rest] = entriesOf(id, told) as [JournalEntry, ...JournalEntry[]]
  await put(id, [first, ...rest])
  await sandbox.ship()
  await put(id, [first, ...rest.slice(-1)])
  expect(await restore()).toBe(1)
  const types = told.map(({ type }) => type)
  expect(typesIn((await item(id))?.events)).toEqual(kind === 'req' ? [...types, 'request.restored'] : types)
  expect((await faults()).filter((one) => one.includes(id))).toEqual([])
})

test('a log that tells another story the second time it is read gives nothing back', async () => {
  const id = await lost('frz', () => [frozen()])
  const honest = source()
  const over = entriesOf(id, [frozen(1)])[0] as JournalEntry
  let lies = false
  const table = async function* () {
    yield* allJournals(story())
    lies = true
  }
  /** Entries, their hashes and events fit each other, and not the root that was signed. */
  async function forged(path: string): Promise<Uint8Array | undefined> {
    const there = await honest.get(path)
    if (!there || !/^(tile\/entries|tile\/0|events)\//.test(path)) return there
    const width = Number(/\.p\/(\d+)$/.exec(path)?.[1] ?? 256)
    const entries = await honest.get(path.replace(/^(tile\/0|events)\//, 'tile/entries/'))
    const texts = (entries && decodeBundle(entries, width)) ?? []
    const changed = texts.map((text) => {
      const entry = parseEntry(text)
      return entry?.request === id ? Buffer.from(entryText({ ...entry, commit: commitOf(over) })) : text
    })
    if (path.startsWith('tile/entries/')) return encodeBundle(changed)
    if (path.startsWith('tile/0/')) return encodeTile(changed.map(leafHash))
    const held = parseEvents(there) ?? []
    return encodeEvents(held.map((one) => (one !== 'erased' && one.event.includes(id) ? over : one)))
  }
  const lying = { ...honest, get: (path: string) => (lies ? forged(path) : honest.get(path)) }
  await expect(lostOf(lying, { ...known(), table: table() })).rejects.toThrow(`${id}: not the events that were verified`)
  expect(await restore()).toBe(1)
})

test('who erases again after dying half way finishes it, also once the item came back', async () => {
  const id = await lost('req', () => [asked, received, ended], 2)
  expect(await restore()).toBe(1)
  await sandbox.ship()
  const dying = { ...erasing.events, replace: async () => Promise.reject(new Trouble('gone')) }
  await expect(erases(id, { events: dying })).rejects.toThrow('gone')
  expect(stringify(await item(id))).not.toMatch(/Dana|Erika/)
  expect(await erases(id)).toBe('done')
  expect((await faults()).filter((one) => one.includes(id))).toEqual([])
})

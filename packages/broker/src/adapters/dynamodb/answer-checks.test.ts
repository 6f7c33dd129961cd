/**
 * What each of DynamoDB's answers must show. A row is one call and one answer that does not fit it, over real HTTP and
 * AWS's own client: nothing of it is trusted. Next to the rows of a call is its correct response.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { commitOf } from '@stint/core/audit/entry'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import type { Done, Unknown } from '@stint/core/outcome'
import { append, leafHash } from '@stint/tlog/merkle'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryProgress } from '../../keepers/testing/progress.ts'
import { type Cursor, type Head, Trouble } from '../../ports/log.ts'
import { atEndpoint, clientConfig, handlers } from '../aws.ts'
import { dayWalk } from './day-walk.ts'
import { erasures } from './erasure.ts'
import { allJournals, itemReader, journalReader, journalsOfDays } from './journal-reader.ts'
import { logState } from './log-state.ts'
import { tableOverSdk } from './over-sdk.ts'
import { progress as storedProgress } from './progress.ts'
import { giveBack } from './restore.ts'
import { retire } from './retirement.ts'
import { type DynamoSettings, sender } from './sender.ts'
import { slackState } from './slack-state.ts'

type Body = Record<string, unknown>
type Input = Body & { readonly TableName: string; readonly RequestItems: Record<string, unknown> }
/** DynamoDB's JSON, which has bytes in base64. */
const wire = (value: object): Body =>
  JSON.parse(
    JSON.stringify(marshall(value, { removeUndefinedValues: true }), (_name, one) =>
      one?.type === 'Buffer' ? Buffer.from(one.data).toString('base64') : one,
    ),
  ) as Body

/** Bytes are bytes, whether a Buffer holds them or not. */
const bare = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value !== 'object' || value === null || value instanceof Map) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, bare(one)]))
}

let answer: (operation: string, input: Input, nth: number) => unknown
let nth = 0
let server: Server
let client: DynamoDBClient
beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => void parts.push(part))
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '')
      const body = answer(operation, JSON.parse(Buffer.concat(parts).toString()) as Input, nth++)
      const isError = typeof body === 'object' && body !== null && '__type' in body
      response.writeHead(isError && !('status' in body) ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  client = new DynamoDBClient({
    ...clientConfig({ accessKeyId: 'AKIA', secretAccessKey: 'x' }, Date.now),
    region: 'eu-central-1',
    requestHandler: handlers(1000)(1024 * 1024, 2000),
    ...atEndpoint(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  })
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

// ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────

const [ID, OTHER_ID] = ['req_0123456789ABCDEFGHJKMNPQRS', 'req_0123456789ABCDEFGHJKMNPQRT'].map(parseRequestId) as [RequestId, RequestId]
const state = () => logState({ client, sideTable: 'side', sleep: async () => {} })
const story = () => ({ client, storyTable: 'story', sleep: async () => {} })

const entry = { event: '{}', salt: Buffer.alloc(32, 1) }
const commit = commitOf(entry)
const stageOf = (digit: string) => `1790000000000-${digit.repeat(64)}`
const root = leafHash(Buffer.from('x'))
const head: Head = { size: 1, root, edge: append([], 0, root), stage: stageOf('a'), applied: true }
const next: Head = { ...head, stage: stageOf('b'), applied: false }
const headItem = (of: Head) =>
  wire({ pk: 'LOG#HEAD', sk: '-', ...of, root: Buffer.from(of.root), edge: of.edge.map((one) => Buffer.from(one)) })
const cursor: Cursor = { count: 1, commit, first: commit, places: [7] }
const cursorItem = (id: string, more: object = {}) => wire({ pk: `LOG#CUR#${id}`, sk: '-', ...cursor, ...more })
const row = { key: 'day#2026-11-24', at: '2026-11-24T12:00:00.000Z', request: ID, seq: 3 }
const rowItem = (more: object = {}) =>
  wire({ pk: `LOOK#${row.key}`, sk: `${row.at}#${row.request}#00003`, request: row.request, seq: row.seq, ...more })
const storyItem = (id: string, more: object = {}) =>
  wire({ pk: `REQ#${id}`, id, state: 'refused', dayKey: '2026-11-24#0', callerKey: 'iss#sub', events: [entry], ...more })
const indexItem = (id: string, more: object = {}) =>
  wire({ pk: `REQ#${id}`, dayKey: '2026-11-24#0', callerKey: 'iss#sub', at: 'x', ...more })
const read = { request: ID, events: [entry], about: {} }

async function collected<T>(all: AsyncGenerator<readonly T[]>): Promise<readonly T[]> {
  const every: T[] = []
  for await (const some of all) every.push(...some)
  return every
}
const NOW = Date.parse('2026-11-24T12:00:00Z')
const retired = async () => {
  const settings = { ...story(), random: (count: number) => new Uint8Array(count), configHash: '0'.repeat(64) } as unknown as DynamoSettings
  const progress = memoryProgress()
  const keeper = { progress, walk: dayWalk(story(), progress), now: NOW, mayGoOn: () => true }
  const { retired, expiring } = await believed(retire(settings, { cursors: async () => new Map([[ID, cursor]]) }, keeper))
  return { retired, expiring }
}
const slack = () => {
  const settings = {
    client,
    sideTable: 'side',
    storyTable: 'story',
    random: (count: number) => new Uint8Array(count),
    answerWithinMs: 2000,
    sleep: async () => {},
  }
  const all = settings as unknown as DynamoSettings
  return slackState(all, sender({ ...all, calls: tableOverSdk(client) }))
}
const pending = { request: ID, tries: 1, next: NOW, cause: 'x', dead: false }
const reminder = { request: ID, at: NOW }
/** The value, or Trouble for `unknown`. */
async function believed<T>(result: Promise<Done<T> | Unknown>): Promise<T> {
  const told = await result
  if (told.outcome === 'unknown') throw new Trouble(told.cause)
  return told.value
}
const upon = storyItem(ID) as unknown as Record<string, AttributeValue>
const uponBytes = { ...upon, events: { L: [{ M: { event: { S: '{}' }, salt: { B: entry.salt } } }] } } as Record<string, AttributeValue>

// ── What is answered ─────────────────────────────────────────────────────────────────────────────────────────────────

const counted = (table: string) => ({ ConsumedCapacity: { TableName: table, CapacityUnits: 1 } })
const countedAll = (table: string) => ({ ConsumedCapacity: [{ TableName: table, CapacityUnits: 1 }] })
const item = (table: string, Item?: object) => ({ ...counted(table), ...(Item ? { Item } : {}) })
const page = (table: string, ...Items: object[]) => ({ ...counted(table), Items, Count: Items.length, ScannedCount: Items.length })
const found = (table: string, ...Items: object[]) => ({ ...countedAll(table), Responses: { [table]: Items }, UnprocessedKeys: {} })
const wrote = (table: string, Attributes?: object) => ({ ...counted(table), ...(Attributes ? { Attributes } : {}) })
const nothingLeft = (table: string) => ({ ...countedAll(table), UnprocessedItems: {} })

/** Honest answers to what reads the story table by its index. */
const byIndex = (operation: string, input: Input): object => {
  if (operation === 'Query') return page('story', ...(JSON.stringify(input).includes('2026-11-24#0') ? [indexItem(ID)] : []))
  return found('story', storyItem(ID))
}
const [OLD_DAY, OLD] = ['2026-10-24#refused#0', `2026-10-24T12:00:00.000Z#${ID}`]
const ofRetirement = (operation: string, input: Input): object => {
  if (operation === 'Query')
    return page('story', ...(JSON.stringify(input).includes(`{"S":"${OLD_DAY}"}`) ? [indexItem(ID, { dayKey: OLD_DAY, at: OLD })] : []))
  return operation === 'BatchGetItem' ? found('story', storyItem(ID, { at: OLD })) : wrote('story', wire({ events: [entry, entry] }))
}

/** Another row, where the index has an old refusal. */
const onlyOld = (row: object) => (honest: Body, operation: string) =>
  operation === 'Query' && honest.Count === 1 ? page('story', row) : honest

/** A false response that replaces a correct one: a function of it, or for certain operations only. */
type Lie = object | string | ((honest: Body, operation: string, input: Input, nth: number) => unknown)
type Row = readonly [what: string, lie: Lie]
type Call = readonly [
  name: string,
  call: () => Promise<unknown>,
  honest: (operation: string, input: Input) => object,
  value: unknown,
  lies: readonly Row[],
]

const calls: Call[] = [
  [
    'the head (GetItem)',
    () => state().head(),
    () => item('side', headItem(head)),
    head,
    [
      ['another item', item('side', cursorItem(ID))],
      ['a root that is too short', item('side', { ...headItem(head), root: { B: 'AAAA' } })],
      ['a size in a string', item('side', { ...headItem(head), size: { S: '1' } })],
      ['an edge that is missing', item('side', { ...headItem(head), edge: undefined })],
      ['an edge of strings', item('side', { ...headItem(head), edge: { L: [{ S: 'x' }] } })],
      ['applied in a string', item('side', { ...headItem(head), applied: { S: 'true' } })],
      ['an item in another type', { ...counted('side'), Item: 'LOG#HEAD' }],
    ],
  ],
  ['a head that does not exist (GetItem)', () => state().head(), () => item('side'), undefined, []],
  [
    'moving the head (PutItem)',
    () => state().move(head, next),
    () => wrote('side', headItem(head)),
    true,
    [
      ['no old item', wrote('side')],
      ['another head before it', wrote('side', headItem({ ...head, stage: stageOf('c') }))],
      ['a failed condition with status 200', { __type: 'ConditionalCheckFailedException', status: 200, Item: headItem(next) }],
    ],
  ],
  [
    'the first head (PutItem)',
    () => state().move(undefined, head),
    () => wrote('side'),
    true,
    [['a head before it', wrote('side', headItem(head))]],
  ],
  [
    'a head that has moved (PutItem)',
    () => state().move(head, next),
    () => ({ __type: 'ConditionalCheckFailedException', Item: headItem({ ...head, stage: stageOf('c') }) }),
    false,
    [],
  ],
  [
    'marking the head applied (UpdateItem)',
    () => state().applied(head.stage),
    () => wrote('side', headItem(head)),
    undefined,
    [
      ['another stage', wrote('side', headItem({ ...head, stage: stageOf('c') }))],
      ['a head that is not applied', wrote('side', headItem({ ...head, applied: false }))],
      ['no head', wrote('side')],
    ],
  ],
  [
    'cursors (BatchGetItem)',
    () => state().cursors([ID, OTHER_ID]),
    () => found('side', cursorItem(ID)),
    new Map([[ID, cursor]]),
    [
      ['our table is missing', { ...countedAll('side'), Responses: {}, UnprocessedKeys: {} }],
      ['no Responses', { ...countedAll('side'), UnprocessedKeys: {} }],
      ['no UnprocessedKeys', { ...countedAll('side'), Responses: { side: [] } }],
      ['items in another type', { ...found('side'), Responses: { side: { 0: cursorItem(ID) } } }],
      ['a table too many', { ...found('side', cursorItem(ID)), Responses: { side: [], other: [] } }],
      ['another cursor', found('side', cursorItem('req_0123456789ABCDEFGHJKMNPQRV'))],
      ['the head', found('side', headItem(head))],
      ['one cursor twice', found('side', cursorItem(ID), cursorItem(ID))],
      ['a count in a string', found('side', cursorItem(ID, { count: '1' }))],
      ['fewer places than events', found('side', cursorItem(ID, { count: 2 }))],
      ['a commitment that is too short', found('side', cursorItem(ID, { commit: 'ab' }))],
      [
        'an unprocessed key that was not requested',
        { ...found('side'), UnprocessedKeys: { side: { Keys: [wire({ pk: 'LOG#HEAD', sk: '-' })] } } },
      ],
      ['keys left of another table', { ...found('side'), UnprocessedKeys: { other: { Keys: [wire({ pk: `LOG#CUR#${ID}`, sk: '-' })] } } }],
      [
        'a key that stays unprocessed for ever',
        { ...found('side'), UnprocessedKeys: { side: { Keys: [wire({ pk: `LOG#CUR#${ID}`, sk: '-' })] } } },
      ],
    ],
  ],
  [
    'advancing a cursor (UpdateItem)',
    () => state().advance(ID, 0, cursor),
    () => wrote('side', cursorItem(ID)),
    undefined,
    [
      ['no cursor', wrote('side')],
      ['another count', wrote('side', cursorItem(ID, { count: 2 }))],
      ['another commitment', wrote('side', cursorItem(ID, { commit: 'f'.repeat(64) }))],
    ],
  ],
  [
    'lookup rows (BatchWriteItem)',
    () => state().index([row]),
    () => nothingLeft('side'),
    undefined,
    [
      ['no UnprocessedItems', countedAll('side')],
      ['UnprocessedItems in another type', { ...countedAll('side'), UnprocessedItems: [] }],
      ['items left of another table', { ...nothingLeft('side'), UnprocessedItems: { other: [{ PutRequest: { Item: rowItem() } }] } }],
      [
        'an unprocessed item that was not sent',
        { ...nothingLeft('side'), UnprocessedItems: { side: [{ PutRequest: { Item: headItem(head) } }] } },
      ],
      [
        'an item that stays unprocessed for ever',
        { ...nothingLeft('side'), UnprocessedItems: { side: [{ PutRequest: { Item: rowItem() } }] } },
      ],
    ],
  ],
  [
    'deleted lookup rows (BatchWriteItem)',
    () => state().unindex([row]),
    () => nothingLeft('side'),
    undefined,
    [['no UnprocessedItems', countedAll('side')]],
  ],
  [
    'lookup (Query)',
    () => state().lookup(row.key, 2, '2026-11-25'),
    () => page('side', rowItem()),
    [row],
    [
      ['no items', { ...counted('side'), Count: 0 }],
      ['no count', { ...counted('side'), Items: [rowItem()] }],
      ['fewer items than its count', { ...page('side', rowItem()), Count: 2 }],
      ['rows of another key', page('side', rowItem({ pk: 'LOOK#day#2026-11-23' }))],
      ['a row above the bound', page('side', rowItem({ sk: `2026-11-26T12:00:00.000Z#${ID}#00003` }))],
      ['one row twice', page('side', rowItem(), rowItem())],
      ['a row of another journal than its key says', page('side', rowItem({ request: OTHER_ID }))],
      ['a place in a string', page('side', rowItem({ seq: '3' }))],
      [
        'more rows than were requested',
        page('side', ...['00003', '00002', '00001'].map((seq) => rowItem({ sk: `${row.at}#${ID}#${seq}`, seq: Number(seq) }))),
      ],
    ],
  ],
  [
    'one journal (GetItem)',
    () => journalReader(story())(ID),
    () => item('story', storyItem(ID)),
    read,
    [['another journal', item('story', storyItem(OTHER_ID))]],
  ],
  ['a journal that does not exist (GetItem)', () => itemReader(story())(ID), () => item('story'), undefined, []],
  [
    'the journals of a day (Query, BatchGetItem)',
    () => collected(journalsOfDays(story(), ['2026-11-24'])),
    byIndex,
    [{ ...read, current: true }],
    [
      ['a page without items', (honest, operation) => (operation === 'Query' ? counted('story') : honest)],
      ['a wrong count', (honest, operation) => (operation === 'Query' ? { ...honest, Count: 9 } : honest)],
      ['items of another day', (honest, operation) => (operation === 'Query' ? page('story', indexItem(ID, { dayKey: 'x' })) : honest)],
      [
        'a page that leads back to itself',
        (honest, operation) => (operation === 'Query' ? { ...honest, LastEvaluatedKey: indexItem(ID) } : honest),
      ],
      ['an empty LastEvaluatedKey', (honest, operation) => (operation === 'Query' ? { ...honest, LastEvaluatedKey: {} } : honest)],
      ['a batch without our table', (honest, operation) => (operation === 'BatchGetItem' ? { ...honest, Responses: {} } : honest)],
      [
        'a batch with another journal',
        (honest, operation) => (operation === 'BatchGetItem' ? found('story', storyItem(OTHER_ID)) : honest),
      ],
      [
        'a batch that does not list the unprocessed items',
        (honest, operation) => (operation === 'BatchGetItem' ? { ...honest, UnprocessedKeys: undefined } : honest),
      ],
    ],
  ],
  [
    'every journal (Scan)',
    () => collected(allJournals(story())),
    () => page('story', storyItem(ID)),
    [{ ...read, current: true, item: { state: 'refused', callerKey: 'iss#sub', reviewed: false, sessions: {} } }],
    [
      ['no items', counted('story')],
      ['a wrong count', { ...page('story', storyItem(ID)), Count: 2 }],
      ['an item without a key', { ...page('story', {}) }],
      ['a page that leads back to itself', { ...page('story', storyItem(ID)), LastEvaluatedKey: wire({ pk: 'x' }) }],
    ],
  ],
  [
    'what can be erased (GetItem)',
    () => erasures(story()).item(ID, NOW),
    () => item('story', storyItem(ID)),
    { journal: read, erased: false },
    [['another request', item('story', storyItem(OTHER_ID, { erased: true }))]],
  ],
  [
    'the requests of a caller (Query)',
    () => erasures(story()).requestsOf('iss', 'sub'),
    (operation) => (operation === 'Query' ? page('story', indexItem(ID)) : item('story')),
    [ID],
    [
      ['no items', (honest, operation) => (operation === 'Query' ? counted('story') : honest)],
      [
        'requests of another caller',
        (honest, operation) => (operation === 'Query' ? page('story', indexItem(ID, { callerKey: 'x' })) : honest),
      ],
      [
        'a page that leads back to itself',
        (honest, operation) => (operation === 'Query' ? { ...honest, LastEvaluatedKey: indexItem(ID) } : honest),
      ],
      ['another item for the link', (honest, operation) => (operation === 'GetItem' ? item('story', storyItem(ID)) : honest)],
    ],
  ],
  [
    'erasing (GetItem, UpdateItem)',
    () => erasures(story()).strip(ID, [commit], entry, false, NOW),
    (operation) =>
      operation === 'GetItem' ? item('story', storyItem(ID)) : wrote('story', wire({ erased: true, events: [entry, entry] })),
    true,
    [
      ['no item that is there', (honest, operation) => (operation === 'GetItem' ? {} : honest)],
      [
        'a write that erased nothing',
        (honest, operation) => (operation === 'GetItem' ? honest : wrote('story', wire({ events: [entry] }))),
      ],
      ['no attributes', (honest, operation) => (operation === 'GetItem' ? honest : wrote('story'))],
    ],
  ],
  [
    'a skeleton (UpdateItem)',
    () => erasures(story()).strip(ID, [commit], entry, true, NOW),
    () => wrote('story', wire({ erased: true, events: [entry, entry] })),
    true,
    [['fewer events', wrote('story', wire({ erased: true, events: [entry] }))]],
  ],
  [
    'retiring (Query, BatchGetItem, UpdateItem)',
    retired,
    ofRetirement,
    { retired: 1, expiring: 0 },
    [
      ['no new event', (honest, operation) => (operation === 'UpdateItem' ? wrote('story', wire({ events: [entry] })) : honest)],
      ['no attributes', (honest, operation) => (operation === 'UpdateItem' ? wrote('story') : honest)],
      ['another item', (honest, operation) => (operation === 'BatchGetItem' ? found('story', storyItem(OTHER_ID)) : honest)],
      ['an item that is not old enough', onlyOld(indexItem(ID, { dayKey: OLD_DAY, at: `2026-10-26T00:00:00.000Z#${ID}` }))],
      ['an item of another day', onlyOld(indexItem(ID, { dayKey: '2026-10-25#refused#0', at: OLD }))],
      [
        'an empty page that is not the last',
        (_honest, operation) => (operation === 'Query' ? { ...page('story'), LastEvaluatedKey: wire({ pk: 'x' }) } : {}),
      ],
    ],
  ],
  [
    'restoring a journal (PutItem)',
    () => giveBack(story(), { item: uponBytes, since: 0, upon: uponBytes }),
    () => wrote('story', storyItem(ID)),
    true,
    [
      ['no item before it', wrote('story')],
      ['another item before it', wrote('story', storyItem(OTHER_ID))],
      ['a longer journal before it', wrote('story', storyItem(ID, { events: [entry, entry] }))],
    ],
  ],
  [
    'restoring a lost journal (PutItem)',
    () => giveBack(story(), { item: uponBytes, since: 0, upon: undefined }),
    () => wrote('story'),
    true,
    [['an item before it', wrote('story', storyItem(ID))]],
  ],
]

calls.push(
  ['a signature of Slack’s (PutItem)', () => believed(slack().firstSeen('v0=1', NOW)), () => wrote('side'), true, []],
  [
    'a signature that was used before (PutItem)',
    () => believed(slack().firstSeen('v0=1', NOW)),
    () => ({ __type: 'ConditionalCheckFailedException', Item: wire({ pk: 'SEEN#v0=1', sk: '-', attempt: 'x' }) }),
    false,
    [['its error with status 200', { __type: 'ConditionalCheckFailedException', status: 200 }]],
  ],
  ['claiming a message (PutItem)', () => believed(slack().claimPost(ID, 'root#C1', NOW, 0)), () => wrote('side'), true, []],
  ['pending Slack updates (PutItem)', () => believed(slack().addPending(pending)), () => wrote('side'), true, []],
  ['a reminder (PutItem)', () => believed(slack().addReminder(reminder)), () => wrote('side'), true, []],
  [
    'removing it (DeleteItem)',
    () => believed(slack().removeReminder(reminder)),
    () => wrote('side'),
    true,
    [['a condition that failed and was not sent', { __type: 'ConditionalCheckFailedException' }]],
  ],
  [
    'what is pending (Query)',
    () => believed(slack().pending(NOW)),
    () => page('side', wire({ pk: 'PENDING', sk: ID, ...pending }), wire({ pk: 'PENDING', sk: `~${reminder.at}`, ...reminder })),
    { updates: [pending], reminders: [reminder] },
    [['messages of a request', page('side', wire({ pk: `MSG#${ID}`, sk: ID }))]],
  ],
  ['settling it (DeleteItem)', () => believed(slack().settle(pending)), () => wrote('side'), true, []],
  [
    'dropping a message (DeleteItem)',
    () => believed(slack().dropPost(ID, { key: 'root#C1', claimedAt: NOW })),
    () => wrote('side'),
    true,
    [],
  ],
  [
    'where messages are (Query)',
    () => believed(slack().posts(ID)),
    () => page('side', wire({ pk: `MSG#${ID}`, sk: 'root#C1', claimedAt: NOW, channel: 'C1', ts: '1.1' })),
    [{ key: 'root#C1', claimedAt: NOW, channel: 'C1', ts: '1.1' }],
    [
      ['no items', counted('side')],
      ['messages of another request', page('side', wire({ pk: `MSG#${OTHER_ID}`, sk: 'root#C1', claimedAt: NOW }))],
      ['a page that leads back to itself', { ...page('side'), LastEvaluatedKey: wire({ pk: `MSG#${ID}`, sk: 'x' }) }],
    ],
  ],
)

const kept = () => storedProgress({ ...story(), sideTable: 'side', sleep: async () => {} }, 'compare')
const place = (more: object = {}) => wire({ pk: 'KEEP#compare', sk: 'requests-1h#0', to: OLD, table: 'story', ...more })
calls.push(
  [
    'how far a keeper came (Query)',
    async () => [...(await kept().reached())],
    () => page('side', place()),
    [['requests-1h#0', OLD]],
    [
      ['a row of another keeper', page('side', place({ pk: 'KEEP#retire' }))],
      ['a row that was not requested', page('side', place({ sk: ' ' }))],
    ],
  ],
  [
    'a keeper that moves on (UpdateItem)',
    () => kept().move('requests-1h#0', OLD),
    () => wrote('side', place()),
    OLD,
    [['an older place', wrote('side', place({ to: 'x' }))]],
  ],
  [
    'a keeper that another run overtook (UpdateItem)',
    () => kept().move('requests-1h#0', OLD),
    () => ({ __type: 'ConditionalCheckFailedException', Item: place({ to: '2026-11-01' }) }),
    '2026-11-01',
    [],
  ],
  ['an item that is kept (PutItem)', () => kept().keep(ID, 'x', NOW), () => wrote('side'), undefined, []],
  ['an item that is released (DeleteItem)', () => kept().release(ID), () => wrote('side'), undefined, []],
  [
    'what was kept (Query)',
    () => kept().kept(10, ID),
    () => page('side', wire({ pk: 'KEPT#compare', sk: OTHER_ID, cause: 'x', at: OLD })),
    [OTHER_ID],
    [['one that came before', page('side', wire({ pk: 'KEPT#compare', sk: ID }))]],
  ],
)

/** What fits no call at all. */
const always: readonly Row[] = [
  ['an empty object', {}],
  ['another table’s capacity', (honest) => JSON.parse(JSON.stringify(honest).replaceAll(/"TableName":"\w+"/g, '"TableName":"other"'))],
  ['no capacity', ({ ConsumedCapacity: _gone, ...honest }: Body) => honest],
  ['a capacity that is null', (honest) => ({ ...honest, ConsumedCapacity: null })],
  ['a capacity in another type', (honest) => ({ ...honest, ConsumedCapacity: 'side' })],
  ['every property null', (honest) => Object.fromEntries(Object.keys(honest).map((name) => [name, null]))],
  ['a list', []],
  ['null', 'null'],
  ['an HTML page', '<html>200 OK</html>'],
  ['half of it', (honest) => JSON.stringify(honest).slice(0, -9)],
]

describe.each(calls)('%s', (_name, call, honest, value, lies) => {
  test('believes an honest answer', async () => {
    answer = honest
    nth = 0
    expect(bare(await call())).toEqual(bare(value))
  })
  const isBlocked = '__type' in honest('', {} as Input)
  test.each([...(isBlocked ? [] : always), ...lies])('does not believe an answer with %s', async (_what, lie) => {
    answer = (operation, input, at) =>
      typeof lie === 'function' ? (lie as (...all: unknown[]) => unknown)(honest(operation, input) as Body, operation, input, at) : lie
    nth = 0
    await expect(call()).rejects.toThrow(Trouble)
  })
})

describe('what honest answers may also be', () => {
  test('a batch of cursors that is found in two turns', async () => {
    const left = { side: { Keys: [wire({ pk: `LOG#CUR#${OTHER_ID}`, sk: '-' })], ConsistentRead: true } }
    answer = (_operation, _input, at) =>
      at === 0 ? { ...found('side', cursorItem(ID)), UnprocessedKeys: left } : found('side', cursorItem(OTHER_ID))
    nth = 0
    expect([...(await state().cursors([ID, OTHER_ID])).keys()]).toEqual([ID, OTHER_ID])
  })
  test('rows of which none was written at first', async () => {
    const asked: Input[] = []
    answer = (_operation, input, at) => {
      asked.push(input)
      return at === 0 ? { UnprocessedItems: { side: [{ PutRequest: { Item: rowItem() } }] } } : nothingLeft('side')
    }
    nth = 0
    await state().index([row])
    expect(asked).toHaveLength(2)
    expect(asked[1]?.RequestItems).toEqual(asked[0]?.RequestItems)
  })
  test('a lookup in two pages', async () => {
    const second = rowItem({ sk: `${row.at}#${ID}#00002`, seq: 2 })
    answer = (_operation, _input, at) =>
      at === 0 ? { ...page('side', rowItem()), LastEvaluatedKey: wire({ pk: 'x', sk: 'y' }) } : page('side', second)
    nth = 0
    expect(await state().lookup(row.key, 5)).toEqual([row, { ...row, seq: 2 }])
  })
  test('a lie that passes: the next answer is believed', async () => {
    answer = (_operation, _input, at) => (at === 0 ? {} : item('side', headItem(head)))
    nth = 0
    expect(bare(await state().head())).toEqual(bare(head))
  })
})

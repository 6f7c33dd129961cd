/**
 * What is written to DynamoDB is what is read back, field by field. Each arbitrary below must have every field of its type, or
 * this file does not compile; so a new field that a reader forgets is found here.
 */
import { randomBytes } from 'node:crypto'
import { marshall } from '@aws-sdk/util-dynamodb'
import { toItem, toRequest } from '@stint/broker/adapters/dynamodb/items'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { logState } from '@stint/broker/adapters/dynamodb/log-state'
import { tableOverSdk } from '@stint/broker/adapters/dynamodb/over-sdk'
import { sender } from '@stint/broker/adapters/dynamodb/sender'
import { slackState } from '@stint/broker/adapters/dynamodb/slack-state'
import { linking } from '@stint/broker/approvals/link'
import type { Cursor, Head } from '@stint/broker/ports/log'
import type { PendingUpdate, Post, Reminder } from '@stint/broker/ports/slack-state'
import { dynamoClient } from '@stint/broker/wiring/dynamodb'
import type { CallerRef } from '@stint/core/identity/caller'
import { type Link, linkId, type NamedSlackUser } from '@stint/core/identity/link'
import type { RequestId } from '@stint/core/ids'
import type { Done, Refused, Unknown } from '@stint/core/outcome'
import type { AccessRequest, GivenApproval, Limits } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import type { Terms } from '@stint/core/scope/terms'
import { brokerKey, tables } from '@stint/sandbox/aws/world'
import fc, { type Arbitrary } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let client: ReturnType<typeof dynamoClient>
beforeAll(async () => {
  sandbox = await testSandbox()
  client = dynamoClient({
    keys: brokerKey(sandbox.aws.world, 'broker'),
    clock: Date.now,
    region: 'eu-central-1',
    endpoints: { sts: sandbox.urls.aws, dynamodb: sandbox.urls.aws },
  } as never)
})
afterAll(() => sandbox.close())

const settings = () => ({
  client,
  storyTable: tables.story,
  sideTable: tables.side,
  random: (count: number) => new Uint8Array(randomBytes(count)),
  sleep: async () => {},
  answerWithinMs: 30_000,
  clock: Date.now,
  configHash: 'c'.repeat(64),
  approvalOf: () => undefined,
  build: 'b',
})

// ── Every field of each type ─────────────────────────────────────────────────────────────────────────────────────────

/** An arbitrary for each field; what may be missing sometimes is. */
type Fields<T> = { readonly [K in keyof T]-?: Arbitrary<Exclude<T[K], undefined>> }
const record = <T extends object>(required: readonly (keyof T)[], fields: Fields<T>): Arbitrary<T> =>
  fc.record(fields as never, { requiredKeys: required as never }) as unknown as Arbitrary<T>

const text = fc.string({ minLength: 1, maxLength: 12 })
const instant = fc.nat({ max: 4_102_444_800_000 })
const count = fc.nat({ max: 1000 })
const requestId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => `req_${digits(bytes)}` as RequestId)
const digits = (bytes: Uint8Array) =>
  [...bytes, ...bytes]
    .map((byte) => '0123456789abcdefghjkmnpqrstvwxyz'[byte % 32])
    .join('')
    .slice(0, 26)
const caller = record<CallerRef>(['issuer', 'subject', 'name', 'kind'], {
  issuer: text,
  subject: text,
  name: text,
  kind: fc.constantFrom('human' as const, 'workload' as const),
})
const slack = record<NamedSlackUser>(['team', 'user', 'name'], { team: text, user: text, name: text })
const limits = record<Limits>([], { duration: count, uses: count, window: count })
const agreement = record<Omit<GivenApproval, 'personNow'>>(['approver', 'person', 'rules', 'at', 'channel', 'limits'], {
  approver: caller,
  person: text as never,
  rules: fc.array(count),
  at: instant,
  channel: fc.constantFrom('api' as const, 'slack' as const),
  comment: text,
  limits,
})

type LinkState = Omit<Link, 'id' | 'version'>
const link = record<LinkState>(['caller', 'identity'], {
  caller,
  identity: text,
  fullSubject: text,
  offer: fc.record({ code: text, expiresAt: instant }),
  pending: fc.record({ slack, expiresAt: instant, code: text }),
  active: fc.record({ slack, since: instant, expiresAt: instant }),
  typed: fc.record({ since: instant, count }),
})
const post = record<Post>(['key', 'claimedAt'], { key: text, claimedAt: instant, channel: text, ts: text, version: count })
const pendingUpdate = record<PendingUpdate>(['request', 'tries', 'next', 'cause', 'dead'], {
  request: requestId,
  tries: count,
  next: instant,
  cause: text,
  dead: fc.boolean(),
})
const reminder = record<Reminder>(['request', 'at'], { request: requestId, at: instant })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const head = record<Head>(['size', 'root', 'edge', 'stage', 'applied'], {
  size: count,
  root: hash,
  edge: fc.array(hash),
  stage: text,
  applied: fc.constant(true),
})
const commit = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const cursor = fc.array(count, { minLength: 1 }).chain((places) =>
  record<Cursor>(['count', 'commit', 'first', 'places'], {
    count: fc.constant(places.length),
    commit,
    first: commit,
    places: fc.constant(places),
  }),
)

type StoredSession = Omit<Session, 'id' | 'requestId' | 'caller' | 'profile' | 'target' | 'roleArn'>
const session = record<StoredSession>(['state', 'sessionName', 'duration', 'reservedAt', 'expiresAt'], {
  state: fc.constantFrom('reserved' as const, 'issued' as const, 'failed' as const),
  sessionName: text,
  sourceIdentity: text,
  duration: count,
  reservedAt: instant,
  expiresAt: instant,
  issued: fc.record({
    at: instant,
    accessKeyId: text,
    assumedRoleArn: text,
    assumedRoleId: text,
    awsRequestId: text,
    packedPolicySize: count,
    sends: count,
    expiration: instant,
  }),
  failure: text,
  renew: count,
  renewed: fc.record({ count, at: instant, accessKeyId: text, expiration: instant }),
  endedBy: fc.constantFrom('caller' as const, 'approver' as const, 'responder' as const, 'stint' as const),
  endedAt: instant,
})
type StoredRequest = Omit<AccessRequest, 'personNow' | 'sessions'>
const request = record<StoredRequest>(
  ['id', 'version', 'state', 'createdAt', 'caller', 'person', 'profile', 'target', 'roleArn', 'terms', 'termsHash', 'breakGlass'].concat([
    'expiresAt',
    'approvals',
    'limits',
    'notices',
  ]) as (keyof StoredRequest)[],
  {
    id: requestId,
    version: count,
    state: fc.constantFrom('pending' as const, 'approved' as const, 'denied' as const),
    createdAt: instant,
    caller,
    fullSubject: text,
    person: text as never,
    triggeredBy: text as never,
    profile: text,
    target: text,
    roleArn: text,
    terms: fc.record({ v: fc.constant(1), profile: text }) as unknown as Arbitrary<Terms>,
    termsHash: text,
    justification: text,
    moreJustifications: fc.array(fc.record({ at: instant, text }), { maxLength: 3 }),
    ticket: text,
    extends: requestId,
    breakGlass: fc.boolean(),
    expiresAt: instant,
    unattendedAt: instant,
    startsAt: instant,
    approvals: fc.array(agreement, { maxLength: 2 }),
    limits,
    windowStartsAt: instant,
    windowExpiresAt: instant,
    usesLeft: count,
    decidedBy: caller,
    decision: fc.oneof(fc.record({ at: instant }), fc.record({ at: instant, comment: text })),
    review: fc.record({ by: caller, at: instant, text }),
    notices: fc.array(fc.constantFrom('escalated' as const, 'reminded' as const)),
  },
)

// ── Written and read ─────────────────────────────────────────────────────────────────────────────────────────────────

const have = <T>(answer: Done<T> | Refused | Unknown): T => {
  if (answer.outcome !== 'done') throw new Error(answer.outcome)
  return answer.value
}
const runs = { numRuns: 25 }
let serial = 0

describe('what is stored is read back whole', () => {
  test('a link, and a later state of it', () =>
    fc.assert(
      fc.asyncProperty(link, link, async (first, second) => {
        const store = dynamoLedger(settings())
        const id = linkId({ issuer: 'people', subject: String(++serial) })
        for (const [version, state] of [first, second].entries()) {
          expect(have(await store.writeLink(id, version, { link: state, events: [] }, 1, undefined))).toBe(true)
          expect(have(await store.link(id))).toEqual({ ...state, id, version: version + 1 })
        }
      }),
      runs,
    ))

  test('a message in Slack, one that is pending, and a reminder', () =>
    fc.assert(
      fc.asyncProperty(requestId, post, pendingUpdate, reminder, async (id, kept, debt, later) => {
        const store = slackState(settings(), sender({ ...settings(), calls: tableOverSdk(client) }))
        const claim = { key: kept.key, claimedAt: later.at }
        expect(have(await store.claimPost(id, claim.key, claim.claimedAt, 0))).toBe(true)
        have(await store.dropPost(id, { ...claim, claimedAt: claim.claimedAt - 1 }))
        expect(have(await store.posts(id))).toEqual([claim])
        have(await store.dropPost(id, claim))
        expect(have(await store.posts(id))).toEqual([])
        // A drop that arrives late does not remove what was posted since.
        const posted = { ...kept, claimedAt: claim.claimedAt, ts: '1.1' }
        expect(have(await store.keepPost(id, posted))).toBe(true)
        have(await store.dropPost(id, claim))
        expect(have(await store.posts(id))).toEqual([posted])
        have(await store.addPending(debt))
        have(await store.addReminder(later))
        have(await store.addReminder(later))
        expect(have(await store.pending(later.at - 1))).toEqual({ updates: [debt], reminders: [] })
        expect(have(await store.pending(later.at))).toEqual({ updates: [debt], reminders: [later] })
        have(await store.removeReminder(later))
        have(await store.settle(debt))
        expect(have(await store.pending(later.at))).toEqual({ updates: [], reminders: [] })
      }),
      runs,
    ))

  test('the head of the log, and where a journal stands', () =>
    fc.assert(
      fc.asyncProperty(head, requestId, cursor, async (to, id, at) => {
        const store = logState(settings())
        // A head moves only from the one that was read.
        expect(await store.move(await store.head(), to)).toBe(true)
        const read = await store.head()
        expect({ ...read, root: [...(read?.root ?? [])], edge: read?.edge.map((one) => [...one]) }).toEqual({
          ...to,
          root: [...to.root],
          edge: to.edge.map((one) => [...one]),
        })
        await store.advance(id, 0, at)
        expect((await store.cursors([id])).get(id)).toEqual(at)
      }),
      runs,
    ))

  test('a lookup row', () =>
    fc.assert(
      fc.asyncProperty(requestId, count, async (id, seq) => {
        const store = logState(settings())
        const row = { key: `test#${++serial}`, at: '2026-01-02T03:04:05.678Z', request: id, seq }
        await store.index([row])
        expect(await store.lookup(row.key, 10)).toEqual([row])
      }),
      runs,
    ))

  test('a request with its sessions', () =>
    fc.assert(
      fc.property(request, session, (stored, one) => {
        const { terms, ...rest } = stored
        const item = {
          pk: `REQ#${stored.id}`,
          callerKey: 'x',
          ...rest,
          terms: JSON.stringify(terms),
          'ses.00000000': { ...one, attempt: 'a' },
        }
        const { caller, profile, target, roleArn, id } = stored
        expect(toRequest(toItem(marshall(item, { removeUndefinedValues: true })))).toEqual({
          ...stored,
          sessions: [{ ...one, id: `${id}.00000000`, requestId: id, caller, profile, target, roleArn }],
        })
      }),
    ))
})

test('ten codes of one person may be typed within an hour, and no more', async () => {
  const random = (length: number) => new Uint8Array(randomBytes(length))
  const links = linking(dynamoLedger(settings()), random)
  const dana = { caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' }, identity: 'dana' } as const
  const start = Date.now()
  const typeOne = async (now: number) => {
    const offered = await links.offer(dana, now)
    if (offered.outcome !== 'done') return offered.outcome
    const user = { team: 'T1', user: `U${now}`, name: 'x' }
    const claimed = await links.claim(offered.value.code, user, now, { source: 'slack:T1/U', token: 'a'.repeat(64) })
    return claimed.outcome === 'refused' ? claimed.code : claimed.outcome
  }
  const outcomes: string[] = []
  for (let tries = 0; tries < 14; tries++) outcomes.push(await typeOne(start + tries))
  expect(outcomes).toEqual([...Array(10).fill('done'), ...Array(4).fill('rate-limited')])
  expect(await typeOne(start + 3_600_000)).toBe('done')
})

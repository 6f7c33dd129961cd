/**
 * The ledger on DynamoDB: one item per request, every change one conditional write that appends its event.
 *
 * Reading a failed write. `ReturnValuesOnConditionCheckFailure: ALL_OLD` brings the item that stood in the way, so the
 * reason needs no second read. And if that item holds our own attempt, the answer to an earlier send of this very write
 * was lost on the way: it is done. Every other error says nothing about whether the write took effect, so it is sent
 * again with the same ids, and after the last send it is `unknown`.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { type AuditEvent, brief, journalEntry } from '@stint/core/audit/event'
import { callerRef } from '@stint/core/identity/caller'
import { type Instant, toDay } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import {
  newRequestId,
  parseRequestId,
  parseSessionId,
  type RandomBytes,
  type RequestId,
  type SessionId,
  sessionSuffix,
} from '@stint/core/request/ids'
import { MAX_EVENTS, MAX_USES, type Session, SPARE_ATTEMPTS } from '@stint/core/request/session'
import type { Intent, Ledger, Page, Reservation } from '../ports.ts'
import { callerKey, dayKey, indexes, openKey, refusalsKey, requestKey, SHARDS, shardOf, timeKey } from './table.ts'
import { within } from './within.ts'

export type DynamoSettings = {
  readonly client: DynamoDBClient
  readonly storyTable: string
  readonly sideTable: string
  readonly random: RandomBytes
  /** One send and its whole answer. */
  readonly answerWithinMs: number
  /** Waits between two sends of one write. */
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly configHash: string
  readonly build: string
  /** Requests older than this do not vend: set after a restore, to the restore's end. */
  readonly epoch?: Instant
}

/** A caller's refusals per hour that get an item of their own; the rest are only counted. */
export const REFUSALS_AN_HOUR = 20

export const SENDS = 3
const FIRST_WAIT_MS = 25

export function dynamoLedger(settings: DynamoSettings): Ledger {
  const { client, random, epoch = 0 } = settings
  const entry = (event: AuditEvent) => journalEntry(event, random)

  /** Sends until there is an answer, or `unknown` after the last try. A failed condition is an answer. */
  async function send<T>(once: () => Promise<T>): Promise<Done<T> | { outcome: 'blocked'; item: Item | undefined } | Unknown> {
    let cause = ''
    for (let sends = 0; sends < SENDS; sends++) {
      if (sends > 0) await settings.sleep(FIRST_WAIT_MS * 2 ** sends * (0.5 + (random(1)[0] ?? 0) / 256))
      try {
        return done(await within(settings.answerWithinMs, once()))
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return { outcome: 'blocked', item: error.Item && toItem(error.Item) }
        cause = error instanceof Error ? `${error.name}: ${brief(error.message)}` : String(error)
      }
    }
    return { outcome: 'unknown', cause: `ledger: ${cause}` }
  }

  const update = (
    key: string,
    input: Omit<UpdateItemCommandInput, 'TableName' | 'Key' | 'ExpressionAttributeValues'>,
    values: Record<string, unknown>,
  ) =>
    send(() =>
      client.send(
        new UpdateItemCommand({
          TableName: settings.storyTable,
          Key: marshall({ pk: key }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...input,
          ExpressionAttributeValues: marshall(values, { removeUndefinedValues: true }),
        }),
      ),
    )

  async function reserve(intent: Intent): Promise<Done<Reservation> | Refused | Unknown> {
    const { request, session, attempt, caller, scope, call, hardEnd, tokenIssuedAt } = intent
    // A restored table has forgotten which of the older single-use tokens were used.
    if (tokenIssuedAt !== undefined && tokenIssuedAt <= epoch) return refused('token-used', 'The token is older than this ledger.')
    const common = { request, at: call.now }
    const created = entry({
      ...common,
      type: 'request.created',
      caller: callerRef(caller),
      profile: scope.terms.profile,
      target: scope.targetId,
      terms: scope.termsHash,
      ...(scope.justification === undefined ? {} : { why: scope.justification }),
    })
    const { sessionName } = intent
    const sourceIdentity = scope.terms.sourceIdentity === undefined ? {} : { sourceIdentity: scope.terms.sourceIdentity }
    const reserved = entry({
      ...common,
      ...sourceIdentity,
      type: 'session.reserved',
      session,
      sessionName,
      duration: scope.duration,
      hardEnd,
      config: settings.configHash,
      build: settings.build,
      from: call.from,
      token: caller.token.hash,
      trace: call.trace,
    })
    const written = await update(
      requestKey(request),
      {
        ConditionExpression: `attribute_not_exists(#session) AND (attribute_not_exists(pk) OR (${stillGood}))`,
        UpdateExpression: reserveUpdate,
        ExpressionAttributeNames: { '#session': sessionAttribute(session), '#state': 'state', '#at': 'at' },
        ReturnValues: 'ALL_NEW',
      },
      {
        ':approved': 'approved',
        ':zero': 0,
        ':one': 1,
        ':now': call.now,
        ':epoch': epoch,
        ':terms': scope.termsHash,
        ':maxAttempts': Math.min(scope.terms.uses, MAX_USES) + SPARE_ATTEMPTS,
        ':maxEvents': MAX_EVENTS,
        ':id': request,
        ':caller': callerRef(caller),
        ':profile': scope.terms.profile,
        ':target': scope.targetId,
        ':roleArn': scope.terms.role,
        ':termsText': canonicalJson(scope.terms),
        ':uses': scope.terms.uses,
        ':windowEnd': intent.windowEnd,
        ':callerKey': callerKey(caller),
        ':dayKey': dayKey(call.now, shardOf(request)),
        ':at': timeKey(call.now, request),
        ':openKey': openKey(shardOf(request)),
        ':openAt': timeKey(call.now, request),
        ':openSession': session,
        ':created': [created],
        ':reserved': [reserved],
        ':session': { attempt, state: 'reserved', reservedAt: call.now, duration: scope.duration, hardEnd, sessionName, ...sourceIdentity },
      },
    )
    const mine = (item: Item): Reservation => ({ request, session, attempt, hardEnd, alone: openSessions(item).length === 1 })
    if (written.outcome === 'unknown') return written
    if (written.outcome === 'done') return done(mine(toItem(written.value.Attributes ?? {})))
    const { item } = written
    if (item?.sessions[sessionSuffix(session)]?.attempt === attempt) return done(mine(item))
    return reasonToRefuse(item, scope.termsHash, call.now, epoch)
  }

  /** One of the two writes that close a reservation. Ours if the item shows what `isOurs` looks for. */
  async function close(
    reservation: Reservation,
    to: {
      readonly event: AuditEvent
      readonly condition?: string
      readonly set: string
      readonly values: Record<string, unknown>
      readonly isOurs: (session: StoredSession) => boolean
    },
    alone = reservation.alone,
  ): Promise<Done<true> | { outcome: 'blocked'; item: Item | undefined } | Unknown> {
    const written = await update(
      requestKey(reservation.request),
      {
        ConditionExpression: `#session.#state = :reserved AND #session.attempt = :attempt${to.condition ?? ''}${alone ? ' AND openSession = :session' : ''}`,
        // The item leaves the index of open reservations only with its last one; what is left there the sweeper clears.
        UpdateExpression: `SET events = list_append(events, :events), ${to.set}${alone ? ' REMOVE openKey, openAt, openSession' : ''}`,
        ExpressionAttributeNames: { '#session': sessionAttribute(reservation.session), '#state': 'state' },
      },
      {
        ':reserved': 'reserved',
        ':attempt': reservation.attempt,
        ...(alone ? { ':session': reservation.session } : {}),
        ':events': [entry(to.event)],
        ...to.values,
      },
    )
    if (written.outcome === 'done') return done(true)
    if (written.outcome === 'unknown') return written
    const stored = written.item?.sessions[sessionSuffix(reservation.session)]
    if (stored && to.isOurs(stored)) return done(true)
    // Another reservation came after ours, so the index entry is not ours to remove: once more, without.
    if (alone && written.item?.openSession !== reservation.session) return close(reservation, to, false)
    return written
  }

  return {
    reserve,

    async record(reservation, assumed, now) {
      const { credentials, assumedRoleArn, assumedRoleId, awsRequestId, packedPolicySize, sends } = assumed
      const expiration = Math.min(credentials.expiration, reservation.hardEnd)
      const facts = { accessKeyId: credentials.accessKeyId, assumedRoleArn, assumedRoleId, awsRequestId, packedPolicySize, sends }
      const written = await close(reservation, {
        event: { type: 'session.issued', request: reservation.request, session: reservation.session, at: now, expiration, ...facts },
        condition: ' AND #state = :approved AND #session.hardEnd > :now',
        set: '#session.#state = :issued, #session.issued = :facts',
        values: { ':issued': 'issued', ':approved': 'approved', ':now': now, ':facts': { at: now, expiration, ...facts } },
        isOurs: (session) => session.issued?.accessKeyId === credentials.accessKeyId,
      })
      if (written.outcome !== 'blocked') return written
      return refused(
        'revoked-in-flight',
        'The grant was withdrawn, or the session ended, while AWS was asked. The credentials were dropped.',
      )
    },

    async fail(reservation, failure, now) {
      const { code, reason, awsRequestId, sends } = failure
      const written = await close(reservation, {
        event: {
          type: 'session.failed',
          request: reservation.request,
          session: reservation.session,
          at: now,
          code,
          reason: brief(reason, 240),
          sends,
          ...(awsRequestId === undefined ? {} : { awsRequestId }),
        },
        set: '#session.#state = :failed, #session.failure = :code, usesLeft = usesLeft + :one',
        values: { ':failed': 'failed', ':code': code, ':one': 1 },
        isOurs: (session) => session.state === 'failed',
      })
      return written.outcome === 'blocked' ? { outcome: 'unknown', cause: 'the reservation was closed by another' } : written
    },

    async refuse({ call, caller, profile, code, reason }) {
      const ref = callerRef(caller)
      const counted = await send(() =>
        client.send(
          new UpdateItemCommand({
            TableName: settings.sideTable,
            Key: marshall({ pk: refusalsKey(ref, call.now) }),
            UpdateExpression: 'ADD refusals :one',
            ExpressionAttributeValues: marshall({ ':one': 1 }),
            ReturnValues: 'ALL_NEW',
          }),
        ),
      )
      if (counted.outcome !== 'done') return { outcome: 'unknown', cause: counted.outcome === 'unknown' ? counted.cause : 'blocked' }
      const count = Number(counted.value.Attributes?.refusals?.N ?? 0)
      if (count > REFUSALS_AN_HOUR + 1) return done(true)

      const request = newRequestId(call.now, random)
      const common = { request, at: call.now, caller: ref }
      const event: AuditEvent =
        count > REFUSALS_AN_HOUR
          ? { ...common, type: 'request.refusals-capped', cap: REFUSALS_AN_HOUR }
          : {
              ...common,
              type: 'request.refused',
              profile: brief(profile, 48),
              code,
              reason: brief(reason, 120),
              config: settings.configHash,
              from: call.from,
              token: caller.token.hash,
              trace: call.trace,
            }
      const item = {
        pk: requestKey(request),
        id: request,
        state: 'refused',
        createdAt: call.now,
        caller: ref,
        callerKey: callerKey(ref),
        dayKey: dayKey(call.now, shardOf(request)),
        at: timeKey(call.now, request),
        events: [entry(event)],
      }
      const put = await send(() =>
        client.send(
          new PutItemCommand({ TableName: settings.storyTable, Item: marshall(item), ConditionExpression: 'attribute_not_exists(pk)' }),
        ),
      )
      // Blocked: an earlier send of this write took effect and its answer was lost.
      return put.outcome === 'unknown' ? put : done(true)
    },

    async session(id) {
      const parsed = parseSessionId(id)
      if (!parsed) return done(undefined)
      const item = await read(parsed.request)
      return item.outcome === 'done' ? done(item.value && sessionsIn(item.value).find((session) => session.id === id)) : item
    },

    sessionsOf: (caller, limit, cursor) => pageOf([{ index: indexes.byCaller, keys: [callerKey(caller)] }], limit, cursor),

    allSessions: (now, limit, cursor) =>
      pageOf(
        daysBack(now, LISTED_DAYS).map((day) => ({
          index: indexes.byDay,
          keys: Array.from({ length: SHARDS }, (_, shard) => `${day}#${shard}`),
        })),
        limit,
        cursor,
      ),

    async ping() {
      const found = await send(() => client.send(new GetItemCommand({ TableName: settings.storyTable, Key: marshall({ pk: 'SYS#ping' }) })))
      return found.outcome === 'done'
    },
  }

  async function read(id: RequestId): Promise<Done<Item | undefined> | Unknown> {
    const found = await send(() =>
      client.send(new GetItemCommand({ TableName: settings.storyTable, Key: marshall({ pk: requestKey(id) }), ConsistentRead: true })),
    )
    if (found.outcome !== 'done') return found.outcome === 'unknown' ? found : done(undefined)
    return done(found.value.Item && toItem(found.value.Item))
  }

  /**
   * Sessions newest first, over partitions that follow each other in time (each may be several shards, which are merged).
   * A page may end within a partition; the cursor is the time key of the last item seen, which is unique.
   */
  async function pageOf(partitions: readonly Partition[], limit: number, cursor?: string): Promise<Done<Page<Session>> | Unknown> {
    const sessions: Session[] = []
    let last = cursor
    let looks = 0
    for (const partition of partitions) {
      for (;;) {
        // Requests without sessions (refusals) fill no page; a page stops looking for more after a while, with a cursor.
        if (looks++ >= MAX_LOOKS) return done({ items: sessions, ...(last === undefined ? {} : { next: last }) })
        const keys = await newest(partition, limit, last)
        if (keys.outcome === 'unknown') return keys
        const items = await Promise.all(keys.value.map((key) => read(key.id)))
        for (const [index, item] of items.entries()) {
          if (item.outcome === 'unknown') return item
          last = keys.value[index]?.at
          if (item.value) sessions.push(...sessionsIn(item.value).toReversed())
          if (sessions.length >= limit) return done({ items: sessions, ...(last === undefined ? {} : { next: last }) })
        }
        if (keys.value.length < limit) break
      }
    }
    return done({ items: sessions })
  }

  type Partition = { readonly index: (typeof indexes)[keyof typeof indexes]; readonly keys: readonly string[] }

  async function newest(
    { index, keys }: Partition,
    limit: number,
    before: string | undefined,
  ): Promise<Done<{ id: RequestId; at: string }[]> | Unknown> {
    const answers = await Promise.all(
      keys.map((key) =>
        send(() =>
          client.send(
            new QueryCommand({
              TableName: settings.storyTable,
              IndexName: index.name,
              KeyConditionExpression: before === undefined ? '#hash = :hash' : '#hash = :hash AND #range < :before',
              ExpressionAttributeNames: { '#hash': index.hash, ...(before === undefined ? {} : { '#range': index.range }) },
              ExpressionAttributeValues: marshall({ ':hash': key, ...(before === undefined ? {} : { ':before': before }) }),
              ScanIndexForward: false,
              Limit: limit,
            }),
          ),
        ),
      ),
    )
    const found: { id: RequestId; at: string }[] = []
    for (const answer of answers) {
      if (answer.outcome !== 'done') return answer.outcome === 'unknown' ? answer : { outcome: 'unknown', cause: 'a query was blocked' }
      for (const row of answer.value.Items ?? []) {
        const id = parseRequestId(row.pk?.S?.replace(/^REQ#/, '') ?? '')
        if (id && row.at?.S) found.push({ id, at: row.at.S })
      }
    }
    return done(found.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit))
  }
}

/** How far back a list of everybody's sessions goes; older ones are found by id or by caller. */
const LISTED_DAYS = 31
const DAY_MS = 86_400_000
/** Queries in a row for one page, each over all shards of its partition. */
const MAX_LOOKS = 40
const daysBack = (now: Instant, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => toDay(now - index * DAY_MS))

// ── Conditions and updates, each clause with its reason ──────────────────────────────────────────────────────────────

/** What must hold of a request that exists already; TTL plays no part, DynamoDB deletes late. */
const stillGood = [
  '#state = :approved',
  'windowEnd > :now',
  'usesLeft > :zero',
  'termsHash = :terms', // what was agreed on is what is vended
  'createdAt > :epoch', // a restored table's old grants are dead
  'attempts < :maxAttempts', // definite failures give their use back, but not for ever
  'size(events) < :maxEvents', // room must stay for what withdraws
].join(' AND ')

const once = (attribute: string, value: string) => `${attribute} = if_not_exists(${attribute}, ${value})`

const reserveUpdate = `SET ${[
  once('id', ':id'),
  once('#state', ':approved'),
  once('createdAt', ':now'),
  once('caller', ':caller'),
  once('profile', ':profile'),
  once('target', ':target'),
  once('roleArn', ':roleArn'),
  once('terms', ':termsText'),
  once('termsHash', ':terms'),
  once('windowEnd', ':windowEnd'),
  once('callerKey', ':callerKey'),
  once('dayKey', ':dayKey'),
  once('#at', ':at'),
  'usesLeft = if_not_exists(usesLeft, :uses) - :one',
  'attempts = if_not_exists(attempts, :zero) + :one',
  'events = list_append(if_not_exists(events, :created), :reserved)',
  'openKey = :openKey',
  'openAt = :openAt',
  'openSession = :openSession',
  '#session = :session',
].join(', ')}`

/** A session is a top-level attribute: an update of a nested path fails on an item that is new. */
const sessionAttribute = (session: SessionId): string => `ses.${sessionSuffix(session)}`

function reasonToRefuse(item: Item | undefined, termsHash: string, now: Instant, epoch: Instant): Refused {
  if (!item) return refused('request-unknown', 'There is no such request.')
  const ended = (state: string) => refused('request-ended', `The request is ${state}.`, { extra: { state } })
  if (item.state !== 'approved') return ended(item.state)
  if (item.windowEnd <= now || item.createdAt <= epoch) return ended('ended')
  if (item.usesLeft <= 0) return refused('request-exhausted', 'The request has no use left.')
  if (item.termsHash !== termsHash) return refused('terms-changed', 'The terms of this request are no longer those it was made on.')
  return refused('request-exhausted', 'The request has been tried too often.')
}

// ── Items ────────────────────────────────────────────────────────────────────────────────────────────────────────────

type StoredSession = Pick<Session, 'state' | 'reservedAt' | 'duration' | 'hardEnd' | 'sessionName'> & {
  readonly attempt: string
  readonly sourceIdentity?: string
  readonly failure?: string
  readonly issued?: NonNullable<Session['issued']>
}

type Item = {
  readonly id: RequestId
  readonly state: string
  readonly createdAt: Instant
  readonly windowEnd: Instant
  readonly termsHash: string
  readonly usesLeft: number
  readonly caller: Session['caller']
  readonly profile: string
  readonly target: string
  readonly roleArn: string
  readonly openSession?: string
  readonly sessions: { readonly [suffix: string]: StoredSession }
}

/** Our own writes, read back; the table is trusted to hold what the conditions let in. */
function toItem(attributes: Parameters<typeof unmarshall>[0]): Item {
  const item = unmarshall(attributes)
  const sessions = Object.entries(item).filter(([name]) => name.startsWith('ses.'))
  return {
    ...(item as Omit<Item, 'sessions'>),
    sessions: Object.fromEntries(sessions.map(([name, value]) => [name.slice(4), value as StoredSession])),
  }
}

const openSessions = (item: Item): StoredSession[] => Object.values(item.sessions).filter(({ state }) => state === 'reserved')

/** Oldest first. */
function sessionsIn(item: Item): Session[] {
  return Object.entries(item.sessions)
    .map(([suffix, { attempt: _attempt, ...stored }]) => ({
      id: `${item.id}.${suffix}` as SessionId,
      requestId: item.id,
      caller: item.caller,
      profile: item.profile,
      target: item.target,
      roleArn: item.roleArn,
      ...stored,
    }))
    .sort((a, b) => a.reservedAt - b.reservedAt)
}

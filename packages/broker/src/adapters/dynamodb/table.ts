/**
 * The story table: one item per request, with what happened to it. Defined once, for the sandbox, the tests and the deployment. Source of
 * limits: Amazon DynamoDB Developer Guide, "Service, account, and table quotas".
 */
import type { AttributeValue, CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { shortDigest } from '@stint/core/digest'
import type { CallerRef } from '@stint/core/identity/caller'
import { type RequestId, type SessionId, sessionSuffix } from '@stint/core/ids'
import { type Instant, toDay, toIso } from '@stint/core/instant'
import type { WorkStage } from '../../ports/ledger.ts'
import type { WebSessionKey } from '../../ports/web-sessions.ts'

/** An item, or an image of one, as DynamoDB returns it. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/** How readers of journals and erasures reach the story table. */
export type TableReader = { readonly client: DynamoDBClient; readonly storyTable: string }
/** For jobs that make thousands of calls: one that fails is sent again, after a pause. */
export type PatientReader = TableReader & { readonly sleep: (milliseconds: number) => Promise<void> }

type IndexDefinition = { readonly name: string; readonly hash: string; readonly range: string; readonly also?: readonly string[] }
/** Sparse indexes that hold keys only, and the attributes in `also`: an item found there is read from the table, consistently. */
export const indexes = {
  /** A caller's requests by time. */
  byCaller: { name: 'byCaller', hash: 'callerKey', range: 'at' },
  /** All items of a day, in shards: a day in one partition would be a hot partition. */
  byDay: { name: 'byDay', hash: 'dayKey', range: 'at' },
  /** Requests that people must act on, by stage, in shards: pending, or to be reviewed. Readers select by profile. */
  work: { name: 'work', hash: 'workKey', range: 'at', also: ['profile'] },
  /** Requests that time alone changes, by the instant of the next change, in shards. */
  due: { name: 'due', hash: 'dueKey', range: 'dueAt' },
  /** Reservations without a recorded outcome. */
  open: { name: 'open', hash: 'openKey', range: 'openAt' },
} as const satisfies Readonly<Record<string, IndexDefinition>>
const definitions: readonly IndexDefinition[] = Object.values(indexes)

/** Shards of each partition that would be hot: 1,000 writes a second each. */
const SHARDS = 4

export const storyTable = (name: string): CreateTableCommandInput => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', ...definitions.flatMap(({ hash, range }) => [hash, range])]
    .filter((attribute, index, all) => all.indexOf(attribute) === index)
    .map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: definitions.map(({ name: IndexName, hash, range, also }) => ({
    IndexName,
    KeySchema: [
      { AttributeName: hash, KeyType: 'HASH' },
      { AttributeName: range, KeyType: 'RANGE' },
    ],
    Projection: also ? { ProjectionType: 'INCLUDE', NonKeyAttributes: [...also] } : { ProjectionType: 'KEYS_ONLY' },
  })),
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
})

/** Items without events: counters, the state of the log, lookup rows. No stream. */
export const sideTable = (name: string): CreateTableCommandInput => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
})

/** The key of a single item in the side table. */
export const sideKey = (pk: string) => ({ pk, sk: '-' })

export const requestKey = (id: RequestId): string => `REQ#${id}`
/** The key of an item that has a journal, by the journal's ID. Undefined if the ID is invalid. */
export const journalKey = (id: string): string | undefined => {
  const prefix = JOURNALS[id.slice(0, id.indexOf('_'))]
  return prefix && `${prefix}${id}`
}
const JOURNALS: { readonly [kind: string]: string } = { req: 'REQ#', frz: 'FREEZE#', lnk: 'LINK#', sys: 'SYS#' }
export const callerKey = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): string => `${issuer}#${subject}`
export const dayKey = (at: Instant, shard: number): string => `${toDay(at)}#${shard}`
export const workKey = (stage: WorkStage, shard: number): string => `${stage}#${shard}`
export const dueKey = (shard: number): string => `DUE#${shard}`
export const openKey = (shard: number): string => `OPEN#${shard}`
/**
 * The partition, next to those of the days, for items that are not requests: freezes, links and facts about the deployment. Their time in
 * the index is that of their last change, because they change for as long as they exist.
 */
export const OTHER_DAY = 'OTHER'
/** Sorts by time, and is unique. */
export const timeKey = (at: Instant, id: RequestId): string => `${toIso(at)}#${id}`
export const shards: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard)
/** Any even distribution works; the last characters of an ID are random or hashed. */
export const shardOf = (id: RequestId): number => (id.charCodeAt(id.length - 1) + id.charCodeAt(id.length - 2)) % SHARDS
/** Counters identify nobody, so erasure does not touch them. */
const countedCaller = (caller: CallerRef): string => shortDigest(callerKey(caller))
const hourOf = (at: Instant): string => toIso(at).slice(0, 13)
/** When DynamoDB may delete an item, in seconds since the epoch: both tables' TTL attribute. Nothing waits for it. */
export const TTL = 'expires'
/** How many approvals one caller requested in one hour. */
export const asksKey = (caller: CallerRef, at: Instant): string => `ASKS#${countedCaller(caller)}#${hourOf(at)}`
/** The pending requests of one caller. */
export const placesKey = (caller: CallerRef): string => `PLACES#${countedCaller(caller)}`
/** Refusals of one caller in one hour. */
export const refusalsKey = (caller: CallerRef, at: Instant): string => `REFUSED#${countedCaller(caller)}#${hourOf(at)}`

/** The browser sessions of one person: a row for each. */
export const webKey = ({ who, id }: WebSessionKey) => ({ pk: `WEB#${who}`, sk: id })

/** Sessions of one caller by the container protocol in one hour. */
export const sessionsKey = (caller: CallerRef, at: Instant): string => `SESSIONS#${countedCaller(caller)}#${hourOf(at)}`
/** Within that item: those of one profile with its parameters in one minute. Fifty bits keep a caller's few hundred of them apart. */
export const minuteAttribute = (what: string, at: Instant): string => `min.${toIso(at).slice(14, 16)}.${shortDigest(what).slice(0, 10)}`

/** A session is a top-level attribute: an update of a nested path fails on a new item. */
export const sessionAttribute = (session: SessionId): string => `ses.${sessionSuffix(session)}`

/**
 * Exactly what the role of each function may do. The deployment gives the roles these very statements, and the sandbox checks every call of
 * every test against them, so a missing permission fails a test here and not at 3 a.m.
 *
 * Items are restricted by the prefix of their key (`dynamodb:LeadingKeys`): the function that notifies users of events cannot write those
 * events. Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB"; Amazon DynamoDB Developer
 * Guide, "Using IAM policy conditions for fine-grained access control".
 */
import type { StatementJson } from '@stint/iam'
import { indexes } from '../adapters/dynamodb/table.ts'
import type { FunctionName } from './functions.ts'

/** The resources, as ARNs. */
type Places = {
  readonly region: string
  readonly tables: { readonly story: string; readonly side: string }
  readonly buckets: { readonly log: string; readonly events: string }
  /** The key that signs the log. */
  readonly logKey: string
  /** The story table's stream, and the queue of batches that could not be shipped. */
  readonly lost?: { readonly stream: string; readonly queue: string }
  /** The queue of roles whose sessions end at once; absent if no target has `revocation`. */
  readonly ends?: string
  /** The key that encrypts tables and events; absent in the sandbox, which encrypts nothing. */
  readonly dataKey?: string
}

/** Everything in the story table. */
const STORY = ['REQ#*', 'LINK#*', 'FREEZE#*', 'SYS#*']
/** What one caller requested and was refused per hour, and their pending requests. */
const COUNTERS = ['ASKS#*', 'REFUSED#*', 'PLACES#*']
/** Sessions by the container protocol, which only `vend` issues. */
const SESSION_COUNTER = 'SESSIONS#*'

export function permissionsOf(name: FunctionName, places: Places): readonly StatementJson[] {
  const { story, side } = dynamo(places)
  const log = logs(places)
  const statements: Record<FunctionName, readonly StatementJson[]> = {
    // The roles that it may assume depend on the config, so they are in a policy of their own (./assume.ts).
    vend: [
      story.read('REQ#*', 'FREEZE#*', 'SYS#*'),
      story.put('REQ#*'),
      side.read('WEB#*'),
      side.put(...COUNTERS, SESSION_COUNTER),
      ...encrypted(places, 'dynamodb'),
    ],
    api: [
      story.read(...STORY),
      story.put('REQ#*', 'LINK#*', 'FREEZE#*'),
      story.query(indexes.byCaller, indexes.byDay, indexes.work),
      side.read('LOG#*', 'LOOK#*', 'SLACK#*', 'FREEZES', 'ENDS', 'DENY#*', 'WEB#*'),
      side.put(...COUNTERS, 'CODE#*', 'SLACK#*', 'FREEZES', 'ENDS', 'WEB#*'),
      log.read('log', 'events'),
      ...wake(places),
      ...encrypted(places, 'dynamodb', 's3'),
    ],
    slack: [
      story.read('REQ#*', 'LINK#*', 'FREEZE#*'),
      story.put('REQ#*', 'LINK#*'),
      story.query(indexes.byCaller),
      side.read('CODE#*', 'SLACK#*', 'WRONG#*', 'ENDS', 'DENY#*'),
      side.put(...COUNTERS, 'WRONG#*', 'SEEN#*', 'ENDS'),
      ...wake(places),
      ...encrypted(places, 'dynamodb'),
    ],
    // It notifies and decides nothing, so it cannot write the story table.
    notify: [
      story.read('REQ#*', 'LINK#*', 'FREEZE#*'),
      side.read('MSG#*', 'PENDING', 'SLACK#*'),
      side.write('MSG#*', 'PENDING'),
      ...encrypted(places, 'dynamodb'),
    ],
    ship: [
      side.read('LOG#*'),
      side.write('LOG#*', 'LOOK#*'),
      log.read('log', 'events'),
      ...log.append,
      log.sign,
      ...encrypted(places, 'dynamodb', 's3'),
    ],
    sweep: [
      story.read('REQ#*'),
      story.put('REQ#*', 'SYS#*'),
      story.query(indexes.work, indexes.due, indexes.open),
      side.read('KEEP#due', 'ENDS'),
      side.put('KEEP#due'),
      ...wake(places),
      ...encrypted(places, 'dynamodb'),
    ],
    // The revokers that it may assume depend on the config, so they are in a policy of their own (./assume.ts).
    end: [story.read('REQ#*'), side.read('ENDS', 'DENY#*'), side.write('ENDS', 'DENY#*'), ...encrypted(places, 'dynamodb')],
    // It ships what the stream lost, so it can write the log as the shipper can.
    compare: [
      story.read(...STORY),
      story.query(indexes.byDay),
      side.read('LOG#*', 'KEEP#compare', 'KEPT#compare', 'KEPT#retire'),
      side.write('LOG#*', 'LOOK#*', 'KEEP#compare', 'KEPT#compare'),
      log.read('log', 'events'),
      ...log.append,
      log.sign,
      ...letters(places),
      ...encrypted(places, 'dynamodb', 's3'),
    ],
    retire: [
      story.read('REQ#*'),
      story.put('REQ#*'),
      story.query(indexes.byDay),
      side.read('LOG#CUR#*', 'KEEP#retire', 'KEPT#retire'),
      side.write('KEEP#retire', 'KEPT#retire'),
      ...encrypted(places, 'dynamodb'),
    ],
  }
  return statements[name]
}

// ── Tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function dynamo({ tables }: Places) {
  const table = (arn: string, word: string) => ({
    read: (...prefixes: string[]) => items(`Read${word}`, ['GetItem', 'BatchGetItem', 'Query'], arn, prefixes),
    put: (...prefixes: string[]) => items(`Put${word}`, ['PutItem', 'UpdateItem'], arn, prefixes),
    write: (...prefixes: string[]) => items(`Write${word}`, ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'], arn, prefixes),
  })
  const story = table(tables.story, 'Story')
  return {
    story: {
      read: story.read,
      /** Nothing here deletes items: DynamoDB deletes by TTL what the log already has. */
      put: story.put,
      /** Indexes hold keys only: after a query, the item itself is read, by its prefix. */
      query: (...of: readonly { readonly name: string }[]): StatementJson => ({
        Sid: 'QueryStory',
        Effect: 'Allow',
        Action: 'dynamodb:Query',
        Resource: of.map(({ name }) => `${tables.story}/index/${name}`),
      }),
    },
    side: table(tables.side, 'Side'),
  }
}

/** `ForAllValues` also matches a request without keys, so at least one key is required. Scan has no keys, and no function may use it. */
function items(Sid: string, operations: readonly string[], Resource: string, prefixes: readonly string[]): StatementJson {
  return {
    Sid,
    Effect: 'Allow',
    Action: operations.map((operation) => `dynamodb:${operation}`),
    Resource,
    Condition: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': prefixes },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  }
}

// ── The log ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function logs({ buckets, logKey }: Places) {
  const objects = (bucket: 'log' | 'events', ...paths: string[]) => paths.map((path) => `${buckets[bucket]}/${path}`)
  return {
    /** Listing is needed too: S3 reports that an object is missing only to callers that can list. */
    read: (...of: readonly ('log' | 'events')[]): StatementJson => ({
      Sid: 'ReadLog',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: of.flatMap((bucket) => [buckets[bucket], ...objects(bucket, '*')]),
    }),
    append: [
      {
        Sid: 'WriteLog',
        Effect: 'Allow',
        Action: 's3:PutObject',
        Resource: [...objects('log', 'tile/*', 'checkpoint'), ...objects('events', 'events/*', 'stage/*', 'quarantined/*')],
      },
      // Locking an object requires this in addition to PutObject. In compliance mode, no lock can be shortened.
      { Sid: 'LockTiles', Effect: 'Allow', Action: 's3:PutObjectRetention', Resource: objects('log', 'tile/*') },
      // Partial tiles and stages, once the complete ones exist.
      {
        Sid: 'TidyUp',
        Effect: 'Allow',
        Action: 's3:DeleteObject',
        Resource: [...objects('log', 'tile/*.p/*'), ...objects('events', 'stage/*')],
      },
    ] satisfies StatementJson[],
    sign: { Sid: 'SignLog', Effect: 'Allow', Action: ['kms:Sign', 'kms:GetPublicKey'], Resource: logKey } satisfies StatementJson,
  }
}

/** What the stream could not deliver: the letters about it, and its records. */
const letters = ({ lost }: Places): readonly StatementJson[] =>
  lost === undefined
    ? []
    : [
        { Sid: 'ReadLetters', Effect: 'Allow', Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], Resource: lost.queue },
        { Sid: 'ReadRecords', Effect: 'Allow', Action: ['dynamodb:GetShardIterator', 'dynamodb:GetRecords'], Resource: lost.stream },
      ]

const wake = ({ ends }: Places): readonly StatementJson[] =>
  ends === undefined ? [] : [{ Sid: 'WakeEnd', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: ends }]

/**
 * A function that reads or writes under a customer managed key needs permission to use it, but only through the service. Sources: Amazon
 * DynamoDB Developer Guide, "DynamoDB encryption at rest: How it works"; Amazon S3 User Guide, "Using SSE-KMS".
 */
function encrypted({ dataKey, region }: Places, ...services: readonly ('dynamodb' | 's3')[]): readonly StatementJson[] {
  if (dataKey === undefined) return []
  return [
    {
      Sid: 'UseDataKey',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: dataKey,
      Condition: { StringEquals: { 'kms:ViaService': services.map((service) => `${service}.${region}.amazonaws.com`) } },
    },
  ]
}

/**
 * The functions, each with its bundle, its role and its environment; the streams and schedules that call them; and the
 * dead-letter queues.
 */
import { createPublicKey } from 'node:crypto'
import type { BundleName, Manifest } from '@stint/broker/build/deployment'
import { END_HIDDEN_SECONDS, FUNCTIONS, type FunctionName, functionNames, SINGLE_FUNCTIONS } from '@stint/broker/lambda/functions'
import { namespaceOf } from '@stint/broker/lambda/metrics'
import { permissionsOf } from '@stint/broker/lambda/permissions'
import { parseFreezeName } from '@stint/core/access/freeze'
import { formatVkey } from '@stint/tlog/note'
import { bundlesOf } from './built.ts'
import type { Keys } from './keys.ts'
import type { Buckets } from './log.ts'
import { type Roles, roleName, title } from './roles.ts'
import type { Settings } from './settings.ts'
import type { Tables } from './tables.ts'
import type { userPool } from './user-pool.ts'

export type Functions = ReturnType<typeof functions>

type Parts = {
  readonly settings: Settings
  readonly manifest: Manifest
  readonly role: Roles
  readonly key: Keys
  readonly table: Tables
  readonly bucket: Buckets
  readonly url: $util.Output<string>
  readonly people: ReturnType<typeof userPool> | undefined
}
type Environment = { readonly [name: string]: $util.Input<string> }

export function functions(parts: Parts) {
  const { settings, manifest, role, key, table } = parts
  const dead = (name: string) =>
    new aws.sqs.Queue(`${title(name)}Dead`, { sqsManagedSseEnabled: true, messageRetentionSeconds: 14 * 86_400 })
  const ends = manifest.revokers.length > 0 ? endQueues() : undefined
  const queues = {
    ship: dead('ship'),
    ...(manifest.slack ? { notify: dead('notify') } : {}),
    ...(ends ? { end: ends.dead } : {}),
    schedules: dead('schedules'),
  }
  const vkey = aws.kms.getPublicKeyOutput({ keyId: key.log.keyId }).apply(({ publicKey }) => vkeyOf(manifest.origin, publicKey))

  const environments = environmentsOf(parts, queues, vkey, ends?.roles)

  const lines = Object.fromEntries(
    functionNames.map((name) => [
      name,
      new aws.cloudwatch.LogGroup(`${title(name)}Lines`, { name: `/stint/${$app.stage}/${name}`, retentionInDays: 90 }),
    ]),
  ) as { readonly [name in FunctionName]: aws.cloudwatch.LogGroup }

  const make = (name: FunctionName): sst.aws.Function => {
    const { seconds, megabytes } = FUNCTIONS[name]
    const bundle = bundleOf(settings, name)
    const reserved = settings.reserveConcurrency && SINGLE_FUNCTIONS.includes(name)
    const policy = new aws.iam.RolePolicy(`${title(name)}Policy`, {
      role: role.of(name).name,
      name: 'stint',
      policy: $jsonStringify(policyOf(parts, queues, name, lines[name], ends?.roles)),
    })
    return new sst.aws.Function(
      title(name),
      {
        name: roleName(name),
        description: `stint: ${bundle}`,
        bundle: `${bundlesOf($app.stage)}/${bundle}`,
        handler: 'index.handler',
        runtime: 'nodejs24.x',
        architecture: 'arm64',
        memory: `${megabytes} MB`,
        timeout: `${seconds} seconds`,
        // SST looks up the role, so wait until its policy exists.
        role: $resolve([role.arnOf(name), policy.id]).apply(([arn]) => arn),
        // `sst dev` does not replace it: a function that can assume roles must not run on a laptop.
        dev: false,
        logging: { logGroup: lines[name].name },
        environment: { STINT_BUILD: manifest.build, ...environments[name] },
        ...(reserved ? { concurrency: { reserved: 1 } } : {}),
        transform: {
          function(args, options) {
            args.kmsKeyArn = key.data.arn
            // 0 is the kill switch outside the API (docs/guides/operations.md). No deployment resets it.
            if (!reserved) options.ignoreChanges = [...(options.ignoreChanges ?? []), 'reservedConcurrentExecutions']
            if (isScheduled(name)) args.deadLetterConfig = { targetArn: queues.schedules.arn }
            return undefined
          },
        },
      },
      { dependsOn: [policy] },
    )
  }

  for (const [name, policies] of [
    ['vend', manifest.assume],
    ['end', manifest.revokers],
  ] as const)
    policies.forEach((policy, index) => {
      const made = new aws.iam.Policy(`${title(name)}Assume${index}`, { name: `${roleName(name)}-assume-${index}`, policy })
      new aws.iam.RolePolicyAttachment(`${title(name)}Assume${index}Attached`, { role: role.of(name).name, policyArn: made.arn })
    })
  const [vend, api, ship, sweep] = [make('vend'), make('api'), make('ship'), make('sweep')]
  const [compare, retire] = [make('compare'), make('retire')]
  const [slackFunction, notify] = manifest.slack ? [make('slack'), make('notify')] : []

  const end = ends && make('end')

  triggers(table, queues, { ship, sweep, compare, retire, notify })
  if (ends && end) onEnds(ends.roles, end)

  const all = {
    ...{ vend, api, ship, sweep, compare, retire },
    ...(slackFunction ? { slack: slackFunction } : {}),
    ...(notify ? { notify } : {}),
    ...(end ? { end } : {}),
  }
  return { ...all, slack: slackFunction, all, lines, queues, vkey }
}

/** Deliveries of one message. Then it becomes a dead letter, and the sweeper sends another one as long as there is something to end. */
const DELIVERIES = 5

/** The queue of roles whose sessions end at once, first in, first out for each role, and its dead letters. */
function endQueues() {
  const fifo = { fifoQueue: true, sqsManagedSseEnabled: true }
  const name = (ending: string) => `stint-${$app.stage}-${ending}.fifo`
  const dead = new aws.sqs.Queue('EndDead', { ...fifo, name: name('ends-dead'), messageRetentionSeconds: 14 * 86_400 })
  const roles = new aws.sqs.Queue('Ends', {
    ...fifo,
    name: name('ends'),
    visibilityTimeoutSeconds: END_HIDDEN_SECONDS,
    redrivePolicy: $jsonStringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: DELIVERIES }),
  })
  return { dead, roles }
}

/** Roles that are worked on at once. Lambda never runs two batches of one role at once. */
const ROLES_AT_ONCE = 5

function onEnds(queue: aws.sqs.Queue, end: sst.aws.Function): void {
  new aws.lambda.EventSourceMapping('EndsMapping', {
    eventSourceArn: queue.arn,
    functionName: end.arn,
    batchSize: 10,
    functionResponseTypes: ['ReportBatchItemFailures'],
    scalingConfig: { maximumConcurrency: ROLES_AT_ONCE },
  })
}

/** Functions that a schedule invokes. Lambda retries such a call, and then writes it to a queue. */
const isScheduled = (name: FunctionName): boolean => name === 'sweep' || name === 'compare' || name === 'retire' || name === 'notify'

type Queues = { readonly [name in 'ship' | 'schedules']: aws.sqs.Queue } & { readonly notify?: aws.sqs.Queue }

/** The folder of a function's bundle. */
const bundleOf = ({ vendClient }: Settings, name: FunctionName): BundleName => (name === 'vend' && vendClient === 'sdk' ? 'vend-sdk' : name)

/** The environment of each function. */
function environmentsOf(
  { settings, manifest, key, table, bucket, url, people }: Parts,
  queues: Queues,
  vkey: $util.Output<string>,
  ends: aws.sqs.Queue | undefined,
): { readonly [name in FunctionName]: Environment } {
  const tables = { STINT_TABLE: table.story.name, STINT_SIDE_TABLE: table.side.name }
  const buckets = { STINT_LOG_BUCKET: bucket.tiles.name, STINT_EVENTS_BUCKET: bucket.events.name }
  const { restored, releaseFreezes = [] } = settings
  const stray = releaseFreezes.find((name) => !parseFreezeName(name))
  if (stray !== undefined) throw new Error(`releaseFreezes: invalid freeze name "${stray}". GET /freezes shows valid ones, as in frz_…@0.`)
  const epoch: Environment = restored
    ? {
        STINT_EPOCH: String(restored.epoch),
        ...(restored.verified ? {} : { STINT_FROZEN: 'The table was restored, and is not verified yet.' }),
      }
    : {}
  const secret = secretsOf(manifest, people)
  const directories: Environment = manifest.directories.length > 0 ? { STINT_DIRECTORY_TOKENS: secret.directories } : {}
  const shipping = {
    ...tables,
    ...buckets,
    STINT_LOG_KEY: key.log.arn,
    STINT_NAMESPACE: namespaceOf($app.stage),
    ...(settings.lockDays === undefined ? {} : { STINT_LOCK_DAYS: String(settings.lockDays) }),
  }
  const slack = { STINT_SLACK_TOKEN: secret.slackToken, STINT_URL: url }
  const ending: Environment = ends ? { STINT_END_QUEUE: ends.url } : {}
  return {
    vend: { ...tables, ...epoch, STINT_CONSOLE_ISSUER: url },
    api: {
      ...tables,
      ...epoch,
      ...buckets,
      ...ending,
      STINT_LOG_VKEY: vkey,
      STINT_URL: url,
      STINT_WEB_KEY: secret.webKey,
      STINT_SIGN_IN_SECRETS: secret.signIn,
      ...(manifest.trustEmail ? slack : {}),
      ...(releaseFreezes.length > 0 ? { STINT_RELEASE_FREEZES: releaseFreezes.join(',') } : {}),
    },
    slack: { ...tables, ...epoch, ...ending, ...slack, ...directories, STINT_SLACK_SIGNING_SECRETS: secret.slackSigning },
    notify: { ...tables, ...slack },
    ship: shipping,
    sweep: { ...tables, ...epoch, ...ending, STINT_LOG_VKEY: vkey },
    end: { ...tables, ...epoch },
    compare: { ...shipping, ...epoch, STINT_STREAM: table.story.nodes.table.streamArn, STINT_DEAD_LETTERS: queues.ship.url },
    retire: { ...tables, ...epoch },
  }
}

/** The permissions of a function. */
function policyOf(
  { table, bucket, key }: Parts,
  queues: Queues,
  name: FunctionName,
  logGroup: aws.cloudwatch.LogGroup,
  endQueue: aws.sqs.Queue | undefined,
) {
  return $resolve({
    region: aws.getRegionOutput().region,
    story: table.story.arn,
    side: table.side.arn,
    log: bucket.tiles.arn,
    events: bucket.events.arn,
    logKey: key.log.arn,
    dataKey: key.data.arn,
    lines: logGroup.arn,
    stream: table.story.nodes.table.streamArn,
    queue: (name === 'ship' ? queues.ship : name === 'notify' && queues.notify ? queues.notify : queues.schedules).arn,
    dead: queues.ship.arn,
    schedules: queues.schedules.arn,
    ends: endQueue?.arn,
  }).apply(({ region, story, side, log, events, logKey, dataKey, lines, stream, queue, dead, schedules, ends }) => ({
    Version: '2012-10-17',
    Statement: [
      ...permissionsOf(name, {
        ...{ region, tables: { story, side }, buckets: { log, events }, logKey, dataKey, lost: { stream, queue: dead } },
        ...(ends === undefined ? {} : { ends }),
      }),
      { Sid: 'WriteLines', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: `${lines}:*` },
      ...(name === 'ship' || name === 'notify'
        ? [
            {
              Sid: 'FollowStory',
              Effect: 'Allow',
              Action: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
              Resource: stream,
            },
            // It has no resource-level permissions (Service Authorization Reference, "Amazon DynamoDB").
            { Sid: 'ListStreams', Effect: 'Allow', Action: 'dynamodb:ListStreams', Resource: '*' },
          ]
        : []),
      ...(name === 'end' && ends !== undefined
        ? [
            {
              Sid: 'TakeEnds',
              Effect: 'Allow',
              Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
              Resource: ends,
            },
          ]
        : []),
      ...(name === 'vend' || name === 'api' || name === 'slack' || name === 'end'
        ? []
        : [{ Sid: 'SetAside', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: [...new Set([queue, schedules])] }]),
    ],
  }))
}

/** The streams and schedules that call the functions. */
function triggers(
  table: Tables,
  queues: Queues,
  {
    ship,
    sweep,
    compare,
    retire,
    notify,
  }: { readonly [name in 'ship' | 'sweep' | 'compare' | 'retire']: sst.aws.Function } & { readonly notify: sst.aws.Function | undefined },
): void {
  const follow = (name: 'ship' | 'notify', fn: sst.aws.Function, queue: aws.sqs.Queue) =>
    table.story.subscribe(`${title(name)}Stream`, fn.arn, {
      transform: {
        eventSourceMapping(args) {
          Object.assign(args, {
            // Start at the oldest record, so that earlier events are shipped and notified as well.
            startingPosition: 'TRIM_HORIZON',
            // A batch is up to 6 MB, which is about a thousand records of the story table. Slack's messages are sent one by one.
            batchSize: name === 'ship' ? 4000 : 100,
            maximumBatchingWindowInSeconds: name === 'ship' ? 1 : 0,
            functionResponseTypes: ['ReportBatchItemFailures'],
            bisectBatchOnFunctionError: true,
            // Retry for six hours of the 24 that the stream keeps a record. Then the queue gets the position in the stream.
            maximumRetryAttempts: -1,
            maximumRecordAgeInSeconds: 21_600,
            destinationConfig: { onFailure: { destinationArn: queue.arn } },
          })
          return undefined
        },
      },
    })
  follow('ship', ship, queues.ship)
  if (notify && queues.notify) follow('notify', notify, queues.notify)

  const every = (name: string, schedule: 'rate(1 minute)' | 'rate(1 hour)', fn: sst.aws.Function, task: string) =>
    new sst.aws.Cron(name, { schedule, function: fn.arn, event: { task } })
  every('SweepMinute', 'rate(1 minute)', sweep, 'sweep')
  every('CompareHour', 'rate(1 hour)', compare, 'compare')
  every('RetireHour', 'rate(1 hour)', retire, 'retire')
  if (notify) every('NotifyMinute', 'rate(1 minute)', notify, 'pending')
}

/** The log's name with its signing key, in the format for other tools (C2SP signed-note). KMS returns DER (SubjectPublicKeyInfo). */
function vkeyOf(origin: string, publicKey: string): string {
  const der = Buffer.from(publicKey, 'base64')
  const { x } = createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ format: 'jwk' })
  return formatVkey({ name: origin, kind: 'signer', publicKey: Buffer.from(x ?? '', 'base64url') })
}

/** Set them with `npx sst secret set NAME`. Secrets that the config does not need are not required. */
function secretsOf(manifest: Manifest, people: Parts['people']) {
  const asked = (name: string, needed: boolean): $util.Input<string> => (needed ? new sst.Secret(name).value : '')
  const own = people?.webSecret.apply((secret) => JSON.stringify({ people: secret ?? '' }))
  return {
    slackToken: asked('SlackToken', manifest.slack),
    slackSigning: asked('SlackSigningSecrets', manifest.slack),
    directories: asked('DirectoryTokens', manifest.directories.length > 0),
    /** By issuer. Public clients have none. */
    signIn: manifest.signIn.length === 0 ? '{}' : new sst.Secret('SignInSecrets', own ?? '{}').value,
    webKey: new random.RandomBytes('WebKey', { length: 32 }).base64.apply((text) => Buffer.from(text, 'base64').toString('base64url')),
  }
}

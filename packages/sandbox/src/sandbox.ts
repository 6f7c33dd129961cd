/**
 * Assembles the sandbox: broker, issuer, AWS and Slack on four loopback ports. `main.ts` runs it for users, and tests run it with
 * their own clock and faults. Both use the same parts.
 */

import { type KeyObject, randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, createBroker, createVendBroker, type Deadlines } from '@stint/broker'
import { consoleSignIn } from '@stint/broker/adapters/console-url'
import { apiLedger } from '@stint/broker/adapters/dynamodb/api-ledger'
import { fromStream } from '@stint/broker/adapters/dynamodb/journal-item'
import { journalsOfDays } from '@stint/broker/adapters/dynamodb/journal-reader'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { sideTable, storyTable } from '@stint/broker/adapters/dynamodb/table'
import { postForm } from '@stint/broker/adapters/https'
import { type Swept, sweep } from '@stint/broker/approvals/sweep'
import { loadConfig } from '@stint/broker/build/config-file'
import { publicFilesNow } from '@stint/broker/build/public-files'
import type { Web } from '@stint/broker/http/context'
import { type Shipper, ship, shipLost } from '@stint/broker/log/ship'
import type { Log } from '@stint/broker/ports/runtime'
import { notify, notifyPending } from '@stint/broker/slack/notify'
import type { NotifyParts } from '@stint/broker/slack/posting'
import { dynamoClient, ledgerSettings } from '@stint/broker/wiring/dynamodb'
import { createEnder, createImmediateEnds } from '@stint/broker/wiring/ends'
import { keysOf } from '@stint/broker/wiring/keys'
import { createShipper, type LogDeployment, openTrail } from '@stint/broker/wiring/log'
import { apiOf, openNotifier, openSlackHandler, type SlackDeployment } from '@stint/broker/wiring/slack'
import { createVendBrokerOnSdk } from '@stint/broker/wiring/vend-broker-sdk'
import type { Journaled } from '@stint/core/audit/journal-item'
import { rulesOfCell } from '@stint/core/config/cells'
import { formatFaults } from '@stint/core/config/check'
import type { Rules } from '@stint/core/config/shape'
import { sha256, shortDigest } from '@stint/core/digest'
import { toDay } from '@stint/core/instant'
import { partitionOfRegion } from '@stint/iam/partition'
import { formatVkey } from '@stint/tlog/note'
import { createDynamo, type Dynamo, type StreamRecord } from './aws/dynamodb.ts'
import { GUIDE_ACCOUNTS, GUIDE_IP, type GuideUser, seedGuide } from './aws/guide-world.ts'
import { isUnknownAwsPolicy, unknownAwsPolicy } from './aws/managed.ts'
import { outboundIssuer } from './aws/outbound.ts'
import type { Recordings } from './aws/recordings.ts'
import { seedBuckets } from './aws/seed.ts'
import { type AwsServer, awsServer, type Interceptor } from './aws/server.ts'
import type { SigningKey } from './aws/sigv4.ts'
import { END_QUEUE } from './aws/sqs.ts'
import { brokerKey, buckets, createWorld, LOG_KEY, tables, type World } from './aws/world.ts'
import { brokerHandler, type VendQueue } from './broker-server.ts'
import { endFunction } from './end-function.ts'
import { guarded, LOOPBACK_NAMES } from './guard.ts'
import { actionsIssuer } from './issuer/actions.ts'
import { peopleProvider, toolsProvider } from './issuer/people.ts'
import { HOST, type Ports, urlOf } from './ports.ts'
import { newSecret } from './secret.ts'
import { type SlackLook, slackLook } from './slack/server.ts'
import { createWorkspace } from './slack/workspace.ts'

/** Room for a token that is too long, so that the broker can say so. */
const MAX_HEADER_BYTES = 64 * 1024

/** The names of the issuers in the repository's config. Your own config can use the same names. */
export const bindingsFor = (ports: Ports, start: string = newSecret()): Record<string, string> => ({
  // Each start has a log of its own, so that a verifier of the last one does not report a rollback.
  LOG_ORIGIN: `sandbox-${shortDigest(start).slice(0, 8)}/log`,
  PEOPLE_ISSUER: `${urlOf(ports.issuer)}/people`,
  PEOPLE_JWKS: `${urlOf(ports.issuer)}/people/jwks`,
  PEOPLE_AUTHORIZE: `${urlOf(ports.issuer)}/people/auth`,
  PEOPLE_TOKEN: `${urlOf(ports.issuer)}/people/token`,
  PEOPLE_SCIM: `${urlOf(ports.issuer)}/people/scim/v2`,
  TOOLS_ISSUER: `${urlOf(ports.issuer)}/tools`,
  TOOLS_JWKS: `${urlOf(ports.issuer)}/tools/jwks`,
  ACTIONS_ISSUER: `${urlOf(ports.issuer)}/actions`,
  ACTIONS_JWKS: `${urlOf(ports.issuer)}/actions/.well-known/jwks`,
  // Roles of the company's production account, through outbound identity federation.
  AWS_ISSUER: outboundIssuer(urlOf(ports.aws), PRODUCTION_ACCOUNT).url,
  AWS_JWKS: outboundIssuer(urlOf(ports.aws), PRODUCTION_ACCOUNT).jwksUri,
})
const PRODUCTION_ACCOUNT = '111122223333'

export async function loadRules(
  file: string,
  ports: Ports,
  bindings: Readonly<Record<string, string>> = {},
  start?: string,
  cell?: string,
): Promise<Rules> {
  const checked = await loadConfig(file, { ...bindingsFor(ports, start), ...bindings })
  if (!checked.ok) throw new ConfigError(formatFaults(checked.faults))
  const own = rulesOfCell(checked.rules, cell)
  if (!own.ok) throw new ConfigError(own.fault)
  return own.rules
}
export class ConfigError extends Error {}

// ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Part = { readonly close: () => Promise<void> }

/** Binds to loopback only. The caller reports a port that is already in use. */
export function listen(port: number, listener: RequestListener): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ keepAliveTimeout: 30_000, maxHeaderSize: MAX_HEADER_BYTES }, listener)
    server.once('error', reject)
    server.listen(port, HOST, () => resolve(server))
  })
}

const closer =
  (server: Server): (() => Promise<void>) =>
  () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

const issuerNames = ['people', 'tools', 'actions'] as const
const namedIssuerAt = (rules: Rules | undefined, url: string) =>
  Object.entries(rules?.issuers ?? {}).find(([, issuer]) => issuer.url === url)
const issuerAt = (rules: Rules | undefined, url: string) => namedIssuerAt(rules, url)?.[1]
const audiencesAt = (rules: Rules | undefined, url: string): readonly string[] =>
  issuerAt(rules, url)?.audiences ?? ['https://stint.acme.example']

export async function startIssuer(ports: Ports, rules: Rules | undefined, secret: string, clock: () => number): Promise<Part> {
  const at = (name: string) => `${urlOf(ports.issuer)}/${name}`
  const audience = (name: string) => audiencesAt(rules, at(name))[0] as string
  const [people, tools, actions] = await Promise.all([
    peopleProvider({
      ...{ url: at('people'), secret, audience: audience('people'), broker: urlOf(ports.broker) },
      id: namedIssuerAt(rules, at('people'))?.[0],
      issuer: issuerAt(rules, at('people')),
    }),
    toolsProvider({ url: at('tools'), secret, audience: audience('tools') }),
    actionsIssuer(at('actions'), secret, audience('actions'), clock),
  ])
  const mounts: ReadonlyMap<string, RequestListener> = new Map([
    ['people', people],
    ['tools', tools],
  ])
  const server = await listen(
    ports.issuer,
    guarded('issuer', (request, response) => {
      // RFC 8414 §3.1 puts the well-known part before the path of the issuer. §5: the document is the one of OpenID Connect Discovery.
      const issuer = /^\/\.well-known\/oauth-authorization-server\/(people|tools)$/.exec(request.url ?? '')?.[1]
      if (issuer) request.url = `/${issuer}/.well-known/openid-configuration`
      const name = /^\/([a-z]+)(?=\/)/.exec(request.url ?? '')?.[1] ?? ''
      if (name === 'actions') return actions.handle(request, response)
      const mount = mounts.get(name)
      if (!mount)
        return void response.writeHead(404, { 'content-type': 'text/plain' }).end('The issuers are /people, /tools and /actions.\n')
      // oidc-provider derives its mount path from the difference between the two.
      Object.assign(request, { originalUrl: request.url })
      request.url = request.url?.slice(name.length + 1) ?? '/'
      mount(request, response)
    }),
  )
  return { close: closer(server) }
}

type AwsPart = Part & {
  readonly world: World
  readonly guideUsers: readonly GuideUser[]
  readonly dynamo: Dynamo
  readonly server: AwsServer
}

export async function startAws(
  ports: Ports,
  rules: Rules,
  clock: () => number,
  {
    intercept,
    indexLagMs,
    guide = false,
    recordings = 'bounded',
    logKey,
  }: Pick<SandboxOptions, 'intercept' | 'indexLagMs' | 'guide' | 'recordings' | 'logKey'> = {},
): Promise<AwsPart> {
  const at = (name: string) => `${urlOf(ports.issuer)}/${name}`
  const providers = issuerNames.map((name) => ({ url: at(name), audiences: audiencesAt(rules, at(name)) }))
  const guided = guide ? { playedIp: GUIDE_IP, ownAccounts: Object.values(GUIDE_ACCOUNTS) } : {}
  const world = createWorld(rules, clock, urlOf(ports.aws), { providers, ...guided, ...(logKey ? { logKey } : {}) })
  seedBuckets(world, rules)
  const guideUsers = guide ? seedGuide(world) : []
  const dynamo = createDynamo({ recordings, ...(indexLagMs === undefined ? {} : { indexLag: { milliseconds: indexLagMs, clock } }) })
  await dynamo.direct('CreateTable', withoutStream(storyTable(tables.story)))
  await dynamo.direct('CreateTable', withoutStream(sideTable(tables.side)))
  const aws = awsServer(world, dynamo, { intercept, recordings })
  const server = await listen(ports.aws, guarded('aws', aws.handle, LOOPBACK_NAMES))
  const delivering = setInterval(aws.trail.deliver, DELIVER_EVERY_MS)
  return {
    world,
    guideUsers,
    dynamo,
    server: aws,
    close: async () => {
      clearInterval(delivering)
      await closer(server)()
      await dynamo.close()
    },
  }
}

/**
 * AWS answers within milliseconds. The sandbox does it all in one process: under load, its answers are late and still right, and a call
 * that is sent again because of that only adds to the load.
 */
export const SANDBOX_DEADLINES: Deadlines = { connect: 10_000, ledger: 30_000, sts: 30_000 }

/** dynalite has no streams and rejects the setting. The front adds the stream. */
const withoutStream = ({ StreamSpecification: _stream, ...table }: ReturnType<typeof storyTable>) => table

/** CloudTrail takes minutes. The sandbox delivers records sooner. */
const DELIVER_EVERY_MS = 5000
/** On Lambda, a schedule runs the sweeper once a minute. */
const SWEEP_EVERY_MS = 5000

type Endpoints = { readonly sts: string; readonly dynamodb: string; readonly s3: string; readonly kms: string }

export type BrokerSettings = {
  readonly ports: Ports
  readonly rules: Rules
  readonly keys: Readonly<Record<'vend' | 'api' | 'sweep', SigningKey>>
  readonly endpoints: Endpoints
  readonly region: string
  readonly clock: () => number
  readonly log: Log
  readonly deadlines?: Deadlines
  /** sdk: `vend` speaks to AWS over its SDK, as a deployment with that setting does. */
  readonly vendClient?: 'sdk'
  /** Absent: as `npm start` runs it. */
  readonly vendQueue?: VendQueue
  /** false: the caller runs the sweeper. */
  readonly sweep?: false
  /** The queue of roles whose sessions end at once. Absent: they do not. */
  readonly endQueueUrl?: string
  /** The vkey of the key that signs the log. */
  readonly logVkey: string
  /** Wraps the handler of the broker, so that a test sees each answer. */
  readonly watchBroker?: WatchBroker
  /** The secrets for sign-in and Slack. Absent for a broker that is started on its own. */
  readonly channels?: Channels
}

type BrokerHandler = ReturnType<typeof brokerHandler>
export type WatchBroker = (handle: BrokerHandler) => BrokerHandler

/** Stint's pages and the Slack endpoint. */
export type Channels = {
  readonly secret: string
  readonly slack?: { readonly key: SigningKey; readonly botToken: string; readonly signingSecret: string }
}

type BrokerPart = Part & { readonly sweep: () => Promise<Swept> }

export async function startBroker(settings: BrokerSettings): Promise<BrokerPart> {
  const { ports, rules, endpoints, region, clock, log } = settings
  const common = {
    rules,
    build: 'sandbox',
    region,
    endpoints,
    tables,
    clock,
    random: (count: number) => randomBytes(count),
    sleep: (ms: number) => sleep(ms),
    log,
    ...(settings.deadlines ? { deadlines: settings.deadlines } : {}),
    logVkey: settings.logVkey,
  }
  const { keys } = settings
  const ends = settings.endQueueUrl === undefined ? {} : { ends: { queueUrl: settings.endQueueUrl, endpoint: endpoints.sts } }
  const trail = openTrail({ ...common, keys: keys.api, buckets })
  const { channels } = settings
  const slack = slackDeployment(settings, common)
  const api = {
    ...createBroker(
      { ...common, keys: keys.api },
      { keys: keysOf(common), ledger: apiLedger(ledgerSettings({ ...common, keys: keys.api })) },
    ),
    ...createImmediateEnds({ ...common, ...ends, keys: keys.api }),
    trail,
    files: publicFilesNow(),
    ...(channels ? { web: webOf(ports, rules, channels) } : {}),
    ...(slack ? { slackUserByEmail: apiOf(slack, SLACK_TIMEOUT_MS).userByEmail } : {}),
  }
  const slackKeys = channels?.slack?.key
  const slackHandler = slack && openSlackHandler(slack, slackKeys && createImmediateEnds({ ...common, ...ends, keys: slackKeys }))
  const signIn = consoleSignIn({
    endpoint: `${endpoints.sts}/federation`,
    destination: `https://${partitionOfRegion(region).console}/`,
    issuer: urlOf(ports.broker),
    post: postForm,
  })
  const vending = { ...common, keys: keys.vend, signIn, publicUrl: urlOf(ports.broker) }
  const vend = namingTheSandbox(settings.vendClient === 'sdk' ? createVendBrokerOnSdk(vending) : createVendBroker(vending))
  const handler = brokerHandler(vend, api, slackHandler, settings.vendQueue)
  const close = closer(await listen(ports.broker, guarded('broker', settings.watchBroker?.(handler) ?? handler)))
  const ofSweeper = { ...common, keys: keys.sweep }
  const sweeper = {
    ...createBroker(ofSweeper, { ledger: dynamoLedger(ledgerSettings(ofSweeper)) }),
    ...createImmediateEnds({ ...ofSweeper, ...ends }),
  }
  const sweeping = settings.sweep === false ? undefined : setInterval(() => void sweep(sweeper), SWEEP_EVERY_MS)
  if (sweeping) void sweep(sweeper)
  return {
    sweep: () => sweep(sweeper),
    close: () => {
      clearInterval(sweeping)
      return close()
    },
  }
}

/** A managed policy of AWS that only the sandbox lacks is no fault of the profile, so the refusal says whose it is. */
function namingTheSandbox(broker: Broker): Broker {
  return {
    ...broker,
    sts: {
      async assumeRole(input) {
        const answer = await broker.sts.assumeRole(input)
        const unknown = input.policyArns.find(isUnknownAwsPolicy)
        const isAbout = answer.outcome === 'refused' && answer.code === 'assume-role-invalid' && unknown !== undefined
        return isAbout ? { ...answer, detail: unknownAwsPolicy(unknown) } : answer
      },
    },
  }
}

const SLACK_TIMEOUT_MS = 5000

const webOf = (ports: Ports, rules: Rules, { secret }: Channels): Web => ({
  publicUrl: urlOf(ports.broker),
  key: sha256(`web ${secret}`),
  clientSecrets: Object.fromEntries(Object.keys(rules.signIn ?? {}).map((issuer) => [issuer, secret])),
  fetch,
})

function slackDeployment(
  { ports, rules, channels }: Pick<BrokerSettings, 'ports' | 'rules' | 'channels'>,
  common: Omit<SlackDeployment, 'slack' | 'keys'>,
): SlackDeployment | undefined {
  if (!rules.slack || !channels?.slack) return undefined
  const { key, botToken, signingSecret } = channels.slack
  return {
    ...common,
    keys: key,
    slack: {
      token: botToken,
      signingSecrets: [signingSecret],
      publicUrl: urlOf(ports.broker),
      fetch,
      directoryTokens: Object.fromEntries(Object.keys(rules.directories ?? {}).map((issuer) => [issuer, channels.secret])),
      at: { api: `${urlOf(ports.slack)}/api/`, responseHost: `${HOST}:${ports.slack}` },
    },
  }
}

/** The shipper, which puts events into the log, with its own AWS identity. */
export async function startShipper(
  settings: Pick<BrokerSettings, 'rules' | 'endpoints' | 'region' | 'clock' | 'log' | 'deadlines'> & { readonly key: SigningKey },
): Promise<{ readonly shipper: Shipper; readonly vkey: string; readonly deployment: LogDeployment }> {
  const { rules, endpoints, region, clock, log, key, deadlines } = settings
  const deployment = {
    ...{ rules, region, endpoints, tables, buckets, clock, log, keys: key },
    random: (count: number) => randomBytes(count),
    sleep: (ms: number) => sleep(ms),
    ...(deadlines ? { deadlines } : {}),
  }
  const shipper = await createShipper({ ...deployment, signingKey: LOG_KEY })
  return { shipper, vkey: formatVkey(shipper.signer.key), deployment }
}

/** Records in one batch, as configured for Lambda's event source mapping. */
const RECORDS_A_BATCH = 100
const AGAIN_MS = 1000

/** `now`: delivers all pending records to the consumer, and returns the sum of its results. */
export type Streaming = { readonly now: () => Promise<number>; readonly close: () => Promise<void> }

/** Simulates Lambda's event source mapping: delivers batches in order, and retries a failed batch. */
function streamTo(consume: (journals: readonly Journaled[]) => Promise<number>, { records, stream }: Dynamo, byItself: boolean): Streaming {
  /** The sequence number of the last record that was consumed. */
  let last = 0
  let running: Promise<number> = Promise.resolve(0)
  let timer: NodeJS.Timeout | undefined

  async function all(): Promise<number> {
    let made = 0
    for (;;) {
      const first = records.findIndex(({ sequenceNumber }) => sequenceNumber > last)
      if (first < 0) return made
      const batch = records.slice(first, first + RECORDS_A_BATCH)
      const images = batch.filter(isStory).map(({ newImage, oldImage }) => ({
        ...(newImage ? { NewImage: newImage } : {}),
        ...(oldImage ? { OldImage: oldImage } : {}),
      }))
      made += await consume(images.flatMap((image) => fromStream(image as never) ?? []))
      last = batch.at(-1)?.sequenceNumber ?? last
    }
  }
  const now = () => {
    running = running.catch(() => 0).then(all)
    return running
  }
  const soon = (wait: number) => {
    timer ??= setTimeout(() => {
      timer = undefined
      now().catch(() => soon(AGAIN_MS))
    }, wait)
  }
  const isStory = ({ table }: Pick<StreamRecord, 'table'>) => table === tables.story
  const onRecord = (record: StreamRecord) => void (isStory(record) && soon(0))
  if (byItself) stream.on('record', onRecord)
  return {
    now,
    async close() {
      stream.off('record', onRecord)
      clearTimeout(timer)
      timer = undefined
      await running.catch(() => 0)
      clearTimeout(timer)
    },
  }
}

/** The shipper as a consumer of the stream. Returns the number of new entries. */
const shippingWith =
  (shipper: Shipper) =>
  async (journals: readonly Journaled[]): Promise<number> => {
    const shipped = await ship(shipper, journals)
    if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
    return shipped.value.entries
  }

/** Ships without a stream, by polling today's journals. For a broker that is started on its own. */
export function shipByLooking(shipper: Shipper, deployment: LogDeployment): Part {
  const source = { client: dynamoClient(deployment), storyTable: deployment.tables.story, sleep: deployment.sleep }
  let running = false
  const looking = setInterval(() => {
    if (running) return
    running = true
    void shipLost(shipper, journalsOfDays(source, [toDay(deployment.clock())])).finally(() => {
      running = false
    })
  }, AGAIN_MS)
  return { close: async () => clearInterval(looking) }
}

// ── All of it ────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Sandbox = {
  readonly urls: { readonly broker: string; readonly issuer: string; readonly aws: string; readonly slack: string }
  readonly secret: string
  readonly rules: Rules
  readonly aws: AwsPart
  /** Runs the sweeper once, now. */
  readonly sweep: () => Promise<Swept>
  /** Ships the pending records of the stream now. Returns the number of new entries. */
  readonly ship: () => Promise<number>
  readonly shipper: Shipper
  /** Runs the `end` function on its queue once, now. Returns how many messages failed. */
  readonly endSessions: () => Promise<number>
  /** The simulated Slack. Absent if the config has no Slack. */
  readonly slack?: SlackLook & {
    /** Sends pending notifications of the stream, then those that are pending, now. */
    readonly notify: () => Promise<void>
    readonly parts: NotifyParts
    readonly signingSecret: string
    readonly botToken: string
  }
  /** The key that signs the log. */
  readonly logVkey: string
  readonly close: () => Promise<void>
}

type SandboxOptions = {
  readonly ports: Ports
  readonly rules: Rules
  readonly clock?: () => number
  readonly log?: Log
  readonly intercept?: Interceptor
  readonly watchBroker?: WatchBroker
  /** Seeds the accounts of the guide, and gives every caller the address in the guide. */
  readonly guide?: boolean
  /** How far DynamoDB's indexes lag. Absent: not at all. */
  readonly indexLagMs?: number
  /** What AWS keeps of what happened. Absent: the latest. */
  readonly recordings?: Recordings
  readonly deadlines?: Deadlines
  /** The key that signs the log, to continue a log that exists. Absent: a new one. */
  readonly logKey?: KeyObject
  readonly vendClient?: 'sdk'
  readonly vendQueue?: VendQueue
  readonly sweep?: false
  /** false: the caller runs the shipper. */
  readonly ship?: false
  /** false: the caller runs the notifier. */
  readonly notify?: false
  /** false: the caller runs the `end` function. */
  readonly end?: false
}

/** The simulated Slack, and its notifier, with an AWS identity of its own. */
async function startSlack(
  { ports, rules, clock = Date.now, log = () => {}, deadlines = SANDBOX_DEADLINES, notify: byItself }: SandboxOptions,
  channels: Channels,
  aws: AwsPart,
  endpoints: Endpoints,
): Promise<(Part & { readonly look: NonNullable<Sandbox['slack']> }) | undefined> {
  const deployment = slackDeployment(
    { ports, rules, channels },
    {
      rules,
      build: 'sandbox',
      region: aws.world.region,
      endpoints,
      tables,
      clock,
      random: (count) => randomBytes(count),
      sleep: (ms) => sleep(ms),
      log,
      deadlines,
    },
  )
  if (!deployment || !channels.slack) return undefined
  const { botToken, signingSecret } = channels.slack
  const look = slackLook({
    workspace: createWorkspace(clock),
    broker: urlOf(ports.broker),
    slack: urlOf(ports.slack),
    signingSecret,
    clock,
    secret: channels.secret,
    botToken,
  })
  const server = await listen(ports.slack, guarded('slack', look.handle))
  const parts = openNotifier({ ...deployment, keys: brokerKey(aws.world, 'notify') })
  const streaming = streamTo(async (journals) => (await notify(parts, journals)).requests, aws.dynamo, byItself !== false)
  const pendingTimer = byItself === false ? undefined : setInterval(() => void notifyPending(parts, false).catch(() => {}), OWED_EVERY_MS)
  return {
    look: Object.assign(look, {
      parts,
      signingSecret,
      botToken,
      notify: async () => {
        await streaming.now()
        await notifyPending(parts, false)
      },
    }),
    async close() {
      clearInterval(pendingTimer)
      await streaming.close()
      await closer(server)()
    },
  }
}
/** On Lambda, a schedule runs it once a minute. */
const OWED_EVERY_MS = 5000

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { ports, rules, clock = Date.now, log = () => {}, deadlines = SANDBOX_DEADLINES } = options
  const secret = newSecret()
  const started: Part[] = []
  const close = async () => {
    for (const part of started.toReversed()) await part.close()
  }
  try {
    const aws = await startAws(ports, rules, clock, options)
    started.push(aws)
    started.push(await startIssuer(ports, rules, secret, clock))
    const endpoint = urlOf(ports.aws)
    const endpoints = { sts: endpoint, dynamodb: endpoint, s3: endpoint, kms: endpoint }
    const { shipper, vkey } = await startShipper({
      ...{ rules, endpoints, region: aws.world.region, clock, log, deadlines, key: brokerKey(aws.world, 'ship') },
    })
    const shipping = streamTo(shippingWith(shipper), aws.dynamo, options.ship !== false)
    started.push(shipping)
    const channels: Channels = {
      secret,
      ...(rules.slack
        ? { slack: { key: brokerKey(aws.world, 'slack'), botToken: `xoxb-${newSecret()}`, signingSecret: newSecret() } }
        : {}),
    }
    const slack = await startSlack(options, channels, aws, endpoints)
    if (slack) started.push(slack)
    const endQueue = aws.world.queues.find(({ url }) => url.endsWith(END_QUEUE))
    if (!endQueue) throw new TypeError('no queue of ends')
    const ends = endFunction(
      createEnder({
        ...{ rules, build: 'sandbox', region: aws.world.region, endpoints, tables, clock, log, deadlines, iam: endpoint },
        ...{ random: (count: number) => randomBytes(count), sleep: (ms: number) => sleep(ms), keys: brokerKey(aws.world, 'end') },
      }),
      endQueue,
      options.end !== false,
    )
    started.push(ends)
    const broker = await startBroker({
      channels,
      ports,
      rules,
      ...(Object.values(rules.targets).some(({ revocation }) => revocation) ? { endQueueUrl: endQueue.url } : {}),
      logVkey: vkey,
      keys: {
        vend: brokerKey(aws.world, 'vend'),
        api: brokerKey(aws.world, 'api'),
        sweep: brokerKey(aws.world, 'sweep'),
      },
      endpoints,
      region: aws.world.region,
      clock,
      log,
      deadlines,
      ...(options.vendQueue ? { vendQueue: options.vendQueue } : {}),
      ...(options.vendClient ? { vendClient: options.vendClient } : {}),
      ...(options.sweep === false ? { sweep: false } : {}),
      ...(options.watchBroker ? { watchBroker: options.watchBroker } : {}),
    })
    started.push(broker)
    return {
      urls: { broker: urlOf(ports.broker), issuer: urlOf(ports.issuer), aws: endpoint, slack: urlOf(ports.slack) },
      secret,
      rules,
      aws,
      sweep: broker.sweep,
      ship: shipping.now,
      shipper,
      endSessions: ends.now,
      ...(slack ? { slack: slack.look } : {}),
      logVkey: vkey,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

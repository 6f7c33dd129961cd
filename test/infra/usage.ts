/**
 * What Stint uses of AWS, measured in the sandbox: the bundles as `prod` deploys them, each schedule and each consumer of the stream that
 * the deployed stack has. A function or a job that is added to the stack is measured without a change here.
 */
import { fileURLToPath } from 'node:url'
import { servedBy } from '@stint/broker/http/routes'
import { FUNCTIONS, type FunctionName } from '@stint/broker/lambda/functions'
import { rulesOf } from '@stint/core/config/rules'
import type { Profile, Rules } from '@stint/core/config/shape'
import { startLab } from '../support/lab.ts'
import type { Lambda } from '../support/lambda.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import type { Deployed, Inputs } from './deploy.ts'
import { meter, minus, nothing, plus, times, type Usage } from './meter.ts'
import { startDeployed, streamEvent } from './start-deployed.ts'

export type Schedule = { readonly name: string; readonly fn: FunctionName; readonly event: object; readonly minutes: number }
type Consumer = { readonly fn: FunctionName; readonly batchSize: number; readonly waits: boolean }

export type Measured = {
  /** A run of each schedule of an idle deployment, by the number of profiles that need approval. */
  readonly idle: readonly { readonly profiles: number; readonly runs: readonly { readonly schedule: Schedule; readonly usage: Usage }[] }[]
  /** A session, from its request to the answer. */
  readonly vend: Usage
  /** What the stream's consumers do for a session that comes alone, and for one of many. */
  readonly shipped: { readonly alone: Usage; readonly atVolume: Usage }
  /** What schedules do for a session between its request and the deletion of its item, beyond what they do without it. NaN if it was not asked for. */
  readonly later: Usage
  /** A renewal, on average over a session of eight hours that is renewed every 30 minutes. */
  readonly renewal: Renewal
  /** A request with approval and one session, all of it. */
  readonly approval: Usage
  /** Bytes that stay in the tables and in the buckets, for each session. */
  readonly stored: { readonly tables: number; readonly log: number }
}

/** `call`: from its request to the answer. `shipped`: what the stream's consumers do for it, alone. */
export type Renewal = { readonly call: Usage; readonly shipped: Usage }

const PROFILES = [1, 100, 10_000] as const
const SESSIONS = 20
/** Enough for the batches of a second with 600 sessions, if the stream may have such batches. */
const SESSIONS_AT_VOLUME = 500
const MOST_RECORDS = 1000

/** A Lambda function does this much beside its calls, in milliseconds (docs/performance.md). */
const OWN_MS = 20
/** Lambda's START, END and REPORT lines of one invocation, and the line in the access log of the API, in bytes. */
const [REPORT_BYTES, ACCESS_LINE_BYTES] = [350, 350]

/** `life`: whether to run the jobs of more than a year after sessions, which takes most of the time. */
export async function measure(prod: Deployed, life: boolean): Promise<Measured> {
  const idle = []
  for (const profiles of PROFILES) idle.push({ profiles, runs: await idleRuns(prod, profiles) })
  const hours = life ? LIFE_HOURS : []
  const [without, once] = [await lifeOf(prod, 0, hours), await lifeOf(prod, SESSIONS, hours)]
  const { shipped: atVolume } = await shippedAtVolume(prod)
  const each = (usage: Usage, count: number) => times(usage, 1 / count)
  return {
    idle,
    vend: each(once.vend, SESSIONS),
    shipped: { alone: each(once.shipped, SESSIONS), atVolume: each(atVolume, SESSIONS_AT_VOLUME) },
    later: life ? each(minus(once.later, without.later), SESSIONS) : times(nothing, Number.NaN),
    renewal: await renewalOf(prod),
    approval: minus(await approvalOf(prod, true), await approvalOf(prod, false)),
    stored: { tables: once.stored.tables / SESSIONS, log: once.stored.log / SESSIONS },
  }
}

// ── The stack ────────────────────────────────────────────────────────────────────────────────────────────────────────

const functionIn = (arn: string): FunctionName => /:function:stint-(?:\w+-)?(\w+)$/.exec(arn)?.[1] as FunctionName

export function schedulesOf(prod: Deployed): readonly Schedule[] {
  const targets = prod.of('aws:cloudwatch/eventTarget:EventTarget')
  return prod.of('aws:cloudwatch/eventRule:EventRule').flatMap(({ name, inputs }) => {
    const minutes = minutesOf(inputs.scheduleExpression)
    return targets
      .filter((target) => target.inputs.rule === inputs.name)
      .map((target) => ({
        name: name.replace(/Rule$/, ''),
        fn: functionIn(target.inputs.arn),
        event: JSON.parse(target.inputs.input) as object,
        minutes,
      }))
  })
}

function minutesOf(expression: string): number {
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? []
  const minutes = { minute: 1, hour: 60, day: 1440 }[unit]
  if (minutes === undefined) throw new Error(`docs/costs.md has no price for the schedule ${expression}`)
  return Number(count) * minutes
}

const consumersOf = (prod: Deployed): readonly Consumer[] =>
  prod
    .of('aws:lambda/eventSourceMapping:EventSourceMapping')
    // Of the stream. The queue of ended sessions gets a message only when someone ends one.
    .filter(({ inputs }: { readonly inputs: Inputs }) => inputs.eventSourceArn.includes(':dynamodb:'))
    .map(({ inputs }: { readonly inputs: Inputs }) => ({
      fn: functionIn(inputs.functionName),
      batchSize: Math.min(inputs.batchSize, MOST_RECORDS),
      waits: inputs.maximumBatchingWindowInSeconds > 0,
    }))

// ── A deployment in the sandbox ──────────────────────────────────────────────────────────────────────────────────────

async function deployment(prod: Deployed, rules?: (of: TestSandbox) => Rules, more: Parameters<typeof testSandbox>[0] = {}) {
  const counter = meter()
  const sandbox = await testSandbox({ ...more, intercept: counter.intercept })
  counter.watch(sandbox)
  const running = new Map<FunctionName, Lambda>()
  let delivered = 0

  async function invoke(fn: FunctionName, event: object): Promise<Usage> {
    const lambda = running.get(fn) ?? (await startDeployed(prod, sandbox, fn, { rules: rules?.(sandbox), lock: false, patience: 20 }))
    running.set(fn, lambda)
    const before = lambda.output().length
    let answer: object = {}
    const { usage, milliseconds } = await counter.of(async () => {
      answer = await lambda.invoke(event).catch((error: Error) => {
        throw new Error(`${fn}: ${error.message} ${lambda.output().slice(before)}`)
      })
    })
    if ('batchItemFailures' in answer && (answer.batchItemFailures as readonly object[]).length > 0)
      throw new Error(`${fn} did not take its batch: ${lambda.output().slice(before)}`)
    return { ...usage, ...ranFor(fn, milliseconds, lambda.output().length - before) }
  }

  return {
    sandbox,
    invoke,
    /** A call over HTTP, with the function that serves it. */
    async call(method: string, path: string, token: string, body: object): Promise<{ usage: Usage; json: Record<string, any> }> {
      const lines = sandbox.log.length
      let json = {}
      const { usage, milliseconds } = await counter.of(async () => {
        const answer = await sandbox.call(method, path, token, body)
        if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`)
        json = answer.json
      })
      const written = Buffer.byteLength(JSON.stringify(sandbox.log.slice(lines)))
      return { json, usage: { ...usage, ...ranFor(servedBy(method, path), milliseconds, written + ACCESS_LINE_BYTES), httpRequests: 1 } }
    },
    /** Passes the stream's new records to its consumers. `one`: the records of one session, that come alone. */
    async deliver(how: 'one' | 'batches'): Promise<Usage> {
      const records = sandbox.aws.dynamo.records.filter(({ table }) => table === 'stint').slice(delivered)
      delivered += records.length
      sandbox.settle()
      let all = nothing
      for (const { fn, batchSize, waits } of consumersOf(prod)) {
        const size = how === 'one' && !waits ? 1 : batchSize
        for (let at = 0; at < records.length; at += size) all = plus(all, await invoke(fn, streamEvent(records.slice(at, at + size))))
      }
      return all
    },
    async run(schedules: readonly Schedule[]): Promise<Usage> {
      let all = nothing
      for (const { fn, event } of schedules) all = plus(all, await invoke(fn, event))
      return all
    },
    async close() {
      for (const lambda of running.values()) lambda.close()
      await sandbox.close()
    },
  }
}
type Deployment = Awaited<ReturnType<typeof deployment>>

const ranFor = (fn: FunctionName, milliseconds: number, lineBytes: number) => ({
  invocations: 1,
  gbSeconds: (((OWN_MS + milliseconds) / 1000) * FUNCTIONS[fn].megabytes) / 1024,
  lineBytes: lineBytes + REPORT_BYTES,
})

/** Runs everything twice: what a deployment writes only once, such as its config, is not a monthly cost. */
async function settleDown(stint: Deployment, prod: Deployed): Promise<void> {
  for (const _round of ['first', 'second']) {
    await stint.run(schedulesOf(prod))
    await stint.deliver('batches')
  }
}

// ── What is measured ─────────────────────────────────────────────────────────────────────────────────────────────────

async function idleRuns(prod: Deployed, profiles: number): Promise<Measured['idle'][number]['runs']> {
  const stint = await deployment(prod, ({ rules }) => withApprovalProfiles(rules, profiles))
  await settleDown(stint, prod)
  const runs = []
  for (const schedule of schedulesOf(prod)) runs.push({ schedule, usage: await stint.run([schedule]) })
  await stint.close()
  return runs
}

function withApprovalProfiles({ hash, profiles: known, ...rest }: Rules, count: number): Rules {
  const profile = known.find('break-glass') as Profile
  const profiles = Object.fromEntries(Array.from({ length: count }, (_, at) => [`profile-${String(at).padStart(5, '0')}`, profile]))
  return rulesOf({ ...rest, profiles }, hash)
}

const HOUR_MS = 3_600_000
/**
 * The hours after the sessions at which jobs run: each one of four days, then once a day while requests can still be compared, and around
 * the days when their items are retired and deleted.
 */
const LIFE_HOURS = [
  ...range(1, 96),
  ...range(5, 50).map((day) => day * 24),
  ...[...range(399, 403), ...range(406, 412)].map((day) => day * 24),
]

/** `sessions`: 0 for the same time without any, which is subtracted. */
async function lifeOf(prod: Deployed, sessions: number, hours: readonly number[]) {
  const stint = await deployment(prod)
  const { sandbox } = stint
  await settleDown(stint, prod)
  const token = await sandbox.token('developer')
  const stored = () => ({ tables: tableBytes(sandbox), log: bucketBytes(sandbox) })
  const before = stored()
  let [vend, shipped, later] = [nothing, nothing, nothing]
  for (let done = 0; done < sessions; done++) {
    vend = plus(vend, (await stint.call('POST', '/sessions', token, { profile: 'staging-power' })).usage)
    shipped = plus(shipped, await stint.deliver('one'))
  }
  const after = stored()
  let now = 0
  for (const hour of hours) {
    sandbox.advance((hour - now) * HOUR_MS)
    now = hour
    sandbox.settle()
    const due = schedulesOf(prod).filter(({ minutes }) => minutes === 60 || (minutes === 1440 && hour % 24 === 0))
    later = plus(later, plus(await stint.run(due), await stint.deliver('batches')))
  }
  await stint.close()
  return { vend, shipped, later, stored: { tables: after.tables - before.tables, log: after.log - before.log } }
}

async function shippedAtVolume(prod: Deployed) {
  const stint = await deployment(prod)
  await settleDown(stint, prod)
  const token = await stint.sandbox.token('developer')
  for (let done = 0; done < SESSIONS_AT_VOLUME; done += 10)
    await Promise.all(Array.from({ length: 10 }, () => stint.sandbox.vend(token, { profile: 'staging-power' })))
  const shipped = await stint.deliver('batches')
  await stint.close()
  return { shipped }
}

/** Renewals of a session of eight hours, whose credentials last 30 minutes. */
export const RENEWALS = 15
const RENEW_CONFIG = fileURLToPath(new URL('../support/renew.config.ts', import.meta.url))

export async function renewalOf(prod: Deployed): Promise<Renewal> {
  let now = Date.now
  const lab = await startLab(() => now())
  const stint = await deployment(prod, ({ rules }) => rules, { config: RENEW_CONFIG, bindings: lab.bindings })
  const { sandbox } = stint
  now = sandbox.now
  await settleDown(stint, prod)
  const token = () => lab.token({ sub: 'erin', role: 'engineer', groups: [] })
  const { json } = await stint.call('POST', '/sessions', await token(), { profile: 'all', duration: '8h' })
  await stint.deliver('one')
  let [call, shipped] = [nothing, nothing]
  for (let renewal = 0; renewal < RENEWALS; renewal++) {
    sandbox.advance(30 * 60_000)
    call = plus(call, (await stint.call('POST', `/sessions/${json.id}/credentials`, await token(), {})).usage)
    shipped = plus(shipped, await stint.deliver('one'))
  }
  await stint.close()
  await lab.close()
  return { call: times(call, 1 / RENEWALS), shipped: times(shipped, 1 / RENEWALS) }
}

/** Two hours with the jobs of every minute and hour, and with one break-glass or none: the longest way that a request can go. */
async function approvalOf(prod: Deployed, happens: boolean): Promise<Usage> {
  const stint = await deployment(prod)
  const { sandbox } = stint
  await settleDown(stint, prod)
  let all = nothing
  const add = async (usage: Promise<Usage>) => {
    all = plus(all, await usage)
  }
  const act = async (who: string, path: string, body: object): Promise<Record<string, any>> => {
    const { usage, json } = await stint.call('POST', path, await sandbox.token(who), body)
    all = plus(all, usage)
    await add(stint.deliver('one'))
    return json
  }
  const minutes = async (count: number) => {
    for (let minute = 0; minute < count; minute++) {
      sandbox.advance(60_000)
      sandbox.settle()
      await add(stint.run(schedulesOf(prod).filter(({ minutes: every }) => every === 1)))
    }
  }
  const asked = happens ? await act('oncall', '/sessions', { profile: 'break-glass', justification: 'INC-1' }) : {}
  await minutes(5)
  if (happens) {
    await act('approver', `/requests/${asked.requestId}/approve`, {})
    await act('oncall', '/sessions', { profile: 'break-glass', requestId: asked.requestId, justification: 'INC-1' })
  }
  await minutes(10)
  if (happens) await act('approver', `/requests/${asked.requestId}/review`, { text: 'as planned' })
  await minutes(105)
  await add(stint.run(schedulesOf(prod).filter(({ minutes: every }) => every === 60)))
  await stint.close()
  return all
}

const bucketBytes = ({ aws }: TestSandbox): number =>
  [...aws.world.buckets.values()]
    .filter(({ name }) => /^stint-/.test(name))
    .reduce((sum, { objects }) => sum + [...objects.values()].reduce((all, { body }) => all + body.length, 0), 0)

const tableBytes = ({ aws }: TestSandbox): number => {
  const items = new Map(aws.dynamo.records.map(({ table, keys, newImage }) => [`${table} ${JSON.stringify(keys)}`, newImage]))
  return [...items.values()].reduce((sum, image) => sum + Buffer.byteLength(JSON.stringify(image ?? {})), 0)
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

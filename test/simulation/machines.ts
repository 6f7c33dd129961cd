/**
 * Stint's own code on machines: the vend path over its own wire, the api's hono app, Slack's entry point and notifier, the sweeper, the
 * shipper and the keepers, each as its function builds it. Only what is outside of Stint is simulated: time, randomness, network, AWS,
 * Slack and the issuers.
 */
import { sign as nodeSign } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { apiLedger } from '@stint/broker/adapters/dynamodb/api-ledger'
import { dayWalk } from '@stint/broker/adapters/dynamodb/day-walk'
import { erasures } from '@stint/broker/adapters/dynamodb/erasure'
import { allJournals, itemReader, journalReader, journalsReader } from '@stint/broker/adapters/dynamodb/journal-reader'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { logState } from '@stint/broker/adapters/dynamodb/log-state'
import { progress } from '@stint/broker/adapters/dynamodb/progress'
import { giveBack, givingBack } from '@stint/broker/adapters/dynamodb/restore'
import { retire } from '@stint/broker/adapters/dynamodb/retirement'
import { vendLedger } from '@stint/broker/adapters/dynamodb/vend-ledger'
import { issuerKeys } from '@stint/broker/adapters/jwks'
import { stsAdapter } from '@stint/broker/adapters/sts'
import { tableOverWire } from '@stint/broker/adapters/wire/dynamodb'
import type { Wire } from '@stint/broker/adapters/wire/exchange'
import { stsOverWire } from '@stint/broker/adapters/wire/sts'
import { sweep } from '@stint/broker/approvals/sweep'
import type { ApiBroker } from '@stint/broker/http/context'
import { compare } from '@stint/broker/keepers/compare'
import { onEndQueue } from '@stint/broker/lambda/on-queue'
import { erase } from '@stint/broker/log/erase'
import { type Shipper, ship } from '@stint/broker/log/ship'
import { createTrail } from '@stint/broker/log/trail'
import type { Broker } from '@stint/broker/ports/broker'
import type { Timers } from '@stint/broker/ports/deadline'
import { Trouble } from '@stint/broker/ports/log'
import type { Log } from '@stint/broker/ports/runtime'
import { createBroker, deadlinesOnAws, type FunctionDeployment } from '@stint/broker/wiring/broker'
import { ledgerSettings } from '@stint/broker/wiring/dynamodb'
import { openNotifier, openSlackHandler, type SlackDeployment } from '@stint/broker/wiring/slack'
import { lostOf } from '@stint/cli/audit/restore'
import { storeSource } from '@stint/cli/audit/sources'
import type { Journaled } from '@stint/core/audit/journal-item'
import type { Rules } from '@stint/core/config/shape'
import type { RequestId } from '@stint/core/ids'
import type { Dynamo } from './dynamo.ts'
import { earlierImage, send, toJson, withUnprocessed } from './dynamo.ts'
import { clientOn } from './dynamo-client.ts'
import { enderOn, immediateOn } from './end-machines.ts'
import type { EndQueue } from './end-queue.ts'
import type { Iam } from './iam.ts'
import type { Machine, Network } from './network.ts'
import { type Bucket, storeOn } from './objects.ts'
import { jwksAt, LOG_KEY, LOG_SIGNER, LOG_VKEY } from './people.ts'
import type { Slack } from './slack.ts'
import { stepOf } from './steps.ts'
import { type Sts, stsError } from './sts.ts'
import type { Witnesses } from './witnesses.ts'
import type { World } from './world.ts'

export const [STORY, SIDE] = ['stint', 'stint-side']

export type Services = {
  readonly world: World
  readonly network: Network
  readonly dynamo: Dynamo
  readonly sts: Sts
  readonly iam: Iam
  readonly endQueue: EndQueue
  readonly log: Bucket
  readonly events: Bucket
  readonly slack: Slack
  readonly witnesses: Witnesses
  /** The time that the clock of a machine shows. */
  readonly clockOf: (machine: Machine) => number
  /** What each release of the config says. */
  readonly releases: readonly Rules[]
  /** After a restore, the time of it. */
  readonly epoch: () => number | undefined
  /** A write of `vend` is sent, with the time that its condition is about. */
  readonly onTime: (machine: Machine, now: number) => void
  /** Whether STS refuses this call, and with which error. */
  readonly stsRefusal: (machine: Machine) => 'AccessDenied' | 'Throttling' | 'InternalFailure' | undefined
  /** How much older than the last write a read of IAM is, in milliseconds. */
  readonly iamLagMs: (machine: Machine) => number
  /** A machine sent a message to the queue of ends. */
  readonly onMessage: (sender: Machine) => void
  /** Whether all that is not on the vend path goes through AWS's SDK too, down to its HTTP. */
  readonly overSdk: boolean
  /** Counts what was reached, for the sometimes-assertions. */
  readonly reach: (what: string) => void
  readonly onLog: (machine: Machine, line: Parameters<Log>[0]) => void
}

/** What each function of Stint gets from its environment. */
function deploymentOn(services: Services, machine: Machine): FunctionDeployment & { readonly dynamodb: DynamoDBClient } {
  const { world, releases, clockOf, onLog, epoch } = services
  const at = epoch()
  return {
    rules: releases[machine.release] as Rules,
    build: `release-${machine.release}`,
    region: 'eu-central-1',
    keys: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'x' },
    tables: { story: STORY, side: SIDE },
    clock: () => clockOf(machine),
    random: (count) => machine.call.dice.bytes(count),
    sleep: (milliseconds) => new Promise<void>((resolve) => void world.after(milliseconds, () => machine.alive && resolve())),
    timers: timersOn(world, machine),
    log: (line) => onLog(machine, line),
    logVkey: LOG_VKEY,
    dynamodb: clientOn(services, machine),
    ...(at === undefined ? {} : { epoch: at }),
  }
}

const timersOn = (world: World, machine: Machine): Timers =>
  ({
    setTimeout: (run: () => void, milliseconds: number) => world.after(milliseconds, () => machine.alive && run()),
    clearTimeout: (timer: { cancelled: boolean } | undefined) => {
      if (timer) timer.cancelled = true
    },
  }) as unknown as Timers

const keysOn = ({ network, world }: Services, machine: Machine, { clock, log }: FunctionDeployment) =>
  issuerKeys({
    clock,
    log,
    get: () =>
      network.exchange<Uint8Array>(machine, {
        step: 'jwks',
        service: 'jwks',
        effect: () => jwksAt(world.now),
        failed: () => {
          throw new Error('answered 500')
        },
        throttled: () => {
          throw new Error('answered 429')
        },
        garbled: (_answer, dice) => Buffer.from(dice.pick(['{"keys":[]}', '{"keys":', '<html></html>', '[]'])),
        deadlineMs: 3000,
      }),
  })

// ── vend ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function vendOn(services: Services, machine: Machine): Broker {
  const deployment = deploymentOn(services, machine)
  const { clock, random, sleep, timers } = deployment
  const { ledger, sts } = deadlinesOnAws
  return createBroker(deployment, {
    keys: keysOn(services, machine, deployment),
    ledger: vendLedger({ ...ledgerSettings(deployment), calls: tableOverWire(dynamoWire(services, machine), ledger) }),
    sts: stsAdapter({
      call: stsOverWire(() => stsWire(services, machine, 'AssumeRole')),
      clock,
      random,
      sleep,
      wholeCallMs: sts,
      ...(timers ? { timers } : {}),
    }),
  })
}

const dynamoWire = ({ network, dynamo, onTime }: Services, machine: Machine): Wire => ({
  open: () => {},
  post: (headers, body, deadlineMs) => {
    const target = headers['x-amz-target'] ?? ''
    const error = (status: number, name: string) => () => ({
      status,
      headers: {},
      body: JSON.stringify({ __type: `com.amazonaws#${name}` }),
    })
    const input = JSON.parse(body)
    const time = input.ExpressionAttributeValues?.[':now']?.N
    if (time !== undefined) onTime(machine, Number(time))
    return network.exchange(machine, {
      step: stepOf(target.replace(/.*\./, ''), input),
      service: 'dynamodb',
      effect: () => ({ headers: {}, ...send(dynamo, target, body) }),
      failed: error(500, 'InternalServerError'),
      throttled: error(400, 'ProvisionedThroughputExceededException'),
      garbled: ({ body: answered, ...rest }, dice) => ({
        ...rest,
        body:
          target.endsWith('.BatchGetItem') && dice.chance(0.5)
            ? JSON.stringify(withUnprocessed(input, JSON.parse(answered), dice.pick))
            : dice.pick(['{}', answered.slice(0, answered.length / 2), '[]', otherKey(answered), earlier(dynamo, answered)]),
      }),
      deadlineMs,
    })
  },
})
/** The same answer about another item. */
const otherKey = (answered: string): string =>
  answered.replaceAll(/req_[0-9a-hjkmnp-tv-z]{26}|frz_[0-9a-hjkmnp-tv-z]{26}/g, `req_${'0'.repeat(26)}`)

const earlier = (dynamo: Dynamo, answered: string): string => toJson(earlierImage(dynamo, JSON.parse(answered)))

const stsWire = ({ network, sts, world, stsRefusal }: Services, machine: Machine, step: string): Wire => ({
  open: () => {},
  post: (_headers, body, deadlineMs) => {
    const refusal = stsRefusal(machine)
    const answered = () =>
      refusal === undefined
        ? sts.assumeRole(body, world.now)
        : stsError(world.now, refusal === 'InternalFailure' ? 500 : refusal === 'AccessDenied' ? 403 : 400, refusal)
    return network.exchange(machine, {
      step: refusal === undefined ? step : `${step} ${refusal}`,
      service: 'sts',
      effect: answered,
      failed: () => stsError(world.now, 500, 'InternalFailure'),
      throttled: () => stsError(world.now, 400, 'Throttling'),
      garbled: (http, dice) => sts.otherAnswer(http, dice),
      deadlineMs,
    })
  },
})

// ── api, Slack ───────────────────────────────────────────────────────────────────────────────────────────────────────

export function apiOn(services: Services, machine: Machine): ApiBroker {
  const deployment = deploymentOn(services, machine)
  return {
    ...createBroker(deployment, {
      keys: keysOn(services, machine, deployment),
      ledger: apiLedger(ledgerSettings(deployment)),
      immediate: immediateOn(services, machine, deployment),
    }),
    trail: createTrail({
      ...logOn(services, machine),
      journal: journalReader({ client: deployment.dynamodb, storyTable: STORY }),
      vkey: LOG_VKEY,
    }),
    files: () => undefined,
  }
}

export const SLACK_SECRET = 'simulated-signing-secret'
const slackDeploymentOn = (services: Services, machine: Machine): SlackDeployment & FunctionDeployment => ({
  ...deploymentOn(services, machine),
  slack: {
    token: 'xoxb-simulated',
    signingSecrets: [SLACK_SECRET],
    publicUrl: 'https://stint.acme.example',
    fetch: services.slack.fetchOn(services.network, machine),
    directoryTokens: {},
    at: { api: 'https://slack.sim/api/', responseHost: 'slack.sim' },
  },
})
export function slackOn(services: Services, machine: Machine) {
  const deployment = slackDeploymentOn(services, machine)
  return openSlackHandler(deployment, { immediate: immediateOn(services, machine, deployment) })
}
export const notifierOn = (services: Services, machine: Machine) => openNotifier(slackDeploymentOn(services, machine))

// ── Background jobs ──────────────────────────────────────────────────────────────────────────────────────────────────

export function sweepOn(services: Services, machine: Machine) {
  const deployment = deploymentOn(services, machine)
  const immediate = immediateOn(services, machine, deployment)
  return sweep(createBroker(deployment, { ledger: dynamoLedger(ledgerSettings(deployment)), immediate }))
}

export const endOn = (services: Services, machine: Machine) =>
  onEndQueue(enderOn(services, machine, deploymentOn(services, machine), stsWire(services, machine, 'AssumeRole revoker')), false)

function logOn(services: Services, machine: Machine) {
  const { network, log, events } = services
  const { dynamodb: client, sleep } = deploymentOn(services, machine)
  return {
    log: storeOn(network, machine, log),
    events: storeOn(network, machine, events),
    state: logState({ client, sideTable: SIDE, sleep }),
  }
}

function shipperOn(services: Services, machine: Machine): Shipper {
  const { clock, random, log } = deploymentOn(services, machine)
  const sign = (message: Uint8Array) =>
    services.network.exchange<Uint8Array>(machine, {
      step: 'kms Sign',
      service: 'kms',
      effect: () => nodeSign(null, message, LOG_KEY),
      failed: trouble('InternalFailure'),
      throttled: trouble('ThrottlingException'),
      garbled: (_signature, dice) =>
        dice.chance(0.5) ? nodeSign(null, Buffer.from('another message'), LOG_KEY) : trouble('the response is not a signature')(),
      deadlineMs: 5000,
    })
  return {
    ...logOn(services, machine),
    signer: { key: LOG_SIGNER.key, sign: (message) => sign(message).catch((error: Error) => trouble(error.message)()) },
    witnesses: services.witnesses.on(machine, services.reach),
    clock,
    random,
    say: log,
  }
}

const trouble = (what: string) => (): never => {
  throw new Trouble(`kms: ${what}`)
}

export const shipOn = (services: Services, machine: Machine, journals: readonly Journaled[]) => ship(shipperOn(services, machine), journals)

export function compareOn(services: Services, machine: Machine, mayGoOn: () => boolean) {
  const { dynamodb: client, sleep, clock } = deploymentOn(services, machine)
  const source = { client, storyTable: STORY, sleep }
  const remembered = progress({ ...source, sideTable: SIDE }, 'compare')
  return compare({
    shipper: shipperOn(services, machine),
    journals: journalsReader(source),
    progress: remembered,
    retiring: progress({ ...source, sideTable: SIDE }, 'retire').kept,
    walk: dayWalk(source, remembered),
    now: clock(),
    mayGoOn,
  })
}

export function retireOn(services: Services, machine: Machine) {
  const deployment = deploymentOn(services, machine)
  const settings = ledgerSettings(deployment)
  const remembered = progress(settings, 'retire')
  return retire(settings, logState(settings), {
    progress: remembered,
    walk: dayWalk(settings, remembered),
    now: deployment.clock(),
    mayGoOn: () => true,
  })
}

/** `stint audit restore --yes`: what it restored, and how many items changed meanwhile, for which it has to run again. */
export async function auditRestoreOn(
  services: Services,
  machine: Machine,
): Promise<{ readonly ids: readonly string[]; readonly left: number }> {
  const { dynamodb: client, random, clock } = deploymentOn(services, machine)
  const story = { client, storyTable: STORY }
  const now = clock()
  const source = storeSource(logOn(services, machine))
  const lost = await lostOf(source, { keys: [LOG_SIGNER.key], table: allJournals(story), now })
  const item = itemReader(story)
  const ids: string[] = []
  let left = 0
  for (const one of lost) {
    const giving = givingBack(one, await item(one.id), { operator: 'platform-team', now, random })
    if (giving && (await giveBack(story, giving))) ids.push(one.id)
    else if (giving) left++
  }
  return { ids, left }
}

export function eraseOn(services: Services, machine: Machine, request: RequestId) {
  const deployment = deploymentOn(services, machine)
  const { dynamodb: client, random, sleep, clock, rules } = deployment
  return erase(
    {
      ...erasures({ client, storyTable: STORY }),
      ...logOn(services, machine),
      random,
      configHash: rules.hash,
      sleep,
    },
    { request, operator: 'privacy-team', justification: 'they asked for it' },
    clock(),
  )
}

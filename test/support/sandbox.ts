/**
 * A whole sandbox for one test file: free ports, a clock that can be moved, and a place to stand between the broker and
 * AWS. The broker in it is reached over real HTTP only.
 */

import type { KeyObject } from 'node:crypto'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Deadlines } from '@stint/broker'
import type { Rules, Target } from '@stint/core/config/shape'
import { loadRules, type Ports, portsFrom, type Sandbox, signIn, startSandbox, type WatchBroker } from '@stint/sandbox'
import type { Interceptor } from '@stint/sandbox/aws/server'
import { tables } from '@stint/sandbox/aws/world'
import { apiFaults, watching } from './api-document.ts'
import { recordDynamoDb } from './dynamodb-recording.ts'

type Row = { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } }

export const CONFIG = fileURLToPath(new URL('../../stint.config.ts', import.meta.url))

/** As far as DynamoDB's indexes are behind in every test; a person at the sandbox does not have to wait. */
export const INDEX_LAG_MS = 400

export type TestSandbox = Sandbox & {
  /** What was written shows in the indexes: for a test that lists what it has just made. */
  readonly settle: () => void
  /** Forgets how many requests for approval people have made this hour: for a test file that makes more than ten for one person. */
  readonly forgetAsks: () => Promise<void>
  /** Adds to what every clock of the sandbox says. */
  readonly advance: (milliseconds: number) => void
  readonly now: () => number
  readonly token: (name: string) => Promise<string>
  /** What the broker logged. */
  readonly log: readonly object[]
  /** Any call of the API. A body that is not a string is sent as JSON. */
  readonly call: (
    method: string,
    path: string,
    token: string | undefined,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
  readonly vend: (token: string | undefined, body: unknown, headers?: Record<string, string>) => Promise<Answer>
  readonly get: (path: string, token?: string) => Promise<Answer>
  /** Deploys another target config while requests wait. */
  readonly deploy: (target: string, change: Partial<Target>) => void
}

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly json: Record<string, any> }

export async function testSandbox(
  options: {
    guide?: boolean
    vendQueue?: { atOnce: number; waiting: number }
    config?: string
    bindings?: Record<string, string>
    /** In place of `config`. */
    rules?: (ports: Ports) => Rules
    logKey?: KeyObject
    /** The first instant, in milliseconds. Absent: now. */
    startsAt?: number
    intercept?: Interceptor
    deadlines?: Deadlines
    vendClient?: 'sdk'
    /** false: the test runs the `end` function. */
    end?: false
    /** Sees the broker's handler, which has no guard yet. */
    watch?: WatchBroker
  } = {},
): Promise<TestSandbox> {
  const ports = portsFrom(await freePorts(4))
  const rules = options.rules?.(ports) ?? (await loadRules(options.config ?? CONFIG, ports, options.bindings))
  const log: object[] = []
  let offset = options.startsAt === undefined ? 0 : options.startsAt - Date.now()
  const now = () => Date.now() + offset
  const answers = apiFaults()
  const sandbox = await startSandbox({
    ports,
    rules,
    clock: now,
    sweep: false,
    ship: false,
    notify: false,
    log: (line) => void log.push(line),
    // A test machine may be busy; what happens at the real deadlines is the matter of test/faults.
    deadlines: options.deadlines ?? { connect: 30_000, ledger: 30_000, sts: 60_000 },
    indexLagMs: INDEX_LAG_MS,
    watchBroker: (handle) => watching(answers.check)(options.watch?.(handle) ?? handle),
    recordings: 'all',
    // A test holds many calls at one place at the same time.
    vendQueue: options.vendQueue ?? { atOnce: 1000, waiting: 0 },
    ...(options.guide ? { guide: true } : {}),
    ...(options.intercept ? { intercept: options.intercept } : {}),
    ...(options.logKey ? { logKey: options.logKey } : {}),
    ...(options.end === false ? { end: false } : {}),
    ...(options.vendClient ? { vendClient: options.vendClient } : {}),
  })
  const folder = process.env.STINT_RECORD_DYNAMODB
  if (folder !== undefined) recordDynamoDb(sandbox.aws.dynamo, folder)
  const call: TestSandbox['call'] = async (method, path, token, body, headers = {}) => {
    const answer = await fetch(`${sandbox.urls.broker}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : {} }
  }
  return {
    ...sandbox,
    log,
    now,
    async close() {
      await sandbox.close()
      answers.settle()
    },
    settle: sandbox.aws.dynamo.settleIndexes,
    async forgetAsks() {
      const { Items = [] } = (await sandbox.aws.dynamo.direct('Scan', { TableName: tables.side })) as { Items?: Row[] }
      for (const { pk, sk } of Items)
        if (pk.S.startsWith('ASKS#')) await sandbox.aws.dynamo.direct('DeleteItem', { TableName: tables.side, Key: { pk, sk } })
    },
    // On Lambda a minute lies between what happened and the sweep.
    sweep: () => {
      sandbox.aws.dynamo.settleIndexes()
      return sandbox.sweep()
    },
    advance: (milliseconds) => {
      offset += milliseconds
    },
    deploy: (target, change) => {
      const targets = rules.targets as Record<string, Target>
      targets[target] = { ...(targets[target] as Target), ...change }
    },
    token: (name) => signIn(name, { url: sandbox.urls.issuer, secret: sandbox.secret }),
    call,
    vend: (token, body, headers) => call('POST', '/sessions', token, body, headers),
    get: (path, token) => call('GET', path, token),
  }
}

/**
 * The first of `count` ports in a row that are free now. Systems take the ports of outgoing connections from 32,768 or 49,152 on, so one
 * of those could be taken before it is listened on.
 */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free ports')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/**
 * SIGKILL at every await of `POST /sessions`: the broker is a process of its own, and is killed before and after each of its calls has an
 * effect. A new process then serves a retry with the same Idempotency-Key; the sweeper returns what was left; and table, audit log and
 * what AWS made tell one story. The calls are counted, so that a call which is added later is killed too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { urlSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { signIn } from '@stint/sandbox'
import { brokerKey } from '@stint/sandbox/aws/world'
import { portsFrom } from '@stint/sandbox/ports'
import { loadRules, startAws, startBroker, startIssuer, startShipper } from '@stint/sandbox/sandbox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokenInvariants, madeByAws, storedRequests } from '../support/checkers.ts'
import { compileCache } from '../support/compile-cache.ts'
import { type FaultyServer, faultyServer, type PassedCall } from '../support/faulty-server.ts'
import { CONFIG, freePorts, INDEX_LAG_MS } from '../support/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../packages/sandbox/src/main.ts', import.meta.url))
/**
 * The calls in the order in which they begin. The first two are under way together. Before them, a new process fetches the keys of the
 * issuer, which leaves nothing behind.
 */
const CALLS = ['reserve', 'freezes', 'assume', 'record'] as const
type Step = (typeof CALLS)[number] | 'other'
type Moment = 'before' | 'after'

let parts: { close: () => Promise<void> }[] = []
let aws: Awaited<ReturnType<typeof startAws>>
let toAws: FaultyServer
let sweeper: Awaited<ReturnType<typeof startBroker>>
let broker: ChildProcess | undefined
let start: () => Promise<void>
let token: string
let auditor: string
let url: string
let killAt: { readonly step: Step; readonly moment: Moment } | undefined
let seen: Step[] = []
let reserved = Promise.withResolvers<void>()
const left: string[] = []

/** undefined: not a call of `POST /sessions`. The shipper and the sweeper of the process write, too. */
function stepOf({ action, body }: PassedCall): Step | undefined {
  if (action === 'AssumeRole') return 'assume'
  if (action === 'BatchGetItem') return 'freezes'
  if (action !== 'UpdateItem' || !body.includes('"pk":{"S":"REQ#')) return undefined
  if (body.includes('session.reserved')) return 'reserve'
  if (body.includes('session.issued')) return 'record'
  return 'other'
}

async function kill(): Promise<void> {
  killAt = undefined
  const exited = once(broker as ChildProcess, 'exit')
  broker?.kill('SIGKILL')
  await exited
}
async function watch(call: PassedCall, moment: Moment): Promise<void> {
  const step = stepOf(call)
  if (!step) return
  if (moment === 'before') seen.push(step)
  else if (step === 'reserve') reserved.resolve()
  if (killAt?.step !== step || killAt.moment !== moment) return
  // The reservation is under way at the same time. It ends first, because chance would otherwise decide whether it had.
  if (step === 'freezes') await reserved.promise
  await kill()
  // A dead process did not send what was not sent yet.
  if (moment === 'before') throw new Error('killed')
}

beforeAll(async () => {
  const first = await freePorts(4)
  const ports = portsFrom(first)
  const rules = await loadRules(CONFIG, ports)
  aws = await startAws(ports, rules, Date.now, { indexLagMs: INDEX_LAG_MS })
  const issuer = await startIssuer(ports, rules, 's'.repeat(32), Date.now)
  toAws = await faultyServer(`http://127.0.0.1:${ports.aws}`, watch)
  ;[token, auditor] = (await Promise.all(
    (['developer', 'auditor'] as const).map((name) => signIn(name, { url: `http://127.0.0.1:${ports.issuer}`, secret: 's'.repeat(32) })),
  )) as [string, string]
  const direct = `http://127.0.0.1:${ports.aws}`
  url = `http://127.0.0.1:${ports.broker}`
  const settings = {
    rules,
    endpoints: { sts: toAws.url, dynamodb: toAws.url, s3: toAws.url, kms: toAws.url },
    region: aws.world.region,
    log: () => {},
  }
  const { vkey } = await startShipper({ ...settings, key: brokerKey(aws.world, 'ship'), clock: Date.now })
  const key = brokerKey(aws.world, 'sweep')
  sweeper = await startBroker({
    ...settings,
    ports: { ...ports, broker: await freePorts(1) },
    keys: { vend: key, api: key, sweep: key },
    // Only the sweeper: by its clock, what is reserved now has waited for 91 seconds.
    clock: () => Date.now() + 91_000,
    endpoints: { sts: direct, dynamodb: direct, s3: direct, kms: direct },
    logVkey: vkey,
    sweep: false,
  })
  parts = [sweeper, toAws, aws, issuer]
  start = async () => {
    const own = brokerKey(aws.world, 'broker')
    broker = spawn(process.execPath, [MAIN, '--only', 'broker', '--port', String(ports.broker)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        ...compileCache,
        AWS_ENDPOINT_URL_STS: toAws.url,
        AWS_ENDPOINT_URL_DYNAMODB: toAws.url,
        AWS_ENDPOINT_URL_S3: toAws.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: own.accessKeyId,
        AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
        AWS_SESSION_TOKEN: own.sessionToken,
      },
    })
    await once(broker.stdout as NodeJS.ReadableStream, 'data')
  }
})
afterAll(async () => {
  broker?.kill('SIGKILL')
  for (const part of parts) await part.close()
})

async function vend(key: string): Promise<{ status: number; code?: string; key?: string } | 'died'> {
  try {
    const answer = await fetch(`${url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': key },
      body: '{"profile":"staging-power"}',
    })
    const body = (await answer.json()) as { code?: string; credentials?: { accessKeyId: string } }
    if (body.credentials) left.push(body.credentials.accessKeyId)
    return {
      status: answer.status,
      ...(body.code ? { code: body.code } : {}),
      ...(body.credentials ? { key: body.credentials.accessKeyId } : {}),
    }
  } catch {
    return 'died'
  }
}
const state = async (id: string | undefined) => (await storedRequests({ aws })).find((request) => request.id === id)

test('a call without a fault makes the calls that are listed, and no other', async () => {
  await start()
  seen = []
  expect(await vend('calm')).toMatchObject({ status: 201 })
  // The freezes are read again if reserving was slow.
  expect([...new Set(seen)].toSorted()).toEqual(CALLS.toSorted())
})

test.each<[Moment, Step, string | undefined]>(
  CALLS.flatMap((step) =>
    (['before', 'after'] as const).map((moment): [Moment, Step, string | undefined] => [
      moment,
      step,
      step === 'record' && moment === 'after' ? 'issued' : undefined,
    ]),
  ),
)('killed %s %s: one story', async (moment, step, end) => {
  const key = `killed-${moment}-${step}`
  const known = new Set((await storedRequests({ aws })).map(({ id }) => id))
  await kill()
  await start()
  killAt = { step, moment }
  reserved = Promise.withResolvers()
  expect(await vend(key)).toBe('died')
  expect(killAt).toBeUndefined()
  const [own, ...others] = (await storedRequests({ aws })).filter(({ id }) => !known.has(id))
  expect(others).toEqual([])
  expect(await brokenInvariants({ aws }, left)).toEqual([])

  // The caller tries again with the same key.
  await start()
  const again = await vend(key)
  if (!own) expect(again).toMatchObject({ status: 201 })
  else expect(again).toMatchObject({ status: 409, code: end === 'issued' ? 'already-issued' : 'in-progress' })
  expect(await brokenInvariants({ aws }, left)).toEqual([])

  // The sweeper returns the use, and the key works.
  aws.dynamo.settleIndexes()
  await sweeper.sweep()
  if (own && end !== 'issued') {
    expect((await state(own.id))?.sessions.map((session) => session.state)).toEqual(['abandoned'])
    expect(await vend(key)).toMatchObject({ status: 201 })
  }
  expect(await vend(key)).toMatchObject({ status: 409, code: 'already-issued' })
  const after = (await storedRequests({ aws })).filter(({ id }) => !known.has(id))
  expect(after.flatMap(({ sessions }) => sessions).filter((session) => session.state === 'issued')).toHaveLength(1)
  expect(await brokenInvariants({ aws }, left)).toEqual([])
})

test('the audit log has each event of each journal, and verifies', async () => {
  const events = (await storedRequests({ aws })).flatMap(({ events: all }) => all).length
  const source = urlSource(`${url}/audit/log`, auditor, fetch, (ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  let entries = 0
  let faults: readonly unknown[] = []
  // The process ships once a second.
  await expect
    .poll(
      async () => {
        const report = await verify({ source, keys: [], now: Date.now() })
        faults = report.faults
        entries = faults.length === 0 ? report.size : 0
        return entries
      },
      { timeout: 60_000, interval: 1000 },
    )
    .toBeGreaterThanOrEqual(events)
  expect(faults).toEqual([])
  // AWS made sessions whose credentials reached no caller. Each has an intent in the log.
  expect(madeByAws({ aws }).length).toBeGreaterThan(left.length)
})

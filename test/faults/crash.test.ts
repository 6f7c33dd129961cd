/**
 * The broker as a process of its own, killed before and after each of the three calls. After a restart the invariants hold
 * and the next vend works.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { signIn } from '@stint/sandbox'
import type { Interceptor } from '@stint/sandbox/aws/server'
import { brokerKey } from '@stint/sandbox/aws/world'
import { portsFrom } from '@stint/sandbox/ports'
import { loadRules, startAws, startIssuer } from '@stint/sandbox/sandbox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokenInvariants, storedRequests } from '../support/checkers.ts'
import { CONFIG, freePorts, INDEX_LAG_MS } from '../support/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../packages/sandbox/src/main.ts', import.meta.url))

type Point = 'before reserve' | 'after reserve' | 'before assume' | 'after assume' | 'before record' | 'after record'

let parts: { close: () => Promise<void> }[] = []
let aws: Awaited<ReturnType<typeof startAws>>
let broker: ChildProcess
let start: () => Promise<void>
let token: string
let url: string
let killAt: Point | undefined
let asked = 0
const left: string[] = []

beforeAll(async () => {
  const ports = portsFrom(await freePorts(3))
  const rules = await loadRules(CONFIG, ports)
  const kill = async () => {
    killAt = undefined
    broker.kill('SIGKILL')
    await once(broker, 'exit')
  }
  const intercept: Interceptor = async (_service, action, next, { body }) => {
    // The sweeper and the shipper write too, but not this.
    const writes = action === 'UpdateItem' && body.includes('"pk":{"S":"REQ#')
    const step = action === 'AssumeRole' ? 'assume' : writes ? (asked === 0 ? 'reserve' : 'record') : undefined
    if (step === 'assume') asked = 1
    if (step && killAt === `before ${step}`) {
      await kill()
      return 'drop'
    }
    const answer = await next()
    if (step && killAt === `after ${step}`) {
      await kill()
      return 'drop'
    }
    return answer
  }
  aws = await startAws(ports, rules, Date.now, { intercept, indexLagMs: INDEX_LAG_MS })
  const issuer = await startIssuer(ports, rules, 's'.repeat(32), Date.now)
  parts = [aws, issuer]
  token = await signIn('developer', { url: `http://127.0.0.1:${ports.issuer}`, secret: 's'.repeat(32) })
  url = `http://127.0.0.1:${ports.broker}`
  const endpoint = `http://127.0.0.1:${ports.aws}`
  start = async () => {
    const key = brokerKey(aws.world, 'broker')
    broker = spawn(process.execPath, [MAIN, '--only', 'broker', '--port', String(ports.broker)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL_STS: endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: endpoint,
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: key.accessKeyId,
        AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
        AWS_SESSION_TOKEN: key.sessionToken,
      },
    })
    await once(broker.stdout as NodeJS.ReadableStream, 'data')
  }
  await start()
})
afterAll(async () => {
  broker.kill('SIGKILL')
  for (const part of parts) await part.close()
})

async function vend(): Promise<number | 'died'> {
  asked = 0
  try {
    const answer = await fetch(`${url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"profile":"staging-power"}',
    })
    const body = (await answer.json()) as { credentials?: { accessKeyId: string } }
    if (body.credentials) left.push(body.credentials.accessKeyId)
    return answer.status
  } catch {
    return 'died'
  }
}

test.each<[Point, string | undefined]>([
  ['before reserve', undefined],
  ['after reserve', 'reserved'],
  ['before assume', 'reserved'],
  ['after assume', 'reserved'],
  ['before record', 'reserved'],
  ['after record', 'issued'],
])('killed %s: the session is %s, and the next vend works', async (point, state) => {
  const before = await storedRequests({ aws })
  killAt = point
  expect(await vend()).toBe('died')
  const added = (await storedRequests({ aws })).filter(({ id }) => !before.some((request) => request.id === id))
  expect(added.map(({ sessions }) => sessions[0]?.state)).toEqual(state === undefined ? [] : [state])
  expect(await brokenInvariants({ aws }, left)).toEqual([])
  await start()
  expect(await vend()).toBe(201)
  expect(await brokenInvariants({ aws }, left)).toEqual([])
})

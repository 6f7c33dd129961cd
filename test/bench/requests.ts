/**
 * `node test/bench/requests.ts`: how quick the approval table's lists stay as it grows. The same three lists over 1,000 and
 * over 100,000 requests: time, and what DynamoDB was asked. There must be no Scan, and no more calls than for few.
 */
import { fileURLToPath } from 'node:url'
import { dayKey, requestKey, shardOf, timeKey, workKey } from '@stint/broker/adapters/dynamodb/table'
import type { RequestId } from '@stint/core/ids'
import { loadRules, portsFrom, signIn, startSandbox } from '@stint/sandbox'

const CONFIG = fileURLToPath(new URL('../../stint.config.ts', import.meta.url))
const RUNS = 15
const WAITING = 40

const ports = portsFrom(25_400)
const sandbox = await startSandbox({ ports, rules: await loadRules(CONFIG, ports), sweep: false })
const token = (name: string) => signIn(name, { url: sandbox.urls.issuer, secret: sandbox.secret })
const [approver, oncall, auditor] = [await token('approver'), await token('oncall'), await token('auditor')]

/** Requests of many people over some days, a few of them waiting; written past the broker. */
async function fill(from: number, to: number): Promise<void> {
  const now = Date.now()
  for (let start = from; start < to; start += 25) {
    const puts = Array.from({ length: Math.min(25, to - start) }, (_, offset) => {
      const index = start + offset
      const id = `req_${String(index).padStart(26, '0')}` as RequestId
      const waits = index % (1000 / WAITING) === 0 && index < 1000
      const at = now - (index % 20_000) * 60_000
      const subject = index % 50 === 0 ? '93ad02be-onc-1' : `person-${index % 700}`
      return {
        PutRequest: {
          Item: {
            pk: { S: requestKey(id) },
            id: { S: id },
            version: { N: '1' },
            state: { S: waits ? 'pending' : 'ended' },
            createdAt: { N: String(at) },
            caller: { M: { issuer: { S: 'people' }, subject: { S: subject }, name: { S: subject }, kind: { S: 'human' } } },
            person: { S: `people#${subject}` },
            profile: { S: 'break-glass' },
            target: { S: 'prod-admin' },
            roleArn: { S: 'arn:aws:iam::111122223333:role/stint/Admin' },
            terms: { S: '{"maxDuration":3600,"policy":[],"policyArns":[],"uses":3,"window":3600}' },
            termsHash: { S: 'f' },
            breakGlass: { BOOL: false },
            expiresAt: { N: String(now + 3_600_000) },
            approvals: { L: [] },
            limits: { M: {} },
            events: { L: [] },
            callerKey: { S: `people#${subject}` },
            dayKey: { S: dayKey(at, shardOf(id)) },
            at: { S: timeKey(at, id) },
            ...(waits ? { workKey: { S: workKey('pending', shardOf(id)) } } : {}),
          },
        },
      }
    })
    await sandbox.aws.dynamo.direct('BatchWriteItem', { RequestItems: { stint: puts } })
  }
}

async function measure(
  name: string,
  path: string,
  bearer: string,
): Promise<{ name: string; ms: number; calls: Record<string, number>; rows: number }> {
  const times: number[] = []
  let rows = 0
  const before = sandbox.aws.server.calls.length
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now()
    const answer = await fetch(`${sandbox.urls.broker}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
    rows = ((await answer.json()) as { requests: unknown[] }).requests.length
    times.push(performance.now() - start)
  }
  const calls: Record<string, number> = {}
  for (const { action } of sandbox.aws.server.calls.slice(before)) calls[action] = (calls[action] ?? 0) + 1 / RUNS
  for (const action of Object.keys(calls)) calls[action] = Math.round(calls[action] ?? 0)
  return { name, ms: times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0, calls, rows }
}

const measureAll = async () => [
  await measure('what waits for me', '/requests?approvable=true', approver),
  await measure('mine', '/requests', oncall),
  await measure('everybody’s', '/requests', auditor),
]

await fill(0, 1000)
const few = await measureAll()
await fill(1000, 100_000)
const many = await measureAll()
for (const [index, one] of few.entries()) {
  const other = many[index]
  console.log(
    `${one.name.padEnd(18)} 1,000: ${one.ms.toFixed(1)} ms, ${one.rows} rows, ${JSON.stringify(one.calls)}   100,000: ${other?.ms.toFixed(1)} ms, ${other?.rows} rows, ${JSON.stringify(other?.calls)}   ratio ${((other?.ms ?? 0) / one.ms).toFixed(2)}`,
  )
}
await sandbox.close()
process.exit(0)

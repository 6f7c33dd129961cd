/**
 * What the tests ask of the sandbox's DynamoDB, replayed on moto's: the same requests in the same order, sandbox by sandbox, and the answers
 * must be the same, except for the differences that dynamodb-answer.ts explains. Runs in `npm run verify:all moto-dynamodb`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Json, RecordedCall } from '../../support/dynamodb-recording.ts'
import { freePorts } from '../../support/sandbox.ts'
import { type Answer, type DynamoDifference, differenceOf, explained, isReplayed } from './dynamodb-answer.ts'
import { requireMoto, startMoto } from './server.ts'

const SUITES = [
  'test/e2e',
  'test/faults/stories.test.ts',
  'test/faults/ship.test.ts',
  'test/faults/freeze.test.ts',
  'test/faults/races.test.ts',
]
const MAX_MS = 40 * 60_000
/** The suites send 19,000. */
const LEAST = process.argv[2] === undefined ? 10_000 : 1

requireMoto()
// An argument names a folder of recordings to replay.
const folder = process.argv[2] ?? record()
const server = await startMoto(await freePorts(1))
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
try {
  process.exitCode = await main()
} finally {
  server.close()
  if (process.argv[2] === undefined) rmSync(folder, { recursive: true })
}

function record(): string {
  const made = mkdtempSync(join(tmpdir(), 'stint-dynamodb-'))
  const env = { ...process.env, STINT_RECORD_DYNAMODB: made }
  // A test that fails is the matter of `npm test`. What it asked is a recording like any other.
  spawnSync('npx', ['vitest', 'run', ...SUITES], { stdio: 'inherit', timeout: MAX_MS, env })
  return made
}

async function main(): Promise<number> {
  const found: (DynamoDifference & { readonly file: string; readonly line: number })[] = []
  let [replayed, left] = [0, 0]
  const operations = new Map<string, number>()
  for (const file of readdirSync(folder).sort()) {
    await fetch(`${server.endpoint}/moto-api/reset`, { method: 'POST' })
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    for (const [at, line] of lines.entries()) {
      const call = JSON.parse(line) as RecordedCall
      if (!isReplayed(call)) {
        left++
        continue
      }
      replayed++
      operations.set(call.operation, (operations.get(call.operation) ?? 0) + 1)
      const difference = differenceOf(call, await ask(call.operation, call.input))
      if (difference) found.push({ ...difference, file, line: at + 1 })
    }
  }
  return report()

  function report(): number {
    const unexplained = found.filter((one) => !explained.some((entry) => entry.explains(one)))
    for (const { file, line, call, sandbox, moto } of unexplained.filter(isOneOfTheFirst))
      console.log(
        `UNEXPLAINED  ${file}:${line} ${call.operation}\n  input   ${cut(call.input)}\n  sandbox ${cut(sandbox)}\n  moto    ${cut(moto)}`,
      )
    const stale = explained.filter((entry) => !entry.byChance && !found.some((one) => entry.explains(one)))
    for (const { title } of stale) console.log(`STALE        dynamodb-answer.ts has "${title}", which no longer differs`)
    console.log('\nTABLE')
    for (const [operation, count] of [...operations].sort()) console.log(`${String(count).padStart(6)}  ${operation}`)
    for (const entry of explained)
      console.log(`${String(found.filter((one) => entry.explains(one)).length).padStart(6)}  explained: ${entry.title} (${entry.why})`)
    console.log(`${String(left).padStart(6)}  not replayed: refused by IAM, or not an operation of DynamoDB`)
    console.log(
      `${replayed} requests replayed of ${readdirSync(folder).length} sandboxes: ${found.length} differences, ${unexplained.length} unexplained`,
    )
    if (replayed < LEAST) console.log(`These are fewer than ${LEAST}: the suites did not run.`)
    return unexplained.length + stale.length > 0 || replayed < LEAST ? 1 : 0
  }
}

/** Three differences of each operation are enough to see what kind it is. */
function isOneOfTheFirst(one: DynamoDifference, at: number, all: readonly DynamoDifference[]): boolean {
  return all.slice(0, at).filter(({ call }) => call.operation === one.call.operation).length < 3
}

function cut(value: unknown): string {
  return JSON.stringify(value).slice(0, 1500)
}

/** moto reads the service and the region from the scope of the signature, and verifies nothing. */
function ask(operation: string, input: Json): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      server.endpoint,
      {
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `DynamoDB_20120810.${operation}`,
          authorization:
            'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261127/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
        },
      },
      (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, answer: parsed(body) }), reject)
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify(input))
  })
}

function parsed(body: string): Json {
  try {
    return JSON.parse(body) as Json
  } catch {
    return { notJson: body.slice(0, 500) }
  }
}

/**
 * moto as a peer of the sandbox's IAM: both get the same calls, and their answers must have the same shape, except for the differences in
 * explained.ts. moto is code that we did not write (Apache-2.0, https://github.com/getmoto/moto). It does not evaluate policies as AWS does,
 * so it is compared only where IAM creates, reads and refuses. Runs in `npm run verify:all moto`.
 */
import { Readable } from 'node:stream'
import * as iamSdk from '@aws-sdk/client-iam'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addUser } from '@stint/sandbox/aws/world'
import { freePorts, testSandbox } from '../../support/sandbox.ts'
import { type Difference, differences, type Shape, shapeOf } from './answer.ts'
import { iamCalls } from './calls.ts'
import { type Explanation, explained, explains } from './explained.ts'
import { requireMoto, startMoto } from './server.ts'

const ACCOUNT = '123456789012'

requireMoto()
process.exitCode = await main()

async function main(): Promise<number> {
  // First, so that the ports of the sandbox are taken when moto gets one.
  const sandbox = await testSandbox({ guide: true })
  const port = await freePorts(1)
  const server = await startMoto(port)
  try {
    const { endpoint } = server
    const administrator = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } as const
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/Peer`, [administrator])
    const ours = await answersOf(sandbox.urls.aws, key)
    const theirs = await answersOf(endpoint, key)
    return report(
      iamCalls.flatMap(({ title }) => differences(title, shape(ours, title), shape(theirs, title))),
      ours,
    )
  } finally {
    server.close()
    await sandbox.close()
  }
}

function shape(answers: ReadonlyMap<string, Shape>, title: string): Shape {
  return answers.get(title) ?? { outcome: 'none', fields: new Map() }
}

/** Every call in its order, by AWS SDK v3. A call that fails is an answer, too. */
async function answersOf(endpoint: string, credentials: SigningKey): Promise<ReadonlyMap<string, Shape>> {
  const client = new iamSdk.IAMClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  let raw = { status: 0, text: '' }
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as { statusCode: number; body: Readable }
      const chunks: Buffer[] = []
      for await (const chunk of response.body) chunks.push(Buffer.from(chunk))
      raw = { status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }
      response.body = Readable.from(chunks)
      return result
    },
    { step: 'deserialize', priority: 'low' },
  )
  const shapes = new Map<string, Shape>()
  const outputs = new Map<string, Record<string, any>>()
  for (const { title, action, input } of iamCalls) {
    const command = (iamSdk as unknown as Record<string, new (input: object) => iamSdk.ListRolesCommand>)[`${action}Command`]
    if (!command) throw new TypeError(`AWS SDK v3 has no ${action}`)
    const given = typeof input === 'function' ? input((of) => outputs.get(of) ?? {}) : input
    const output = await client.send(new command(given)).catch(() => undefined)
    if (output) outputs.set(title, output as Record<string, any>)
    shapes.set(title, shapeOf(raw.status, raw.text))
  }
  return shapes
}

function report(found: readonly Difference[], ours: ReadonlyMap<string, Shape>): number {
  const refused = [...ours.values()].filter(({ outcome }) => outcome !== '200').length
  const reasonOf = (difference: Difference): Explanation | undefined => explained.find((one) => explains(one, difference))
  const unexplained = found.filter((difference) => !reasonOf(difference))
  const stale = explained.filter((one) => !one.byChance && !found.some((difference) => explains(one, difference)))
  for (const { call, at, sandbox, moto } of found.filter(reasonOf))
    console.log(`explained    ${call}: ${at}: sandbox ${cut(sandbox)}, moto ${cut(moto)}`)
  for (const { call, at, sandbox, moto } of unexplained)
    console.log(`UNEXPLAINED  ${call}: ${at}: sandbox ${cut(sandbox)}, moto ${cut(moto)}`)
  for (const { call, at } of stale) console.log(`STALE        explained.ts has ${call}: ${at}, which no longer differs`)
  const actions = new Set(iamCalls.map(({ action }) => action)).size
  console.log(
    `${iamCalls.length} calls of ${actions} actions (the sandbox refuses ${refused}): ${found.length} differences, ${unexplained.length} unexplained, ${stale.length} stale`,
  )
  return unexplained.length + stale.length > 0 ? 1 : 0
}

function cut(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}

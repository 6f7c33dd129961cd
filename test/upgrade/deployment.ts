/** The functions of one release, as Lambda runs them: with the deployment's variables, on the sandbox's AWS. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFunction } from '@stint/broker/build/functions'
import { writePublicFiles } from '@stint/broker/build/public-files'
import { servedBy } from '@stint/broker/http/routes'
import { FUNCTIONS, type FunctionName } from '@stint/broker/lambda/functions'
import { receive } from '@stint/sandbox/aws/sqs'
import { streamEvent } from '../infra/start-deployed.ts'
import { type FaultIn, faultIn, heldTo } from '../support/api-document.ts'
import { functionEnvironment, gatewayEvent, type Lambda, type Result, startLambda } from '../support/lambda.ts'
import type { Answer, TestSandbox } from '../support/sandbox.ts'
import { unpackFunctions } from './fixture.ts'
import type { Release } from './scenario.ts'

/** `folder`: where the code of a function is. It is built or unpacked on first use. */
export type Code = {
  readonly name: string
  readonly folder: (name: FunctionName) => Promise<string>
  /** Holds its answers to its own API document. */
  readonly apiFault: FaultIn
}

/** The code of this checkout. `folder`: an empty one. */
export const codeNow = (folder: string): Code => ({
  name: 'now',
  apiFault: faultIn,
  async folder(name) {
    await buildFunction(name, folder)
    if (name === 'api') await writePublicFiles(join(folder, name, 'public'))
    return join(folder, name)
  },
})

/** The code of a release. `folder`: an empty one. */
export function codeOf(version: string, folder: string): Code {
  unpackFunctions(version, folder)
  return { name: version, folder: async (name) => join(folder, name), apiFault: heldTo(join(folder, 'api/public/openapi.json')) }
}

type Records = TestSandbox['aws']['dynamo']['records']
/** The table's stream, with one consumer: whichever release ships next gets what no one has shipped. */
export type Stream = { readonly take: () => Records }
export function streamOf({ aws }: Pick<TestSandbox, 'aws'>, before: Records = []): Stream {
  let [waiting, taken] = [before, 0]
  return {
    take() {
      const all = aws.dynamo.records.slice(taken)
      taken += all.length
      const records = [...waiting, ...all.filter(({ table }) => table === 'stint')]
      waiting = []
      return records
    },
  }
}

export type Deployment = Release & {
  readonly invoke: (name: FunctionName, event: object) => Promise<Result>
  /** Ships these records, which others may ship, too. */
  readonly shipThese: (records: Records) => Promise<void>
  readonly close: () => void
}

/** `config`: the file that the release's build wrote. */
export function deploymentOf(code: Code, config: string, sandbox: TestSandbox, stream: Stream): Deployment {
  const folder = mkdtempSync(join(tmpdir(), 'stint-release-'))
  const started = new Map<FunctionName, Promise<Lambda>>()

  async function start(name: FunctionName): Promise<Lambda> {
    const own = join(folder, name)
    cpSync(await code.folder(name), own, { recursive: true })
    writeFileSync(join(own, 'config.json'), config)
    const env = { ...functionEnvironment(sandbox, name), STINT_BUILD: code.name }
    return startLambda(join(own, 'index.js'), env, { now: sandbox.now, seconds: FUNCTIONS[name].seconds, apiFault: code.apiFault })
  }
  async function invoke(name: FunctionName, event: object): Promise<Result> {
    const running = started.get(name) ?? start(name)
    started.set(name, running)
    const lambda = await running
    const before = lambda.output().length
    return lambda.invoke(event).catch((error: Error) => {
      throw new Error(`${name} of ${code.name}: ${error.message} ${lambda.output().slice(before)}`)
    })
  }
  /** A batch of a stream or a queue. Returns what failed. */
  async function batch(name: FunctionName, event: object): Promise<readonly { readonly itemIdentifier: string }[]> {
    const { batchItemFailures } = (await invoke(name, event)) as unknown as { batchItemFailures: { itemIdentifier: string }[] }
    return batchItemFailures
  }
  async function shipThese(records: Records): Promise<void> {
    const failed = await batch('ship', streamEvent(records))
    if (failed.length > 0) throw new Error(`ship of ${code.name} gave back ${JSON.stringify(failed)}`)
  }

  return {
    invoke,
    shipThese,
    async call(method, path, token, body, more = {}) {
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more,
      }
      const raw = { method, path, headers: Object.entries(headers).flat(), ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      return answerOf(await invoke(servedBy(method, path), gatewayEvent(raw)))
    },
    sweep() {
      // On Lambda, a minute lies between what happened and the sweep.
      sandbox.settle()
      return invoke('sweep', { 'detail-type': 'Scheduled Event' })
    },
    ship: () => shipThese(stream.take()),
    async end() {
      const queue = sandbox.aws.world.queues[1]
      const messages = queue ? receive(queue, sandbox.now(), 10, 60_000) : []
      if (!queue || messages.length === 0) return
      const failed = await batch('end', { Records: messages.map(({ id, body }) => ({ messageId: id, body })) })
      if (failed.length > 0) throw new Error(`end of ${code.name} gave back ${JSON.stringify(failed)}`)
      for (const { id } of messages)
        queue.messages.splice(
          queue.messages.findIndex((message) => message.id === id),
          1,
        )
    },
    close() {
      for (const lambda of started.values()) void lambda.then((one) => one.close())
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answerOf({ statusCode, headers, body, isBase64Encoded }: Result): Answer {
  const text = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString('utf8')
  return {
    status: statusCode,
    headers: new Headers(headers),
    text,
    json: /json/.test(headers['content-type'] ?? '') ? JSON.parse(text) : {},
  }
}

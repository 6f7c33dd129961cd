/**
 * Creates every AWS client of Stint. Everything that the SDK would otherwise look up in the environment and in shared files is set here: a
 * file on the machine must not be able to redirect a client, and looking for it slows a cold start.
 */

import { Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Readable } from 'node:stream'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { SignatureV4 } from '@smithy/signature-v4'
import { defined } from '@stint/core/defined'
import type { Clock } from '../ports/runtime.ts'
import type { StaticKeys } from './wire/signature.ts'

export type AwsKeys =
  | StaticKeys
  /** For the command line: whatever credentials the SDK finds. */
  | (() => Promise<StaticKeys>)

/** More than the sandbox or a Lambda function needs; one Lambda instance serves one call at a time. */
const MAX_SOCKETS = 256

/**
 * Handlers that share their connections. Each reads at most `most` bytes of a response. `connect` and `answer` are in milliseconds;
 * `answer` applies to the headers and again to the body.
 */
export function handlers(connect: number): (most: number, answer?: number) => NodeHttpHandler {
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  }
  return (most, answer) =>
    new BoundedHandler(
      {
        ...agents,
        connectionTimeout: connect,
        throwOnRequestTimeout: true,
        ...defined({ requestTimeout: answer }),
      },
      most,
      answer,
    )
}

/**
 * Passes a response to the SDK once it is complete. The SDK itself would collect any amount of data, and its deadline ends with the
 * headers. A response that is too long, too slow or truncated becomes an error without a status: it says nothing about the call.
 */
class BoundedHandler extends NodeHttpHandler {
  readonly #most: number
  readonly #answer: number | undefined

  constructor(options: ConstructorParameters<typeof NodeHttpHandler>[0], most: number, answer: number | undefined) {
    super(options)
    this.#most = most
    this.#answer = answer
  }

  override async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const handled = await super.handle(request, options)
    const { response } = handled
    response.body = Readable.from([await readWhole(response.body, this.#most, options?.requestTimeout ?? this.#answer)])
    return handled
  }
}

/** Leaving the loop early destroys the response and closes its connection, so the rest is never read. */
async function readWhole(answer: IncomingMessage, most: number, milliseconds: number | undefined): Promise<Buffer> {
  const late = () => answer.destroy(Object.assign(new Error(`no complete response within ${milliseconds} ms`), { name: 'TimeoutError' }))
  const deadline = milliseconds === undefined ? undefined : setTimeout(late, milliseconds)
  const tooLong = `the response is longer than ${most} bytes`
  try {
    if (Number(answer.headers['content-length'] ?? 0) > most) throw new Error(tooLong)
    const parts: Buffer[] = []
    let size = 0
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length
      if (size > most) throw new Error(tooLong)
      parts.push(part)
    }
    return Buffer.concat(parts)
  } catch (error) {
    answer.destroy()
    throw error
  } finally {
    clearTimeout(deadline)
  }
}

/** The adapters count how often a request is sent, so the SDK's own retries are off. Nothing is signed for more than one region. */
export const clientConfig = (keys: AwsKeys, clock: Clock) => ({
  credentials: keys,
  maxAttempts: 1,
  retryMode: 'standard',
  defaultsMode: 'standard' as const,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: 'stint',
  authSchemePreference: [] as string[],
  // All clients use one clock. A host with a wrong clock would judge tokens wrongly too, so nothing here silently corrects it.
  disableClockSkewCorrection: true,
  signerConstructor: signingBy(clock),
})

/** AWS's signer, on Stint's clock. */
const signingBy = (clock: Clock) =>
  class extends SignatureV4 {
    override sign(toSign: never, options: object = {}): never {
      return super.sign(toSign, { ...options, signingDate: new Date(clock()) }) as never
    }
  }

/** The endpoint of a client, set directly: AWS's own rules for resolving endpoints take 16 KB, and Stint calls one endpoint per service. */
export const atEndpoint = (url: string) => ({ endpoint: url, endpointProvider: () => ({ url: new URL(url) }) })

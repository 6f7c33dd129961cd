/**
 * How every AWS client of Stint is made. Everything that the SDK would otherwise look for in the environment and in shared
 * files is said here: it must not be led elsewhere by a file on the machine, and looking costs a cold start.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Clock } from './ports.ts'

export type AwsKeys =
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** For the command line: whatever the SDK finds. */
  | (() => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }>)

/** Above the sandbox's and a Lambda's needs; one Lambda instance serves one call at a time. */
const MAX_SOCKETS = 256

/** Handlers that share their connections; deadlines in milliseconds. */
export function handlers(connect: number): (answer?: number) => NodeHttpHandler {
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  }
  return (answer) =>
    new NodeHttpHandler({
      ...agents,
      connectionTimeout: connect,
      throwOnRequestTimeout: true,
      ...(answer === undefined ? {} : { requestTimeout: answer }),
    })
}

/** Sends are counted by the adapters, so the SDK's own retries are off; nothing is signed for more than one region. */
export const clientConfig = (keys: AwsKeys, clock: Clock) => ({
  credentials: keys,
  maxAttempts: 1,
  retryMode: 'standard',
  defaultsMode: 'standard' as const,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: 'stint',
  authSchemePreference: [] as string[],
  // One clock for all: a host whose clock is wrong would judge tokens wrongly too, so nothing here corrects it quietly.
  disableClockSkewCorrection: true,
  signerConstructor: signingBy(clock),
})

/** AWS's signer, by our clock. */
const signingBy = (clock: Clock) =>
  class extends SignatureV4 {
    override sign(toSign: never, options: object = {}): never {
      return super.sign(toSign, { ...options, signingDate: new Date(clock()) }) as never
    }
  }

/** Regional always: tokens of the global STS endpoint are not valid in opt-in regions (IAM User Guide, "Managing AWS STS in an AWS Region"). */
export const regionalEndpoint = (service: 'sts' | 'dynamodb' | 's3' | 'kms', region: string): string =>
  `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`

/** Where a client calls, told outright: AWS's own rules for finding an endpoint weigh 16 KB, and Stint calls one place. */
export const atEndpoint = (url: string) => ({ endpoint: url, endpointProvider: () => ({ url: new URL(url) }) })

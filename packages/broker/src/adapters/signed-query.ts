/**
 * Signs a call of AWS's Query protocol, for services whose SDK client Stint does not have (IAM), and for the command line, which sends
 * calls through its own HTTP client.
 */
import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { AwsKeys } from './aws.ts'

/** The hash that AWS's signer takes, from node:crypto: plain, or keyed if it has a secret. */
export class Sha256 {
  #hash = createHash('sha256')
  #secret: Uint8Array | undefined
  constructor(secret?: string | Uint8Array | ArrayBuffer | ArrayBufferView) {
    if (secret !== undefined) this.#secret = typeof secret === 'string' ? Buffer.from(secret) : new Uint8Array(secret as ArrayBuffer)
    this.reset()
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {
    this.#hash = (this.#secret ? createHmac('sha256', this.#secret) : createHash('sha256')) as ReturnType<typeof createHash>
  }
}

type QueryCall = {
  readonly service: 'iam' | 'sts'
  readonly region: string
  readonly url: string
  readonly parameters: Readonly<Record<string, string>>
}
type SignedCall = { readonly method: 'POST'; readonly headers: Record<string, string>; readonly body: string }

export async function signedQuery({ service, region, url, parameters }: QueryCall, keys: AwsKeys, nowMs: number): Promise<SignedCall> {
  const { host, hostname, protocol, pathname, port } = new URL(url)
  const body = new URLSearchParams(parameters).toString()
  const signer = new SignatureV4({ service, region, credentials: keys, sha256: Sha256 })
  const { headers } = await signer.sign(
    {
      method: 'POST',
      protocol,
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname,
      headers: { host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body,
    },
    { signingDate: new Date(nowMs) },
  )
  return { method: 'POST', headers, body }
}

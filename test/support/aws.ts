/** AWS SDK v3 clients pointed at a sandbox, and the answers that tests ask of them. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'

type Credentials = NonNullable<S3ClientConfig['credentials']>

const settings = (endpoint: string, credentials: Credentials) => ({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 })

export const s3 = (endpoint: string, credentials: Credentials) => new S3Client({ ...settings(endpoint, credentials), forcePathStyle: true })
export const sts = (endpoint: string, credentials: Credentials) => new STSClient(settings(endpoint, credentials))

/** What the SDK takes, from a 201 of Stint: its expiration is a text there. */
export const fromVend = (body: Record<string, any>) => ({ ...body.credentials, expiration: new Date(body.credentials.expiration) })

/** The error that a promise ends in; ending well is a failure. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<{ name: string; message: string; $metadata?: { httpStatusCode?: number } }> {
  try {
    await promise
  } catch (error) {
    return error as { name: string; message: string }
  }
  throw new Error('expected an error, got an answer')
}

/** The hash that AWS's signer takes, from node:crypto: plain, or keyed if it has a secret. */
export class sha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as never)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }
  reset(): void {}
}

/** AWS SDK v3 clients pointed at a sandbox, and the answers that tests ask of them. */
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

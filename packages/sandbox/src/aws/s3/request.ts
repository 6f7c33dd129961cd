/** One call of S3 after it was verified and decoded, and its authorization. */
import type { ContextInput } from '@stint/iam'
import { authorize, type Call, deniedMessage } from '../authorize.ts'
import type { Content } from '../aws-chunked.ts'
import type { SignedRequest, Verified } from '../sigv4.ts'
import type { Bucket, StoredObject, World } from '../world.ts'
import { S3Error } from './answer.ts'

export type S3Request = {
  readonly world: World
  readonly call: Call
  readonly verified: Verified
  readonly request: SignedRequest
  readonly bucketName: string
  readonly key: string
  readonly query: URLSearchParams
  readonly content: Content
}

export const header = ({ request }: Pick<S3Request, 'request'>, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

export function bucketOf({ world }: Pick<S3Request, 'world'>, name: string): Bucket {
  const found = world.buckets.get(name)
  if (!found) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name })
  return found
}

/** The bucket of the call. `x-amz-expected-bucket-owner` protects against a bucket in another account. */
export function ownBucket(asked: S3Request): Bucket {
  const bucket = bucketOf(asked, asked.bucketName)
  checkOwner(bucket, header(asked, 'x-amz-expected-bucket-owner'))
  return bucket
}

export function checkOwner(bucket: Bucket, expected: string | undefined): void {
  if (expected !== undefined && expected !== bucket.account) throw new S3Error(403, 'AccessDenied', 'Access Denied')
}

/** The keys of every action of S3. Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3". */
function commonKeys({ verified, call }: S3Request): ContextInput {
  return {
    's3:authType': verified.authType,
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    's3:x-amz-content-sha256': verified.payloadHash,
    // Amazon S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys": of presigned URLs only.
    ...(verified.authType === 'REST-QUERY-STRING' ? { 's3:signatureAge': String(Math.max(0, call.now - verified.signedAtMs)) } : {}),
  }
}

/** Throws AccessDenied if the call may not do `action` on the bucket or, with a key, on the object. */
export function allow(asked: S3Request, bucket: Bucket, key: string | undefined, action: string, context: ContextInput = {}): void {
  const refusal = refusalOf(asked, bucket, key, action, context)
  if (refusal) throw refusal
}

export function refusalOf(
  asked: S3Request,
  bucket: Bucket,
  key: string | undefined,
  action: string,
  context: ContextInput = {},
): S3Error | undefined {
  const { call } = asked
  const arn = `arn:aws:s3:::${bucket.name}${key === undefined ? '' : `/${key}`}`
  const decision = authorize(call, {
    action,
    resource: { arn, account: bucket.account },
    context: { ...commonKeys(asked), 's3:ResourceAccount': bucket.account, ...context },
    ...(bucket.policy ? { resourcePolicy: bucket.policy } : {}),
  })
  return decision.allowed ? undefined : new S3Error(403, 'AccessDenied', deniedMessage(call, action, `"${arn}"`, decision))
}

/** An action without a bucket. */
export function allowInAccount(asked: S3Request, action: string, arn: string, context: ContextInput = {}): void {
  const { call } = asked
  const { account } = call.identity.principal
  const decision = authorize(call, { action, resource: { arn, account }, context: { ...commonKeys(asked), ...context } })
  if (!decision.allowed) throw new S3Error(403, 'AccessDenied', deniedMessage(call, action, `"${arn}"`, decision))
}

export const existingTags = (object: StoredObject | undefined): ContextInput =>
  Object.fromEntries(Object.entries(object?.tags ?? {}).map(([key, value]) => [`s3:ExistingObjectTag/${key}`, value]))

export const requestedTags = (tags: Readonly<Record<string, string>> | undefined): ContextInput => ({
  's3:RequestObjectTagKeys': tags && Object.keys(tags).length > 0 ? Object.keys(tags) : undefined,
  ...Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [`s3:RequestObjectTag/${key}`, value])),
})

/** The error for a missing key. Only a caller who can list the bucket learns that the key does not exist. */
export function missing(asked: S3Request, bucket: Bucket, key: string): S3Error {
  return (
    refusalOf(asked, bucket, undefined, 's3:ListBucket') ?? new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key })
  )
}

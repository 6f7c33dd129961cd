/** How each service words a refused signature. Sources: AWS STS and DynamoDB API Reference, "Common Errors"; Amazon S3 API Reference, "Error responses". */
import { dynamoError } from './dynamodb-answer.ts'
import { iamError } from './iam/handle.ts'
import { kmsError } from './kms.ts'
import { errorAnswer, S3Error } from './s3/answer.ts'
import type { SigFault } from './sigv4.ts'
import { type Answer, stsError } from './sts.ts'

export type Fault = Omit<SigFault, 'kind'> & { readonly kind: SigFault['kind'] | 'unknown-key' | 'expired' }

type Row = {
  readonly message: string
  readonly sts: readonly [status: number, code: string]
  readonly s3: readonly [status: number, code: string]
  readonly s3Message?: string
  readonly dynamodb: string
}

const NOT_SIGNED_AS_NEEDED = 'The request signature is incomplete: host, date and every x-amz header must be signed.'
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.'
const INVALID_TOKEN = 'The security token included in the request is invalid.'
const incomplete = { sts: [400, 'IncompleteSignature'], dynamodb: 'IncompleteSignatureException' } as const
const mismatch = { sts: [403, 'SignatureDoesNotMatch'], dynamodb: 'InvalidSignatureException' } as const

const rows: Readonly<Record<Fault['kind'], Row>> = {
  missing: {
    message: 'Request is missing Authentication Token',
    sts: [403, 'MissingAuthenticationToken'],
    s3: [403, 'AccessDenied'],
    s3Message: 'Access Denied',
    dynamodb: 'MissingAuthenticationTokenException',
  },
  unsupported: {
    message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    ...incomplete,
    s3: [400, 'InvalidRequest'],
  },
  malformed: { message: 'The authorization header is malformed.', ...incomplete, s3: [400, 'AuthorizationHeaderMalformed'] },
  'two-ways': { message: 'Only one auth mechanism allowed.', ...incomplete, s3: [400, 'InvalidArgument'] },
  'query-parameters': {
    message: 'The query parameters of the signature are invalid.',
    ...incomplete,
    s3: [400, 'AuthorizationQueryParametersError'],
  },
  incomplete: {
    message: NOT_SIGNED_AS_NEEDED,
    ...incomplete,
    s3: [403, 'AccessDenied'],
    s3Message: 'AWS authentication requires a valid Date or x-amz-date header',
  },
  'unsigned-headers': {
    message: NOT_SIGNED_AS_NEEDED,
    ...incomplete,
    s3: [403, 'AccessDenied'],
    s3Message: 'There were headers present in the request which were not signed',
  },
  'scope-date': { message: MISMATCH, ...mismatch, s3: [400, 'AuthorizationHeaderMalformed'] },
  skewed: {
    message: MISMATCH,
    ...mismatch,
    s3: [403, 'RequestTimeTooSkewed'],
    s3Message: 'The difference between the request time and the current time is too large.',
  },
  'url-expired': { message: 'Request has expired', ...mismatch, s3: [403, 'AccessDenied'] },
  'url-early': { message: 'Request is not yet valid', ...mismatch, s3: [403, 'AccessDenied'] },
  'token-invalid': {
    message: INVALID_TOKEN,
    sts: [403, 'InvalidClientTokenId'],
    s3: [400, 'InvalidToken'],
    s3Message: 'The provided token is malformed or otherwise invalid.',
    dynamodb: 'UnrecognizedClientException',
  },
  'unknown-key': {
    message: INVALID_TOKEN,
    sts: [403, 'InvalidClientTokenId'],
    s3: [403, 'InvalidAccessKeyId'],
    s3Message: 'The AWS Access Key Id you provided does not exist in our records.',
    dynamodb: 'UnrecognizedClientException',
  },
  expired: {
    message: 'The security token included in the request is expired',
    sts: [403, 'ExpiredToken'],
    s3: [400, 'ExpiredToken'],
    s3Message: 'The provided token has expired.',
    dynamodb: 'ExpiredTokenException',
  },
  'no-payload-hash': {
    message: 'Missing required header for this request: x-amz-content-sha256',
    ...incomplete,
    s3: [400, 'InvalidRequest'],
  },
  'payload-hash': {
    message: MISMATCH,
    ...mismatch,
    s3: [400, 'XAmzContentSHA256Mismatch'],
    s3Message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
  mismatch: {
    message: MISMATCH,
    ...mismatch,
    s3: [403, 'SignatureDoesNotMatch'],
    s3Message: 'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  },
}

export function faultAnswer(service: string, fault: Fault, requestId: string, method: string): Answer {
  const row = rows[fault.kind]
  const message = fault.message ?? row.message
  if (service === 's3') {
    // Of these kinds, S3 has one sentence whatever the cause; the cause is in the elements beside it.
    const answer = errorAnswer(new S3Error(...row.s3, row.s3Message ?? message, fault.detail), requestId)
    return method === 'HEAD' ? { ...answer, body: '' } : answer
  }
  if (service === 'iam') return iamError(...row.sts, message, requestId)
  if (service === 'kms') return kmsError(400, row.dynamodb, message, requestId)
  if (service === 'dynamodb') return dynamoError(400, `com.amazon.coral.service#${row.dynamodb}`, message, requestId)
  return stsError(...row.sts, message, requestId)
}

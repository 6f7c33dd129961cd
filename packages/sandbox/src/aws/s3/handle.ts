/**
 * S3: from a verified request to an operation, and from its reply to the answer. Source: Amazon S3 API Reference; authorization per
 * "Actions, resources, and condition keys for Amazon S3".
 */
import type { Call } from '../authorize.ts'
import { type ChunkFault, contentOf } from '../aws-chunked.ts'
import type { SignedRequest, Verified } from '../sigv4.ts'
import type { Answer } from '../sts.ts'
import type { World } from '../world.ts'
import { addressOf } from './address.ts'
import { errorAnswer, S3Error } from './answer.ts'
import { checkStorage } from './objects.ts'
import { needOperation } from './operations.ts'
import type { S3Request } from './request.ts'
import { BOUNDS } from './store.ts'

/** Larger bodies are not read, so their hash cannot be verified: see `tooLargeAnswer`. Chunks have some bytes around them. */
export const MAX_S3_BYTES: number = BOUNDS.bodyBytes + 1024 * 1024

export function handleS3(world: World, call: Call, request: SignedRequest, verified: Verified): Answer {
  try {
    const address = addressOf(request)
    const operation = needOperation(request, address)
    const content = contentOf(request.body, verified, String(request.headers['x-amz-decoded-content-length'] ?? ''))
    if (typeof content === 'string') throw chunkError(content)
    if (content.body.length > BOUNDS.bodyBytes) throw tooLarge()
    const query = new URLSearchParams(request.url.split('?').slice(1).join('?'))
    const asked: S3Request = { world, call, verified, request, bucketName: address.bucket, key: address.key, query, content }
    checkStorage(asked)
    const { status, headers, body } = operation.run(asked)
    return { status, headers: { 'x-amz-request-id': call.requestId, ...headers }, body: request.method === 'HEAD' ? '' : body }
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    const answer = errorAnswer(error, call.requestId)
    return request.method === 'HEAD' ? { ...answer, body: '' } : answer
  }
}

/** For a body above `MAX_S3_BYTES`. */
export const tooLargeAnswer = (requestId: string): Answer => errorAnswer(tooLarge(), requestId)

const tooLarge = () =>
  new S3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', { MaxSizeAllowed: BOUNDS.bodyBytes })

function chunkError(fault: ChunkFault): S3Error {
  switch (fault) {
    case 'signature':
      return new S3Error(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      )
    case 'incomplete':
      return new S3Error(400, 'IncompleteBody', 'The request body terminated unexpectedly')
    case 'size':
      return new S3Error(403, 'InvalidChunkSizeError', 'Only the last chunk is allowed to have a size less than 8192 bytes')
    case 'no-length':
      return new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
    case 'malformed':
      return new S3Error(400, 'InvalidRequest', 'The body is not valid aws-chunked encoding, or does not match x-amz-content-sha256.')
  }
}

/** DeleteObjects: each key is authorized on its own. Source: Amazon S3 API Reference, "DeleteObjects". */
import { document, type Reply, S3Error } from './answer.ts'
import { readDelete } from './buckets.ts'
import { checkMd5, verifiedChecksum } from './checksums.ts'
import { header, ownBucket, refusalOf, type S3Request } from './request.ts'

export function deleteObjects(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const { body, trailers } = asked.content
  const md5 = header(asked, 'content-md5')
  checkMd5(md5, body)
  const checksum = verifiedChecksum((name) => header(asked, name), trailers, body)
  if (md5 === undefined && !checksum)
    throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*')
  const { keys, quiet } = readDelete(body)
  const deleted: string[] = []
  const errors: { Key: string; Code: string; Message: string }[] = []
  for (const key of keys) {
    const refusal = refusalOf(asked, bucket, key, 's3:DeleteObject')
    if (refusal) errors.push({ Key: key, Code: refusal.code, Message: refusal.message })
    else {
      bucket.objects.delete(key)
      deleted.push(key)
    }
  }
  return document('DeleteResult', { Deleted: quiet ? [] : deleted.map((Key) => ({ Key })), Error: errors })
}

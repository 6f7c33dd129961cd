/** Tags of objects. Source: Amazon S3 User Guide, "Categorizing your objects using tags"; API Reference, "PutObjectTagging". */
import type { StoredObject } from '../world.ts'
import { document, noContent, type Reply, reply, S3Error } from './answer.ts'
import { allow, existingTags, missing, ownBucket, requestedTags, type S3Request } from './request.ts'
import { childrenOf, documentOf, textOf } from './xml-input.ts'

export type Tags = Readonly<Record<string, string>>

const MAX_TAGS = 10
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

export function checkTags(pairs: readonly (readonly [key: string, value: string])[]): Tags {
  if (pairs.length > MAX_TAGS) throw new S3Error(400, 'BadRequest', `Object tags cannot be greater than ${MAX_TAGS}`)
  const invalid = (message: string, key: string) => new S3Error(400, 'InvalidTag', message, { TagKey: key })
  for (const [key, value] of pairs) {
    if (key.length < 1 || key.length > 128 || !CHARACTERS.test(key)) throw invalid('The TagKey you have provided is invalid', key)
    if (key.toLowerCase().startsWith('aws:')) throw invalid('System tags cannot be added/updated by requester', key)
    if (value.length > 256 || !CHARACTERS.test(value)) throw invalid('The TagValue you have provided is invalid', key)
  }
  const tags = Object.fromEntries(pairs)
  if (Object.keys(tags).length < pairs.length)
    throw invalid(
      'Cannot provide multiple Tags with the same key',
      pairs.find(([key], at) => pairs.findIndex(([other]) => other === key) < at)?.[0] ?? '',
    )
  return tags
}

/** `x-amz-tagging` of an upload: a query string. */
export function tagsOfHeader(value: string | undefined): Tags | undefined {
  return value === undefined ? undefined : checkTags([...new URLSearchParams(value)])
}

export function getObjectTagging(asked: S3Request): Reply {
  const object = theObject(asked, 's3:GetObjectTagging')
  const tags = Object.entries(object.tags ?? {}).map(([Key, Value]) => ({ Key, Value }))
  return document('Tagging', { TagSet: tags.length === 0 ? '' : { Tag: tags } })
}

export function putObjectTagging(asked: S3Request): Reply {
  const tags = tagsOfXml(asked.content.body)
  const object = theObject(asked, 's3:PutObjectTagging', requestedTags(tags))
  ownBucket(asked).objects.set(asked.key, { ...object, tags })
  return reply()
}

export function deleteObjectTagging(asked: S3Request): Reply {
  const { tags: _gone, ...object } = theObject(asked, 's3:DeleteObjectTagging')
  ownBucket(asked).objects.set(asked.key, object)
  return noContent()
}

function theObject(asked: S3Request, action: string, context = {}): StoredObject {
  const bucket = ownBucket(asked)
  const object = bucket.objects.get(asked.key)
  allow(asked, bucket, asked.key, action, { ...existingTags(object), ...context })
  if (!object) throw missing(asked, bucket, asked.key)
  return object
}

function tagsOfXml(body: Buffer): Tags {
  const root = documentOf(body, 'Tagging')
  const [set, ...more] = childrenOf(root, ['TagSet'])
  if (!set || more.length > 0)
    throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')
  return checkTags(
    childrenOf(set, ['Tag']).map((tag) => {
      childrenOf(tag, ['Key', 'Value'])
      return [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? ''] as const
    }),
  )
}

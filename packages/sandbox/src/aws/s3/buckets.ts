/** Buckets. Source: Amazon S3 API Reference, the operations of these names; User Guide, "General purpose bucket naming rules". */
import { type Bucket, buckets as logBuckets, type World } from '../world.ts'
import { document, invalidArgument, malformedXml, noContent, type Reply, reply, S3Error } from './answer.ts'
import { byBytes, limitOf, pageOf } from './listing.ts'
import { allow, allowInAccount, ownBucket, type S3Request } from './request.ts'
import { BOUNDS } from './store.ts'
import { childrenOf, documentOf, textOf } from './xml-input.ts'

/** Buckets of this region have no location constraint. */
const FIRST_REGION = 'us-east-1'
const MAX_BUCKETS_PAGE = 10_000

const regionOf = (world: World, { region }: Bucket): string => region ?? world.region

export function listBuckets(asked: S3Request): Reply {
  allowInAccount(asked, 's3:ListAllMyBuckets', 'arn:aws:s3:::*')
  const { world, query } = asked
  const { account } = asked.call.identity.principal
  const region = query.get('bucket-region')
  const own = [...world.buckets.values()].filter(
    (bucket) => bucket.account === account && (region === null || regionOf(world, bucket) === region),
  )
  const prefix = query.get('prefix') ?? ''
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64url').toString('utf8')
  const limit = Math.max(1, limitOf(asked, 'max-buckets', MAX_BUCKETS_PAGE))
  const page = pageOf(
    own.map((bucket) => [bucket.name, bucket] as const),
    { prefix, delimiter: '', after, limit },
  )
  const shown = page.items.map(([Name, bucket]) => ({
    Name,
    CreationDate: new Date(bucket.createdAt).toISOString(),
    ...(query.has('max-buckets') || region !== null ? { BucketRegion: regionOf(world, bucket) } : {}),
  }))
  return document('ListAllMyBucketsResult', {
    Owner: { ID: account },
    Buckets: shown.length === 0 ? '' : { Bucket: shown },
    ...(page.next === undefined ? {} : { ContinuationToken: Buffer.from(page.next).toString('base64url') }),
    ...(query.has('prefix') ? { Prefix: prefix } : {}),
  })
}

export function headBucket(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  allow(asked, bucket, undefined, 's3:ListBucket')
  return reply({
    'content-type': 'application/xml',
    'x-amz-bucket-region': regionOf(asked.world, bucket),
    'x-amz-access-point-alias': 'false',
  })
}

export function getBucketLocation(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  allow(asked, bucket, undefined, 's3:GetBucketLocation')
  const region = regionOf(asked.world, bucket)
  return document('LocationConstraint', region === FIRST_REGION ? '' : region)
}

/** Versioning is off and cannot be turned on here, which is an empty document. */
export function getBucketVersioning(asked: S3Request): Reply {
  allow(asked, ownBucket(asked), undefined, 's3:GetBucketVersioning')
  return document('VersioningConfiguration', '')
}

export function createBucket(asked: S3Request): Reply {
  const { world, call, verified } = asked
  const name = asked.bucketName
  if (!isBucketName(name)) throw new S3Error(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name })
  const constraint = constraintOf(asked.content.body)
  allowInAccount(asked, 's3:CreateBucket', `arn:aws:s3:::${name}`, { 's3:locationconstraint': constraint })
  // The region that the request was signed for stands for the regional endpoint that it was sent to.
  const region = constraint ?? verified.region
  if (verified.region !== FIRST_REGION && constraint !== verified.region)
    throw new S3Error(
      400,
      'IllegalLocationConstraintException',
      `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    )
  const { account } = call.identity.principal
  const present = world.buckets.get(name)
  if (present?.account === account)
    throw new S3Error(
      409,
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      { BucketName: name },
    )
  if (present)
    throw new S3Error(
      409,
      'BucketAlreadyExists',
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
      { BucketName: name },
    )
  if ([...world.buckets.values()].filter((bucket) => bucket.account === account).length >= BOUNDS.bucketsOfAccount)
    throw new S3Error(400, 'TooManyBuckets', 'You have attempted to create more buckets than allowed')
  world.buckets.set(name, { name, account, createdAt: call.now, region, objects: new Map() })
  return reply({ location: `/${name}` })
}

export function deleteBucket(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  allow(asked, bucket, undefined, 's3:DeleteBucket')
  if (Object.values(logBuckets).includes(bucket.name))
    throw new S3Error(403, 'AccessDenied', 'You cannot delete the buckets that hold the sandbox’s audit log.')
  if (bucket.objects.size > 0)
    throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: bucket.name })
  for (const [id, upload] of asked.world.uploads) if (upload.bucket === bucket.name) asked.world.uploads.delete(id)
  asked.world.buckets.delete(bucket.name)
  return noContent()
}

function constraintOf(body: Buffer): string | undefined {
  if (body.length === 0) return undefined
  const root = documentOf(body, 'CreateBucketConfiguration')
  childrenOf(root, ['LocationConstraint'])
  const region = textOf(root, 'LocationConstraint')
  if (region === undefined || region === '') return undefined
  if (region === FIRST_REGION)
    throw new S3Error(400, 'InvalidLocationConstraint', 'The specified location-constraint is not valid', { LocationConstraint: region })
  // The legacy name of eu-west-1.
  if (region === 'EU') return 'eu-west-1'
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
    throw new S3Error(400, 'InvalidLocationConstraint', 'The specified location-constraint is not valid', { LocationConstraint: region })
  return region
}

const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !/\.\.|^\d+\.\d+\.\d+\.\d+$|^xn--|^sthree-|^amzn-s3-demo-|-s3alias$|--ol-s3$|\.mrap$|--x-s3$|--table-s3$/.test(name)

// ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────────────

const MAX_DELETED = 1000

export function readDelete(body: Buffer): { readonly keys: readonly string[]; readonly quiet: boolean } {
  const root = documentOf(body, 'Delete')
  const children = childrenOf(root, ['Object', 'Quiet'])
  const objects = children.filter(({ name }) => name === 'Object')
  if (objects.length === 0 || objects.length > MAX_DELETED) throw malformedXml()
  const keys = objects.map((object) => {
    const names = childrenOf(object, ['Key', 'VersionId', 'ETag', 'LastModifiedTime', 'Size']).map(({ name }) => name)
    const other = names.find((name) => name !== 'Key')
    if (other !== undefined) throw new S3Error(501, 'NotImplemented', `The sandbox’s S3 does not support ${other} of DeleteObjects.`)
    const key = textOf(object, 'Key')
    if (key === undefined || key === '') throw malformedXml()
    return key
  })
  const quiet = textOf(root, 'Quiet') ?? 'false'
  if (quiet !== 'true' && quiet !== 'false') throw invalidArgument('Quiet must be true or false.', 'Quiet', quiet)
  return { keys: [...new Set(keys)].sort(byBytes), quiet: quiet === 'true' }
}

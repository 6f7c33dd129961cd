/**
 * Where the audit log lies: tiles and checkpoint, which only grow, and beside them events with their salts, which can be
 * erased. Sources: Amazon S3 User Guide, "Using S3 Object Lock" and "Enforce conditional writes on Amazon S3 buckets".
 */
import { holding, keeping, kept } from './kept.ts'
import type { Roles } from './roles.ts'
import type { Settings } from './settings.ts'

export type Buckets = ReturnType<typeof log>
type Statement = NonNullable<sst.aws.BucketArgs['policy']> extends $util.Input<$util.Input<infer S>[]> ? S : never

export function log({ lockDays, auditAccount }: Settings, key: aws.kms.Key, arnOf: Roles['arnOf']) {
  // A bucket that is made without Object Lock is replaced to get it, and the log with it; one that has it and no days locks nothing.
  const lockable = lockDays !== undefined || $app.removal !== 'remove'
  const locked = lockDays !== undefined
  const readers: Statement[] =
    auditAccount === undefined
      ? []
      : [{ principals: [{ type: 'aws', identifiers: [auditAccount] }], actions: ['s3:GetObject', 's3:ListBucket'] }]
  const notBy = (role: $util.Input<string>, actions: string[], paths?: string[]): Statement => ({
    effect: 'deny',
    principals: '*',
    actions,
    ...(paths ? { paths } : {}),
    conditions: [{ test: 'ArnNotEquals', variable: 'aws:PrincipalArn', values: [role] }],
  })

  const tiles = new sst.aws.Bucket('Log', {
    versioning: true,
    policy: [
      ...readers,
      notBy(arnOf('ship'), ['s3:PutObject', 's3:DeleteObject'], ['*']),
      // A name is written once: a lock protects versions, and not the name from a newer one.
      {
        effect: 'deny',
        principals: '*',
        actions: ['s3:PutObject'],
        paths: ['tile/*'],
        conditions: [{ test: 'Null', variable: 's3:if-none-match', values: ['true'] }],
      },
      { effect: 'deny', principals: '*', actions: ['s3:BypassGovernanceRetention', 's3:PutBucketObjectLockConfiguration'] },
    ],
    lifecycle: [{ id: 'replaced', prefix: '' }],
    transform: {
      ...guards,
      bucket: holding({ forceDestroy: !locked, objectLockEnabled: lockable }),
      lifecycle(args) {
        // Checkpoints and partial tiles that are replaced; a full tile never is, and its lock holds against this too.
        args.rules = [
          {
            ...{ id: 'replaced', status: 'Enabled', filter: {} },
            noncurrentVersionExpiration: { noncurrentDays: 30 },
            // What marks a partial tile as removed goes when its last version has.
            expiration: { expiredObjectDeleteMarker: true },
          },
        ]
        return undefined
      },
    },
    cors: false,
  })
  const events = new sst.aws.Bucket('Events', {
    versioning: false,
    policy: readers,
    lifecycle: [{ id: 'stages', prefix: 'stage/', expiresIn: '30 days' }],
    transform: { ...guards, bucket: holding({ forceDestroy: !locked }) },
    cors: false,
  })
  // The log holds commitments alone, and is made to be copied; the events name people.
  encrypted('Log', tiles, { sseAlgorithm: 'AES256' })
  encrypted('Events', events, { sseAlgorithm: 'aws:kms', kmsMasterKeyId: key.arn })
  return { tiles, events }
}

/** A bucket is kept with its stage, and what guards it with it. */
const guards = { policy: keeping, versioning: keeping, publicAccessBlock: keeping }

function encrypted(
  name: string,
  bucket: sst.aws.Bucket,
  applyServerSideEncryptionByDefault: { readonly sseAlgorithm: string; readonly kmsMasterKeyId?: $util.Output<string> },
): void {
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `${name}Encryption`,
    { bucket: bucket.name, rules: [{ applyServerSideEncryptionByDefault, bucketKeyEnabled: true }] },
    kept(),
  )
}

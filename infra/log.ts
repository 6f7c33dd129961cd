/**
 * The buckets of the audit log: one for tiles and the checkpoint, which only grow, and one for events with their salts, which can
 * be erased. Sources: Amazon S3 User Guide, "Using S3 Object Lock" and "Enforce conditional writes on Amazon S3 buckets".
 */
import { holding, keeping, kept } from './kept.ts'
import type { Roles } from './roles.ts'
import type { Settings } from './settings.ts'

export type Buckets = ReturnType<typeof log>
type Statement = NonNullable<sst.aws.BucketArgs['policy']> extends $util.Input<$util.Input<infer S>[]> ? S : never

export function log({ lockDays, auditAccount }: Settings, key: aws.kms.Key, arnOf: Roles['arnOf']) {
  // Adding Object Lock later would replace the bucket and lose the log. So it is always on; without a retention period it locks nothing.
  const lockable = lockDays !== undefined || $app.removal !== 'remove'
  const locked = lockDays !== undefined
  const readers: Statement[] =
    auditAccount === undefined
      ? []
      : [{ principals: [{ type: 'aws', identifiers: [auditAccount] }], actions: ['s3:GetObject', 's3:ListBucket'] }]
  const notBy = (roles: readonly $util.Input<string>[], actions: string[], paths?: string[]): Statement => ({
    effect: 'deny',
    principals: '*',
    actions,
    ...(paths ? { paths } : {}),
    conditions: [{ test: 'ArnNotEquals', variable: 'aws:PrincipalArn', values: [...roles] }],
  })

  const tiles = new sst.aws.Bucket('Log', {
    versioning: true,
    policy: [
      ...readers,
      notBy([arnOf('ship'), arnOf('compare')], ['s3:PutObject', 's3:DeleteObject'], ['*']),
      // Each name is written only once. A lock protects versions, but does not prevent a newer version of the same name.
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
        // Removes replaced checkpoints and partial tiles. A full tile is never replaced, and its lock also protects it from this rule.
        args.rules = [
          {
            ...{ id: 'replaced', status: 'Enabled', filter: {} },
            noncurrentVersionExpiration: { noncurrentDays: 30 },
            // The delete marker of a partial tile is removed after its last version.
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
  // The log contains only commitments and is meant to be copied. The events contain personal data.
  encrypted('Log', tiles, { sseAlgorithm: 'AES256' })
  encrypted('Events', events, { sseAlgorithm: 'aws:kms', kmsMasterKeyId: key.arn })
  return { tiles, events }
}

/** A bucket and its protections are retained with their stage. */
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

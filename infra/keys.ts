/**
 * The key that tables, events and the functions' environments lie encrypted under, and the key that signs the log. Both are
 * kept with what lies under them, which nobody could read without.
 */
import { held } from './kept.ts'
import type { Roles } from './roles.ts'
import type { Settings } from './settings.ts'

export type Keys = ReturnType<typeof keys>

export function keys({ auditAccount }: Settings, arnOf: Roles['arnOf']) {
  const account = aws.getCallerIdentityOutput().accountId
  const data = new aws.kms.Key(
    'DataKey',
    {
      description: `stint ${$app.stage}: tables, events, settings`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: $jsonStringify({
        Version: '2012-10-17',
        Statement: [
          administeredBy(account),
          // The topic of the alarms lies under it too: AWS's own key for SNS keeps CloudWatch out. As AWS documents it, without
          // a condition (AWS re:Post Knowledge Center, "Configure a CloudWatch alarm to use an encrypted SNS topic").
          {
            Sid: 'AlarmsRing',
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
          },
          ...(auditAccount === undefined
            ? []
            : [
                {
                  Sid: 'AuditorsReadEvents',
                  Effect: 'Allow',
                  Principal: { AWS: `arn:aws:iam::${auditAccount}:root` },
                  Action: 'kms:Decrypt',
                  Resource: '*',
                  Condition: { StringEquals: { 'kms:ViaService': $interpolate`s3.${aws.getRegionOutput().region}.amazonaws.com` } },
                },
              ]),
        ],
      }),
    },
    held(),
  )
  new aws.kms.Alias('DataKeyAlias', { name: `alias/stint-${$app.stage}-data`, targetKeyId: data.keyId })

  const log = new aws.kms.Key(
    'LogKey',
    {
      description: `stint ${$app.stage}: signs the checkpoints of the audit log`,
      keyUsage: 'SIGN_VERIFY',
      customerMasterKeySpec: 'ECC_NIST_EDWARDS25519',
      deletionWindowInDays: 30,
      policy: $jsonStringify({
        Version: '2012-10-17',
        Statement: [
          administeredBy(account),
          // Who administers the account can change this, and that is on CloudTrail; what nobody can do is sign in passing.
          {
            Sid: 'OnlyTheShipperSigns',
            Effect: 'Deny',
            Principal: '*',
            Action: 'kms:Sign',
            Resource: '*',
            Condition: { ArnNotEquals: { 'aws:PrincipalArn': arnOf('ship') } },
          },
        ],
      }),
    },
    held(),
  )
  new aws.kms.Alias('LogKeyAlias', { name: `alias/stint-${$app.stage}-log`, targetKeyId: log.keyId })
  return { data, log }
}

/** The account's own policies decide. Source: AWS KMS Developer Guide, "Default key policy". */
const administeredBy = (account: $util.Output<string>) => ({
  Sid: 'AccountDecides',
  Effect: 'Allow',
  Principal: { AWS: $interpolate`arn:aws:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
})

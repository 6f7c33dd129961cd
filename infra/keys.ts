/**
 * The key that encrypts tables, events and the functions' environments, and the key that signs the log. Both are retained together
 * with the encrypted data, which would be unreadable without them.
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
          // It also encrypts the topic of the alarms, because CloudWatch cannot use AWS's own key for SNS. As AWS documents it,
          // without a condition (AWS re:Post Knowledge Center, "Configure a CloudWatch alarm to use an encrypted SNS topic").
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
          // An administrator of the account can change this policy, which CloudTrail records. No one can sign without such a change.
          {
            Sid: 'OnlyShippersSign',
            Effect: 'Deny',
            Principal: '*',
            Action: 'kms:Sign',
            Resource: '*',
            Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arnOf('ship'), arnOf('compare')] } },
          },
        ],
      }),
    },
    held(),
  )
  new aws.kms.Alias('LogKeyAlias', { name: `alias/stint-${$app.stage}-log`, targetKeyId: log.keyId })
  return { data, log }
}

/** Access depends on the account's IAM policies. Source: AWS KMS Developer Guide, "Default key policy". */
const administeredBy = (account: $util.Output<string>) => ({
  Sid: 'AccountDecides',
  Effect: 'Allow',
  Principal: { AWS: $interpolate`arn:aws:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
})

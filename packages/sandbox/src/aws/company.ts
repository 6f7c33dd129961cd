/**
 * The AWS accounts of the company in `stint.config.ts`: the permissions of each target role, and the buckets.
 * A role that is not listed here has all permissions, so with your own config only session policies limit access.
 */
import type { PolicyJson, StatementJson } from '@stint/iam'

const of = (...Statement: StatementJson[]): PolicyJson => ({ Version: '2012-10-17', Statement })
const allow = (Action: string | string[], Resource: string | string[]): StatementJson => ({ Effect: 'Allow', Action, Resource })

type BucketSeed = {
  readonly name: string
  readonly account: string
  readonly objects: Readonly<Record<string, string>>
  readonly policy?: PolicyJson
}

export const company: { readonly rolePolicies: Readonly<Record<string, PolicyJson>>; readonly buckets: readonly BucketSeed[] } = {
  rolePolicies: {
    'arn:aws:iam::111122223333:role/stint/ReadOnly': of(allow(['s3:Get*', 's3:List*'], '*')),
    'arn:aws:iam::111122223333:role/stint/Deploy': of(
      allow('s3:*', [
        'arn:aws:s3:::acme-web-assets',
        'arn:aws:s3:::acme-web-assets/*',
        'arn:aws:s3:::acme-releases',
        'arn:aws:s3:::acme-releases/*',
      ]),
    ),
    'arn:aws:iam::444455556666:role/stint/PowerUser': of(allow('s3:*', '*'), {
      Effect: 'Deny',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::acme-staging-secrets', 'arn:aws:s3:::acme-staging-secrets/*'],
    }),
    'arn:aws:iam::999988887777:role/stint/AuditRead': of(allow(['s3:Get*', 's3:List*'], '*')),
    'arn:aws:iam::777788889999:role/stint/Reports': of(allow(['s3:Get*', 's3:List*'], '*')),
  },
  buckets: [
    {
      name: 'acme-orders-logs',
      account: '111122223333',
      objects: { '2026/11/24/orders.log': '10:00:01 order 4711 paid\n10:00:02 order 4712 failed: card declined\n' },
    },
    { name: 'acme-payments-logs', account: '111122223333', objects: { '2026/11/24/payments.log': '10:00:01 payment ok\n' } },
    { name: 'acme-customers', account: '111122223333', objects: { 'customers.csv': 'id,name\n1,Ada\n' } },
    { name: 'acme-web-assets', account: '111122223333', objects: { 'index.html': '<!doctype html><title>Acme</title>\n' } },
    { name: 'acme-releases', account: '111122223333', objects: {} },
    { name: 'acme-staging-uploads', account: '444455556666', objects: { 'hello.txt': 'hello from staging\n' } },
    { name: 'acme-staging-secrets', account: '444455556666', objects: { 'key.pem': 'not for sessions\n' } },
    { name: 'acme-cloudtrail', account: '999988887777', objects: {} },
    { name: 'acme-warehouse-exports', account: '777788889999', objects: { 'orders/2026-11.csv': 'order,total\n4711,19.90\n' } },
  ],
}

import { describe, expect, test } from 'vitest'
import { riskOf } from './risk.ts'

const allow = (Action: string | string[], Resource: string | string[] = 'arn:aws:s3:::logs/*') => ({
  Effect: 'Allow' as const,
  Action,
  Resource,
})
const deny = { Effect: 'Deny' as const, Action: 's3:PutObject', Resource: '*' }
const arn = (name: string) => `arn:aws:iam::aws:policy/${name}`

describe('risk', () => {
  test.each<[string, Parameters<typeof riskOf>[0]['policy'], string[], string]>([
    ['a role without a session policy', [], [], 'high: all that the role may'],
    ['… with a Deny alone', [deny], [], 'high: all that the role may'],
    ['every action', [allow('*', '*')], [], 'high: every action'],
    ['every action, on one thing', [allow('*')], [], 'high: every action'],
    ['a whole service everywhere', [allow('s3:*', '*')], [], 'high: s3:* on everything'],
    ['a whole service on one thing', [allow('s3:*')], [], 'medium: changes things: s3:*'],
    ['all but something', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], [], 'high: everything but what is named'],
    ['a policy for administrators', [], [arn('AdministratorAccess')], 'high: AdministratorAccess'],
    ['rights over rights', [allow('iam:CreateAccessKey')], [], 'high: rights over rights: iam:CreateAccessKey'],
    ['secrets', [allow('secretsmanager:GetSecretValue', '*')], [], 'high: gives secrets away: secretsmanager:GetSecretValue'],
    ['secrets, among others that begin so', [allow('ssm:Get*')], [], 'high: gives secrets away: ssm:Get*'],
    ['secrets, however it is written', [allow('SSM:getparameter?')], [], 'high: gives secrets away: SSM:getparameter?'],
    ['no secrets, of the same service', [allow('ssm:DescribeParameters')], [], 'low: reads'],
    ['a whole service, on all of its buckets', [allow('s3:*', 'arn:aws:s3:::*')], [], 'high: s3:* on everything'],
    ['a whole service, written oddly', [allow('s3:?*', '*')], [], 'high: s3:?* on everything'],
    ['reading them', [allow('iam:GetUser', '*')], [], 'low: reads'],
    ['a JWT about the session', [allow('sts:GetWebIdentityToken', '*')], [], 'high: gives secrets away: sts:GetWebIdentityToken'],
    ['credentials of an access grant', [allow('s3:GetDataAccess', '*')], [], 'high: gives secrets away: s3:GetDataAccess'],
    [
      'a database password',
      [allow('redshift:GetClusterCredentialsWithIAM', '*')],
      [],
      'high: gives secrets away: redshift:GetClusterCredentialsWithIAM',
    ],
    [
      'a temporary SSH key',
      [allow('lightsail:GetInstanceAccessDetails', '*')],
      [],
      'high: gives secrets away: lightsail:GetInstanceAccessDetails',
    ],
    [
      'a key of a service that is no identity',
      [allow('grafana:CreateWorkspaceApiKey', '*')],
      [],
      'high: gives secrets away: grafana:CreateWorkspaceApiKey',
    ],
    ['what a wildcard would give, were it not denied', [allow('ecr:Get*', '*')], [], 'low: reads'],
    ['writing', [allow('s3:GetObject'), allow('s3:PutObject')], [], 'medium: changes things: s3:PutObject'],
    ['reading', [allow(['s3:GetObject', 's3:ListBucket']), deny], [], 'low: reads'],
    ['reading all of a service', [allow('s3:Get*', '*')], [], 'low: reads'],
    ['a managed policy that reads', [], [arn('SecurityAudit')], 'low: reads'],
    ['a managed policy of one’s own', [], ['arn:aws:iam::111122223333:policy/ops'], 'medium: ops'],
    ['one that only begins like a reader', [allow('s3:GetObject')], [arn('AmazonS3FullAccess')], 'medium: AmazonS3FullAccess'],
  ])('%s', (_name, policy, policyArns, expected) => {
    const { level, why } = riskOf({ policy, policyArns })
    expect(`${level}: ${why}`).toBe(expected)
  })
  test('what mints names counts behind a wildcard too', () => {
    const { level, why } = riskOf({ policy: [allow('ecr:Get*', '*')], policyArns: [], mints: ['ecr:GetAuthorizationToken'] })
    expect(`${level}: ${why}`).toBe('high: gives secrets away: ecr:Get*')
  })
})

/** Settings that neither stage has: a domain of one's own, an auditors' account, somebody to tell, a table from a backup. */
import { evaluate, policy } from '@stint/iam'
import { beforeAll, expect, test } from 'vitest'
import { ACCOUNT, type Deployed, deploy } from './deploy.ts'

const AUDITORS = '999988887777'
const restored = {
  from: 'stint-prod-StoryTable-old',
  at: '2026-11-25T02:00:00Z',
  name: 'stint-prod-story-2',
  epoch: 1_795_000_000_000,
  verified: false,
}
let all: Deployed
beforeAll(async () => {
  all = await deploy('elsewhere', {
    domain: 'stint.acme.example',
    auditAccount: AUDITORS,
    alarmsTo: ['oncall@acme.example'],
    restored,
    vendClient: 'sdk',
    warmThroughput: { readUnitsPerSecond: 24_000, writeUnitsPerSecond: 12_000 },
  })
}, 400_000)

const environmentOf = (name: string): Record<string, string> => {
  const { environment } = all.one('aws:lambda/function:Function', `${name}Function`).inputs
  return (environment.value ?? environment).variables
}

test('the table comes from the backup under a name of its own, and everything is frozen until it is verified', () => {
  expect(all.one('aws:dynamodb/table:Table', 'StoryTable').inputs).toMatchObject({
    name: restored.name,
    restoreSourceName: restored.from,
    restoreDateTime: restored.at,
    streamEnabled: true,
    pointInTimeRecovery: { enabled: true },
  })
  expect(all.one('aws:dynamodb/table:Table', 'SideTable').inputs.restoreSourceName).toBeUndefined()
  for (const name of ['Vend', 'Api', 'Slack', 'Sweep'])
    expect(environmentOf(name)).toMatchObject({
      STINT_TABLE: restored.name,
      STINT_EPOCH: String(restored.epoch),
      STINT_FROZEN: expect.any(String),
    })
})

test('both tables are warm from the start, and cannot be replaced to lower that', () => {
  for (const name of ['StoryTable', 'SideTable']) {
    const { inputs } = all.one('aws:dynamodb/table:Table', name)
    expect(inputs.warmThroughput).toEqual({ readUnitsPerSecond: 24_000, writeUnitsPerSecond: 12_000 })
    expect(inputs.deletionProtectionEnabled).toBe(all.app.protect)
  }
})

test('vend runs the bundle over AWS’s SDK', () => {
  const description = (name: string) => all.one('aws:lambda/function:Function', `${name}Function`).inputs.description
  expect([description('Vend'), description('Api')]).toEqual(['stint: vend-sdk', 'stint: api'])
})

test('the domain is where everything leads, with a certificate of its own', () => {
  expect(all.outputs.url).toBe('https://stint.acme.example')
  expect(environmentOf('Slack').STINT_URL).toBe('https://stint.acme.example')
  expect(all.of('aws:apigatewayv2/domainName:DomainName').map(({ inputs }) => inputs.domainName)).toEqual(['stint.acme.example'])
  expect(all.one('aws:apigatewayv2/domainName:DomainName', 'GatewayDomainName').inputs.domainNameConfiguration.securityPolicy).toBe(
    'TLS_1_2',
  )
})

test('auditors may copy log and events, and write neither', () => {
  const auditor = { arn: `arn:aws:iam::${AUDITORS}:role/auditor`, account: AUDITORS }
  const may = (name: string, action: string) => {
    const { bucket, policy: text } = all.one('aws:s3/bucketPolicy:BucketPolicy', `${name}Policy`).inputs
    return evaluate({
      principal: auditor,
      action,
      resource: { arn: `arn:aws:s3:::${bucket}/x`, account: ACCOUNT },
      context: { 'aws:SecureTransport': 'true', 'aws:PrincipalArn': auditor.arn },
      identity: [policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } }, 'identity')],
      resourcePolicy: policy(JSON.parse(text), 'resource'),
    }).allowed
  }
  for (const name of ['Log', 'Events'])
    expect(['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:PutBucketPolicy'].map((action) => may(name, action))).toEqual([
      true,
      false,
      false,
      false,
    ])
})

test('auditors may use the key that the events lie under, by way of S3 alone, and nobody else from elsewhere', () => {
  const keyPolicy = policy(JSON.parse(all.one('aws:kms/key:Key', 'DataKey').inputs.policy), 'resource')
  const decrypts = (account: string, context: object) =>
    evaluate({
      principal: { arn: `arn:aws:iam::${account}:role/auditor`, account },
      action: 'kms:Decrypt',
      resource: { arn: 'arn:aws:kms:eu-central-1:123456789012:key/DataKey', account: ACCOUNT },
      context: { ...context },
      identity: [policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*' } }, 'identity')],
      resourcePolicy: keyPolicy,
      resourcePolicyDecides: true,
    }).allowed
  const byS3 = { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' }
  expect([decrypts(AUDITORS, byS3), decrypts(AUDITORS, {}), decrypts('555566667777', byS3)]).toEqual([true, false, false])
})

test('somebody is told', () => {
  expect(all.of('aws:sns/topicSubscription:TopicSubscription').map(({ inputs }) => [inputs.protocol, inputs.endpoint])).toEqual([
    ['email', 'oncall@acme.example'],
  ])
})

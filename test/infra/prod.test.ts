/**
 * Production as it would be deployed: every resource by number, every role by what it may and must not do, and nothing open
 * that should be closed. No AWS and no engine: see deploy.ts.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { routes, servedBy } from '@stint/broker/http/routes'
import { FUNCTIONS, type FunctionName, functionNames } from '@stint/broker/lambda/functions'
import { type CountedMetric, countedMetrics } from '@stint/broker/lambda/metrics'
import { type ContextInput, evaluate, type Policy, policy } from '@stint/iam'
import { SHARD, sequenceOf, streamArn } from '@stint/sandbox/aws/dynamodb-streams'
import type { SqsQueue } from '@stint/sandbox/aws/sqs'
import { BROKER_ACCOUNT } from '@stint/sandbox/aws/world'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gatewayEvent, type Lambda } from '../support/lambda.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { ACCOUNT, type Deployed, deploy, type Inputs, REGION } from './deploy.ts'
import { root } from './platform.ts'
import { plain, startDeployed, titleOf as title } from './start-deployed.ts'

let prod: Deployed
beforeAll(async () => {
  prod = await deploy('prod')
}, 400_000)

const nameOf = (type: string, name: string): string => prod.one(type, name).inputs.name ?? prod.one(type, name).inputs.bucket
const story = () => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${nameOf('aws:dynamodb/table:Table', 'StoryTable')}`
const side = () => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${nameOf('aws:dynamodb/table:Table', 'SideTable')}`
const logBucket = () => `arn:aws:s3:::${nameOf('aws:s3/bucket:Bucket', 'LogBucket')}`
const eventsBucket = () => `arn:aws:s3:::${nameOf('aws:s3/bucket:Bucket', 'EventsBucket')}`
const functionOf = (name: FunctionName) => prod.one('aws:lambda/function:Function', `${title(name)}Function`).inputs
const roleArn = (name: FunctionName) => `arn:aws:iam::${ACCOUNT}:role/stint-${name}`

/** Everything that hangs on a role. */
function policiesOf(name: FunctionName): readonly Policy[] {
  const inline = prod.of('aws:iam/rolePolicy:RolePolicy').filter(({ inputs }) => inputs.role === `stint-${name}`)
  const attached = prod.of('aws:iam/rolePolicyAttachment:RolePolicyAttachment').filter(({ inputs }) => inputs.role === `stint-${name}`)
  const managed = attached.map(({ inputs }) =>
    prod.of('aws:iam/policy:Policy').find((one) => inputs.policyArn.endsWith(`/${one.inputs.name}`)),
  )
  return [...inline, ...managed].map((one) => policy(JSON.parse(one?.inputs.policy), 'identity'))
}
const principalOf = (name: FunctionName) => ({
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/stint-${name}/stint-${name}`,
  account: ACCOUNT,
  roleArn: roleArn(name),
})
function may(name: FunctionName, action: string, arn: string, context: ContextInput = {}, resourcePolicy?: Policy): boolean {
  return evaluate({
    principal: principalOf(name),
    action,
    resource: { arn, account: ACCOUNT },
    context: { 'aws:SecureTransport': 'true', 'aws:PrincipalArn': roleArn(name), ...context },
    identity: policiesOf(name),
    ...(resourcePolicy ? { resourcePolicy } : {}),
  }).allowed
}
const keyed = (...keys: string[]) => ({ 'dynamodb:LeadingKeys': keys })
const viaService = (service: string) => ({ 'kms:ViaService': `${service}.${REGION}.amazonaws.com` })

test('there are exactly these resources', () => {
  const counts: Record<string, number> = {}
  for (const { type } of prod.resources) counts[type] = (counts[type] ?? 0) + 1
  expect(Object.fromEntries(Object.entries(counts).sort())).toMatchSnapshot()
})

test('the app and its configuration fit their types', () => {
  const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test/infra/tsconfig.json'], {
    cwd: root,
    encoding: 'utf8',
  })
  const ours = stdout.split('\n').filter((line) => /^\S+\.ts\(/.test(line) && !line.startsWith('.sst/'))
  expect(ours).toEqual([])
  expect(status === 0 || stdout.includes('.sst/')).toBe(true)
})

test('docs/examples/deploy-role.json allows every service that prod has a resource of', () => {
  const { Statement } = JSON.parse(readFileSync(join(root, 'docs/examples/deploy-role.json'), 'utf8')) as {
    Statement: { readonly Action: readonly string[] }[]
  }
  const allowed = new Set(Statement.flatMap(({ Action }) => Action.map((action) => action.split(':')[0])))
  const prefixes: { readonly [module: string]: string } = { apigatewayv2: 'apigateway', cognito: 'cognito-idp' }
  const used = new Set(
    prod.resources.flatMap(({ type }) => {
      const [, module = ''] = /^aws:(\w+)\/(?!log|event)/.exec(type) ?? []
      if (/^aws:cloudwatch\/log/.test(type)) return ['logs']
      if (/^aws:cloudwatch\/event/.test(type)) return ['events']
      return module === '' ? [] : [prefixes[module] ?? module]
    }),
  )
  expect(used.size).toBeGreaterThan(8)
  expect([...used].filter((service) => !allowed.has(service))).toEqual([])
})

describe('roles', () => {
  test('trust Lambda and nobody else', () => {
    const roles = prod.of('aws:iam/role:Role')
    expect(roles.map(({ inputs }) => inputs.name).sort()).toEqual(functionNames.map((name) => `stint-${name}`).sort())
    for (const { inputs } of roles) {
      const trust = policy(
        typeof inputs.assumeRolePolicy === 'string' ? JSON.parse(inputs.assumeRolePolicy) : inputs.assumeRolePolicy,
        'trust',
      )
      expect(trust.statements.map(({ principals }) => principals)).toEqual([
        { not: false, principals: { Service: ['lambda.amazonaws.com'] } },
      ])
    }
    // SST makes a role for a function that is given none; none is.
    for (const name of functionNames) expect(functionOf(name).role).toBe(roleArn(name))
  })
  test.each(['Vend', 'End'])('that of %s outlives a deploy that would remove it', (name) => {
    expect(prod.one('aws:iam/role:Role', `${name}ExecutionRole`).options).toEqual({ protect: true, retainOnDelete: true })
  })
  test('hold what was reviewed', async () => {
    const reviewed = Object.fromEntries(
      functionNames.map((name) => [
        name,
        prod
          .of('aws:iam/rolePolicy:RolePolicy')
          .filter(({ inputs }) => inputs.role === `stint-${name}`)
          .flatMap(({ inputs }) => JSON.parse(inputs.policy).Statement),
      ]),
    )
    // Names that SST draws at random, by app and stage, are the same each time; they say nothing.
    const text = JSON.stringify(reviewed, null, 2).replace(/(stint-prod-\w+)-[a-z]{8}/g, '$1')
    await expect(`${text}\n`).toMatchFileSnapshot('roles.prod.json')
  })
  test('name no wildcard: no action, and no resource but items of a bucket, streams of a log group and indexes', () => {
    for (const name of functionNames)
      for (const { effect, actions, resources } of policiesOf(name).flatMap(({ statements }) => statements)) {
        expect(effect).toBe('Allow')
        expect([actions.not, resources?.not]).toEqual([false, false])
        expect(actions.names.filter((action) => /[*?]/.test(action))).toEqual([])
        // It has no resource-level permissions.
        if (actions.names.join() === 'dynamodb:ListStreams') continue
        const wild = (resources?.names ?? []).filter((arn) => /[*?]/.test(arn))
        expect(wild.filter((arn) => !/^arn:aws:s3:::[\w-]+\/[\w.*/]+$|:log-group:\/stint\/prod\/\w+:\*$/.test(arn))).toEqual([])
      }
  })
})

describe('each function may do what it needs', () => {
  test.each<[FunctionName, string, () => string, ContextInput]>([
    ['vend', 'dynamodb:UpdateItem', story, keyed('REQ#req_1')],
    ['vend', 'dynamodb:BatchGetItem', story, keyed('FREEZE#a', 'FREEZE#b')],
    ['vend', 'dynamodb:UpdateItem', side, keyed('REFUSED#x')],
    ['vend', 'sts:AssumeRole', () => 'arn:aws:iam::444455556666:role/stint/PowerUser', {}],
    ['vend', 'sts:TagSession', () => 'arn:aws:iam::444455556666:role/stint/PowerUser', {}],
    ['vend', 'sts:SetSourceIdentity', () => 'arn:aws:iam::444455556666:role/stint/PowerUser', {}],
    ['vend', 'kms:Decrypt', () => dataKey(), viaService('dynamodb')],
    ['vend', 'logs:PutLogEvents', () => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/stint/prod/vend:log-stream:x`, {}],
    ['api', 'dynamodb:PutItem', story, keyed('FREEZE#all')],
    ['api', 'dynamodb:UpdateItem', story, keyed('LINK#lnk_1')],
    ['api', 's3:GetObject', () => `${logBucket()}/tile/0/000`, {}],
    ['api', 's3:GetObject', () => `${eventsBucket()}/events/000`, {}],
    ['api', 'kms:Decrypt', () => dataKey(), viaService('s3')],
    ['slack', 'dynamodb:UpdateItem', story, keyed('REQ#req_1')],
    ['slack', 'dynamodb:PutItem', side, keyed('SEEN#x')],
    ['notify', 'dynamodb:PutItem', side, keyed('MSG#req_1')],
    ['notify', 'dynamodb:DeleteItem', side, keyed('PENDING')],
    ['notify', 'dynamodb:GetRecords', () => `${story()}/stream/2026`, {}],
    ['ship', 's3:PutObject', () => `${logBucket()}/tile/0/000`, {}],
    ['ship', 's3:PutObjectRetention', () => `${logBucket()}/tile/0/000`, {}],
    ['ship', 's3:PutObject', () => `${logBucket()}/checkpoint`, {}],
    ['ship', 's3:PutObject', () => `${eventsBucket()}/events/000`, {}],
    ['ship', 's3:PutObject', () => `${eventsBucket()}/quarantined/req_1`, {}],
    ['ship', 'dynamodb:PutItem', side, keyed('LOG#HEAD')],
    ['ship', 'kms:Sign', () => logKey(), {}],
    ['ship', 'sqs:SendMessage', () => prodQueue('ShipDead'), {}],
    ['sweep', 'dynamodb:PutItem', story, keyed('SYS#sys_1')],
    ['sweep', 'dynamodb:Query', () => `${story()}/index/open`, {}],
    ['api', 'sqs:SendMessage', () => prodQueue('Ends'), {}],
    ['sweep', 'sqs:SendMessage', () => prodQueue('Ends'), {}],
    ['api', 'dynamodb:UpdateItem', side, keyed('ENDS')],
    ['end', 'sts:AssumeRole', () => `${target}-revoker`, {}],
    ['end', 'sqs:ReceiveMessage', () => prodQueue('Ends'), {}],
    ['end', 'dynamodb:BatchWriteItem', side, keyed('DENY#x')],
    ['end', 'dynamodb:GetItem', story, keyed('REQ#req_1')],
  ])('%s %s', (name, action, arn, context) => expect(may(name, action, arn(), context)).toBe(true))
})
const dataKey = () => `arn:aws:kms:${REGION}:${ACCOUNT}:key/DataKey`
const logKey = () => `arn:aws:kms:${REGION}:${ACCOUNT}:key/LogKey`
const prodQueue = (name: string) =>
  `arn:aws:sqs:${REGION}:${ACCOUNT}:${prod.one('aws:sqs/queue:Queue', name).inputs.name ?? name.toLowerCase()}`

const target = 'arn:aws:iam::444455556666:role/stint/PowerUser'
const others = (...names: FunctionName[]) => functionNames.filter((name) => !names.includes(name))
type Forbidden = readonly [what: string, who: readonly FunctionName[], action: string, arn: () => string, context?: ContextInput]
const forbidden: readonly Forbidden[] = [
  ['assume a target’s role', others('vend'), 'sts:AssumeRole', () => target],
  ['assume a revoker', others('end'), 'sts:AssumeRole', () => `${target}-revoker`],
  [
    'assume the revoker of a target that has none',
    functionNames,
    'sts:AssumeRole',
    () => 'arn:aws:iam::111122223333:role/stint/Admin-revoker',
  ],
  ['take an end', others('end'), 'sqs:ReceiveMessage', () => prodQueue('Ends')],
  ['wake the function that ends sessions', others('api', 'slack', 'sweep'), 'sqs:SendMessage', () => prodQueue('Ends')],
  ['request an end', others('api', 'slack', 'end'), 'dynamodb:UpdateItem', side, keyed('ENDS')],
  ['say which sessions are denied', others('end'), 'dynamodb:PutItem', side, keyed('DENY#x')],
  ['tag a session', others('vend'), 'sts:TagSession', () => target],
  ['set a source identity', others('vend'), 'sts:SetSourceIdentity', () => target],
  ['assume a role that is no target', functionNames, 'sts:AssumeRole', () => 'arn:aws:iam::444455556666:role/stint/Other'],
  ['assume an administrator', functionNames, 'sts:AssumeRole', () => 'arn:aws:iam::444455556666:role/Admin'],
  ['assume a role of the same name elsewhere', functionNames, 'sts:AssumeRole', () => 'arn:aws:iam::666655554444:role/stint/PowerUser'],
  ['assume each other', functionNames, 'sts:AssumeRole', () => roleArn('vend')],
  ['assume by web identity', functionNames, 'sts:AssumeRoleWithWebIdentity', () => target],
  ['get a federation token', functionNames, 'sts:GetFederationToken', () => '*'],
  ['get a session token', functionNames, 'sts:GetSessionToken', () => '*'],
  ['write a tile', others('ship', 'compare'), 's3:PutObject', () => `${logBucket()}/tile/0/000`],
  ['write the checkpoint', others('ship', 'compare'), 's3:PutObject', () => `${logBucket()}/checkpoint`],
  ['write events', others('ship', 'compare'), 's3:PutObject', () => `${eventsBucket()}/events/000`],
  ['delete a full tile', functionNames, 's3:DeleteObject', () => `${logBucket()}/tile/0/000`],
  ['delete the checkpoint', functionNames, 's3:DeleteObject', () => `${logBucket()}/checkpoint`],
  ['delete a version of a tile', functionNames, 's3:DeleteObjectVersion', () => `${logBucket()}/tile/0/000`],
  ['delete events', functionNames, 's3:DeleteObject', () => `${eventsBucket()}/events/000`],
  ['get round a lock', functionNames, 's3:BypassGovernanceRetention', () => `${logBucket()}/tile/0/000`],
  ['change the lock of the bucket', functionNames, 's3:PutBucketObjectLockConfiguration', logBucket],
  ['change a bucket’s policy', functionNames, 's3:PutBucketPolicy', logBucket],
  ['delete the log', functionNames, 's3:DeleteBucket', logBucket],
  ['read the log in passing', others('api', 'ship', 'compare'), 's3:GetObject', () => `${logBucket()}/checkpoint`],
  ['read events in passing', others('api', 'ship', 'compare'), 's3:GetObject', () => `${eventsBucket()}/events/000`],
  ['read another bucket', functionNames, 's3:GetObject', () => 'arn:aws:s3:::acme-web-assets/index.html'],
  ['sign a checkpoint', others('ship', 'compare'), 'kms:Sign', logKey],
  ['delete a key', functionNames, 'kms:ScheduleKeyDeletion', logKey],
  ['use the data key past the services', functionNames, 'kms:Decrypt', dataKey],
  ['use the data key for another service', functionNames, 'kms:Decrypt', dataKey, viaService('secretsmanager')],
  ['give the data key away', functionNames, 'kms:CreateGrant', dataKey, viaService('dynamodb')],
  ['write a request', ['notify', 'ship', 'end'], 'dynamodb:UpdateItem', story, keyed('REQ#req_1')],
  ['put a request', ['notify', 'ship', 'end'], 'dynamodb:PutItem', story, keyed('REQ#req_1')],
  ['delete a request', functionNames, 'dynamodb:DeleteItem', story, keyed('REQ#req_1')],
  ['write many requests at once', functionNames, 'dynamodb:BatchWriteItem', story, keyed('REQ#req_1')],
  ['lift a freeze', others('api'), 'dynamodb:UpdateItem', story, keyed('FREEZE#all')],
  ['make a link', others('api', 'slack'), 'dynamodb:UpdateItem', story, keyed('LINK#lnk_1')],
  ['announce a config', others('sweep'), 'dynamodb:PutItem', story, keyed('SYS#sys_1')],
  ['read who is linked to whom', ['vend', 'sweep'], 'dynamodb:GetItem', story, keyed('LINK#lnk_1')],
  ['read a link among freezes', ['vend'], 'dynamodb:BatchGetItem', story, keyed('FREEZE#a', 'LINK#lnk_1')],
  ['move the head of the log', others('ship', 'compare'), 'dynamodb:PutItem', side, keyed('LOG#HEAD')],
  ['write lookup rows', others('ship', 'compare'), 'dynamodb:BatchWriteItem', side, keyed('LOOK#x')],
  ['forget a signature of Slack’s', functionNames, 'dynamodb:DeleteItem', side, keyed('SEEN#x')],
  ['move what compare has reached', others('compare'), 'dynamodb:UpdateItem', side, keyed('KEEP#compare')],
  ['move what retire has reached', others('retire'), 'dynamodb:UpdateItem', side, keyed('KEEP#retire')],
  ['take a dead letter', others('compare'), 'sqs:ReceiveMessage', () => prodQueue('ShipDead')],
  ['remember a signature as used', others('slack'), 'dynamodb:PutItem', side, keyed('SEEN#x')],
  ['bind a Slack user', others('api'), 'dynamodb:PutItem', side, keyed('SLACK#x')],
  ['say what messages stand where', others('notify'), 'dynamodb:PutItem', side, keyed('MSG#req_1')],
  ['read the whole story', functionNames, 'dynamodb:Scan', story],
  ['read the whole side table', functionNames, 'dynamodb:Scan', side],
  ['read without a key', functionNames, 'dynamodb:Query', story],
  ['query by a statement', functionNames, 'dynamodb:PartiQLSelect', story, keyed('REQ#req_1')],
  ['delete the table', functionNames, 'dynamodb:DeleteTable', story],
  ['turn off backups', functionNames, 'dynamodb:UpdateContinuousBackups', story],
  ['turn off the stream', functionNames, 'dynamodb:UpdateTable', story],
  ['restore the table', functionNames, 'dynamodb:RestoreTableToPointInTime', story],
  ['export the table', functionNames, 'dynamodb:ExportTableToPointInTime', story],
  ['follow the story', others('ship', 'compare', 'notify'), 'dynamodb:GetRecords', () => `${story()}/stream/2026`],
  ['read another table', functionNames, 'dynamodb:GetItem', () => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/other`, keyed('REQ#req_1')],
  ['change a role', functionNames, 'iam:PutRolePolicy', () => roleArn('vend')],
  ['change who trusts whom', functionNames, 'iam:UpdateAssumeRolePolicy', () => roleArn('vend')],
  ['pass a role', functionNames, 'iam:PassRole', () => roleArn('vend')],
  ['make a key', functionNames, 'iam:CreateAccessKey', () => `arn:aws:iam::${ACCOUNT}:user/x`],
  ['call another function', functionNames, 'lambda:InvokeFunction', () => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:stint-vend`],
  ['change a function', functionNames, 'lambda:UpdateFunctionCode', () => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:stint-vend`],
  [
    'read a function’s settings',
    functionNames,
    'lambda:GetFunctionConfiguration',
    () => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:stint-slack`,
  ],
  [
    'delete lines of the log',
    functionNames,
    'logs:DeleteLogStream',
    () => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/stint/prod/vend:log-stream:x`,
  ],
  [
    'write lines for another',
    others('vend'),
    'logs:PutLogEvents',
    () => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/stint/prod/vend:log-stream:x`,
  ],
  ['read secrets', functionNames, 'secretsmanager:GetSecretValue', () => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:x`],
  ['read SST’s secrets', functionNames, 'ssm:GetParameter', () => `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/sst/passphrase/stint/prod`],
  ['stop an alarm', functionNames, 'cloudwatch:DeleteAlarms', () => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:stint-prod-ship-lag`],
  ['empty a queue', functionNames, 'sqs:PurgeQueue', () => prodQueue('ShipDead')],
]

describe('no function may', () => {
  test('do at least forty things that are named here', () => expect(forbidden.length).toBeGreaterThanOrEqual(40))
  test.each(forbidden.map((one) => [one[0], one] as const))('%s', (_name, [, who, action, arn, context]) => {
    expect(who.filter((name) => may(name, action, arn(), context))).toEqual([])
  })
})

describe('buckets', () => {
  const policyOf = (name: string) => policy(JSON.parse(prod.one('aws:s3/bucketPolicy:BucketPolicy', name).inputs.policy), 'resource')
  const anybody = { arn: `arn:aws:iam::${ACCOUNT}:user/admin`, account: ACCOUNT }
  const everything = policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }, 'identity')
  const adminMay = (action: string, arn: string, resourcePolicy: Policy, context: ContextInput = {}) =>
    evaluate({
      principal: anybody,
      action,
      resource: { arn, account: ACCOUNT },
      context: { 'aws:SecureTransport': 'true', 'aws:PrincipalArn': anybody.arn, ...context },
      identity: [everything],
      resourcePolicy,
    }).allowed

  test('take TLS only, are public in no way, and lie encrypted', () => {
    for (const [name, arn] of [
      ['LogPolicy', logBucket()],
      ['EventsPolicy', eventsBucket()],
    ] as const) {
      expect(adminMay('s3:GetObject', `${arn}/x`, policyOf(name))).toBe(true)
      expect(adminMay('s3:GetObject', `${arn}/x`, policyOf(name), { 'aws:SecureTransport': 'false' })).toBe(false)
    }
    for (const { inputs } of prod.of('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock'))
      expect(inputs).toMatchObject({ blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true })
    const encryption = (name: string) =>
      prod.one('aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration', name).inputs.rules[0]
    expect(encryption('EventsEncryption').applyServerSideEncryptionByDefault).toEqual({
      sseAlgorithm: 'aws:kms',
      kmsMasterKeyId: dataKey(),
    })
    expect(encryption('LogEncryption').applyServerSideEncryptionByDefault).toEqual({ sseAlgorithm: 'AES256' })
    expect(prod.of('aws:s3/bucketCorsConfiguration:BucketCorsConfiguration')).toEqual([])
  })
  test('the log is locked and versioned, and not thrown away with its stage', () => {
    expect(prod.one('aws:s3/bucket:Bucket', 'LogBucket')).toMatchObject({
      inputs: { objectLockEnabled: true, forceDestroy: false },
      options: { retainOnDelete: true, protect: true },
    })
    // Nor are events and what says where the log stands.
    expect(prod.one('aws:s3/bucket:Bucket', 'EventsBucket').options).toMatchObject({ retainOnDelete: true, protect: true })
    expect(prod.one('aws:dynamodb/table:Table', 'SideTable').options).toMatchObject({ retainOnDelete: true, protect: true })
    const [rule] = prod.one('aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', 'LogLifecycle').inputs.rules
    expect(rule).toMatchObject({ expiration: { expiredObjectDeleteMarker: true }, noncurrentVersionExpiration: { noncurrentDays: 30 } })
    expect(prod.one('aws:s3/bucketVersioning:BucketVersioning', 'LogVersioning').inputs.versioningConfiguration.status).toBe('Enabled')
    expect(Number(functionOf('ship').environment.variables.STINT_LOCK_DAYS)).toBeGreaterThan(365)
  })
  test.each(['Log', 'Events'])('what guards %s stays with it', (name) => {
    for (const [type, suffix] of [
      ['bucketPolicy:BucketPolicy', 'Policy'],
      ['bucketPublicAccessBlock:BucketPublicAccessBlock', 'PublicAccessBlock'],
      ['bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration', 'Encryption'],
      ...(name === 'Log' ? [['bucketVersioning:BucketVersioning', 'Versioning'] as const] : []),
    ] as const)
      expect([suffix, prod.one(`aws:s3/${type}`, `${name}${suffix}`).options.retainOnDelete]).toEqual([suffix, true])
  })
  test('not even an administrator writes the log, writes a name twice or gets round the lock, but by changing the policy', () => {
    const policyOfLog = policyOf('LogPolicy')
    expect(adminMay('s3:PutObject', `${logBucket()}/tile/0/000`, policyOfLog, { 's3:if-none-match': '*' })).toBe(false)
    expect(adminMay('s3:PutObject', `${logBucket()}/checkpoint`, policyOfLog)).toBe(false)
    expect(adminMay('s3:BypassGovernanceRetention', `${logBucket()}/tile/0/000`, policyOfLog)).toBe(false)
    expect(may('ship', 's3:PutObject', `${logBucket()}/tile/0/000`, { 's3:if-none-match': '*' }, policyOfLog)).toBe(true)
    expect(may('ship', 's3:PutObject', `${logBucket()}/tile/0/000`, {}, policyOfLog)).toBe(false)
    expect(may('ship', 's3:PutObject', `${logBucket()}/checkpoint`, { 's3:if-match': 'x' }, policyOfLog)).toBe(true)
  })
})

describe('keys and tables', () => {
  test('only the shipper signs, whatever else its account allows', () => {
    const keyPolicy = policy(JSON.parse(prod.one('aws:kms/key:Key', 'LogKey').inputs.policy), 'resource')
    const signs = (arn: string) =>
      evaluate({
        principal: { arn, account: ACCOUNT },
        action: 'kms:Sign',
        resource: { arn: logKey(), account: ACCOUNT },
        context: { 'aws:PrincipalArn': arn },
        identity: [policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*' } }, 'identity')],
        resourcePolicy: keyPolicy,
      }).allowed
    expect([signs(roleArn('ship')), signs(roleArn('vend')), signs(`arn:aws:iam::${ACCOUNT}:user/admin`)]).toEqual([true, false, false])
    expect(prod.one('aws:kms/key:Key', 'LogKey').inputs).toMatchObject({
      keyUsage: 'SIGN_VERIFY',
      customerMasterKeySpec: 'ECC_NIST_EDWARDS25519',
    })
  })
  test.each(['DataKey', 'LogKey'])('%s is kept with what lies under it', (name) => {
    expect(prod.one('aws:kms/key:Key', name).options).toEqual({ protect: true, retainOnDelete: true })
  })
  test('alarms can ring: CloudWatch may use the key that the topic lies under', () => {
    const keyPolicy = policy(JSON.parse(prod.one('aws:kms/key:Key', 'DataKey').inputs.policy), 'resource')
    expect(prod.one('aws:sns/topic:Topic', 'Alarms').inputs.kmsMasterKeyId).toBe(dataKey())
    const services = keyPolicy.statements.flatMap(({ principals }) =>
      typeof principals?.principals === 'object' ? (principals.principals.Service ?? []) : [],
    )
    expect(services).toEqual(['cloudwatch.amazonaws.com'])
  })
  test('the vkey that auditors are given is that of the key', () => {
    const vkey = parseVkey(prod.outputs.logKey)
    expect(vkey?.name).toBe('stint.acme.example/log')
    expect(Buffer.from(vkey?.publicKey ?? []).equals(prod.logPublicKey)).toBe(true)
  })
  test.each(['StoryTable', 'SideTable'])('%s is encrypted, backed up, protected and kept', (name) => {
    const { inputs, options } = prod.one('aws:dynamodb/table:Table', name)
    expect(inputs).toMatchObject({
      billingMode: 'PAY_PER_REQUEST',
      serverSideEncryption: { enabled: true, kmsKeyArn: dataKey() },
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: true,
      ttl: { attributeName: 'expires', enabled: true },
    })
    expect(options.retainOnDelete).toBe(true)
  })
  test('the story has its indexes and its stream, both images', async () => {
    const { storyTable } = await import('@stint/broker/adapters/dynamodb/table')
    const { inputs } = prod.one('aws:dynamodb/table:Table', 'StoryTable')
    const known = storyTable('x')
    expect(inputs.globalSecondaryIndexes).toEqual(
      (known.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
        name: IndexName,
        hashKey: KeySchema?.[0]?.AttributeName,
        rangeKey: KeySchema?.[1]?.AttributeName,
        projectionType: Projection?.ProjectionType,
        ...(Projection?.NonKeyAttributes ? { nonKeyAttributes: Projection.NonKeyAttributes } : {}),
      })),
    )
    expect([inputs.streamEnabled, inputs.streamViewType]).toEqual([true, known.StreamSpecification?.StreamViewType])
  })
})

describe('functions', () => {
  test.each(functionNames)('%s is the bundle that is tested, on arm64, with its deadline', (name) => {
    const inputs = functionOf(name)
    expect(inputs).toMatchObject({
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: 'index.handler',
      timeout: FUNCTIONS[name].seconds,
      memorySize: FUNCTIONS[name].megabytes,
      kmsKeyArn: dataKey(),
      name: `stint-${name}`,
    })
    expect(inputs.timeout).toBeLessThan(name === 'vend' || name === 'api' || name === 'slack' ? 30 : 901)
    expect(inputs.loggingConfig.logGroup).toBe(`/stint/prod/${name}`)
    // `vend` loads the parts on first use.
    const files = readdirSync(join(prod.bundles, name)).filter((file) => !(name === 'vend' && /^part-\w+\.js$/.test(file)))
    expect(files.sort()).toEqual(['config.json', 'index.js', ...(name === 'api' ? ['public'] : [])])
    console.log(`${name}: ${Math.ceil(statSync(join(prod.bundles, name, 'index.js')).size / 1000)} KB`)
  })
  test('one at a time where one writes alone', () => {
    const alone = functionNames.filter((name) => functionOf(name).reservedConcurrentExecutions === 1)
    expect(alone).toEqual(['ship', 'sweep', 'compare', 'retire'])
  })
  test('and where a deploy says nothing of it, none lifts what an operator set: the kill switch past the API', () => {
    for (const name of functionNames) {
      const { options } = prod.one('aws:lambda/function:Function', `${title(name)}Function`)
      const says = functionOf(name).reservedConcurrentExecutions !== undefined
      expect([name, (options.ignoreChanges ?? []).includes('reservedConcurrentExecutions')]).toEqual([name, !says])
    }
  })
  test('log groups keep 90 days', () => {
    for (const name of functionNames)
      expect(prod.one('aws:cloudwatch/logGroup:LogGroup', `${title(name)}Lines`).inputs).toEqual({
        name: `/stint/prod/${name}`,
        retentionInDays: 90,
      })
  })
  test('a secret is in no environment but of those that need it, and never in plain sight of the state', () => {
    const having = (variable: string) => functionNames.filter((name) => variable in plain(functionOf(name).environment).variables)
    expect(having('STINT_SLACK_SIGNING_SECRETS')).toEqual(['slack'])
    expect(having('STINT_SLACK_TOKEN')).toEqual(['slack', 'notify'])
    expect(having('STINT_DIRECTORY_TOKENS')).toEqual(['slack'])
    expect(having('STINT_WEB_KEY')).toEqual(['api'])
    for (const name of ['slack', 'notify', 'api'] as const) expect(plain(functionOf(name).environment).secret).toBe(true)
  })
  test('the queue of ended sessions is in order for each role, comes again after a failure, and is set aside in the end', () => {
    const [ends, dead] = ['Ends', 'EndDead'].map((name) => prod.one('aws:sqs/queue:Queue', name).inputs) as [Inputs, Inputs]
    expect([ends.fifoQueue, dead.fifoQueue, ends.name, dead.name]).toEqual([
      true,
      true,
      'stint-prod-ends.fifo',
      'stint-prod-ends-dead.fifo',
    ])
    // Lambda takes no queue whose messages come again while the function still works on them.
    expect(ends.visibilityTimeoutSeconds).toBeGreaterThan(2 * FUNCTIONS.end.seconds)
    expect(JSON.parse(ends.redrivePolicy)).toEqual({ deadLetterTargetArn: prodQueue('EndDead'), maxReceiveCount: 5 })
    expect(prod.one('aws:lambda/eventSourceMapping:EventSourceMapping', 'EndsMapping').inputs).toMatchObject({
      eventSourceArn: prodQueue('Ends'),
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: 5 },
    })
  })
  test('the streams give back what failed, and set aside what stays so', () => {
    for (const name of ['Ship', 'Notify']) {
      const mapping = prod.one('aws:lambda/eventSourceMapping:EventSourceMapping', `StorySubscriber${name}StreamEventSourceMapping`).inputs
      expect(mapping).toMatchObject({
        functionResponseTypes: ['ReportBatchItemFailures'],
        bisectBatchOnFunctionError: true,
        startingPosition: 'TRIM_HORIZON',
        destinationConfig: { onFailure: { destinationArn: prodQueue(`${name}Dead`) } },
      })
    }
    for (const { inputs } of prod.of('aws:sqs/queue:Queue')) expect(inputs.sqsManagedSseEnabled).toBe(true)
  })
  test('schedules call the tasks that the functions know', () => {
    expect(
      prod
        .of('aws:cloudwatch/eventTarget:EventTarget')
        .map(({ name, inputs }) => [name, inputs.input])
        .sort(),
    ).toEqual([
      ['CompareHourTarget', '{"task":"compare"}'],
      ['NotifyMinuteTarget', '{"task":"pending"}'],
      ['RetireHourTarget', '{"task":"retire"}'],
      ['SweepMinuteTarget', '{"task":"sweep"}'],
    ])
  })
})

describe('the API', () => {
  test('is the only thing that anybody outside can call', () => {
    const callers = prod.of('aws:lambda/permission:Permission').map(({ inputs }) => inputs)
    for (const { principal, sourceArn } of callers)
      expect(`${principal} ${sourceArn}`).toMatch(
        /^(apigateway\.amazonaws\.com arn:aws:execute-api:|events\.amazonaws\.com arn:aws:events:)/,
      )
    for (const type of [
      'aws:lambda/functionUrl:FunctionUrl',
      'aws:sqs/queuePolicy:QueuePolicy',
      'aws:sns/topicPolicy:TopicPolicy',
      'aws:apigatewayv2/authorizer:Authorizer',
    ])
      expect(prod.of(type)).toEqual([])
  })
  test('leads every route to the function that serves it', () => {
    const target = (key: string) => {
      const route = prod.of('aws:apigatewayv2/route:Route').find(({ inputs }) => inputs.routeKey === key)
      const integration = prod
        .of('aws:apigatewayv2/integration:Integration')
        .find(({ name }) => route?.inputs.target === `integrations/${name.toLowerCase()}`)
      return /function:stint-(\w+)/.exec(integration?.inputs.integrationUri)?.[1]
    }
    const keys = prod.of('aws:apigatewayv2/route:Route').map(({ inputs }) => inputs.routeKey as string)
    for (const { path, methods } of routes)
      for (const method of Object.keys(methods)) {
        const key = [`${method} ${path}`, `ANY ${path}`].find((one) => keys.includes(one)) ?? '$default'
        expect([method, path, target(key)]).toEqual([method, path, servedBy(method, path)])
      }
  })
  test('is throttled, allows no page elsewhere, and logs no token, no query and no body', () => {
    const { inputs } = prod.one('aws:apigatewayv2/stage:Stage', 'GatewayStage')
    expect(inputs.defaultRouteSettings).toEqual({ throttlingRateLimit: 100, throttlingBurstLimit: 100 })
    const { format } = inputs.accessLogSettings
    expect(format).not.toMatch(/header|authorization|querystring|queryString|body|cookie/i)
    expect(prod.one('aws:apigatewayv2/api:Api', 'GatewayApi').inputs.corsConfiguration ?? {}).toEqual({})
  })
})

describe('alarms', () => {
  const names = () =>
    prod.of('aws:cloudwatch/metricAlarm:MetricAlarm').map(({ inputs }) => (inputs.name as string).slice('stint-prod-'.length))
  /** As somebody would say it. */
  function said({
    namespace,
    metricName,
    statistic,
    dimensions,
    comparisonOperator,
    threshold,
    period,
    evaluationPeriods,
    ...rest
  }: Inputs) {
    const of = Object.entries(dimensions ?? {}).map(([name, value]) => ` of ${name} ${String(value).replace(/-[a-z]{8}$/, '')}`)
    const sign = comparisonOperator === 'GreaterThanThreshold' ? '>' : '<'
    const missing = rest.treatMissingData === 'breaching' ? ', or none' : ''
    return `${statistic} ${namespace} ${metricName}${of.join('')} ${sign} ${threshold}${missing}, ${evaluationPeriods} x ${period / 60} min`
  }
  test.each<readonly [name: string, words: string]>([
    ...functionNames.flatMap((name) => {
      const times = name === 'sweep' ? 3 : 1
      const throttles = [`${name}-throttles`, `Sum AWS/Lambda Throttles of FunctionName stint-${name} > 0, ${times} x 5 min`] as const
      return [
        [`${name}-errors`, `Sum AWS/Lambda Errors of FunctionName stint-${name} > 0, 1 x 5 min`] as const,
        ...(name === 'ship' ? [] : [throttles]),
      ]
    }),
    ...(['ship', 'notify', 'schedules'] as const).map(
      (name) =>
        [`${name}-dead-letters`, `Maximum AWS/SQS ApproximateNumberOfMessagesVisible of QueueName ${name}dead > 0, 1 x 1 min`] as const,
    ),
    ['end-dead-letters', 'Maximum AWS/SQS ApproximateNumberOfMessagesVisible of QueueName stint-prod-ends-dead.fifo > 0, 1 x 1 min'],
    ['sweep-stopped', 'Sum AWS/Lambda Invocations of FunctionName stint-sweep < 1, or none, 1 x 15 min'],
    ['compare-stopped', 'Sum AWS/Lambda Invocations of FunctionName stint-compare < 1, or none, 1 x 120 min'],
    ['retire-stopped', 'Sum AWS/Lambda Invocations of FunctionName stint-retire < 1, or none, 1 x 120 min'],
    ['stream-age', 'Maximum AWS/Lambda IteratorAge of FunctionName stint-ship > 300000, 1 x 5 min'],
    ['api-5xx', 'Sum AWS/ApiGateway 5xx of ApiId stint-prod-GatewayApi > 4, 1 x 5 min'],
    ['ship-lag', 'Maximum Stint/prod LagMs > 60000, 1 x 5 min'],
    ['ship-failed', 'Sum Stint/prod Failed > 0, 3 x 5 min'],
    ['ship-quarantined', 'Maximum Stint/prod Quarantined > 0, 1 x 5 min'],
    ['sweep-fault', 'Maximum Stint/prod SweepFault > 0, 2 x 5 min'],
    ['slack-dead-letters', 'Maximum Stint/prod SlackDeadLetters > 0, 1 x 1 min'],
    ['packed-size', 'Maximum Stint/prod PackedSize > 79, 1 x 1 min'],
    ['break-glass', 'Maximum Stint/prod BreakGlassOpen > 0, 1 x 1 min'],
    ['break-glass-unreviewed', 'Maximum Stint/prod BreakGlassOpen > 0, 24 x 60 min'],
    ['issuer-keys', 'Maximum Stint/prod IssuerKeys > 0, 1 x 5 min'],
    ['sts-answers', 'Maximum Stint/prod StsAnswers > 0, 1 x 1 min'],
    ['assume-denied', 'Maximum Stint/prod AssumeDenied > 0, 1 x 5 min'],
    ['reconcile-findings', 'Maximum Stint/prod ReconcileFindings > 0, 1 x 60 min'],
  ])('%s: %s', (name, words) => expect(said(prod.one('aws:cloudwatch/metricAlarm:MetricAlarm', `${name}Alarm`).inputs)).toBe(words))
  test('are no others but those of the tables', () => {
    expect(
      names()
        .filter((name) => /^(story|side)-/.test(name))
        .sort(),
    ).toEqual([...['side-system-errors', 'side-throttled', 'story-system-errors', 'story-throttled']])
    expect(names().length).toBe(functionNames.length * 2 - 1 + 21 + 4)
  })
  test('tell somebody, and say what to do: each is in the guide', () => {
    const guide = readFileSync(join(root, 'docs/guides/operations.md'), 'utf8')
    // Amazon CloudWatch User Guide, "Create an alarm based on a metric math expression": at most ten metrics.
    for (const { inputs } of prod.of('aws:cloudwatch/metricAlarm:MetricAlarm'))
      expect([inputs.name, (inputs.metricQueries ?? []).filter(({ metric }: Inputs) => metric).length <= 10]).toEqual([inputs.name, true])
    for (const { inputs } of prod.of('aws:cloudwatch/metricAlarm:MetricAlarm')) expect(inputs.alarmActions).toEqual([prod.outputs.alarms])
    const known = (name: string) => guide.includes(`\`${name}\``) || guide.includes(`\`*${name.slice(name.indexOf('-'))}\``)
    expect(names().filter((name) => !known(name))).toEqual([])
  })
  const byOperation = (one: Inputs, other: Inputs) => (one.dimensions.Operation < other.dimensions.Operation ? -1 : 1)
  test.each([
    ['story', ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'GetRecords']],
    ['side', ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']],
  ])('of the table %s sum over operations: DynamoDB publishes these metrics by operation alone', (table, operations) => {
    for (const [name, metricName] of [
      ['throttled', 'ThrottledRequests'],
      ['system-errors', 'SystemErrors'],
    ]) {
      const { metricQueries, ...rest } = prod.one('aws:cloudwatch/metricAlarm:MetricAlarm', `${table}-${name}Alarm`).inputs
      expect(metricQueries[0]).toMatchObject({ expression: 'SUM(METRICS())', returnData: true })
      const TableName = nameOf('aws:dynamodb/table:Table', `${title(table)}Table`)
      const asked = metricQueries.slice(1).map(({ metric }: Inputs) => metric)
      expect(asked.toSorted(byOperation)).toEqual(
        operations.toSorted().map((Operation) => ({
          ...{ namespace: 'AWS/DynamoDB', metricName, dimensions: { TableName, Operation }, period: 300, stat: 'Sum' },
        })),
      )
      expect(metricQueries.length).toBeLessThanOrEqual(10)
      expect(rest).toMatchObject({ comparisonOperator: 'GreaterThanThreshold', threshold: 0, treatMissingData: 'notBreaching' })
    }
  })
  test('look at lines that functions write: by the patterns that test/e2e/metrics.test.ts holds them to', () => {
    const filters = prod.of('aws:cloudwatch/logMetricFilter:LogMetricFilter').map(({ inputs }) => inputs)
    expect(Object.fromEntries(filters.map(({ name, ...rest }) => [name, rest]))).toEqual(
      Object.fromEntries(
        Object.entries(countedMetrics).map(([name, { of, pattern, value = '1' }]: [string, CountedMetric]) => [
          name,
          { logGroupName: `/stint/prod/${of}`, pattern, metricTransformation: { name, namespace: 'Stint/prod', value } },
        ]),
      ),
    )
    expect(plain(functionOf('ship').environment).variables.STINT_NAMESPACE).toBe('Stint/prod')
  })
  test('and everything that rings is on the dashboard', () => {
    const { widgets } = JSON.parse(prod.one('aws:cloudwatch/dashboard:Dashboard', 'Dashboard').inputs.dashboardBody)
    expect(widgets.map(({ properties }: Inputs) => properties.title).sort()).toEqual(names().sort())
    for (const { properties } of widgets) for (const metric of properties.metrics) expect(metric.length % 2).toBe(0)
  })
})

describe('the bundles, with the environment that is deployed', () => {
  let sandbox: TestSandbox
  const running: Lambda[] = []
  beforeAll(async () => {
    sandbox = await testSandbox({ end: false })
  })
  afterAll(async () => {
    for (const lambda of running) lambda.close()
    await sandbox.close()
  })

  async function start(name: FunctionName): Promise<Lambda> {
    const lambda = await startDeployed(prod, sandbox, name)
    running.push(lambda)
    return lambda
  }
  const streamOf = (id: string) =>
    sandbox.aws.dynamo.records
      .filter(({ table, keys }) => table === 'stint' && JSON.stringify(keys).includes(id))
      .map(({ sequenceNumber, newImage, oldImage }) => ({
        eventSource: 'aws:dynamodb',
        dynamodb: { SequenceNumber: String(sequenceNumber), NewImage: newImage, ...(oldImage ? { OldImage: oldImage } : {}) },
      }))

  test('compare ships what a dead letter names, and retire finds nothing to retire yet', async () => {
    const [vend, compare, retire] = await Promise.all([start('vend'), start('compare'), start('retire')])
    const headers = ['authorization', `Bearer ${await sandbox.token('developer')}`, 'content-type', 'application/json']
    const vended = await vend.invoke(gatewayEvent({ method: 'POST', path: '/sessions', headers, body: '{"profile":"staging-power"}' }))
    const id = JSON.parse(vended.body).requestId
    const records = sandbox.aws.dynamo.records.filter(({ table, keys }) => table === 'stint' && JSON.stringify(keys).includes(id))
    const [first, last] = [records[0], records.at(-1)].map((record) => sequenceOf(record as (typeof records)[0]))
    const queue = sandbox.aws.world.queues[0] as SqsQueue
    const streamOfStory = streamArn('stint', 'eu-central-1', BROKER_ACCOUNT)
    const batch = { shardId: SHARD, startSequenceNumber: first, endSequenceNumber: last, streamArn: streamOfStory }
    queue.messages.push({ id: 'm', body: JSON.stringify({ DDBStreamBatchInfo: batch }), hiddenUntil: 0 })
    expect(await compare.invoke({ task: 'compare' })).toMatchObject({ letters: 1, entries: 3, finished: true })
    expect(queue.messages).toEqual([])
    expect(await compare.invoke({ task: 'compare' })).toMatchObject({ letters: 0, entries: 0, finished: true })
    expect(await retire.invoke({ task: 'retire' })).toMatchObject({ retired: 0, expiring: 0, finished: true })
  })
  test('a session ends at once: api ends it, sweep finds what waits, and end denies it on the role', async () => {
    const [vend, api, sweep, end] = await Promise.all([start('vend'), start('api'), start('sweep'), start('end')])
    const headers = ['authorization', `Bearer ${await sandbox.token('developer')}`, 'content-type', 'application/json']
    const vended = await vend.invoke(gatewayEvent({ method: 'POST', path: '/sessions', headers, body: '{"profile":"staging-power"}' }))
    const { id } = JSON.parse(vended.body)
    const ended = await api.invoke(gatewayEvent({ method: 'DELETE', path: `/sessions/${id}`, headers }))
    expect(JSON.parse(ended.body)).toMatchObject({ state: 'ended', immediateEnd: 'requested' })
    const queue = sandbox.aws.world.queues[1] as SqsQueue
    sandbox.advance(61_000)
    await sweep.invoke({ task: 'sweep' })
    const messages = queue.messages.map(({ id: messageId, body }) => ({ messageId, body, eventSource: 'aws:sqs' }))
    expect(messages).toHaveLength(2)
    expect(await end.invoke({ Records: messages })).toEqual({ batchItemFailures: [] })
    expect(sandbox.aws.world.roles.get(target)?.inline.get('stint-end')?.text).toContain(id.slice(id.indexOf('.')))
    const seen = await api.invoke(gatewayEvent({ path: `/sessions/${id}`, headers }))
    expect(JSON.parse(seen.body)).toMatchObject({ state: 'ended', immediateEnd: 'read-back' })
  })
  test('vend vends, api reads it, ship and notify take it from the stream', async () => {
    const [vend, api, ship, notify] = await Promise.all([start('vend'), start('api'), start('ship'), start('notify')])
    const token = await sandbox.token('developer')
    const headers = ['authorization', `Bearer ${token}`, 'content-type', 'application/json']
    const vended = await vend.invoke(gatewayEvent({ method: 'POST', path: '/sessions', headers, body: '{"profile":"staging-power"}' }))
    expect(vended.statusCode).toBe(201)
    const { id } = JSON.parse(vended.body)
    expect((await api.invoke(gatewayEvent({ path: `/sessions/${id}`, headers }))).statusCode).toBe(200)
    const records = streamOf(id.slice(0, 30))
    expect(await ship.invoke({ Records: records })).toEqual({ batchItemFailures: [] })
    expect(await notify.invoke({ Records: records })).toEqual({ batchItemFailures: [] })
    expect(await notify.invoke({ task: 'pending' })).toEqual({ requests: 0, pending: 0 })
    // What cannot be written is given back, whole.
    sandbox.aws.world.buckets.delete('stint-events')
    const more = JSON.parse(
      (await vend.invoke(gatewayEvent({ method: 'POST', path: '/sessions', headers, body: '{"profile":"staging-power"}' }))).body,
    )
    const failing = streamOf(more.id.slice(0, 30))
    expect(await ship.invoke({ Records: failing })).toEqual({
      batchItemFailures: [{ itemIdentifier: failing[0]?.dynamodb.SequenceNumber }],
    })
  })
  test('sweep sweeps, and slack refuses an unsigned call', async () => {
    const [sweep, slack] = await Promise.all([start('sweep'), start('slack')])
    expect(await sweep.invoke({ task: 'sweep' })).toMatchObject({ abandoned: 0 })
    const unsigned = await slack.invoke(
      gatewayEvent({
        method: 'POST',
        path: '/slack/commands',
        headers: ['content-type', 'application/x-www-form-urlencoded'],
        body: 'command=/stint',
      }),
    )
    expect(unsigned.statusCode).toBe(401)
  })
})

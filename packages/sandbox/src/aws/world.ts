/**
 * The state of the simulated AWS: accounts, roles with their trust and permissions, buckets, and the valid keys.
 * It is made from a config: each target gets its role, with the same trust in the broker as a real target.
 */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { assumePolicies } from '@stint/broker/lambda/assume'
import { type FunctionName, functionNames } from '@stint/broker/lambda/functions'
import { permissionsOf } from '@stint/broker/lambda/permissions'
import type { Rules } from '@stint/core/config/shape'
import { type Policy, type PolicyJson, type Principal, policy, splitArn } from '@stint/iam'
import { company } from './company.ts'
import { createOutbound, type Outbound } from './outbound.ts'
import type { SigningKey } from './sigv4.ts'

export type Role = {
  readonly arn: string
  readonly name: string
  readonly account: string
  /** `AROA…`: the prefix of `aws:userid` and AssumedRoleId. */
  readonly id: string
  readonly trust: Policy
  readonly policies: readonly Policy[]
  readonly boundary?: Policy
  readonly maxSessionSeconds: number
}

/** The properties of temporary credentials. */
export type Grant = {
  readonly role: Role
  readonly sessionName: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** Inline session policy and policy ARNs. Absent if none was passed. */
  readonly sessionPolicies?: readonly Policy[]
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
}

export type Identity = {
  readonly key: SigningKey
  readonly principal: Principal
  readonly userId: string
  readonly grant?: Grant
  readonly policies: readonly Policy[]
}

export type StoredObject = {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
  readonly modifiedAt: number
  /** The header with the checksum of the upload. */
  readonly checksum?: Readonly<Record<string, string>>
}
export type Bucket = {
  readonly name: string
  readonly account: string
  readonly createdAt: number
  readonly objects: Map<string, StoredObject>
  readonly policy?: Policy
}

export type KmsKey = { readonly arn: string; readonly alias: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject }

export type World = {
  readonly region: string
  readonly roles: Map<string, Role>
  readonly buckets: Map<string, Bucket>
  readonly kmsKeys: readonly KmsKey[]
  readonly managedPolicies: ReadonlyMap<string, Policy>
  /** By access key ID. */
  readonly identities: Map<string, Identity>
  readonly clock: () => number
  /** Outbound identity federation: the accounts' own issuers of JWTs. */
  readonly outbound: Outbound
}

/** The account that Stint runs in. */
export const BROKER_ACCOUNT = '123456789012'
const TABLES = { story: 'stint', side: 'stint-side' } as const
export const tables: { readonly story: string; readonly side: string } = TABLES

/** The buckets of the log: one for the public part, and one for the events, which can be erased. */
const BUCKETS = { log: 'stint-log', events: 'stint-events' } as const
export const buckets: { readonly log: string; readonly events: string } = BUCKETS
/** The key that signs the log. */
export const LOG_KEY = 'alias/stint-log'

/** The roles of Stint's functions. Only `vend` can assume roles. `broker` combines all roles, for a broker that is started on its own. */
export type BrokerRole = FunctionName | 'broker'

/** `url`: the URL of the sandbox's AWS. Outbound identity federation is on in the accounts of the targets and in Stint's own. */
export function createWorld(
  rules: Pick<Rules, 'targets' | 'targetRoles'>,
  clock: () => number,
  url: string,
  region = 'eu-central-1',
): World {
  const world: World = {
    region,
    roles: new Map(),
    buckets: new Map(),
    kmsKeys: [newKmsKey(region, BROKER_ACCOUNT, 'stint-log')],
    managedPolicies: managed(),
    identities: new Map(),
    clock,
    outbound: createOutbound(url, [BROKER_ACCOUNT, ...Object.values(rules.targets).map(({ account }) => account)]),
  }
  const brokers = brokerPolicies(rules, region, world.kmsKeys[0]?.arn ?? '')
  for (const [name, policies] of Object.entries(brokers))
    addRole(world, `arn:aws:iam::${BROKER_ACCOUNT}:role/stint-${name}`, trustOfLambda, policies)
  for (const target of Object.values(rules.targets)) {
    addRole(world, target.roleArn, trustOfTarget(target.externalId), [company.rolePolicies[target.roleArn] ?? everything])
  }
  for (const { name, account, objects, policy: bucketPolicy } of company.buckets) {
    const bucket: Bucket = {
      name,
      account,
      createdAt: clock(),
      objects: new Map(),
      ...(bucketPolicy ? { policy: policy(bucketPolicy, 'resource') } : {}),
    }
    world.buckets.set(name, bucket)
    for (const [key, text] of Object.entries(objects)) putObject(bucket, key, Buffer.from(text), 'text/plain', clock())
  }
  for (const name of Object.values(BUCKETS)) {
    const policyOfBucket = policy(readableByAuditors(name), 'resource')
    world.buckets.set(name, { name, account: BROKER_ACCOUNT, createdAt: clock(), objects: new Map(), policy: policyOfBucket })
  }
  return world
}

function newKmsKey(region: string, account: string, alias: string): KmsKey {
  return { arn: `arn:aws:kms:${region}:${account}:key/${alias}`, alias: `alias/${alias}`, ...generateKeyPairSync('ed25519') }
}

export function addRole(
  world: World,
  arn: string,
  trust: PolicyJson,
  policies: readonly PolicyJson[],
  options: { boundary?: PolicyJson; maxSessionSeconds?: number } = {},
): Role {
  const role: Role = {
    arn,
    name: arn.slice(arn.lastIndexOf('/') + 1),
    account: splitArn(arn)?.[4] ?? '',
    id: `AROA${letters(17)}`,
    trust: policy(trust, 'trust'),
    policies: policies.map((json) => policy(json, 'identity')),
    ...(options.boundary ? { boundary: policy(options.boundary, 'identity') } : {}),
    maxSessionSeconds: options.maxSessionSeconds ?? 3600,
  }
  world.roles.set(arn, role)
  return role
}

/** A long-lived user with a key, for tests and for following the guide with the AWS CLI. */
export function addUser(world: World, arn: string, policies: readonly PolicyJson[]): SigningKey {
  const key = { accessKeyId: `AKIA${letters(16)}`, secretAccessKey: randomBytes(30).toString('base64') }
  const principal = { arn, account: splitArn(arn)?.[4] ?? '' }
  world.identities.set(key.accessKeyId, {
    key,
    principal,
    userId: `AIDA${letters(17)}`,
    policies: policies.map((json) => policy(json, 'identity')),
  })
  return key
}

/** Fresh temporary credentials for a session of a role. */
export function addSession(world: World, grant: Grant): Identity & { readonly key: Required<SigningKey> } {
  const key = {
    accessKeyId: `ASIA${letters(16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(270).toString('base64'),
  }
  const { role, sessionName } = grant
  const identity = {
    key,
    principal: { arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`, account: role.account, roleArn: role.arn },
    userId: `${role.id}:${sessionName}`,
    grant,
    policies: role.policies,
  }
  world.identities.set(key.accessKeyId, identity)
  return identity
}

/** Credentials like those in the environment of Stint's Lambda functions: a role session, so AssumeRole is role chaining. */
export function brokerKey(world: World, role: BrokerRole): Required<SigningKey> {
  const found = world.roles.get(`arn:aws:iam::${BROKER_ACCOUNT}:role/stint-${role}`)
  if (!found) throw new TypeError(`no role stint-${role}`)
  const now = world.clock()
  return addSession(world, {
    role: found,
    sessionName: `stint-${role}`,
    issuedAt: now,
    expiresAt: now + BROKER_SESSION_MS,
    tags: {},
    transitiveTagKeys: [],
  }).key
}

/** Lambda renews the credentials of functions. The sandbox makes them long-lived instead. */
const BROKER_SESSION_MS = 10 * 365 * 24 * 3600 * 1000

export function putObject(
  bucket: Bucket,
  key: string,
  body: Buffer,
  type: string,
  now: number,
  checksum?: StoredObject['checksum'],
): StoredObject {
  const object = { body, type, etag: etagOf(body), modifiedAt: now, ...(checksum ? { checksum } : {}) }
  bucket.objects.set(key, object)
  return object
}

function letters(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return [...randomBytes(count)].map((byte) => alphabet[byte & 31]).join('')
}

// ── Policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const everything: PolicyJson = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const trustOfLambda: PolicyJson = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
}

/** The trust policy of a target role: only this broker, with Stint's external ID, and only sessions that Stint tagged. */
const trustOfTarget = (externalId: string): PolicyJson => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: brokers,
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': externalId }, Null: { 'aws:RequestTag/stint:session': 'false' } },
    },
    // AWS sets only a few condition keys for each of these. The external ID is not among them.
    { Effect: 'Allow', Principal: brokers, Action: 'sts:TagSession', Condition: { Null: { 'aws:RequestTag/stint:session': 'false' } } },
    { Effect: 'Allow', Principal: brokers, Action: 'sts:SetSourceIdentity' },
  ],
})
const brokers = { AWS: ['vend', 'broker'].map((name) => `arn:aws:iam::${BROKER_ACCOUNT}:role/stint-${name}`) }

/** The other account that can read the log, so that an auditor's copy does not depend on the operators. */
const AUDIT_ACCOUNT = '999988887777'
const readableByAuditors = (bucket: string): PolicyJson => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${AUDIT_ACCOUNT}:root` },
    Action: ['s3:GetObject', 's3:ListBucket'],
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  },
})

/** Each role as it is deployed. A broker that is started on its own combines all of them. */
function brokerPolicies(
  rules: Pick<Rules, 'targets' | 'targetRoles'>,
  region: string,
  logKey: string,
): Record<BrokerRole, readonly PolicyJson[]> {
  const of = (Statement: PolicyJson['Statement']): PolicyJson => ({ Version: '2012-10-17', Statement })
  const table = (name: string) => `arn:aws:dynamodb:${region}:${BROKER_ACCOUNT}:table/${name}`
  const places = {
    region,
    tables: { story: table(TABLES.story), side: table(TABLES.side) },
    buckets: { log: `arn:aws:s3:::${BUCKETS.log}`, events: `arn:aws:s3:::${BUCKETS.events}` },
    logKey,
  }
  const own = Object.fromEntries(functionNames.map((name) => [name, [of(permissionsOf(name, places))]])) as Record<
    FunctionName,
    PolicyJson[]
  >
  const assume = assumePolicies(rules).map((text) => JSON.parse(text) as PolicyJson)
  return { ...own, vend: [...own.vend, ...assume], broker: [...Object.values(own).flat(), ...assume] }
}

/** The AWS managed policies that configs here use, reduced to the services of the sandbox. */
function managed(): ReadonlyMap<string, Policy> {
  const of = (Action: string | string[]) =>
    policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } }, 'identity')
  return new Map([
    ['arn:aws:iam::aws:policy/AdministratorAccess', of('*')],
    ['arn:aws:iam::aws:policy/ReadOnlyAccess', of(['s3:Get*', 's3:List*', 'dynamodb:Get*', 'dynamodb:List*', 'dynamodb:Query'])],
    ['arn:aws:iam::aws:policy/SecurityAudit', of(['s3:ListAllMyBuckets', 's3:GetBucket*', 's3:ListBucket'])],
    ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess', of(['s3:Get*', 's3:List*'])],
  ])
}

/** S3's ETag of an object that was uploaded in one part. */
const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`

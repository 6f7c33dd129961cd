/**
 * The state of the simulated AWS: accounts, roles with their trust and permissions, buckets, and the valid keys.
 * It is made from a config: each target gets its role, with the same trust in the broker as a real target.
 */

import { type KeyObject, randomBytes } from 'node:crypto'
import { assumePolicies, revokerPolicies } from '@stint/broker/lambda/assume'
import { type FunctionName, functionNames } from '@stint/broker/lambda/functions'
import { permissionsOf } from '@stint/broker/lambda/permissions'
import { revokerOf } from '@stint/core/config/revoker'
import type { Rules } from '@stint/core/config/shape'
import { type Policy, type PolicyJson, type Principal, policy, splitArn } from '@stint/iam'
import {
  type Accounts,
  accountOf,
  documentOf,
  grantsOf,
  type ManagedPolicy,
  newKey,
  type OidcProvider,
  type Role,
  sessionArn,
  trustOf,
  type User,
  uniqueId,
} from './accounts.ts'
import { company } from './company.ts'
import { streamArn } from './dynamodb-streams.ts'
import { type KmsKey, newKmsKey } from './kms.ts'
import { awsPolicies } from './managed.ts'
import { createOutbound, type Outbound } from './outbound.ts'
import { trimMap } from './recordings.ts'
import { everything, permissionsOfRevoker, trustOfLambda, trustOfRevoker, trustOfTarget } from './role-policies.ts'
import type { Checksum } from './s3/checksums.ts'
import { etagOf, type Upload } from './s3/store.ts'
import type { SigningKey } from './sigv4.ts'
import { DEAD_LETTERS, END_QUEUE, newQueue, queueArn, type SqsQueue } from './sqs.ts'

/** The properties of temporary credentials. */
export type Grant = {
  readonly role: Role
  readonly sessionName: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** Assumed with the credentials of another session of a role (AWS IAM User Guide, "Role chaining"). */
  readonly chained: boolean
  /** Inline session policy and policy ARNs. Absent if none was passed. */
  readonly sessionPolicies?: readonly Policy[]
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
  /** The issuer and subject of the JWT, for a session of AssumeRoleWithWebIdentity. */
  readonly web?: { readonly provider: string; readonly subject: string; readonly audience: string }
}

export type Identity = {
  readonly key: SigningKey
  readonly principal: Principal
  readonly userId: string
  /** Of a session of a role. */
  readonly grant?: Grant
  /** Of a user's access key, or of a session of GetSessionToken. */
  readonly user?: User
  /** Of a session of GetSessionToken. */
  readonly userSession?: UserSession
  /** The policies that grant to it now: a change of a role or user applies to its sessions and keys at once. */
  readonly policies: readonly Policy[]
}

/** `mfaAt`: when an MFA code was given. */
type UserSession = { readonly issuedAt: number; readonly expiresAt: number; readonly mfaAt?: number }

export type StoredObject = {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
  readonly modifiedAt: number
  /** The checksum that it was uploaded with. */
  readonly checksum?: Checksum
  readonly tags?: Readonly<Record<string, string>>
  /** User metadata, without `x-amz-meta-`. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Headers that an upload sets and a download returns, such as `cache-control`. */
  readonly system?: Readonly<Record<string, string>>
}
export type Bucket = {
  readonly name: string
  readonly account: string
  readonly createdAt: number
  /** Absent: the sandbox's own. */
  readonly region?: string
  readonly objects: Map<string, StoredObject>
  readonly policy?: Policy
}

export type World = {
  readonly region: string
  readonly accounts: Accounts
  /** By ARN. */
  readonly roles: Map<string, Role>
  readonly buckets: Map<string, Bucket>
  /** Multipart uploads of S3 that are under way, by ID. */
  readonly uploads: Map<string, Upload>
  readonly kmsKeys: readonly KmsKey[]
  readonly queues: readonly SqsQueue[]
  /** AWS managed policies by ARN. */
  readonly awsPolicies: ReadonlyMap<string, ManagedPolicy>
  /** The OIDC providers that every account has, by the URL of their issuer without its scheme. */
  readonly oidcProviders: ReadonlyMap<string, Omit<OidcProvider, 'arn'>>
  /** By access key ID. */
  readonly identities: Map<string, Identity>
  readonly clock: () => number
  /** Outbound identity federation: the accounts' own issuers of JWTs. */
  readonly outbound: Outbound
  /** The address that calls seem to come from. Absent: their own. */
  readonly playedIp?: string
}

type WorldOptions = {
  readonly region?: string
  readonly providers?: readonly Omit<OidcProvider, 'arn'>[]
  readonly playedIp?: string
  /** Accounts of the user, whose roles the config's targets do not create. They have outbound identity federation, too. */
  readonly ownAccounts?: readonly string[]
  /** The key that signs the log. Absent: a new one. */
  readonly logKey?: KeyObject
}

/** The account that Stint runs in. */
export const BROKER_ACCOUNT = '246813579024'
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
  { region = 'eu-central-1', providers = [], playedIp, ownAccounts = [], logKey }: WorldOptions = {},
): World {
  const world: World = {
    region,
    accounts: new Map(),
    roles: new Map(),
    buckets: new Map(),
    uploads: new Map(),
    kmsKeys: [newKmsKey(region, BROKER_ACCOUNT, 'stint-log', logKey)],
    queues: [DEAD_LETTERS, END_QUEUE].map((name) => newQueue(url, region, BROKER_ACCOUNT, name)),
    awsPolicies: awsPolicies(),
    oidcProviders: new Map(providers.map((provider) => [provider.url.replace(/^https?:\/\//, ''), provider])),
    identities: new Map(),
    clock,
    outbound: createOutbound(url, [BROKER_ACCOUNT, ...Object.values(rules.targets).map(({ account }) => account), ...ownAccounts]),
    ...(playedIp === undefined ? {} : { playedIp }),
  }
  const brokers = brokerPolicies(rules, region, world.kmsKeys[0]?.arn ?? '')
  for (const [name, policies] of Object.entries(brokers))
    addRole(world, `arn:aws:iam::${BROKER_ACCOUNT}:role/stint-${name}`, trustOfLambda, policies)
  for (const target of Object.values(rules.targets)) {
    if (ownAccounts.includes(target.account)) continue
    const permissions = company.rolePolicies[target.roleArn] ?? everything
    // What the revoker writes on the role can take access away, and can give it nothing beyond the boundary.
    addRole(
      world,
      target.roleArn,
      trustOfTarget(BROKER_ACCOUNT, target.externalId),
      [permissions],
      target.revocation ? { boundary: permissions } : {},
    )
    if (target.revocation)
      addRole(world, revokerOf(target.roleArn), trustOfRevoker(BROKER_ACCOUNT, target.externalId), [permissionsOfRevoker(target.roleArn)])
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

/** The parts of a new role or user that have a default. */
type HolderOptions = { readonly boundary?: PolicyJson; readonly attached?: readonly ManagedPolicy[] }

export function addRole(
  world: World,
  arn: string,
  trust: PolicyJson,
  policies: readonly PolicyJson[],
  options: HolderOptions & { maxSessionSeconds?: number } = {},
): Role {
  const role: Role = {
    kind: 'role',
    ...newHolder(world, arn, 'AROA', policies, options),
    trust: trustOf(world.accounts, documentOf(trust, 'trust')),
    maxSessionSeconds: options.maxSessionSeconds ?? 3600,
  }
  keepRole(world, role)
  return role
}

export function keepRole(world: World, role: Role): void {
  world.roles.set(role.arn, role)
  accountOf(world.accounts, role.account).roles.set(role.name.toLowerCase(), role)
}

export function dropRole(world: World, role: Role): void {
  world.roles.delete(role.arn)
  accountOf(world.accounts, role.account).roles.delete(role.name.toLowerCase())
}

/** The common parts of a role or user that the sandbox makes itself. Its inline policies are named by their number. */
function newHolder(world: World, arn: string, prefix: 'AROA' | 'AIDA', policies: readonly PolicyJson[], options: HolderOptions) {
  const [, path = '/', name = ''] = /:(?:role|user)(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? []
  const createdAt = world.clock()
  return {
    arn,
    name,
    path,
    account: splitArn(arn)?.[4] ?? '',
    id: uniqueId(prefix),
    createdAt,
    tags: new Map<string, string>(),
    inline: new Map(policies.map((json, index) => [`inline-${index + 1}`, documentOf(json, 'identity')] as const)),
    attached: new Map((options.attached ?? []).map((managed) => [managed.arn, managed] as const)),
    ...(options.boundary ? { boundary: boundaryOf(arn, options.boundary, createdAt) } : {}),
  }
}

/** A boundary that no account lists, for roles that tests make. */
const boundaryOf = (arn: string, json: PolicyJson, createdAt: number): ManagedPolicy => ({
  arn: `${arn.replace(/:(role|user)\//, ':policy/')}-boundary`,
  name: 'boundary',
  path: '/',
  id: uniqueId('ANPA'),
  createdAt,
  defaultVersion: { id: 'v1', document: documentOf(json, 'identity'), createdAt },
  tags: new Map(),
})

/** A long-lived user with a key, for tests and for following the guide with the AWS CLI. */
export function addUser(world: World, arn: string, policies: readonly PolicyJson[], options: HolderOptions = {}): SigningKey {
  const made: User = { kind: 'user', ...newHolder(world, arn, 'AIDA', policies, options), keys: new Map() }
  const { users } = accountOf(world.accounts, made.account)
  // A second call for the same user replaces its inline policies and adds a key.
  const user = users.get(made.name.toLowerCase()) ?? made
  if (user !== made) for (const [name, document] of made.inline) user.inline.set(name, document)
  users.set(user.name.toLowerCase(), user)
  return addAccessKey(world, user)
}

export function addAccessKey(world: World, user: User): SigningKey {
  const key = newKey('AKIA', user.account)
  user.keys.set(key.accessKeyId, { createdAt: world.clock() })
  world.identities.set(key.accessKeyId, identityOfUser(world, user, key))
  return key
}

const identityOfUser = (world: World, user: User, key: SigningKey): Identity => ({
  key,
  principal: { arn: user.arn, account: user.account },
  userId: user.id,
  user,
  get policies() {
    return grantsOf(world.accounts, user)
  },
})

/** Credentials of GetSessionToken: the user's own permissions, for a time. */
export function addUserSession(world: World, user: User, session: UserSession): Identity & { readonly key: Required<SigningKey> } {
  const key = { ...newKey('ASIA', user.account), sessionToken: randomBytes(270).toString('base64') }
  return keepIdentity(world, {
    principal: { arn: user.arn, account: user.account },
    userId: user.id,
    user,
    key,
    userSession: session,
    get policies() {
      return grantsOf(world.accounts, user)
    },
  })
}

function keepIdentity<T extends Identity>(world: World, identity: T): T {
  world.identities.set(identity.key.accessKeyId, identity)
  // Expired keys are kept for some time, so that a call with one is answered with ExpiredToken.
  const now = world.clock()
  trimMap(world.identities, 'sessions', ({ grant, userSession }) => (grant ?? userSession ?? { expiresAt: now }).expiresAt < now)
  return identity
}

/** Fresh temporary credentials for a session of a role. */
export function addSession(world: World, grant: Grant): Identity & { readonly key: Required<SigningKey> } {
  const { role, sessionName } = grant
  const key = { ...newKey('ASIA', role.account), sessionToken: randomBytes(270).toString('base64') }
  return keepIdentity(world, {
    key,
    principal: { arn: sessionArn(role, sessionName), account: role.account, roleArn: role.arn },
    userId: `${role.id}:${sessionName}`,
    grant,
    get policies() {
      return grantsOf(world.accounts, role)
    },
  })
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
    chained: false,
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
  more: Pick<StoredObject, 'tags'> = {},
): StoredObject {
  const object = { body, type, etag: etagOf(body), modifiedAt: now, ...more }
  bucket.objects.set(key, object)
  return object
}

// ── Policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

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
    lost: { stream: streamArn(TABLES.story, region, BROKER_ACCOUNT), queue: queueArn(region, BROKER_ACCOUNT, DEAD_LETTERS) },
    ends: queueArn(region, BROKER_ACCOUNT, END_QUEUE),
  }
  const own = Object.fromEntries(functionNames.map((name) => [name, [of(permissionsOf(name, places))]])) as Record<
    FunctionName,
    PolicyJson[]
  >
  const assume = assumePolicies(rules).map((text) => JSON.parse(text) as PolicyJson)
  const revokers = revokerPolicies(rules).map((text) => JSON.parse(text) as PolicyJson)
  return {
    ...own,
    vend: [...own.vend, ...assume],
    end: [...own.end, ...revokers],
    broker: [...Object.values(own).flat(), ...assume, ...revokers],
  }
}

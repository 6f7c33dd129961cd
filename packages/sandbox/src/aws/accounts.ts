/**
 * The AWS accounts of the sandbox and what IAM keeps in each: roles, users, policies, MFA devices and OIDC providers. Names are
 * unique per account without regard to case; every entity has a unique ID that no later entity of the same name gets.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { type Policy, type PolicyJson, type PolicyKind, parsePolicy, splitArn } from '@stint/iam'
import { partitionIn } from '@stint/iam/partition'
import type { SigningKey } from './sigv4.ts'

/** A policy document as it was written, parsed on first use. */
export type Document = { readonly text: string; readonly policy: Policy }

export type Version = { readonly id: string; readonly document: Document; readonly createdAt: number }

/** A managed policy, of AWS or of an account. */
export type ManagedPolicy = {
  readonly arn: string
  readonly name: string
  readonly path: string
  readonly id: string
  readonly description?: string
  readonly createdAt: number
  readonly defaultVersion: Version
  readonly tags: Map<string, string>
}

/** What roles and users have in common. */
type Holder = {
  readonly arn: string
  readonly name: string
  readonly path: string
  readonly account: string
  /** `AROA…` or `AIDA…`: names this entity, and not a later one with the same ARN. */
  readonly id: string
  readonly createdAt: number
  readonly tags: Map<string, string>
  readonly inline: Map<string, Document>
  /** Managed policies by ARN, in the order in which they were attached. */
  readonly attached: Map<string, ManagedPolicy>
  readonly boundary?: ManagedPolicy
}

export type Role = Holder & {
  readonly kind: 'role'
  description?: string
  trust: Trust
  readonly maxSessionSeconds: number
  /** The last call that was signed with credentials of this role. */
  lastUsed?: { readonly at: number; readonly region: string }
}

export type User = Holder & {
  readonly kind: 'user'
  /** By access key ID. */
  readonly keys: Map<string, { readonly createdAt: number }>
}

/**
 * A trust policy, with the IDs of the roles and users that it names. IAM stores IDs instead of ARNs, so a role that is deleted and
 * created again is not trusted (AWS IAM User Guide, "AWS JSON policy elements: Principal").
 */
export type Trust = { readonly document: Document; readonly ids: ReadonlyMap<string, string> }

export type MfaDevice = { readonly serial: string; readonly user: User; readonly secret: Buffer; usedStep: number }

export type OidcProvider = { readonly arn: string; readonly url: string; readonly audiences: readonly string[] }

export type Account = {
  readonly id: string
  /** Roles and users by lower-case name, policies by ARN. */
  readonly roles: Map<string, Role>
  readonly users: Map<string, User>
  readonly policies: Map<string, ManagedPolicy>
  readonly mfaDevices: Map<string, MfaDevice>
}

/** By account ID. */
export type Accounts = Map<string, Account>

export function accountOf(accounts: Accounts, id: string): Account {
  const found = accounts.get(id)
  if (found) return found
  const made: Account = { id, roles: new Map(), users: new Map(), policies: new Map(), mfaDevices: new Map() }
  accounts.set(id, made)
  return made
}

/** The role or user with this ARN, or undefined. The path is part of the ARN, so it must be right too. */
export function holderOf(accounts: Accounts, arn: string): Role | User | undefined {
  const [, , , , id = '', resource = ''] = splitArn(arn) ?? []
  const account = accounts.get(id)
  const name = resource.slice(resource.lastIndexOf('/') + 1).toLowerCase()
  const found = resource.startsWith('role/')
    ? account?.roles.get(name)
    : resource.startsWith('user/')
      ? account?.users.get(name)
      : undefined
  return found?.arn === arn ? found : undefined
}

/** The policies that grant to a role or user. Sessions of a deleted role have none. */
export function grantsOf(accounts: Accounts, holder: Role | User): readonly Policy[] {
  if (holderOf(accounts, holder.arn)?.id !== holder.id) return []
  return [
    ...[...holder.inline.values()].map(({ policy }) => policy),
    ...[...holder.attached.values()].map(({ defaultVersion }) => defaultVersion.document.policy),
  ]
}

// ── Documents ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** For text that was checked before: it throws on first use if the text is not a policy. */
export function lazyDocument(text: string, kind: PolicyKind): Document {
  let parsed: Policy | undefined
  return {
    text,
    get policy() {
      if (parsed) return parsed
      const result = parsePolicy(JSON.parse(text), kind)
      if (!result.ok) throw new TypeError(result.faults.join('; '))
      parsed = result.policy
      return parsed
    },
  }
}

export const documentOf = (json: PolicyJson, kind: PolicyKind): Document => {
  const document = lazyDocument(JSON.stringify(json), kind)
  void document.policy // a fault in our own policy shows at once
  return document
}

/** The ARN of a role's session, in the partition of the role. */
export const sessionArn = ({ arn, account, name }: Pick<Role, 'arn' | 'account' | 'name'>, session: string): string =>
  `arn:${partitionIn(arn)}:sts::${account}:assumed-role/${name}/${session}`

/** The ARNs of roles and users that a trust policy names. */
export function namedPrincipals(text: string): readonly string[] {
  const { Statement = [] } = JSON.parse(text) as { Statement?: unknown }
  const named = (Array.isArray(Statement) ? Statement : [Statement]).flatMap(({ Principal, NotPrincipal }) =>
    [Principal?.AWS, NotPrincipal?.AWS].flat(),
  )
  return [...new Set(named.filter((name): name is string => typeof name === 'string'))]
}

/** Binds the principals that exist now. A name without an entity stays a name. */
export function trustOf(accounts: Accounts, document: Document): Trust {
  const ids = new Map<string, string>()
  for (const name of namedPrincipals(document.text)) {
    const holder = holderOf(accounts, name)
    if (holder) ids.set(name, holder.id)
  }
  return { document, ids }
}

/** The trust policy as it stands: a principal that was deleted since shows as its ID, which nothing matches. */
export function currentTrust(accounts: Accounts, { document, ids }: Trust): Document {
  const gone = new Map([...ids].filter(([arn, id]) => holderOf(accounts, arn)?.id !== id))
  if (gone.size === 0) return document
  const swap = (name: unknown) => (typeof name === 'string' ? (gone.get(name) ?? name) : name)
  const json = JSON.parse(document.text, (key, value: unknown) =>
    key !== 'AWS' ? value : Array.isArray(value) ? value.map(swap) : swap(value),
  ) as PolicyJson
  return lazyDocument(JSON.stringify(json), 'trust')
}

// ── IDs and keys ─────────────────────────────────────────────────────────────────────────────────────────────────────

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const letters = (count: number): string => [...randomBytes(count)].map((byte) => ALPHABET[byte & 31]).join('')

/** Source of the prefixes: AWS IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes". */
export const uniqueId = (prefix: 'AROA' | 'AIDA' | 'ANPA'): string => `${prefix}${letters(17)}`

/** An access key ID contains its account, as AWS's do, so that GetAccessKeyInfo needs no list of keys. */
export function accessKeyId(prefix: 'AKIA' | 'ASIA', account: string): string {
  const head = (1n << 47n) | (BigInt(account) << 7n) | BigInt((randomBytes(1)[0] ?? 0) & 127)
  const bits = (head << 32n) | BigInt(randomBytes(4).readUInt32BE())
  return prefix + Array.from({ length: 16 }, (_, index) => ALPHABET[Number((bits >> BigInt(75 - 5 * index)) & 31n)]).join('')
}

/** The account in an access key ID, or undefined if the ID has another form. */
export function accountOfKey(id: string): string | undefined {
  if (!/^A[KS]IA[A-Z2-7]{16}$/.test(id)) return undefined
  const bits = [...id.slice(4)].reduce((sum, letter) => (sum << 5n) | BigInt(ALPHABET.indexOf(letter)), 0n)
  const account = String((bits >> 39n) & ((1n << 40n) - 1n))
  return account.length <= 12 ? account.padStart(12, '0') : undefined
}

export const newKey = (prefix: 'AKIA' | 'ASIA', account: string): SigningKey => ({
  accessKeyId: accessKeyId(prefix, account),
  secretAccessKey: randomBytes(30).toString('base64'),
})

// ── MFA ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

const MFA_STEP_MS = 30_000

/** The code of a virtual MFA device at a time. Source: RFC 6238 with HMAC-SHA-1 and six digits, as AWS uses it. */
export function mfaCode(secret: Buffer, now: number, steps = 0): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / MFA_STEP_MS) + steps))
  const hash = createHmac('sha1', secret).update(counter).digest()
  const at = (hash[19] ?? 0) & 15
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Accepts the current code and the one before, each once. */
export function acceptsMfa(device: MfaDevice, code: string, now: number): boolean {
  const step = Math.floor(now / MFA_STEP_MS)
  const fits = [0, -1].find((back) => step + back > device.usedStep && mfaCode(device.secret, now, back) === code)
  if (fits === undefined) return false
  device.usedStep = step + fits
  return true
}
